"""Data folders: what is wrong is said with the name of the file."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seg.datasets import Folder
from seg.datasets.street import STREET
from seg.errors import DataError
from seg.labels import IGNORE


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for folder in ("train", "trainannot"):
        (tmp_path / folder).mkdir()
    for name in ("a", "b"):
        Image.fromarray(np.full((6, 8, 3), 90, np.uint8)).save(tmp_path / "train" / f"{name}.jpg")
        labels = np.arange(48, dtype=np.uint8).reshape(6, 8) % 12
        Image.fromarray(labels).save(tmp_path / "trainannot" / f"{name}.png")
    return tmp_path


def test_ids_on_disk_become_classes_and_unlabelled_becomes_ignore(data):
    samples = list(Folder(data, "train", STREET))
    assert [s.name for s in samples] == ["a", "b"]
    assert samples[0].image.shape == (6, 8, 3)
    assert samples[0].labels[0].tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert samples[0].labels[1].tolist() == [8, 9, 10, IGNORE, 0, 1, 2, 3]


def test_a_missing_label_is_named(data):
    (data / "trainannot" / "b.png").unlink()
    with pytest.raises(DataError, match=r"b\.jpg has no label.*b\.png is missing"):
        Folder(data, "train", STREET)


def test_a_label_of_another_size_is_named_with_both_sizes(data):
    Image.fromarray(np.zeros((5, 8), np.uint8)).save(data / "trainannot" / "b.png")
    with pytest.raises(DataError, match=r"b\.png is 8 × 5 pixels but its picture is 8 × 6"):
        Folder(data, "train", STREET)[1]


def test_an_unknown_id_is_named(data):
    Image.fromarray(np.full((6, 8), 77, np.uint8)).save(data / "trainannot" / "a.png")
    with pytest.raises(DataError, match=r"a\.png has the value 77 of no class"):
        Folder(data, "train", STREET)[0]


def test_a_broken_picture_and_a_label_of_other_colours_are_named(data):
    (data / "train" / "a.jpg").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"a\.jpg is not a picture"):
        Folder(data, "train", STREET)[0]
    Image.fromarray(np.full((6, 8, 3), (1, 2, 3), np.uint8)).save(data / "trainannot" / "b.png")
    with pytest.raises(DataError, match=r"b\.png has the colour \(1, 2, 3\) of no class"):
        Folder(data, "train", STREET)[1]


def test_a_missing_folder_and_an_empty_one_are_named(data):
    with pytest.raises(DataError, match=r"val.* is not a folder"):
        Folder(data, "val", STREET)
    for folder in ("val", "valannot"):
        (data / folder).mkdir()
    with pytest.raises(DataError, match="no pictures"):
        Folder(data, "val", STREET)


def test_the_real_street_frames_are_read_whole(camvid):
    samples = Folder(camvid, "val", STREET)
    assert len(samples) == 101
    sample = samples[0]
    assert sample.image.shape == (360, 480, 3)
    assert set(np.unique(sample.labels)) <= {*range(11), IGNORE}
