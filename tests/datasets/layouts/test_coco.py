"""COCO instances: polygons and both kinds of RLE, small objects on top, and a sentence for whatever is wrong."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as rle

from seg.datasets.layouts import coco
from seg.datasets.own import OwnData, open_data
from seg.errors import DataError
from seg.labels import IGNORE
from tests import own_data
from tests.own_data import runs, save

SQUARE = [2, 2, 8, 2, 8, 8, 2, 8]
"""Six pixels each way, from (2, 2) on."""


def write(folder: Path, *annotations: dict, size: tuple[int, int] = (10, 12), **changes) -> Path:
    """One picture and its objects; category 1 is a leaf, 2 a bud."""
    height, width = size
    save(np.zeros((*size, 3), np.uint8), folder / "images" / "a.png")
    content = {
        "images": [{"id": 1, "file_name": "a.png", "height": height, "width": width}],
        "annotations": [{"id": i, "image_id": 1, "category_id": 1, **entry} for i, entry in enumerate(annotations)],
        "categories": [{"id": 1, "name": "leaf"}, {"id": 2, "name": "bud"}],
        **changes,
    }
    path = folder / "annotations" / "instances_default.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content), "utf-8")
    return path


def labels(data: OwnData) -> np.ndarray:
    return data.split("all")[0].labels


def test_a_polygon_covers_what_it_encloses_and_the_rest_is_background(tmp_path):
    write(tmp_path, {"segmentation": [SQUARE], "category_id": 2})
    data = open_data(tmp_path)
    assert data.class_map.names == ("background", "leaf", "bud")
    expected = np.zeros((10, 12), np.uint8)
    expected[2:8, 2:8] = 2
    assert (labels(data) == expected).all()


@pytest.mark.parametrize("order", [1, -1])
def test_the_smaller_object_lies_on_top_whatever_the_order_and_that_is_said(tmp_path, order):
    objects = [
        {"segmentation": [SQUARE], "category_id": 1},
        {"segmentation": [[4, 4, 6, 4, 6, 6, 4, 6]], "category_id": 2},
    ]
    write(tmp_path, *objects[::order])
    sample = open_data(tmp_path).split("all")[0]
    assert (sample.labels[4:6, 4:6] == 2).all()
    assert (sample.labels == 1).sum() == 32
    assert sample.notes == ("Objects overlap in its outlines: the smaller lies on top.",)


def test_objects_of_several_parts_and_runs_of_either_kind_are_read(tmp_path):
    inside = np.zeros((10, 12), np.uint8)
    inside[1:3, 5:9] = 1
    two = {"segmentation": [[0, 0, 2, 0, 2, 2, 0, 2], [9, 5, 12, 5, 12, 10, 9, 10]], "category_id": 2}
    write(tmp_path, {"segmentation": {"size": [10, 12], "counts": runs(inside)}, "iscrowd": 1}, two)
    expected = inside.copy()
    expected[0:2, 0:2] = expected[5:10, 9:12] = 2
    assert (labels(open_data(tmp_path)) == expected).all()


def test_compressed_runs_are_those_that_pycocotools_packed():
    rng = np.random.default_rng(0)
    for _ in range(100):
        height, width = rng.integers(1, 120, 2)
        inside = np.asfortranarray(rng.random((height, width)) < rng.random(), np.uint8)
        assert coco._unpacked(rle.encode(inside)["counts"].decode("ascii")) == runs(inside)


def test_a_picture_without_objects_is_all_background(tmp_path):
    write(tmp_path)
    assert (labels(open_data(tmp_path)) == 0).all()


def test_one_file_beside_the_pictures_of_each_split_is_found_too(tmp_path):
    for split in ("train", "valid"):
        path = write(tmp_path / split, {"segmentation": [SQUARE]})
        (tmp_path / split / "images" / "a.png").rename(tmp_path / split / "a.png")
        path.rename(tmp_path / split / "_annotations.coco.json")
    data = open_data(tmp_path)
    assert {split: len(samples) for split, samples in data.splits.items()} == {"train": 1, "val": 1}
    assert Path(data.split("val")[0].file).parent.name == "valid"


def test_outlines_of_a_picture_stored_on_its_side_are_turned_with_it_where_the_size_says_so(tmp_path):
    write(tmp_path, {"segmentation": [[0, 0, 3, 0, 3, 2, 0, 2]]})
    exif = Image.Exif()
    exif[274] = 6
    Image.new("RGB", (12, 10)).save(tmp_path / "images" / "a.png", exif=exif)
    turned = labels(open_data(tmp_path))
    assert turned.shape == (12, 10)
    assert (turned[0:3, 8:10] == 1).all()
    assert turned.sum() == 6


def test_classes_may_be_renamed_merged_and_left_out_by_a_description(tmp_path):
    write(tmp_path, {"segmentation": [SQUARE]}, {"segmentation": [[4, 4, 6, 4, 6, 6, 4, 6]], "category_id": 2})
    (tmp_path / "dataset.toml").write_text('classes = ["plant"]\nmap = {leaf = "plant", bud = "ignore"}', "utf-8")
    found = labels(open_data(tmp_path))
    assert (found[4:6, 4:6] == IGNORE).all()
    assert found[2, 2] == 0
    assert found[0, 0] == IGNORE, "no class is called background"


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"segmentation": [[1, 1, 2]], "category_id": 9}, "is of the category 9, which the file lists not"),
        ({"segmentation": []}, "has a box but no outline"),
        ({"bbox": [0, 0, 3, 3]}, "has a box but no outline"),
        ({"segmentation": [[1, 2, 3, 4, 5]]}, "has an outline with a point that is none"),
        ({"segmentation": [[1, 2, 3, 4, 5, 1e9]]}, "lies far outside"),
        ({"segmentation": [["x", 2, 3, 4, 5, 6]]}, "has no outline that can be read"),
        ({"segmentation": [3]}, "has no outline that can be read"),
        ({"segmentation": {"size": [3, 3], "counts": [9]}}, r"has a mask of \[3, 3\], but the picture is \[10, 12\]"),
        ({"segmentation": {"size": [10, 12], "counts": [3, 4]}}, "whose runs do not fill the picture"),
        ({"segmentation": {"size": [10, 12], "counts": [-3, 123]}}, "whose runs do not fill the picture"),
        ({"segmentation": {"size": [10, 12], "counts": "zzz"}}, "has no outline that can be read"),
        ({"segmentation": {"counts": "zzz"}}, "has no outline that can be read"),
    ],
)
def test_an_object_that_cannot_be_drawn_is_a_sentence_with_file_and_object(tmp_path, entry, sentence):
    path = write(tmp_path, {"id": 77, **entry})
    with pytest.raises(DataError, match=sentence) as caught:
        labels(open_data(tmp_path))
    assert str(caught.value).startswith(f"{path}: object 77 of {tmp_path / 'images' / 'a.png'}")


def test_a_point_and_a_line_are_left_out_and_said(tmp_path):
    write(tmp_path, {"segmentation": [[1, 1, 5, 5], SQUARE]})
    sample = open_data(tmp_path).split("all")[0]
    assert sample.notes == ("An outline of fewer than three points was left out.",)
    assert (sample.labels == 1).sum() == 36


def test_a_picture_of_another_size_is_a_sentence(tmp_path):
    write(tmp_path, {"segmentation": [SQUARE]})
    save(np.zeros((20, 24, 3), np.uint8), tmp_path / "images" / "a.png")
    with pytest.raises(DataError, match=r"is for a picture of 12 × 10 pixels, but .*a\.png has 24 × 20"):
        labels(open_data(tmp_path))


def test_pictures_are_only_ever_those_in_the_folder(tmp_path):
    save(np.zeros((10, 12, 3), np.uint8), tmp_path / "secret.png")
    images = [{"id": 1, "file_name": name} for name in ("../secret.png", str(tmp_path / "secret.png"), "gone.png")]
    images.append({"id": 2})
    write(tmp_path / "set", {"segmentation": [SQUARE]}, images=images)
    with pytest.raises(DataError, match=r"has no pictures\. \.\./secret\.png is missing, which .*json lists"):
        open_data(tmp_path / "set")


def test_a_missing_picture_does_not_end_the_rest(tmp_path):
    own_data.coco(tmp_path)
    (tmp_path / "train" / "fruit 1.png").unlink()
    data = open_data(tmp_path)
    assert len(data.split("train")) == 3
    assert data.problems[0].startswith("fruit 1.png is missing, which ")
    assert "has 2 objects of pictures that it does not list or that are missing" in data.problems[1]


@pytest.mark.parametrize("text", ["{", "", "\x00", '{"images": [], "annotations": []}', "[" * 100_000])
def test_a_damaged_file_is_a_sentence(tmp_path, text):
    path = write(tmp_path)
    path.write_text(text, "utf-8")
    with pytest.raises(DataError) as caught:
        open_data(tmp_path)
    assert str(path) in str(caught.value)
