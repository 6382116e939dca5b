"""A data set is one record: one more is known to the command line, to training and to every page."""

import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from seg.app import resources
from seg.catalogue.store import WeightIndex
from seg.cli.main import app as command_line
from seg.datasets import DATASETS, Dataset, Replay, Sample, dataset_named, register
from seg.errors import DataError
from seg.labels import ClassMap

APP = Path(__file__).parents[2] / "streamlit_app.py"
FRUIT = ClassMap("fruit", ("table", "apple", "plum"), ((90, 90, 90), (220, 40, 40), (90, 40, 160)), 255)


def render(seed: int, height: int = 48, width: int = 64) -> Sample:
    """An apple and a plum on a table."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    image = np.full((height, width, 3), (150, 120, 90), np.uint8)
    labels = np.zeros((height, width), np.uint8)
    for label, colour in ((1, (200, 30, 30)), (2, (80, 30, 140))):
        centre = rng.uniform(0.2, 0.8, 2) * (height, width)
        inside = (y - centre[0]) ** 2 + (x - centre[1]) ** 2 < (0.2 * height) ** 2
        image[inside], labels[inside] = colour, label
    return Sample(f"fruit-{seed}", image, labels)


@pytest.fixture
def fruit(monkeypatch):
    """A fourth data set, known while a test runs."""
    kept = dict(DATASETS)
    yield register(
        Dataset(
            name="fruit",
            title="Fruit",
            order=25,
            class_map=FRUIT,
            size=(48, 64),
            samples=(1, 2),
            open=render,
            replay=Replay(3, render, (48, 64)),
            render=render,
            only_rendered=True,
            sentences={"training": "When does the plum turn violet?"},
        )
    )
    DATASETS.clear()
    DATASETS.update(kept)


@pytest.fixture
def runs(fruit, tmp_path) -> Path:
    """Networks trained on the fourth data set, by the command line."""
    for model, loss in (("conv_stack", "wce"), ("fcn8s", "wce"), ("fcn8s", "ce")):
        words = f"train --dataset fruit --model {model} --loss {loss} --out {tmp_path}".split()
        size = ["--base", "4", "--scale", "48", "--rendered", "4", "--epochs", "2", "--batch", "2"]
        result = CliRunner().invoke(command_line, [*words, *size])
        assert result.exit_code == 0, result.output
    return tmp_path


@pytest.mark.training
def test_a_data_set_more_is_trained_and_measured_by_the_command_line(runs):
    record = WeightIndex(runs).record("fruit/fcn8s-wce")
    assert record.class_map == FRUIT
    assert record.validation.images == 200
    words = ["evaluate", "--weights", record.name, "--limit", "3", "--weights-dir", str(runs)]
    result = CliRunner().invoke(command_line, words)
    assert result.exit_code == 0, result.output
    assert "plum" in result.output


@pytest.mark.training
def test_a_data_set_more_is_on_every_page(runs, monkeypatch):
    monkeypatch.setattr(resources, "SHIPPED", runs)
    for page in ("compare", "masks", "architectures", "losses", "upsampling", "leaderboard", "training"):
        app = AppTest.from_file(str(APP), default_timeout=120)
        app.switch_page(f"pages/{page}.py")
        app.query_params["dataset"] = "fruit"
        app.run()
        assert not app.exception, page
        assert not app.error, page
        shown = str(app._tree)
        assert "fruit" in shown.lower(), page
        if page == "training":
            assert any("When does the plum turn violet?" in text.value for text in app.markdown)


def test_data_sets_stand_in_their_order_wherever_they_are_listed(fruit):
    assert list(DATASETS).index("street") + 1 == list(DATASETS).index("fruit") == list(DATASETS).index("membranes") - 1


def test_an_unknown_data_set_is_a_sentence_with_those_there_are():
    with pytest.raises(DataError, match=r"Unknown data set 'moon': choose one of .*street"):
        dataset_named("moon")


def test_records_are_read_without_torch():
    program = "import sys, seg.datasets.record, seg.datasets; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=APP.parent, check=False).returncode == 0


@pytest.mark.parametrize("name", DATASETS)
def test_a_sample_is_of_the_data_sets_classes(name):
    dataset = DATASETS[name]
    for open_ in (partial(dataset.open, dataset.samples[0]), partial(dataset.replay.open, dataset.replay.number)):
        sample = open_()
        assert sample.image.shape[:2] == sample.labels.shape
        assert set(np.unique(sample.labels)) <= {*range(len(dataset.class_map)), 255}
