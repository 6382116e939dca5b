import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from seg.datasets.membranes import MEMBRANES
from seg.datasets.street import STREET
from seg.errors import ImageError
from seg.labels import IGNORE, IGNORE_COLOUR
from seg.pictures import masks
from seg.pictures.decode import MAX_PIXELS, Picture, decode
from seg.pictures.drawing import WRONG_COLOUR, colour_mask, encode_ids, encode_png, error_map, fit, fit_labels, overlay
from tests.bad_files import BAD, ODD, WIDTH, deep_png, png, saved, scene, tiff
from tests.fuzzing import TIMES

DATA = Path(__file__).parents[3] / "shared" / "data"

# Pillow warns of much that it then reads or refuses; a visitor never sees it.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")


def street_ids(height: int = 12, width: int = 16) -> np.ndarray:
    """uint8 (height, width) with every street class and IGNORE."""
    values = np.array([*range(len(STREET)), IGNORE], np.uint8)
    return values[np.arange(height * width) % len(values)].reshape(height, width)


def palette_png(indices: np.ndarray, colours: list[tuple[int, int, int]]) -> bytes:
    image = Image.fromarray(indices)
    image.putpalette([value for colour in colours for value in colour])
    return saved(image, "PNG")


def ids_of(*file, **options) -> np.ndarray:
    return masks.read(*file, **options).labels


def sentence(data: bytes, name: str, **mask) -> str:
    with pytest.raises(ImageError) as caught:
        masks.read(data, name, **mask) if mask else decode(data, name)
    text = str(caught.value)
    assert text.startswith(name)
    assert text.endswith(".")
    assert "\n" not in text
    return text


def mean_difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(float) - b.astype(float)).mean())


# Pictures


@pytest.mark.parametrize("key", BAD)
def test_a_bad_file_ends_in_one_clear_sentence_as_picture_and_as_mask(key):
    name, data, fragment = BAD[key]
    assert fragment in sentence(data, name)
    assert fragment in sentence(data, name, class_map=STREET)


@pytest.mark.parametrize("key", ODD)
def test_an_odd_file_becomes_a_picture_with_the_notes_it_needs(key):
    name, data, shape, fragment = ODD[key]
    picture = decode(data, name)
    assert picture.pixels.shape == shape
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels.flags.c_contiguous
    assert picture.name == name
    assert fragment in " ".join(picture.notes)
    assert bool(picture.notes) == bool(fragment)


@pytest.mark.parametrize(
    "key",
    [
        "RGB PNG", "RGB JPEG", "progressive JPEG", "WebP", "BMP", "TIFF", "compressed TIFF", "GIF", "AVIF",
        "wrong extension", "opaque RGBA PNG", "CMYK JPEG", "CMYK TIFF", "YCbCr TIFF", "Lab TIFF", "16-bit RGB PNG",
        "16-bit RGB TIFF", "animated GIF", "animated PNG", "animated WebP", "TIFF of two pages",
        "phone JPEG with a preview", "JPEG on its side", "PNG on its other side", "WebP on its side",
        "TIFF on its side", "PNG with a broken colour profile",
    ],
)  # fmt: skip
def test_the_scene_looks_the_same_in_every_format_and_orientation(key):
    name, data, _, _ = ODD[key]
    assert mean_difference(decode(data, name).pixels, scene()) < 4


def test_a_bitmap_from_the_top_down_is_the_flipped_one():
    assert np.array_equal(decode(ODD["BMP from the top down"][1], "a.bmp").pixels, scene()[::-1])


def test_the_transparent_half_is_white_and_the_opaque_half_is_kept():
    pixels = decode(ODD["RGBA PNG"][1], "a.png").pixels
    assert (pixels[:, : WIDTH // 2] == 255).all()
    assert np.array_equal(pixels[:, WIDTH // 2 :], scene()[:, WIDTH // 2 :])


def test_an_embedded_colour_profile_is_converted_to_srgb():
    green, red = decode(ODD["PNG with an odd colour profile"][1], "a.png").pixels.reshape(-1, 3)[[WIDTH - 1, -WIDTH]][
        :, :2
    ]
    assert green[1] > green[0]  # stored as red, shown by the lamp that is green
    assert red[0] > red[1]


def test_16_bit_grey_is_divided_by_257():
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    expected = np.rint(values / 257)
    for data in (deep_png(values), tiff(values, 1), tiff(values, 1, ">")):
        assert np.array_equal(decode(data, "a").pixels, expected)
    assert np.array_equal(decode(tiff(values, 0), "a.tif").pixels, 255 - expected)


def test_12_bit_grey_is_stretched_to_the_whole_range():
    values = np.array([[100, 2147, 4095]], np.uint16)
    assert decode(deep_png(values), "a.png").pixels.tolist() == [[0, 131, 255]]


def test_numbers_that_are_not_finite_become_black_or_white():
    values = np.array([[np.nan, np.inf, -np.inf, 0.0, 0.5, 1.0]], np.float32)
    assert decode(saved(Image.fromarray(values), "TIFF"), "a.tif").pixels.tolist() == [[0, 255, 0, 0, 128, 255]]
    for hopeless in (np.full((2, 3), np.nan, np.float32), np.full((2, 3), np.inf, np.float32)):
        assert decode(saved(Image.fromarray(hopeless), "TIFF"), "a.tif").pixels.shape == (2, 3)


def test_the_extremes_of_a_float_do_not_overflow():
    values = np.array([[-3e38, 0.0, 3e38]], np.float32)
    assert decode(saved(Image.fromarray(values), "TIFF"), "a.tif").pixels.tolist() == [[0, 128, 255]]


def test_one_pixel_is_a_picture():
    assert decode(saved(Image.new("RGB", (1, 1), (1, 2, 3)), "PNG"), "dot.png").pixels.tolist() == [[[1, 2, 3]]]


def test_the_digest_depends_on_pixels_and_shape_only():
    image = Image.fromarray(scene())
    a, b = decode(saved(image, "PNG"), "a.png"), decode(saved(image, "BMP"), "b.bmp")
    assert a.digest == b.digest
    assert len(a.digest) == 64
    tall, wide = (decode(saved(Image.new("L", size), "PNG"), "c.png") for size in ((2, 8), (8, 2)))
    assert tall.digest != wide.digest
    assert decode(saved(Image.new("RGB", (2, 2), (0, 0, 1)), "PNG"), "d.png").digest != a.digest


def test_a_picture_is_frozen_and_can_be_compared_and_hashed():
    data = saved(Image.fromarray(scene()), "PNG")
    a, b = decode(data, "a.png"), decode(data, "a.png")
    assert a == b
    assert hash(a) == hash(b)
    with pytest.raises(dataclasses.FrozenInstanceError):
        a.name = "b"
    assert isinstance(a, Picture)


def test_the_limit_stands_in_the_header_and_pillow_keeps_its_own():
    before = Image.MAX_IMAGE_PIXELS
    side = int(MAX_PIXELS**0.5)
    assert "cut short" in sentence(png((side, side, 8, 2)), "just_allowed.png")
    assert "megapixels" in sentence(png((side + 1, side, 8, 2)), "just_not.png")
    assert before == Image.MAX_IMAGE_PIXELS


MAGIC = (
    b"",
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    b"\xff\xd8\xff\xe0",
    b"BM",
    b"II*\0\x08\0\0\0",
    b"MM\0*\0\0\0\x08",
    b"GIF89a",
)
MAGIC += (b"RIFF\x40\0\0\0WEBPVP8 ", b"\0\0\0\x1cftypavif", b"<?xml", b"\xff\xfe<\0", b"%PDF-")


@pytest.mark.fuzz
@settings(max_examples=TIMES, deadline=None)
@given(st.sampled_from(MAGIC), st.binary(max_size=300))
def test_any_bytes_give_a_picture_or_one_sentence(magic, rest):
    assert says_its_name(refusals(magic + rest, "any.bin"), "any.bin")


def refusals(data: bytes, name: str) -> list[str]:
    """Why a file was refused as a picture and as a mask; what it was taken for is uint8, and no other error comes."""
    sentences = []
    for read in (lambda: decode(data, name).pixels, lambda: ids_of(data, name, MEMBRANES)):
        try:
            assert read().dtype == np.uint8
        except ImageError as error:
            sentences.append(str(error))
    return sentences


def says_its_name(sentences: list[str], name: str) -> bool:
    return all(sentence.startswith(name) for sentence in sentences)


# Masks


def test_grey_files_hold_ids_and_both_ignore_numbers():
    disk = street_ids()
    disk[0, 0] = STREET.disk_ignore
    expected = street_ids()
    expected[0, 0] = IGNORE
    for kind in ("PNG", "BMP", "TIFF"):
        assert np.array_equal(ids_of(saved(Image.fromarray(disk), kind), "m", STREET, disk.shape), expected)


def test_ids_are_read_from_16_bit_float_alpha_and_equal_channel_files():
    ids = street_ids()
    grey = Image.fromarray(ids)
    files = [
        deep_png(ids.astype(np.uint16)),
        saved(Image.fromarray(ids.astype(np.float32)), "TIFF"),
        saved(grey.convert("LA"), "PNG"),
        saved(grey.convert("RGB"), "PNG"),
    ]
    for data in files:
        assert np.array_equal(ids_of(data, "m", STREET), ids)


def test_the_indices_of_a_palette_file_are_the_ids_whatever_its_colours():
    ids = street_ids()
    rainbow = [(k, 255 - k, k // 2) for k in range(256)]
    assert np.array_equal(ids_of(palette_png(ids, rainbow), "m.png", STREET), ids)


def test_a_palette_file_of_class_colours_in_another_order_is_read_by_its_colours():
    ids = street_ids()
    shuffled = [*reversed(STREET.colours), IGNORE_COLOUR]
    indices = np.where(ids == IGNORE, len(STREET), len(STREET) - 1 - ids).astype(np.uint8)
    assert np.array_equal(ids_of(palette_png(indices, shuffled), "m.png", STREET), ids)
    quantized = Image.fromarray(colour_mask(ids, STREET)).quantize(32)
    assert np.array_equal(ids_of(saved(quantized, "GIF"), "m.gif", STREET), ids)


def test_a_palette_file_whose_indices_are_no_ids_is_read_by_its_colours():
    ids = street_ids()
    colours = [(9, 9, 9)] * 100 + [*STREET.other_colours[0], (0, 0, 0)]
    indices = np.where(ids == IGNORE, 100 + len(STREET), 100 + ids.astype(int)).astype(np.uint8)
    assert np.array_equal(ids_of(palette_png(indices, colours), "m.png", STREET), ids)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF"])
@pytest.mark.parametrize("set_", [STREET.colours, *STREET.other_colours], ids=["ours", "CamVid"])
def test_colour_files_are_read_in_every_colour_set(set_, kind):
    ids = street_ids()
    painted = np.zeros((*ids.shape, 3), np.uint8)
    for k, colour in enumerate(set_):
        painted[ids == k] = colour
    assert np.array_equal(ids_of(saved(Image.fromarray(painted), kind), "m", STREET), ids)


def test_black_the_ignore_colour_and_transparency_all_mean_ignore():
    painted = np.array([[(*STREET.colours[3], 255), (0, 0, 0, 255), (*IGNORE_COLOUR, 255), (1, 2, 3, 0)]], np.uint8)
    for kind, options in (("PNG", {}), ("WEBP", {"lossless": True, "exact": True})):
        data = saved(Image.fromarray(painted), kind, **options)
        assert ids_of(data, "m", STREET).tolist() == [[3, IGNORE, IGNORE, IGNORE]]
    grey = Image.new("LA", (2, 1), (2, 255))
    grey.putpixel((1, 0), (99, 0))
    assert ids_of(saved(grey, "PNG"), "m", STREET).tolist() == [[2, IGNORE]]


def test_a_black_and_white_file_is_refused_rather_than_guessed():
    cells = np.zeros((4, 3), np.uint8)
    cells[1:, 1:] = 255
    image = Image.fromarray(cells)
    black_white_palette = palette_png(cells // 255, [(0, 0, 0), (255, 255, 255)])
    for data in (
        saved(image, "PNG"),
        saved(image.convert("1"), "PNG"),
        saved(image.convert("RGB"), "PNG"),
        black_white_palette,
    ):
        text = sentence(data, "isbi.png", class_map=MEMBRANES)
        assert "only black and white" in text
        assert "0 (cell) to 1 (membrane)" in text
    assert "only black and white" in sentence(saved(image.convert("1"), "PNG"), "bits.png", class_map=STREET)


def test_membrane_ids_are_read_with_and_without_ignored_pixels():
    for values in ([[0, 1]], [[0, 1, 255]], [[1, 255]], [[0, 0]]):
        ids = np.array(values, np.uint8)
        assert np.array_equal(ids_of(saved(Image.fromarray(ids), "PNG"), "m.png", MEMBRANES), ids)


def test_a_mask_of_another_size_names_both_sizes():
    data = saved(Image.new("L", (640, 480)), "PNG")
    assert sentence(data, "m.png", class_map=STREET, size=(360, 480)) == (
        "m.png is 640 × 480 pixels but its picture is 480 × 360; make the mask the same size as the picture."
    )


def test_unknown_ids_are_listed_up_to_five():
    ids = np.array([[0, 12, 13]], np.uint8)
    assert sentence(saved(Image.fromarray(ids), "PNG"), "m.png", class_map=STREET) == (
        "m.png has the values 12, 13 of no class: use the ids 0 to 10, and 11 or 255 for unlabelled."
    )
    many = np.arange(40, dtype=np.uint8)[None]
    text = sentence(saved(Image.fromarray(many), "PNG"), "m.png", class_map=STREET)
    assert "12, 13, 14, 15, 16 and 23 more" in text
    assert "the value 65535 of" in sentence(deep_png(np.array([[1, 65535]], np.uint16)), "m.png", class_map=STREET)
    half = saved(Image.fromarray(np.array([[1, 0.5, np.nan]], np.float32)), "TIFF")
    assert "0.5, nan" in sentence(half, "m.tif", class_map=STREET)
    negative = saved(Image.fromarray(np.array([[1, -1]], np.int32)), "TIFF")
    assert "the value -1" in sentence(negative, "m.tif", class_map=STREET)
    indexed = palette_png(np.array([[0, 77]], np.uint8), [(k, 1, 2) for k in range(256)])
    assert "the value 77" in sentence(indexed, "m.png", class_map=STREET)


def test_unknown_colours_are_listed_up_to_five():
    one = np.array([[STREET.colours[0], (255, 0, 0)]], np.uint8)
    text = sentence(saved(Image.fromarray(one), "PNG"), "m.png", class_map=STREET)
    assert "the colour (255, 0, 0) of no class" in text
    assert "0 to 10" in text
    assert "more" in sentence(saved(Image.fromarray(scene()), "PNG"), "m.png", class_map=STREET)
    red = saved(Image.new("RGB", (4, 4), (255, 0, 0)), "PNG")
    assert "(255, 0, 0)" in sentence(red, "m.png", class_map=MEMBRANES)


def test_lossy_masks_are_refused():
    painted = Image.fromarray(colour_mask(street_ids(), STREET))
    for kind in ("JPEG", "WEBP", "AVIF"):
        assert "lossy" in sentence(saved(painted, kind), "m", class_map=STREET)


def test_a_mask_is_turned_as_its_picture_is():
    exif = Image.Exif()
    exif[0x0112] = 6
    ids = street_ids()
    data = saved(Image.fromarray(np.rot90(ids).copy()), "PNG", exif=exif)
    assert np.array_equal(ids_of(data, "m.png", STREET, ids.shape), ids)
    indexed = Image.open(io.BytesIO(encode_ids(np.rot90(ids).copy(), STREET)))
    assert np.array_equal(ids_of(saved(indexed, "PNG", exif=exif), "m.png", STREET, ids.shape), ids)


@st.composite
def labels(draw, class_map):
    height, width = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    ids = st.sampled_from([*range(len(class_map)), IGNORE])
    values = draw(st.lists(ids, min_size=height * width, max_size=height * width))
    return np.array(values, np.uint8).reshape(height, width)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([STREET, MEMBRANES]).flatmap(lambda m: st.tuples(st.just(m), labels(m))))
def test_written_ids_and_painted_masks_are_read_back_exactly(drawn):
    class_map, ids = drawn
    assert np.array_equal(ids_of(encode_ids(ids, class_map), "ids.png", class_map, ids.shape), ids)
    assert np.array_equal(ids_of(encode_png(colour_mask(ids, class_map)), "mask.png", class_map, ids.shape), ids)


def test_a_file_of_ids_shows_the_class_colours_in_any_viewer():
    ids = street_ids()
    image = Image.open(io.BytesIO(encode_ids(ids, STREET)))
    assert image.mode == "P"
    assert np.array_equal(np.array(image), ids)
    assert np.array_equal(np.array(image.convert("RGB")), colour_mask(ids, STREET))


@pytest.mark.skipif(not DATA.is_dir(), reason="the data sets are not here")
@pytest.mark.parametrize(("folder", "class_map"), [("camvid", STREET), ("membranes", MEMBRANES)])
def test_the_label_files_of_the_data_sets_are_read(folder, class_map):
    for file in sorted((DATA / folder / "valannot").iterdir())[:3]:
        picture = next((DATA / folder / "val").glob(f"{file.stem}.*"))
        size = decode(picture.read_bytes(), picture.name).pixels.shape[:2]
        ids = ids_of(file.read_bytes(), file.name, class_map, size)
        assert set(np.unique(ids)) <= {*range(len(class_map)), IGNORE}
        assert len(np.unique(ids)) > 1


# Drawing


def test_every_class_and_ignore_are_drawn_in_their_colours():
    painted = colour_mask(np.array([[0, 10, IGNORE]], np.uint8), STREET)
    assert painted.dtype == np.uint8
    assert painted.tolist() == [[list(STREET.colours[0]), list(STREET.colours[10]), list(IGNORE_COLOUR)]]


def test_an_overlay_runs_from_the_photo_to_the_mask():
    photo, ids = scene(12, 16), street_ids()
    mask = colour_mask(ids, STREET)
    assert np.array_equal(overlay(photo, ids, STREET, 0.0), photo)
    assert np.array_equal(overlay(photo, ids, STREET, 1.0), mask)
    half = overlay(photo, ids, STREET, 0.5)
    assert np.abs(half - (photo / 2 + mask / 2)).max() <= 1
    grey = overlay(photo[..., 0], ids, STREET, 0.0)
    assert np.array_equal(grey, np.repeat(photo[..., :1], 3, axis=2))


def test_an_error_map_colours_wrong_pixels_greys_right_ones_and_hatches_ignored_ones():
    truth = np.zeros((16, 48), np.uint8)
    ids = truth.copy()
    ids[:, 16:] = 1  # the ignored third is wrong as well, which does not count
    truth[:, 32:] = IGNORE
    drawn = error_map(scene(16, 48), ids, truth)
    assert drawn.shape == (16, 48, 3)
    assert drawn.dtype == np.uint8
    right, wrong, ignored = drawn[:, :16], drawn[:, 16:32].astype(int), drawn[:, 32:]
    assert (right == right[..., :1]).all()
    assert np.ptp(right) > 10
    assert (np.abs(wrong - WRONG_COLOUR) <= 64).all()
    assert (wrong[..., 0] - wrong[..., 2] > 150).all()
    assert (ignored == ignored[..., :1]).all()
    assert len(np.unique(ignored)) == 2
    assert error_map(scene(16, 48)[..., 0], ids, truth).shape == (16, 48, 3)


def test_maps_of_another_size_than_the_photo_are_a_programming_error():
    photo, ids = scene(12, 16), street_ids(12, 17)
    with pytest.raises(ValueError, match="do not fit"):
        overlay(photo, ids, STREET, 0.5)
    with pytest.raises(ValueError, match="do not fit"):
        error_map(photo, street_ids(), ids)


def test_a_png_gives_back_what_it_was_made_of():
    for array in (scene(), scene()[..., 0]):
        picture = decode(encode_png(array), "a.png")
        assert np.array_equal(picture.pixels, array)
        assert picture.notes == ()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 100))
def test_fitting_never_enlarges_keeps_the_aspect_and_gives_photo_and_labels_one_size(height, width, side):
    photo = fit(np.zeros((height, width, 3), np.uint8), side)
    ids = fit_labels(np.zeros((height, width), np.uint8), side)
    assert photo.shape[:2] == ids.shape
    assert max(ids.shape) == min(max(height, width), side)
    assert abs(ids.shape[0] - height * max(ids.shape) / max(height, width)) <= 1


def test_fitted_labels_hold_no_id_that_was_not_there():
    ids = np.where(street_ids(60, 70) % 2 == 0, 0, 10).astype(np.uint8)
    assert set(np.unique(fit_labels(ids, 23))) <= {0, 10}


def test_nobody_can_change_the_pixels_that_a_digest_stands_for():
    for picture in (
        decode(saved(Image.fromarray(scene()), "PNG"), "x.png"),
        Picture.of(np.zeros((4, 5), np.uint8), "x"),
    ):
        with pytest.raises(ValueError, match="read-only"):
            picture.pixels[0] = 0
