"""Which mask belongs to which photo, by names alone."""

import numpy as np
import pytest
from PIL import Image

from seg.datasets import Folder
from seg.datasets.files import is_junk
from seg.datasets.pairing import Pictures, best, names_nothing
from seg.datasets.street import STREET
from seg.errors import DataError

PHOTOS = [
    "photoA.jpg", "photoB.jpg", "A1.JPG", "My Photo.jpg", "img_001.jpg", "IMG_12.jpg", "IMG_123.jpg", "a.b.jpg",
    "x_000000_000294_leftImg8bit.png", "x_000001_000294_leftImg8bit.png", "21_training.tif", "Sample 1", "写真1.jpg",
    "cat.jpg", "caf\u00e9.jpg", "satImage_007.png", "a_scan_7_0000.png", "077.png", "frame_0001.png",
]  # fmt: skip


@pytest.mark.parametrize(
    ("mask", "photo"),
    [
        ("photoA.png", "photoA.jpg"), ("photoA_mask.png", "photoA.jpg"), ("photoB_L.png", "photoB.jpg"),
        ("photob-mask.png", "photoB.jpg"), ("photoA_labelIds.png", "photoA.jpg"), ("catMask.png", "cat.jpg"),
        ("A1.PNG", "A1.JPG"), ("a1_gt.tif", "A1.JPG"), ("A1_seg.png", "A1.JPG"), ("A1.mask.png", "A1.JPG"),
        ("photoA.jpg.png", "photoA.jpg"), ("a.b_mask.png", "a.b.jpg"), ("mask_001.png", "img_001.jpg"),
        ("IMG_12_mask.png", "IMG_12.jpg"), ("IMG_123_mask.png", "IMG_123.jpg"), ("写真1_mask.png", "写真1.jpg"),
        ("x_000000_000294_gtFine_labelIds.png", "x_000000_000294_leftImg8bit.png"),
        ("x_000001_000294_gtFine_labelTrainIds.png", "x_000001_000294_leftImg8bit.png"),
        ("21_manual1.gif", "21_training.tif"), ("sample-1-fcn8s-wce-lite0-ids.png", "Sample 1"),
        ("my-photo-fcn8s-wce-ids.png", "My Photo.jpg"), ("my-photo-own-unet-wce-colours.png", "My Photo.jpg"),
        ("My Photo-truth-ids.png", "My Photo.jpg"), (r"C:\fakepath\photoA_mask.png", "photoA.jpg"),
        ("cafe\u0301_mask.png", "caf\u00e9.jpg"), ("gt_007.png", "satImage_007.png"),
        ("a_scan_7.png", "a_scan_7_0000.png"), ("A_Scan_7_mask.png", "a_scan_7_0000.png"), ("77.png", "077.png"),
        ("Sample 01.png", "Sample 1"), ("satImage_7.png", "satImage_007.png"),
        ("photoC_mask.png", None), ("IMG_1234_mask.png", None), ("IMG_2.png", None), ("frame.png", None),
        ("a_scan.png", None), ("mask.png", None),
        ("img_001_2_mask.png", None), ("photo_mask.png", None),
    ],
)  # fmt: skip
def test_a_mask_belongs_to_the_photo_with_the_longest_stem_in_common(mask, photo):
    assert [PHOTOS[i] for i in Pictures(PHOTOS).partners(mask)] == ([] if photo is None else [photo])


def test_photos_named_alike_are_told_apart_by_their_folders_or_not_at_all():
    photos = Pictures(["bonn/images/1.jpg", "ulm/images/1.jpg"])
    assert photos.partners("ulm/masks/1.png") == [1]
    assert photos.partners("jena/masks/1.png") == []
    assert photos.partners("1_mask.png") == [0, 1]
    assert Pictures(["cat.jpg", "Cat.jpg"]).partners("Cat_mask.png") == [1]


def test_numbers_with_leading_zeros_are_others_where_both_are_there():
    photos = Pictures(["1.png", "01.png", "img_2.png", "img_002.png"])
    assert (photos.partners("1.png"), photos.partners("01_mask.png")) == ([0], [1])
    assert photos.partners("001.png") == [0, 1]
    assert photos.partners("img_02.png") == [2, 3]


def test_a_mask_of_several_channels_belongs_to_none_of_them():
    photos = Pictures(["a_0000.png", "a_0001.png", "b_0000.png", "b.png", "bonn/c_0000.png", "ulm/c_0000.png"])
    assert photos.partners("a.png") == []
    assert photos.partners("b.png") == [3]
    assert photos.partners("ulm/c.png") == [5]


def test_loosely_any_word_may_follow_but_a_number_is_another_picture():
    photos = Pictures(["1.jpg"])
    assert (photos.partners("1_watershed.png"), photos.partners("1_watershed.png", loosely=True)) == ([], [0])
    assert photos.partners("1_2.png", loosely=True) == []


def test_of_several_masks_that_of_class_ids_is_taken():
    assert best(["a_gtFine_color.png", "a_gtFine_instanceIds.png", "a_gtFine_labelIds.png"]) == 2
    assert best(["a_mask.png", "a_colour.png"]) == 0
    assert best(["a_mask.png", "a_mask.tif"]) is None


@pytest.mark.parametrize("name", ["mask.png", "truth-ids.png", "labels.tif"])
def test_some_names_say_only_that_this_is_a_mask(name):
    assert names_nothing(name)


@pytest.mark.parametrize("name", ["photo_mask.png", "a.png", "cat_gt.png"])
def test_others_name_a_photo(name):
    assert not names_nothing(name)


def test_what_systems_leave_behind_is_known_in_any_folder_and_on_any_system():
    junk = ["._a.png", ".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX/a.png", r"x\@eaDir\a.png", "x/.git/a.png"]
    assert all(map(is_junk, junk))
    assert not any(map(is_junk, ["a.png", "../a.png", "./a.png", "/data/x/a.png", "thumbs.png"]))


def put(path, value: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((6, 8), value, np.uint8)).save(path)


def test_a_folder_of_folders_is_read_whole_and_keeps_names_apart(tmp_path):
    for city, value in (("bonn", 3), ("ulm", 5)):
        put(tmp_path / "val" / city / "a_leftImg8bit.png", 90)
        put(tmp_path / "valannot" / city / "a_gtFine_labelIds.png", value)
        put(tmp_path / "valannot" / city / "a_gtFine_instanceIds.png", 9)
    samples = list(Folder(tmp_path, "val", STREET))
    assert [(s.name, int(s.labels[0, 0])) for s in samples] == [("bonn/a_leftImg8bit", 3), ("ulm/a_leftImg8bit", 5)]


def test_several_masks_that_could_be_meant_are_named(tmp_path):
    put(tmp_path / "val" / "a.png", 90)
    for name in ("a_mask.png", "a_mask.tif"):
        put(tmp_path / "valannot" / name, 3)
    with pytest.raises(DataError, match=r"a\.png has several labels, .*a_mask\.png, .*a_mask\.tif: leave one"):
        Folder(tmp_path, "val", STREET)


def test_a_label_of_two_pictures_is_named_with_both(tmp_path):
    for name in ("val/a.jpg", "val/a.png", "valannot/a.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / name)
    with pytest.raises(DataError, match=r"a\.png could be the label of .*a\.jpg and .*a\.png: leave one there"):
        Folder(tmp_path, "val", STREET)
