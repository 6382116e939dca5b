"""Real frames where they are, and small weight sets with random numbers for what does not depend on training."""

import os
from dataclasses import replace
from pathlib import Path

os.environ["SEG_ENGINE"] = "torch"  # what is compiled in the background has its own tests

import pytest
import torch
from torch import nn

from seg.catalogue.record import Record
from seg.catalogue.store import SHIPPED, WeightIndex
from seg.datasets import DATASETS
from seg.losses import LOSSES
from seg.models import build_model
from tests.records import record

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

NETWORKS = [
    ("conv_stack", {}),
    ("encoder_decoder", {}),
    ("encoder_decoder", {"upsampling": "transposed"}),
    ("encoder_decoder", {"upsampling": "bilinear"}),
    ("fcn32s", {}),
    ("fcn16s", {}),
    ("fcn8s", {}),
    ("unet", {}),
    ("fc_densenet56", {"base": 12}),
    ("fcn8s", {"backbone": "efficientnet_lite0", "base": None}),
    ("unet", {"backbone": "efficientnet_lite0", "base": None}),
]
"""One of each kind, with what makes it small."""


def make_set(folder: Path, name: str = "street/fcn8s-wce", model: str = "fcn8s", **arguments) -> Record:
    """Write a weight set with random numbers and its record, dataset and loss as its name says; returns the record."""
    torch.manual_seed(0)
    dataset, rest = name.split("/")
    class_map = DATASETS[dataset].class_map
    arguments = {"num_classes": len(class_map), "in_channels": 3, "base": 4, **arguments}
    if arguments.get("backbone"):
        arguments["base"] = None
    elif model.startswith("fc_densenet"):
        arguments["base"] = 12
    network = build_model(model, **arguments)
    for module in network.modules():  # logits that differ from place to place, as trained ones do
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(std=0.3)
            module.running_var.uniform_(0.3, 1)
    index = WeightIndex(folder)
    size, digest = index.write_tensors(name, network)
    found = record(
        name,
        arguments["in_channels"],
        model=model,
        arguments=arguments,
        loss=rest.removeprefix(f"{model}-").split("-")[0],
        parameters=sum(p.numel() for p in network.parameters()),
        bytes=size,
        sha256=digest,
    )
    index.add(found)
    return found


def trained(name: str, options: dict) -> nn.Module:
    """A network whose weights, biases and statistics are as training could leave them: nothing at zero any more."""
    torch.manual_seed(0)
    model = build_model(name, 11, 3, **options).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(std=0.3)
            module.running_var.uniform_(0.5, 1.5)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * parameter.std(unbiased=False).clamp(min=0.1) * torch.randn_like(parameter))
    return model


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long is marked by its folder, so that `make test-fast` can leave it out."""
    markers = {"browser": "browser", "training": "training"}
    markers |= {"inference/engines": "compiling", "test_cuda.py": "compiling"}
    for item in items:
        below = item.path.relative_to(Path(__file__).parent)
        for folder, marker in markers.items():
            if below.is_relative_to(folder):
                item.add_marker(marker)


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Small networks gain nothing from a second thread, and lose much when other programs run."""
    torch.set_num_threads(1)


@pytest.fixture
def focal_gives_no_number(monkeypatch):
    """A loss that is NaN from the first step on, as one is where a training runs away: the one called "focal"."""
    nan = replace(LOSSES["focal"], build=lambda weights: lambda logits, truth: logits.sum() * float("nan"))
    monkeypatch.setitem(LOSSES, "focal", nan)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A folder with one small random FCN-8s, street/fcn8s-wce."""
    make_set(tmp_path / "weights")
    return tmp_path / "weights"


@pytest.fixture(scope="session")
def camvid() -> Path:
    """The folder of real street frames; skips where it is absent."""
    if not (DATA / "camvid" / "val").is_dir():
        pytest.skip(f"the real street frames are not in {DATA / 'camvid'}")
    return DATA / "camvid"


@pytest.fixture(scope="session")
def shipped() -> WeightIndex:
    """The weight sets that come with the program."""
    return WeightIndex(SHIPPED)
