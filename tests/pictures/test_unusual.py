"""Files that are whole and unusual: read, or named as what they are, and never as damaged."""

import io
import struct
from importlib.util import find_spec

import numpy as np
import pytest
from PIL import Image

from seg.datasets.street import STREET
from seg.errors import ImageError
from seg.labels import IGNORE
from seg.pictures import masks
from seg.pictures.decode import decode
from tests.bad_files import BAD, deep_png, saved, scene, tiff
from tests.conftest import DATA

CASES = DATA.parent / "cases" / "tiffs"


def said(data: bytes, name: str = "a.tif") -> str:
    with pytest.raises(ImageError) as refusal:
        decode(data, name)
    assert str(refusal.value).startswith(name)
    return str(refusal.value)


def bitmap(numbers: np.ndarray, palette: list[int], bits: int) -> bytes:
    """A BMP of 4 or 8 bits a pixel and a palette of greys; the width is a multiple of 8."""
    rows = numbers.astype(np.uint8)[::-1]
    packed = (rows if bits == 8 else rows[:, ::2] << 4 | rows[:, 1::2]).tobytes()
    colours = b"".join(bytes((grey, grey, grey, 0)) for grey in palette)
    start, (height, width) = 54 + len(colours), numbers.shape
    sizes = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, 0, len(packed), 0, 0, len(palette), 0)
    return b"BM" + struct.pack("<IHHI", start + len(packed), 0, 0, start) + sizes + colours + packed


@pytest.mark.parametrize(
    ("bits", "palette"), [(8, [0, 255]), (4, [0, 255]), (4, list(range(16))), (8, list(range(16)))]
)
def test_a_bitmap_whose_palette_is_black_and_white_or_counts_its_greys_is_read_by_its_own_bits(bits, palette):
    numbers = np.random.default_rng(0).integers(0, len(palette), (24, 32))
    whole = bitmap(numbers, palette, bits)
    read = decode(whole, "a.bmp").pixels
    assert np.array_equal(read if read.ndim == 2 else read[..., 0], np.array(palette)[numbers])
    assert "damaged or cut short" in said(whole[:-100], "a.bmp")


def test_ids_in_a_bitmap_of_4_bits_are_read():
    numbers = np.random.default_rng(0).integers(0, STREET.disk_ignore + 1, (24, 32))
    labels = masks.read(bitmap(numbers, list(range(16)), 4), "a.bmp", STREET).labels
    assert np.array_equal(labels, np.where(numbers == STREET.disk_ignore, IGNORE, numbers))


@pytest.mark.parametrize("bands", [4, 5])
def test_a_tiff_of_bands_that_are_no_colours_is_intact_and_not_read(bands):
    whole = tiff(np.repeat(scene()[..., :1], bands, axis=2), 1)
    assert f"is intact, but it is a TIFF of {bands} bands of 8-bit grey" in said(whole)
    assert "damaged or cut short" in said(whole[:-300])


NO_TIFFFILE = "tifffile, which writes such files, is not installed"


@pytest.mark.parametrize(("kind", "scale"), [("u2", 257), ("f4", 1 / 255), ("f8", 1 / 255), ("f4", 1), ("u4", 1)])
@pytest.mark.parametrize("planes", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_three_deep_bands_are_scaled_as_deep_grey_is(kind, scale, planes, order):
    tifffile = pytest.importorskip("tifffile", reason=NO_TIFFFILE)
    bands, written = (scene().astype(float) * scale).astype(kind), io.BytesIO()
    shape = np.moveaxis(bands, -1, 0).copy() if planes else bands
    layout = {"photometric": "rgb", "planarconfig": "separate" if planes else "contig", "byteorder": order}
    tifffile.imwrite(written, shape, rowsperstrip=5, **layout)
    picture = decode(written.getvalue(), "a.tif")
    assert np.abs(picture.pixels.astype(int) - scene()).max() <= 1
    assert "colours were" in picture.notes[0]


def test_deep_bands_one_after_the_other_are_not_shown_as_noise_when_they_are_packed():
    tifffile = pytest.importorskip("tifffile", reason=NO_TIFFFILE)
    written = io.BytesIO()
    bands = np.moveaxis(scene().astype(np.uint16) * 257, -1, 0).copy()
    tifffile.imwrite(written, bands, photometric="rgb", planarconfig="separate", compression="zlib")
    assert "3 bands stored one after the other of 16-bit RGB" in said(written.getvalue())


def test_a_jpeg_of_12_bits_is_intact_and_not_read():
    data = bytearray(saved(Image.fromarray(scene()), "JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 4] = 12
    assert "is intact, but it is a JPEG of 12 bits" in said(bytes(data), "a.jpg")
    data[frame + 1], data[frame + 4] = 0xC3, 8
    assert "is intact, but it is a lossless JPEG" in said(bytes(data), "a.jpg")


@pytest.mark.parametrize("order", ["<", ">"])
def test_doubles_are_read_as_floats_are(order):
    ramp = np.linspace(0, 1, 24 * 32).reshape(24, 32)
    tifffile = pytest.importorskip("tifffile", reason=NO_TIFFFILE)
    written = io.BytesIO()
    tifffile.imwrite(written, ramp, byteorder=order, rowsperstrip=5)
    picture = decode(written.getvalue(), "a.tif")
    assert np.abs(picture.pixels - ramp * 255).max() <= 0.5
    assert picture.notes == ("Floating-point grey was scaled to 8 bits.",)
    assert "damaged" in said(written.getvalue()[:3000])


@pytest.mark.parametrize("write", [deep_png, lambda p: tiff(p, 2), lambda p: tiff(p, 2, ">")])
def test_dim_deep_colours_are_stretched_as_dim_deep_grey_is(write):
    dim = scene().astype(np.uint16) * 8
    picture = decode(write(dim), "dim")
    assert np.abs(picture.pixels.astype(int) - scene()).max() <= 1
    assert picture.notes == ("16-bit colours were stretched from their own range, 0 to 2040, to 8 bits.",)
    shallow = decode(write(scene().astype(np.uint16)), "shallow")
    assert np.array_equal(shallow.pixels, scene())


def test_dim_deep_colours_keep_their_alpha():
    dim = np.dstack([scene().astype(np.uint16) * 8, np.full((24, 32), 65535, np.uint16)])
    dim[:, :16, 3] = 0
    pixels = decode(deep_png(dim), "dim.png").pixels
    assert (pixels[:, :16] == 255).all()
    assert np.abs(pixels[:, 16:].astype(int) - scene()[:, 16:]).max() <= 1


@pytest.mark.skipif(not CASES.is_dir(), reason=f"there is no {CASES}")
def test_the_cases_of_unusual_tiffs():
    dim = decode((CASES / "tiff_3band_16_dim.tif").read_bytes(), "dim.tif")
    assert 40 < dim.pixels.mean() < 200
    name = "tiff_4band_minisblack.tif"
    assert "is intact, but it is a TIFF of 4 bands of 8-bit grey" in said((CASES / name).read_bytes(), name)


@pytest.mark.skipif(find_spec("pillow_heif") is not None, reason="pillow-heif is installed")
def test_without_pillow_heif_it_is_said_how_to_send_a_jpeg():
    name, data, _ = BAD["HEIC"]
    assert "send it as JPEG" in said(data, name)
    assert "Most Compatible" in said(data, name)


def test_heic_opens_upright_where_pillow_heif_is_installed():
    pillow_heif = pytest.importorskip("pillow_heif", reason="the optional pillow-heif is not installed")
    pillow_heif.register_heif_opener()
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = Image.fromarray(np.rot90(scene()).copy())
    for data in (
        saved(Image.fromarray(scene()), "HEIF", quality=95),
        saved(stored, "HEIF", quality=95, exif=exif.tobytes()),
    ):
        picture = decode(data, "IMG_1.HEIC")
        assert np.abs(picture.pixels.astype(float) - scene()).mean() < 5
        assert picture.notes == ()
    name, data, fragment = BAD["HEIC"]
    assert fragment in said(data, name)
