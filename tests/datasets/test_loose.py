"""Photos and masks among single files, by name."""

import io

import pytest

from seg.datasets.loose import masks_among, open_loose
from seg.errors import DataError
from tests.own_data import fruit, save


@pytest.mark.parametrize(
    ("names", "masks"),
    [
        (["a.jpg", "a.png"], ["a.png"]),
        (["a.png", "a_mask.png"], ["a_mask.png"]),
        (["a.png", "mask_a.png", "b.png", "mask_b.png"], ["mask_a.png", "mask_b.png"]),
        (["x_leftImg8bit.png", "x_gtFine_labelIds.png"], ["x_gtFine_labelIds.png"]),
        (["a.png", "b.png"], []),
        (["ground 1.jpg", "ground 1.png"], ["ground 1.png"]),
        (["mask_1.png", "mask_2.png"], []),
        ([], []),
    ],
)
def test_masks_are_told_by_their_names(names, masks):
    assert masks_among(names) == masks


def opened(tmp_path, *names: str):
    one, files = fruit(1), {}
    for name in names:
        path = tmp_path / name
        if path.suffix in (".png", ".jpg"):
            save(one.labels if "mask" in name else one.image, path)
        else:
            path.write_bytes(b"words")
        files[name] = io.BytesIO(path.read_bytes())
    return open_loose(files)


def test_what_is_no_part_of_a_data_set_is_named(tmp_path):
    with opened(tmp_path, "a.png", "a_mask.png", "lone_mask.png", "notes.pdf", ".DS_Store") as data:
        assert [pair.name for pair in data.split("all").pairs] == ["a"]
        assert data.split("all")[0].labels.tolist() == fruit(1).labels.tolist()
        assert len(data.problems) == 2
        assert data.problems[0] == "notes.pdf is nothing that data sets hold."
        assert "lone_mask.png is the label of no picture" in data.problems[1]


def test_pictures_without_a_mask_are_refused_with_what_to_do(tmp_path):
    with pytest.raises(DataError, match="No name among 2 pictures says that it is a mask"):
        opened(tmp_path, "a.png", "b.png")
