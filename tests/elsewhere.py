"""Networks as they are made elsewhere: written by other libraries, trained for moments on rendered fruit."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from seg.datasets import Sample

FRUIT = ("ground", "apple", "pear")


def fruit(seed: int, height: int = 96, width: int = 128) -> Sample:
    """Red discs and green ovals on a brown ground, all of them noisy."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((height, width), np.uint8)
    y, x = np.ogrid[:height, :width]
    for kind in (1, 2, 1, 2):
        middle, side = rng.uniform((12, 12), (height - 12, width - 12)), rng.uniform(9, 16)
        tall = 1.0 if kind == 1 else 1.7
        labels[((y - middle[0]) / tall) ** 2 + (x - middle[1]) ** 2 < side**2] = kind
    colours = np.array([(110, 85, 60), (200, 45, 40), (150, 190, 60)])
    image = (colours[labels] + rng.normal(0, 12, (height, width, 3))).clip(0, 255).astype(np.uint8)
    return Sample(f"fruit-{seed}", image, labels)


def write_fruit(folder: Path, count: int, split: str = "val") -> None:
    """Labelled pictures of fruit, on disk in the project's own layout."""
    from PIL import Image

    for name in (split, f"{split}annot"):
        (folder / name).mkdir(parents=True)
    for seed in range(count):
        sample = fruit(1000 + seed)
        Image.fromarray(sample.image).save(folder / split / f"{seed}.png")
        Image.fromarray(sample.labels).save(folder / f"{split}annot" / f"{seed}.png")


def trained_unet(mean: float = 0.0, std: float = 1 / 255, steps: int = 30) -> nn.Module:
    """smp's U-Net on a ResNet-18, trained for some seconds on fruit of values less `mean`, divided by `std`, from 0 to
    1: so by default on bytes as they are."""
    import segmentation_models_pytorch as smp

    torch.manual_seed(0)
    network = smp.Unet("resnet18", encoder_weights=None, classes=len(FRUIT))
    optimiser = torch.optim.Adam(network.parameters(), 2e-3)
    for step in range(steps):
        samples = [fruit(4 * step + i) for i in range(4)]
        pictures = torch.from_numpy(np.stack([s.image for s in samples])).permute(0, 3, 1, 2) / 255
        truth = torch.from_numpy(np.stack([s.labels for s in samples])).long()
        loss = nn.functional.cross_entropy(network((pictures - mean) / std), truth)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return network.eval()


class Tiny(nn.Module):
    """One convolution, then whatever is to be tried."""

    def __init__(self, outputs: int = 3, channels: int = 3, after: nn.Module | None = None):
        super().__init__()
        self.layer, self.after = nn.Conv2d(channels, outputs, 3, padding=1), after or nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.after(self.layer(x))


class Then(nn.Module):
    """A function as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(x)


def write_onnx(path: Path, network: nn.Module, *shapes: tuple[int, ...], free: tuple[int, ...] = ()) -> Path:
    """An ONNX file of a network that takes inputs of these shapes; free: the axes of the first that may be any."""
    pytest.importorskip("onnx", reason="writing an ONNX file needs the package onnx")
    torch.onnx.export(
        network.eval(),
        tuple(torch.zeros(shape) for shape in shapes),
        path,
        dynamo=False,
        opset_version=17,
        input_names=["picture"] + [f"more{i}" for i in range(1, len(shapes))],
        dynamic_axes={"picture": {axis: f"axis{axis}" for axis in free}} if free else None,
    )
    return path
