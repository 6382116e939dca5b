"""What people's folders are like is read as it was meant, or not at all; each fault stands for its kind."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seg.datasets import Folder, membranes, street
from seg.datasets.everyday import EVERYDAY
from seg.datasets.membranes import MEMBRANES
from seg.datasets.street import STREET
from seg.errors import DataError, ImageError
from seg.labels import IGNORE
from seg.pictures import masks
from seg.pictures.drawing import colour_mask
from seg.pictures.masks import AmbiguousMask, Reading
from tests.bad_files import saved
from tests.conftest import DATA
from tests.faults import (
    BLACK_AND_WHITE,
    DOUBTFUL_MEMBRANES,
    DOUBTFUL_STREET,
    MEMBRANE_FAULTS,
    STREET_FAULTS,
    as_photo,
    on_disk,
    strays,
)

SCENE = street.render(3, 120, 160)
SLICE = membranes.render(3, 128, 128)


def read(folder: Path, class_map=STREET, **options):
    (sample,) = Folder(folder, "val", class_map, **options)
    return sample


@pytest.mark.parametrize("fault", STREET_FAULTS)
def test_a_street_is_read_as_it_was_meant(tmp_path, fault):
    STREET_FAULTS[fault](tmp_path, SCENE, STREET)
    sample = read(tmp_path)
    assert np.array_equal(sample.image, SCENE.image)
    assert np.array_equal(sample.labels, SCENE.labels)


@pytest.mark.parametrize("fault", MEMBRANE_FAULTS)
def test_a_slice_is_read_as_it_was_meant(tmp_path, fault):
    MEMBRANE_FAULTS[fault](tmp_path, SLICE, MEMBRANES)
    sample = read(tmp_path, MEMBRANES)
    stretched = (SLICE.image.astype(float) - SLICE.image.min()) * 255 / np.ptp(SLICE.image)
    grey = sample.image if sample.image.ndim == 2 else sample.image[..., 0]
    off = [np.abs(grey - shown).max() for shown in (SLICE.image.astype(float), stretched)]
    assert min(off) <= 1.5
    assert np.array_equal(sample.labels, SLICE.labels)


@pytest.mark.parametrize("fault", DOUBTFUL_STREET)
def test_a_mask_unlike_its_data_set_is_doubted_until_a_person_says_how_it_counts(tmp_path, fault):
    DOUBTFUL_STREET[fault](tmp_path, SCENE, STREET)
    with pytest.raises(AmbiguousMask) as doubt:
        read(tmp_path)
    assert str(tmp_path / "valannot" / "a.png") in str(doubt.value)
    assert "of 11 classes" in str(doubt.value)
    assert "--ids-from 0" in str(doubt.value)
    assert Reading(ids_from=0) in doubt.value.readings
    for reading in doubt.value.readings:
        assert read(tmp_path, reading=reading).labels.shape == SCENE.labels.shape


@pytest.mark.parametrize("share", [0.5, 0.75, 1.5, 2])
def test_ids_resized_with_smooth_edges_are_refused_since_some_become_those_of_other_classes(share):
    whole = Image.fromarray(on_disk(street.render(3, 240, 320).labels, STREET))
    size = (round(320 * share), round(240 * share))
    sharp, smooth = (
        saved(whole.resize(size, how), "PNG") for how in (Image.Resampling.NEAREST, Image.Resampling.BILINEAR)
    )
    assert masks.read(sharp, "a.png", STREET).labels.shape == size[::-1]
    with pytest.raises(ImageError, match=r"^a\.png was made larger or smaller with smooth edges"):
        masks.read(smooth, "a.png", STREET)
    assert masks.read(smooth, "a.png", STREET, reading=Reading(ids_from=0)).labels.shape == size[::-1]


def test_ids_from_1_are_read_once_that_is_said(tmp_path):
    for fault in ("ids from 1", "ids from 1, 255 for unlabelled"):
        DOUBTFUL_STREET[fault](tmp_path, SCENE, STREET)
        assert np.array_equal(read(tmp_path, reading=Reading(ids_from=1)).labels, SCENE.labels)


def test_ids_1_and_2_of_two_classes_are_doubted_too(tmp_path):
    write = MEMBRANE_FAULTS["nothing"]
    write(tmp_path, type(SLICE)("a", SLICE.image, SLICE.labels + 1), MEMBRANES)
    with pytest.raises(AmbiguousMask, match=r"with ids from 1, it reads as cell .*--ids-from 1"):
        read(tmp_path, MEMBRANES)
    assert np.array_equal(read(tmp_path, MEMBRANES, reading=Reading(ids_from=1)).labels, SLICE.labels)


@pytest.mark.parametrize("fault", BLACK_AND_WHITE)
def test_black_and_white_is_no_void_border_and_both_readings_are_named(tmp_path, fault):
    BLACK_AND_WHITE[fault](tmp_path, SLICE, MEMBRANES)
    with pytest.raises(AmbiguousMask, match=r"if white is membrane.*if white is cell.*--white membrane"):
        read(tmp_path, MEMBRANES)
    white = int(fault != "the other way round")
    assert np.array_equal(read(tmp_path, MEMBRANES, reading=Reading(white=white)).labels, SLICE.labels)


@pytest.mark.parametrize("fault", DOUBTFUL_MEMBRANES)
def test_a_slice_of_one_class_but_for_strays_is_doubted(tmp_path, fault):
    DOUBTFUL_MEMBRANES[fault](tmp_path, SLICE, MEMBRANES)
    with pytest.raises(AmbiguousMask, match=r"--ids-from 0") as doubt:
        read(tmp_path, MEMBRANES)
    assert Reading(ids_from=0) in doubt.value.readings
    for reading in doubt.value.readings:
        assert read(tmp_path, MEMBRANES, reading=reading).labels.shape == SLICE.labels.shape


def test_strays_between_black_and_white_are_left_unlabelled_and_that_is_said(tmp_path):
    DOUBTFUL_MEMBRANES["black and white with strays"](tmp_path, SLICE, MEMBRANES)
    with pytest.raises(AmbiguousMask, match=r"if white is membrane.*if white is cell.*--white membrane"):
        read(tmp_path, MEMBRANES)
    sample = read(tmp_path, MEMBRANES, reading=Reading(white=1))
    stray = strays(SLICE.labels) == 1
    assert np.array_equal(sample.labels, np.where(stray, IGNORE, SLICE.labels))
    assert f"{stray.sum()} pixels between black and white" in " ".join(sample.notes)


def test_black_and_white_with_strays_is_doubted_where_there_are_more_classes_too(tmp_path):
    DOUBTFUL_MEMBRANES["black and white with strays"](tmp_path, SLICE, EVERYDAY)
    with pytest.raises(AmbiguousMask, match=r"black and white but for 6 pixels: .*background .*--ids-from 0\."):
        read(tmp_path, EVERYDAY)
    assert set(np.unique(read(tmp_path, EVERYDAY, reading=Reading(ids_from=0)).labels)) == {0, 1, IGNORE}


def dithered(labels: np.ndarray, kind: str) -> Image.Image:
    """A mask in our colours as a program saves it for the web."""
    image = Image.fromarray(colour_mask(labels, STREET))
    if kind == "web":
        return image.convert("P")
    few = Image.new("P", (1, 1))
    few.putpalette([v for r in (0, 255) for g in (0, 255) for b in (0, 255) for v in (r, g, b)])
    return image.quantize(palette=few, dither=Image.Dither.FLOYDSTEINBERG)


@pytest.mark.parametrize("kind", ["web", "eight colours"])
def test_a_dithered_mask_is_named_as_that_and_says_how_to_save_it(tmp_path, kind):
    STREET_FAULTS["nothing"](tmp_path, SCENE, STREET)
    dithered(SCENE.labels, kind).save(tmp_path / "valannot" / "a.png")
    with pytest.raises(DataError, match=r"a\.png .*dithered.*without dithering"):
        read(tmp_path)


@pytest.mark.parametrize("fault", BLACK_AND_WHITE)
@pytest.mark.parametrize("class_map", [STREET, EVERYDAY], ids=["street", "everyday"])
def test_black_and_white_is_refused_where_there_are_more_classes(tmp_path, fault, class_map):
    BLACK_AND_WHITE[fault](tmp_path, SLICE, class_map)
    with pytest.raises(DataError, match="only black and white"):
        read(tmp_path, class_map)


@pytest.mark.parametrize(
    ("folder", "class_map"),
    [("camvid", STREET), ("membranes", MEMBRANES), ("everyday", EVERYDAY)],
    ids=["street", "membranes", "everyday"],
)
def test_no_validation_mask_of_the_data_sets_is_doubted(folder, class_map):
    if not (DATA / folder / "val").is_dir():
        pytest.skip(f"there is no {DATA / folder}")
    samples = Folder(DATA / folder, "val", class_map)
    for sample in samples:
        assert sample.labels.shape == sample.image.shape[:2]


@pytest.mark.parametrize("size", [(48, 64), (120, 160), (360, 480)])
def test_no_rendered_mask_is_doubted(tmp_path, size):
    for render, class_map in ((street.render, STREET), (membranes.render, MEMBRANES)):
        for seed in range(8):
            scene, folder = render(seed, *size), tmp_path / f"{class_map.dataset}-{seed}"
            STREET_FAULTS["nothing"](folder, scene, class_map)
            assert np.array_equal(read(folder, class_map).labels, scene.labels)


def test_a_photo_with_transparent_parts_is_laid_on_white_and_that_is_said(tmp_path):
    def cut(pixels: np.ndarray) -> bytes:
        image = Image.fromarray(pixels)
        image.putalpha(Image.fromarray(np.repeat(np.array([[0, 255]], np.uint8), 80, axis=1).repeat(120, axis=0)))
        return saved(image, "PNG")

    as_photo(cut)(tmp_path, SCENE, STREET)
    sample = read(tmp_path)
    assert (sample.image[:, :80] == 255).all()
    assert np.array_equal(sample.image[:, 80:], SCENE.image[:, 80:])
    assert sample.notes == ("The transparent parts were laid on white.",)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("palette in another order", "holds the colours of the classes"),
        ("4-bit ids", "4-bit values were read as the ids"),
        ("both turned, EXIF 6 in the photo alone", "turned with it"),
        ("both turned, EXIF 3 in the photo alone", "turned with it"),
        ("mask with an EXIF that its photo lacks", "left as it is"),
        ("palette of grey ids in another order", "The greys of its palette are ids"),
    ],
)
def test_what_was_taken_is_said(tmp_path, fault, said):
    STREET_FAULTS[fault](tmp_path, SCENE, STREET)
    assert said in " ".join(read(tmp_path).notes)
