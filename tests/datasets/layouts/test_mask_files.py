"""Layouts of mask files: PASCAL VOC, CVAT, Cityscapes, images/ beside masks/."""

import numpy as np
import pytest

from seg.datasets.layouts import ALL, cityscapes, voc
from seg.datasets.own import open_data
from seg.errors import DataError
from seg.labels import IGNORE
from tests import own_data
from tests.own_data import basket, save


def test_the_challenges_own_pictures_have_their_own_classes_and_others_with_such_names_do_not(tmp_path):
    for name in ("2007_000032", "2011_003271"):
        save(np.zeros((4, 6, 3), np.uint8), tmp_path / "JPEGImages" / f"{name}.jpg")
        save(np.array([[0, 1, 15, 20, 255, 0]] * 4, np.uint8), tmp_path / "SegmentationClass" / f"{name}.png")
    lists = tmp_path / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    (lists / "val.txt").write_text("2007_000032\n2011_003271\n", "utf-8")
    data = open_data(tmp_path)
    assert data.class_map.names == voc.NAMES
    assert data.split("val")[0].labels[0].tolist() == [0, 1, 15, 20, IGNORE, 0]
    (lists / "val.txt").write_text("apple\n", "utf-8")
    for folder, ending in (("JPEGImages", "jpg"), ("SegmentationClass", "png")):
        (tmp_path / folder / f"2007_000032.{ending}").rename(tmp_path / folder / f"apple.{ending}")
    assert open_data(tmp_path).class_map.names[:2] == ("class 0", "class 1")


def test_a_listed_picture_that_is_missing_is_named_and_the_rest_goes_on(tmp_path):
    own_data.voc(tmp_path)
    (tmp_path / "JPEGImages" / "fruit 1.png").unlink()
    (tmp_path / "SegmentationClass" / "fruit 2.png").unlink()
    data = open_data(tmp_path)
    assert [str(problem).split(str(tmp_path))[1] for problem in data.problems] == [
        "/JPEGImages/fruit 1.jpg is missing, which train lists.",
        "/SegmentationClass/fruit 1.png is the label of no picture in the lists.",
    ]
    with pytest.raises(DataError, match=r"fruit 2\.png has no label"):
        data.split("train")[1]


def test_lists_lead_nowhere_outside(tmp_path):
    own_data.voc(tmp_path / "set")
    save(np.zeros((4, 4, 3), np.uint8), tmp_path / "secret.jpg")
    (tmp_path / "set" / "ImageSets" / "Segmentation" / "val.txt").write_text("../../secret\nfruit 4\n", "utf-8")
    data = open_data(tmp_path / "set")
    assert [pair.name for pair in data.pairs["val"]] == ["fruit 4"]
    assert "../../secret.jpg is missing" in data.problems[0]


@pytest.mark.parametrize("line", ["apple", "apple:300,0,0::", "apple:1,2::", ":1,2,3::"])
def test_a_line_of_cvats_list_that_is_no_class_is_a_sentence_with_its_number(tmp_path, line):
    own_data.cvat(tmp_path)
    (tmp_path / "labelmap.txt").write_text(f"# label\nbackground:0,0,0::\n{line}\n", "utf-8")
    with pytest.raises(DataError, match=r"labelmap\.txt, line 3: .* is no class"):
        open_data(tmp_path)


def test_cvats_one_list_is_no_split(tmp_path):
    own_data.cvat(tmp_path)
    lists = tmp_path / "ImageSets" / "Segmentation"
    (lists / "trainval.txt").rename(lists / "default.txt")
    for name in ("train", "val"):
        (lists / f"{name}.txt").unlink()
    data = open_data(tmp_path)
    assert {split: len(samples) for split, samples in data.splits.items()} == {ALL: 6}
    assert data.layout == "CVAT segmentation mask 1.1"


def test_a_colour_of_no_class_in_cvats_masks_is_a_sentence(tmp_path):
    own_data.cvat(tmp_path)
    save(np.full((40, 56, 3), (1, 2, 3), np.uint8), tmp_path / "SegmentationClass" / "fruit 4.png")
    with pytest.raises(DataError, match=r"fruit 4\.png has the colour \(1, 2, 3\) of no class"):
        open_data(tmp_path).split("val")[0]


def test_cityscapes_label_ids_are_read_by_its_own_table(tmp_path):
    place = tmp_path / "gtFine" / "val" / "ulm"
    save(np.zeros((2, 35, 3), np.uint8), tmp_path / "leftImg8bit" / "val" / "ulm" / "ulm_0_1_leftImg8bit.png")
    save(np.array([[*range(34), 255]] * 2, np.uint8), place / "ulm_0_1_gtFine_labelIds.png")
    data = open_data(tmp_path)
    found = data.split("val")[0].labels[0].tolist()
    assert [found[number] for number in (7, 8, 11, 26, 33)] == [0, 1, 2, 13, 18]
    assert [number for number, label in enumerate(found) if label == IGNORE] == [
        *(0, 1, 2, 3, 4, 5, 6, 9, 10, 14, 15, 16, 18, 29, 30, 34)
    ]
    assert data.class_map.names == cityscapes.NAMES
    (place / "ulm_0_1_gtFine_labelIds.png").unlink()
    save(np.array([[*range(19), *[255] * 16]] * 2, np.uint8), place / "ulm_0_1_gtFine_labelTrainIds.png")
    again = open_data(tmp_path)
    assert again.split("val")[0].labels[0, :20].tolist() == [*range(19), IGNORE]
    assert again.notes == ("Masks are read as trainIds.",)


@pytest.mark.parametrize("names", [("images", "annotations"), ("Images", "Masks"), ("imgs", "labels")])
def test_pictures_beside_masks_may_be_called_in_several_ways_each_split_with_both_or_both_with_splits(tmp_path, names):
    pictures, masks = names
    for number, (split, one) in enumerate(basket()):
        above, below = (tmp_path / "a" / pictures / split, tmp_path / "a" / masks / split)
        save(one.image, above / f"{number}.png")
        save(one.labels, below / f"{number}.png")
        above, below = (tmp_path / "b" / split / pictures, tmp_path / "b" / split / masks)
        save(one.image, above / f"{number}.png")
        save(one.labels, below / f"{number}.png")
    for folder in ("a", "b"):
        data = open_data(tmp_path / folder)
        assert {split: len(samples) for split, samples in data.splits.items()} == own_data.SPLITS
        assert (data.split("val")[0].labels == own_data.fruit(4).labels).all()
