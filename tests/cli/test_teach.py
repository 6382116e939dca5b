"""`seg teach`: own data in, a weight set out, and what to expect of it."""

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from seg import Segmenter
from seg.catalogue.store import WeightIndex
from seg.cli.main import app
from seg.datasets import Sample
from seg.datasets.own import class_colours
from seg.datasets.packing import packed
from seg.errors import DataError, OptionError, TrainingError
from seg.labels import IGNORE, ClassMap
from seg.training import teacher
from tests import own_data
from tests.cli.test_cli import run


@pytest.fixture(autouse=True)
def short_lessons(monkeypatch):
    monkeypatch.setattr(teacher, "STEPS", 4)


def teach(*words: object) -> Result:
    return CliRunner().invoke(app, ["teach", *map(str, words), "--scale", "64"])


@pytest.mark.parametrize("layout", ["ours", "coco", "labelme"])
def test_own_data_in_any_layout_becomes_a_set_that_the_other_commands_know(tmp_path, layout):
    own_data.LAYOUTS[layout](tmp_path / "bowl")
    if layout == "ours":
        (tmp_path / "bowl" / "dataset.toml").write_text(f"classes = {list(own_data.NAMES)}", "utf-8")
    out = tmp_path / "out"
    result = teach(tmp_path / "bowl", "--name", "mine/apple", "--out", out)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert [line.split("fruit")[-1].split()[0] for line in lines[1:5]] == ["0", "1", "2", "3"]
    assert lines[5].startswith("mean ")
    assert "on a new photo like these, expect between" in lines[5]
    assert lines[6].startswith("mine/apple: 4 photos, ")
    assert WeightIndex(out).record("mine/apple").class_map.names == own_data.NAMES
    assert "mine/apple" in run("weights", "--verify", "--weights-dir", out)
    own_data.save(own_data.fruit(9).image, tmp_path / "new.png")
    run("predict", tmp_path / "new.png", "--weights", "mine/apple", "--weights-dir", out, "--out", tmp_path / "masks")
    scores = run("evaluate", "--weights", "mine/apple", "--data", tmp_path / "bowl", "--weights-dir", out)
    assert "apple" in scores


def test_paintings_that_were_taken_along_are_taught_again(tmp_path):
    class_map = ClassMap("mine", ("background", "apple"), class_colours(("background", "apple")), IGNORE)
    samples = []
    for seed in range(2):
        one = own_data.fruit(seed)
        labels = np.where(np.arange(56) < 28, one.labels == 1, IGNORE).astype(np.uint8)
        samples.append(Sample(f"bowl {seed}", one.image, labels))
    (tmp_path / "mine.zip").write_bytes(packed(samples, class_map, "mine"))
    result = teach(tmp_path / "mine.zip", "--name", "mine/apple", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert Segmenter.load("mine/apple", weights=tmp_path / "out").record.class_map == class_map


def test_a_photo_that_cannot_be_read_is_named_and_the_status_is_1(tmp_path):
    own_data.side_by_side(tmp_path)
    (tmp_path / "images" / "train" / "fruit 1.png").write_bytes(b"no picture")
    result = teach(tmp_path, "--name", "mine/apple", "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "fruit 1.png is not a picture" in result.stderr
    assert "mine/apple: 3 photos" in result.stdout


def test_one_photo_says_nothing_of_others(tmp_path):
    own_data.side_by_side(tmp_path)
    for number in (1, 2, 3):
        (tmp_path / "images" / "train" / f"fruit {number}.png").unlink()
    said = teach(tmp_path, "--name", "mine/apple", "--out", tmp_path / "out").stdout
    assert "With one photo, nothing can be said of others" in said


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (("--name", "apple"), OptionError, "'apple' is no name"),
        (("--name", "street/apple"), OptionError, "none of the program's own data sets"),
        (("--name", "mine/a", "--encoder", "vgg16"), OptionError, "There is no encoder 'vgg16'"),
        (("--name", "mine/a", "--split", "test"), DataError, "has no split 'test'"),
    ],
)
def test_what_cannot_be_taught_is_said_in_a_sentence(tmp_path, words, error, said):
    own_data.side_by_side(tmp_path)
    result = teach(tmp_path, "--out", tmp_path / "out", *words)
    assert isinstance(result.exception, error)
    assert said in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_masks_of_one_class_teach_nothing(tmp_path):
    class_map = ClassMap("mine", ("background", "apple"), class_colours(("background", "apple")), IGNORE)
    one = own_data.fruit(0)
    (tmp_path / "mine.zip").write_bytes(
        packed([Sample("bowl", one.image, np.ones_like(one.labels))], class_map, "mine")
    )
    result = teach(tmp_path / "mine.zip", "--name", "mine/apple", "--out", tmp_path / "out")
    assert isinstance(result.exception, TrainingError)
    assert "apple covers every photo in full" in str(result.exception)
