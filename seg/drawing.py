"""Label maps coloured, overlaid, reduced and written as PNG."""

import io

import numpy as np
from PIL import Image

from seg.labels import IGNORE, IGNORE_COLOUR, ClassMap, Colour

WRONG_COLOUR: Colour = (255, 84, 0)
"""Wrong pixels in an error map: a vermilion that stays far from every grey in all common colour visions."""


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


def encode_png(array: np.ndarray) -> bytes:
    """A PNG of ``array``, uint8: (H, W) as grey, (H, W, 3) as RGB."""
    return _save(Image.fromarray(array))


def encode_ids(labels: np.ndarray, class_map: ClassMap) -> bytes:
    """A palette PNG of ``labels``, uint8 (H, W), that `decode_mask` reads back exactly.

    Its indices are the class ids, 255 for IGNORE, and its palette is the class colours: one file is both.
    """
    image = Image.fromarray(labels)
    image.putpalette(_palette(class_map).tobytes())
    return _save(image)


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


def _save(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=3)
    return file.getvalue()


def _reduce(array: np.ndarray, max_side: int, method: Image.Resampling) -> np.ndarray:
    height, width = array.shape[:2]
    scale = max_side / max(height, width)
    if scale >= 1:
        return array
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.array(Image.fromarray(array).resize(size, method))
