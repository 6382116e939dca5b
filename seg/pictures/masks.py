"""Truth files read: class ids from grey, palette and colour pictures, and never from a guess that is not said."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from seg.errors import ImageError
from seg.labels import IGNORE, ClassMap, Colour
from seg.pictures.alignment import lies_better
from seg.pictures.colours import packed, read_colours, read_palette
from seg.pictures.decode import by, damaged, deep_colours, open_image, sample_bits, to_srgb, turned
from seg.pictures.ids import AS_FILED, AmbiguousMask, Found, Numbers, Reading, described
from seg.pictures.plausible import is_likelier, is_plausible, is_smoothed

__all__ = ["AS_FILED", "AmbiguousMask", "Mask", "Reading", "described", "numbers_or_colours", "read"]


_BACK = {6: 8, 8: 6}
"""How the turns of EXIF that do not undo themselves are undone."""


@dataclass(frozen=True)
class Mask:
    """A truth file read. labels: uint8 (H, W), class ids and IGNORE; notes: sentences about how it was read."""

    labels: np.ndarray
    notes: tuple[str, ...] = ()


def read(
    data: bytes,
    name: str,
    class_map: ClassMap,
    size: tuple[int, int] | None = None,
    reading: Reading = AS_FILED,
    orientation: int = 1,
    picture: np.ndarray | None = None,
) -> Mask:
    """The class ids in a truth file.

    - Grey files, and colour files of three equal channels, hold ids, whatever their depth, and spread over it or not;
      ``class_map.disk_ignore`` and 255 become IGNORE.
    - Palette files hold class colours where all that are used are some, else ids as their indices.
    - Colour files hold the colours of ``class_map`` or of one of its ``other_colours``; black, IGNORE_COLOUR and
      VOC's void become IGNORE, and so does whatever is fully transparent.
    - Ids that are more like masks of the data set when 0 is taken for unlabelled, or whose classes, shares and places
      are like none of it (`seg.pictures.plausible`), are not believed until ``reading`` says so; neither are masks of
      black and white alone, since some draw the first class black, others white.

    size: (height, width) of the picture that the mask belongs to; None accepts any. orientation: how that picture was
    turned upright, as EXIF counts it: a mask that fits the picture as it is stored is turned with it. picture: its
    upright pixels, which tell where the size does not.

    Raises AmbiguousMask, and ImageError like `decode`, for lossy files, a wrong size, ids or colours of no class.
    """
    file, image, own = _open(data, name)
    image, notes = _beside_its_picture(image, name, size, own, orientation, picture)
    bits = sample_bits(file, data)
    try:
        values, hidden = _values(image, bits, data)
    except Exception as error:
        raise ImageError(damaged(name)) from error
    numbers = Numbers(name, class_map, reading, image.mode == "1")
    if image.mode == "P":
        found = read_palette(image, values, numbers)
    elif values.ndim == 2:
        found = numbers.read(values, hidden)
    else:
        found = read_colours(values, hidden, numbers)
    if image.mode == "L" and bits < 8:
        notes.append(f"Its {bits}-bit values were read as the ids.")
    if found.is_bare:
        _doubt(found, name, class_map)
    return Mask(found.labels, (*notes, *found.notes))


def numbers_or_colours(data: bytes, name: str) -> tuple[set[int], set[Colour]]:
    """What a truth file holds before anything says what it means: numbers, or colours where it is a colour picture.

    Palette files hold their indices, one bit holds 0 and 1. Raises ImageError for files that hold more than a mask can
    mean, and like `read`.
    """
    file, image, _ = _open(data, name)
    try:
        values, hidden = _values(image, sample_bits(file, data), data)
    except Exception as error:
        raise ImageError(damaged(name)) from error
    if values.ndim == 3 and (values == values[..., :1]).all():
        values = values[..., 0]
    shown = values if hidden is None else values[~hidden]
    found = np.unique(packed(shown) if values.ndim == 3 else shown)
    if len(found) > IGNORE + 1 or (found != found.astype(np.int64)).any():
        raise ImageError(f"{name} holds more numbers or colours than there may be classes: it looks like no mask.")
    if values.ndim == 3:
        return set(), {(value >> 16, value >> 8 & 255, value & 255) for value in found.tolist()}
    return {int(value) // (255 if image.mode == "1" else 1) for value in found.tolist()}, set()


def _open(data: bytes, name: str) -> tuple[Image.Image, Image.Image, int]:
    """Like `open_image`. Raises ImageError for lossy files."""
    file, image, own = open_image(data, name)
    if _is_lossy(file, data):
        raise ImageError(
            f"{name} is saved with lossy compression, which invents colours between the classes: "
            "save the mask as PNG instead."
        )
    return file, image, own


def _is_lossy(file: Image.Image, data: bytes) -> bool:
    return file.format in ("JPEG", "MPO", "AVIF", "HEIF") or (file.format == "WEBP" and b"VP8L" not in data)


def _beside_its_picture(
    upright: Image.Image,
    name: str,
    size: tuple[int, int] | None,
    own: int,
    orientation: int,
    picture: np.ndarray | None,
) -> tuple[Image.Image, list[str]]:
    """The mask as its picture stands, and what was done for it. Raises ImageError where it cannot have its size."""
    if size is None:
        return upright, []
    fits = size == (upright.height, upright.width)
    if own == 1 and orientation != 1:
        other = turned(upright, orientation)
        if size == (other.height, other.width) and (
            not fits or (picture is not None and lies_better(np.array(other), np.array(upright), picture))
        ):
            return other, ["It fits the picture as that is stored, and was turned with it."]
    if fits:
        return upright, []
    if own != 1 and size == (upright.width, upright.height):
        stored = turned(upright, _BACK.get(own, own))
        return stored, ["Its own EXIF would turn it away from its picture, so it was left as it is."]
    raise ImageError(
        f"{name} is {by(upright.size)} pixels but its picture is {by(size[::-1])}; "
        "make the mask the same size as the picture."
    )


def _values(image: Image.Image, bits: int, data: bytes) -> tuple[np.ndarray, np.ndarray | None]:
    """Numbers (H, W), palette indices (H, W) or colours uint8 (H, W, 3); and bool (H, W), what is fully transparent."""
    if image.mode == "1":
        return np.array(image.convert("L")), None
    if image.mode == "L" and bits < 8:  # Pillow spreads few bits over the whole range
        return np.array(image) // (255 // (2**bits - 1)), None
    if image.mode in ("L", "P") or image.mode.startswith(("I", "F")):
        return _unspread(np.array(image)), None
    if image.mode in ("LA", "La"):
        both = np.array(image.convert("LA"))
        return both[..., 0], both[..., 1] == 0
    if image.has_transparency_data:
        both = np.array(image.convert("RGBA"))
        colours, hidden = np.ascontiguousarray(both[..., :3]), both[..., 3] == 0
    else:
        colours, hidden = np.array(to_srgb(image, None)), None
    deep = deep_colours(image, data) if bits > 8 else None
    return colours if deep is None else _shallow(deep), hidden


def _unspread(values: np.ndarray) -> np.ndarray:
    """Numbers of 8 bits that a program spread over 16, by 257 each as is usual, are themselves again."""
    is_spread = values.dtype.kind in "iu" and values.max() > 255 and not (values % 257).any()
    return values // 257 if is_spread else values


def _shallow(deep: np.ndarray) -> np.ndarray:
    """16-bit colours (H, W, 3) as those of 8 bits, or as numbers (H, W) where the channels are equal."""
    values = _unspread(deep)
    if (values == values[..., :1]).all():
        return np.ascontiguousarray(values[..., 0])
    return (values >> 8 if values.max() > 255 else values).astype(np.uint8)


def _doubt(found: Found, name: str, class_map: ClassMap) -> None:
    """Raises AmbiguousMask where ids taken from 0 make no likely mask of the data set, ImageError where their edges are
    mixed."""
    usual = class_map.usual
    if usual is None:
        return
    if is_smoothed(found.labels):
        raise ImageError(
            f"{name} was made larger or smaller with smooth edges, which puts ids of other classes between those of "
            "neighbours: resize it by nearest neighbour."
        )
    other_is_likelier = found.from_1 is not None and is_likelier(found.from_1, found.labels, usual)
    if is_plausible(found.labels, usual) and not other_is_likelier:
        return
    said = described(found.labels, class_map)
    readings = {Reading(ids_from=0): said}
    sentence = f"{name} reads as {said}, which is unlike the masks of {class_map.dataset}"
    if found.from_1 is not None:
        readings[Reading(ids_from=1)] = described(found.from_1, class_map)
        sentence += f"; with ids from 1, it reads as {readings[Reading(ids_from=1)]}"
    raise AmbiguousMask(f"{sentence}.", readings, class_map)
