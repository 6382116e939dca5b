"""seg data check: what is understood is printed, and a dataset.toml to edit is written where none is."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from seg.cli.main import app
from seg.datasets.own import open_data
from seg.errors import OptionError
from tests import own_data


def check(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["data", "check", *map(str, words)])


def test_layout_splits_sizes_classes_shares_and_void_are_printed(tmp_path):
    own_data.cvat(tmp_path / "bowl")
    labels = np.stack([one.labels for _, one in own_data.basket()])
    result = check(tmp_path / "bowl")
    assert result.exit_code == 0, result.output
    said = result.stdout
    for line in (
        "bowl: CVAT segmentation mask 1.1",
        "pictures: train 4, val 2",
        "sizes: all 56 × 40 pixels",
        "unlabelled: 0.00% of all pixels",
        "6 of 6 pictures can be used, 0 problems",
    ):
        assert line in said
    for place, name in enumerate(own_data.NAMES):
        (row,) = [line.split() for line in said.splitlines() if f" {name} " in line]
        assert row[2] == f"{(labels == place).mean():.2%}"


def test_a_file_that_cannot_be_used_is_named_the_rest_is_counted_and_the_status_is_1(tmp_path):
    own_data.side_by_side(tmp_path)
    broken = tmp_path / "images" / "train" / "fruit 1.png"
    broken.write_bytes(b"no picture")
    (tmp_path / "masks" / "val" / "fruit 4_mask.png").unlink()
    result = check(tmp_path)
    assert result.exit_code == 1
    assert f"{broken} is not a picture" in result.stderr
    assert "fruit 4.png has no label" in result.stderr
    assert "4 of 6 pictures can be used, 2 problems" in result.stdout


def test_a_description_is_written_once_and_over_another_only_by_force(tmp_path):
    own_data.side_by_side(tmp_path)
    target = tmp_path / "dataset.toml"
    assert check(tmp_path, "--write").exit_code == 0
    assert open_data(tmp_path).is_named
    target.write_text(target.read_text("utf-8").replace("class 1", "apple"), "utf-8")
    refused = check(tmp_path, "--write")
    assert isinstance(refused.exception, OptionError)
    assert "is there already: give --force" in str(refused.exception)
    assert "apple" in target.read_text("utf-8")
    assert check(tmp_path, "--write", "--force").exit_code == 0
    assert "apple" in target.read_text("utf-8"), "what it says is understood, and written again"


def test_every_mask_is_looked_at_where_nothing_names_the_classes(tmp_path):
    for number in range(200):
        labels = np.full((4, 4), 7 if number == 101 else number % 2, np.uint8)
        own_data.save(np.zeros((4, 4, 3), np.uint8), tmp_path / "images" / f"{number:03}.png")
        own_data.save(labels, tmp_path / "masks" / f"{number:03}.png")
    assert "class 7" not in open_data(tmp_path).class_map.names
    result = check(tmp_path)
    assert result.exit_code == 0
    assert "class 7" in result.stdout


def test_a_zip_is_checked_too_and_nothing_is_written_into_it(tmp_path):
    own_data.coco(tmp_path / "bowl")
    path = tmp_path / "bowl.zip"
    with zipfile.ZipFile(path, "w") as file:
        for one in sorted((tmp_path / "bowl").rglob("*.*")):
            file.write(one, one.relative_to(tmp_path))
    before = path.read_bytes()
    result = check(path)
    assert result.exit_code == 0, result.output
    assert "bowl: COCO instances JSON" in result.stdout
    assert isinstance(check(path, "--write").exception, OptionError)
    assert path.read_bytes() == before


def test_black_and_white_masks_of_two_classes_say_what_to_write(tmp_path):
    own_data.side_by_side(tmp_path)
    (tmp_path / "dataset.toml").write_text('classes = ["table", "fruit"]', "utf-8")
    for path in (tmp_path / "masks").rglob("*.png"):
        own_data.save(np.where(np.array(Image.open(path)) > 0, 255, 0).astype(np.uint8), path)
    result = check(tmp_path)
    assert result.exit_code == 1
    assert 'map = {0 = "table", 255 = "fruit"}' in result.stderr
    (tmp_path / "dataset.toml").write_text('map = {0 = "table", 255 = "fruit"}', "utf-8")
    assert check(tmp_path).exit_code == 0


def test_a_class_name_of_several_lines_does_not_break_the_table(tmp_path):
    own_data.side_by_side(tmp_path)
    (tmp_path / "dataset.toml").write_text('classes = ["a\\nb", "\\u001b[31mred", "<b>c</b>"]', "utf-8")
    said = check(tmp_path).stdout
    assert "'a\\nb'" in said
    assert "\x1b" not in said


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", io.BytesIO(b"x" * 99).getvalue()])
def test_what_is_no_zip_is_a_sentence(tmp_path, content):
    (tmp_path / "a.zip").write_bytes(content)
    result = check(tmp_path / "a.zip")
    assert "is no ZIP or is damaged" in str(result.exception)
