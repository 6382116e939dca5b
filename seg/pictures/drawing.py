"""Label maps coloured, overlaid, reduced and written as PNG."""

import io
import struct
import zlib
from functools import cache

import numpy as np
from PIL import Image, ImageDraw
from plotly.colors import sample_colorscale

from seg.labels import IGNORE, IGNORE_COLOUR, ClassMap, Colour

WRONG_COLOUR: Colour = (255, 84, 0)
"""Wrong pixels in an error map: a vermilion that stays far from every grey in all common colour visions."""

FOUND_COLOUR: Colour = (60, 172, 255)
MISSED_COLOUR: Colour = (255, 183, 0)
INVENTED_COLOUR: Colour = (213, 40, 0)
"""One class against its truth: three colours that all common colour visions tell apart, and from a faint grey photo."""

GLOW: Colour = (255, 236, 120)
"""The brightest part of a receptive field."""
FRAME: Colour = (86, 180, 233)
"""The frame of a theoretical receptive field."""


def colour_mask(labels: np.ndarray, class_map: ClassMap) -> np.ndarray:
    """``labels`` uint8 (H, W) in the colours of their classes, IGNORE in IGNORE_COLOUR: uint8 (H, W, 3)."""
    return _palette(class_map)[labels]


def overlay(image: np.ndarray, labels: np.ndarray, class_map: ClassMap, opacity: float) -> np.ndarray:
    """The coloured ``labels`` (H, W) laid over ``image``, uint8 (H, W, 3) or (H, W): uint8 (H, W, 3).

    ``opacity`` runs from 0, the image alone, to 1, the colours alone. Raises ValueError when the sizes differ.
    """
    _check_same_size(image, labels)
    photo = Image.fromarray(image).convert("RGB")
    return np.array(Image.blend(photo, Image.fromarray(colour_mask(labels, class_map)), min(max(opacity, 0.0), 1.0)))


def error_map(image: np.ndarray, labels: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Where ``labels`` and ``truth``, both uint8 (H, W), disagree on ``image``: uint8 (H, W, 3).

    Right pixels show the photo, grey and faint; wrong ones are WRONG_COLOUR, its brightness a little that of the photo;
    pixels that the truth ignores are hatched in grey. Raises ValueError when the sizes differ.
    """
    _check_same_size(image, labels, truth)
    grey = np.array(Image.fromarray(image).convert("L"))
    shade = np.arange(256)
    faint = (64 + shade * 0.5).astype(np.uint8)
    vivid = np.rint(np.array(WRONG_COLOUR) * (0.75 + 0.25 * shade[:, None] / 255)).astype(np.uint8)
    out = np.repeat(faint[grey][..., None], 3, axis=2)
    wrong = (labels != truth) & (truth != IGNORE)
    out[wrong] = vivid[grey[wrong]]
    y, x = np.nonzero(truth == IGNORE)
    out[y, x] = np.where((x + y) % 8 < 3, 225, 105).astype(np.uint8)[:, None]
    return out


def heat_map(values: np.ndarray, top: float | None = None) -> np.ndarray:
    """``values`` (h, w) from 0 to ``top``, their maximum unless given, dark to bright: uint8 (h, w, 3); NaN is grey."""
    top = top or float(np.nanmax(values, initial=0)) or 1.0
    steps = np.clip(np.nan_to_num(values) / top * 255, 0, 255).astype(np.uint8)
    return np.where(np.isnan(values)[..., None], np.uint8(128), _scale()[steps])


def field_over(image: np.ndarray, heat: np.ndarray, box: tuple[float, float, float, float] | None) -> np.ndarray:
    """A receptive field over its picture, uint8 (h, w, 3) of the size of ``image``, uint8 (h, w, 3) or (h, w).

    heat: float (h', w') from 0 to 1, drawn bright on the darkened picture, its square root so that faint parts are
    seen; box: (top, left, bottom, right) in shares of the picture, drawn as a frame.
    """
    photo = Image.fromarray(image).convert("RGB")
    width, height = photo.size
    glow = Image.fromarray(np.sqrt(np.clip(heat, 0, 1)).astype(np.float32))
    share = np.asarray(glow.resize((width, height), Image.Resampling.BILINEAR))[..., None]
    dark = np.asarray(photo, np.float32) * 0.45
    drawn = Image.fromarray((dark * (1 - share) + np.array(GLOW, np.float32) * share).astype(np.uint8))
    if box:
        top, left, bottom, right = box
        frame = (left * width, top * height, right * width - 1, bottom * height - 1)
        ImageDraw.Draw(drawn).rectangle(frame, outline=FRAME, width=max(2, width // 160))
    return np.asarray(drawn)


def instance_colours(instances: np.ndarray) -> np.ndarray:
    """Every instance of uint16 (H, W) in a colour of its own, 0 dark: uint8 (H, W, 3)."""
    count = int(instances.max()) + 1
    hues = np.array(sample_colorscale("HSV", [(i * 0.618) % 1 for i in range(count)], colortype="tuple"))
    palette = (np.array(hues) * 255).astype(np.uint8)
    palette[0] = 45
    return palette[instances]


@cache
def _scale() -> np.ndarray:
    """Plotly's Cividis, which colour-blind people see alike, as uint8 (256, 3)."""
    colours = sample_colorscale("Cividis", 256, colortype="tuple")
    return (np.array(colours) * 255).round().astype(np.uint8)


def luminance(image: np.ndarray) -> np.ndarray:
    """``image``, uint8 (H, W, 3), as grey: uint8 (H, W)."""
    return np.array(Image.fromarray(image).convert("L"))


def encode_png(array: np.ndarray) -> bytes:
    """A PNG of ``array``, uint8: (H, W) as grey, (H, W, 3) as RGB, (H, W, 4) as RGBA."""
    return _encode_map(array) if array.ndim == 2 else _save(Image.fromarray(array), is_map=False)


def _encode_map(array: np.ndarray) -> bytes:
    """A grey PNG, each row less the one above it: what Pillow makes of a map by trying every filter for every row is a
    seventh smaller, in four times as long."""
    height, width = array.shape
    rows = np.empty((height, 1 + width), np.uint8)
    rows[:, 0] = 2
    rows[0, 1:] = array[0]
    np.subtract(array[1:], array[:-1], out=rows[1:, 1:])
    packer = zlib.compressobj(1, strategy=zlib.Z_RLE)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = {b"IHDR": header, b"IDAT": packer.compress(rows.tobytes()) + packer.flush(), b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts.items()
    )


def encode_ids(labels: np.ndarray, class_map: ClassMap) -> bytes:
    """A palette PNG of ``labels``, uint8 (H, W), that `masks.read` reads back exactly.

    Its indices are the class ids, 255 for IGNORE, and its palette is the class colours: one file is both.
    """
    image = Image.fromarray(labels)
    image.putpalette(_palette(class_map).tobytes())
    return _save(image, is_map=True)


def encode_thumbnail(image: np.ndarray, side: int) -> bytes:
    """A JPEG of the square in the middle of ``image``, uint8 (H, W, 3) or (H, W), ``side`` pixels wide."""
    photo = Image.fromarray(image)
    short = min(photo.size)
    left, top = ((length - short) / 2 for length in photo.size)
    square = (left, top, left + short, top + short)
    file = io.BytesIO()
    photo.resize((side, side), Image.Resampling.LANCZOS, square, reducing_gap=2.0).save(file, "JPEG", quality=82)
    return file.getvalue()


def fit(image: np.ndarray, max_side: int) -> np.ndarray:
    """``image``, uint8 (H, W, 3) or (H, W), reduced until no side exceeds ``max_side``; never enlarged."""
    return _reduce(image, max_side, Image.Resampling.LANCZOS)


def fit_labels(labels: np.ndarray, max_side: int) -> np.ndarray:
    """``labels``, uint8 (H, W), reduced like `fit` but by nearest neighbour, so that ids stay ids."""
    return _reduce(labels, max_side, Image.Resampling.NEAREST)


def _palette(class_map: ClassMap) -> np.ndarray:
    """uint8 (256, 3): the colour of every id, IGNORE among them; ids of no class are black."""
    palette = np.zeros((256, 3), np.uint8)
    palette[: len(class_map)] = class_map.colours
    palette[IGNORE] = IGNORE_COLOUR
    return palette


def _check_same_size(image: np.ndarray, *maps: np.ndarray) -> None:
    for labels in maps:
        if labels.shape != image.shape[:2]:
            raise ValueError(f"labels of shape {labels.shape} do not fit an image of shape {image.shape}")


def _save(image: Image.Image, is_map: bool) -> bytes:
    """Maps are runs of equal numbers: matching those alone takes less time and gives smaller files."""
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=3, compress_type=Image.RLE if is_map else Image.DEFAULT_STRATEGY)
    return file.getvalue()


def _reduce(array: np.ndarray, max_side: int, method: Image.Resampling) -> np.ndarray:
    height, width = array.shape[:2]
    scale = max_side / max(height, width)
    if scale >= 1:
        return array
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.array(Image.fromarray(array).resize(size, method))
