"""Networks trained on own data: by the command line and a grid, with their own class map; what is left out is said."""

import gc
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from seg.catalogue.store import WeightIndex
from seg.cli.main import app
from seg.datasets.own import open_data
from seg.errors import OptionError
from seg.training import replay
from seg.training.recipe import Recipe
from tests import own_data

SMALL = ["--base", "4", "--scale", "40", "--epochs", "1", "--batch", "2"]


@pytest.fixture
def bowl(tmp_path) -> Path:
    own_data.labelme(tmp_path / "bowl")
    return tmp_path / "bowl"


def seg(*words: str | Path):
    return CliRunner().invoke(app, [*map(str, words)])


def test_a_folder_is_trained_on_and_the_record_holds_its_classes(bowl, tmp_path):
    spoilt = bowl / "train" / "fruit 1.png"
    spoilt.write_bytes(b"no picture")
    result = seg("train", "--data", bowl, "--model", "conv_stack", "--out", tmp_path / "out", *SMALL)
    assert result.exit_code == 0, result.output
    assert f"{spoilt} is not a picture" in result.output
    record = WeightIndex(tmp_path / "out").record("bowl/conv_stack-wce")
    assert record.class_map == open_data(bowl).class_map
    assert (record.dataset, record.recipe["own"], record.validation.images) == ("bowl", True, 2)
    assert replay.frames(tmp_path / "out", record).shape[1:] == (40, 56)
    scene = replay.picture(tmp_path / "out", record)
    assert (scene.image == own_data.fruit(4).image).all()
    assert (scene.labels == own_data.fruit(4).labels).all()
    assert set(record.validation.per_class) == {"background", "apple", "plum"}


def test_the_first_of_two_pictures_to_validate_with_may_be_spoilt(bowl, tmp_path):
    first = min((bowl / "val").glob("*.png"))
    first.write_bytes(b"no picture")
    result = seg("train", "--data", bowl, "--model", "conv_stack", "--out", tmp_path / "out", *SMALL)
    assert result.exit_code == 0, result.output
    assert f"{first} is not a picture" in result.output
    assert WeightIndex(tmp_path / "out").record("bowl/conv_stack-wce").validation.images == 1


def test_it_is_evaluated_on_the_same_truth_in_another_layout_with_the_same_scores(bowl, tmp_path):
    assert seg("train", "--data", bowl, "--model", "conv_stack", "--out", tmp_path / "out", *SMALL).exit_code == 0
    scores = []
    for layout in ("labelme", "voc", "coco", "cvat"):
        own_data.LAYOUTS[layout](tmp_path / layout)
        json_file = tmp_path / f"{layout}.json"
        words = ["evaluate", "--weights", "bowl/conv_stack-wce", "--weights-dir", tmp_path / "out"]
        result = seg(*words, "--data", tmp_path / layout, "--json", json_file)
        assert result.exit_code == 0, result.output
        assert ("the smaller lies on top" in result.stderr) == (layout == "coco")
        scores.append(json_file.read_text("utf-8"))
    assert len(set(scores)) == 1


def test_a_grid_takes_the_data_sets_name_from_the_folder(bowl, tmp_path):
    recipes = tmp_path / "grid.toml"
    recipes.write_text(
        "[defaults]\nbase = 4\nscale = 40\nepochs = 1\nbatch = 2\n[[run]]\nmodel = 'conv_stack'\n"
        "[[run]]\nmodel = 'fcn8s'\ndataset = 'bowl'\n",
        "utf-8",
    )
    words = ["grid", recipes, "--data", bowl, "--out", tmp_path / "out"]
    result = seg(*words)
    assert result.exit_code == 0, result.output
    assert list(WeightIndex(tmp_path / "out").records()) == ["bowl/conv_stack-wce", "bowl/fcn8s-wce"]
    assert "2 done before" in seg(*words).output


def test_a_zip_is_trained_on_and_nothing_of_it_stays(bowl, tmp_path, monkeypatch):
    packed = shutil.make_archive(str(tmp_path / "bowl"), "zip", bowl)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    result = seg("train", "--data", packed, "--model", "conv_stack", "--out", tmp_path / "out", *SMALL)
    assert result.exit_code == 0, result.output
    assert WeightIndex(tmp_path / "out").record("bowl/conv_stack-wce").validation.images == 2
    gc.collect()
    assert list(temporary.glob("seg-data-*")) == []


def test_without_a_data_set_and_without_a_folder_there_is_a_sentence(tmp_path):
    result = seg("train", "--model", "unet", "--out", tmp_path)
    assert isinstance(result.exception, OptionError)
    assert "Name a data set with --dataset, or a folder of your own with --data" in str(result.exception)


def test_the_name_of_an_own_data_set_is_one_that_a_weight_set_can_have():
    assert Recipe("bowl", "unet", own=True).name == "bowl/unet-wce"
    with pytest.raises(OptionError, match="Unknown dataset 'bowl'"):
        Recipe("bowl", "unet")
    with pytest.raises(OptionError, match=r"dataset is '\.\./bowl'"):
        Recipe("../bowl", "unet", own=True)


def test_pictures_of_a_folder_without_splits_are_validated_on_what_was_held_back(tmp_path):
    for seed in range(6):
        one = own_data.fruit(seed)
        own_data.save(one.image, tmp_path / "bowl" / "images" / f"{seed}.png")
        own_data.save(np.where(one.labels > 0, 255, 0).astype(np.uint8), tmp_path / "bowl" / "masks" / f"{seed}.png")
    words = ["train", "--data", tmp_path / "bowl", "--model", "conv_stack", "--out", tmp_path / "out"]
    result = seg(*words, *SMALL)
    assert result.exit_code == 0, result.output
    assert "every 5th is" in result.output
    record = WeightIndex(tmp_path / "out").record("bowl/conv_stack-wce")
    assert (record.validation.images, record.class_map.names) == (1, ("background", "foreground"))
