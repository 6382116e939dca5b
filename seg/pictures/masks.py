"""Truth files read: class ids from grey, palette and colour pictures, and never from a guess that is not said."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from seg.errors import ImageError
from seg.labels import ClassMap
from seg.pictures.colours import read_colours, read_palette
from seg.pictures.decode import by, damaged, open_image, sample_bits, to_srgb, turned
from seg.pictures.ids import AS_FILED, AmbiguousMask, Found, Numbers, Reading, described
from seg.pictures.plausible import is_likelier, is_plausible

__all__ = ["AS_FILED", "AmbiguousMask", "Mask", "Reading", "described", "read"]


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
) -> Mask:
    """The class ids in a truth file.

    - Grey files, and colour files of three equal channels, hold ids, whatever their depth; ``class_map.disk_ignore``
      and 255 become IGNORE.
    - Palette files hold class colours where all that are used are some, else ids as their indices.
    - Colour files hold the colours of ``class_map`` or of one of its ``other_colours``; black, IGNORE_COLOUR and
      VOC's void become IGNORE, and so does whatever is fully transparent.
    - Ids that are more like masks of the data set when 0 is taken for unlabelled, or whose classes, shares and places
      are like none of it (`seg.pictures.plausible`), are not believed until ``reading`` says so; neither are masks of
      black and white alone, since some draw the first class black, others white.

    size: (height, width) of the picture that the mask belongs to; None accepts any. orientation: how that picture was
    turned upright, as EXIF counts it: a mask that fits the picture as it is stored is turned with it.

    Raises AmbiguousMask, and ImageError like `decode`, for lossy files, a wrong size, ids or colours of no class.
    """
    file, image, own = open_image(data, name)
    if _is_lossy(file, data):
        raise ImageError(
            f"{name} is saved with lossy compression, which invents colours between the classes: "
            "save the mask as PNG instead."
        )
    image, notes = _beside_its_picture(file, image, name, size, own, orientation)
    bits = sample_bits(file, data)
    try:
        values, hidden = _values(image, bits)
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
    if own == 1 and orientation != 1 and not notes and _is_upside_down(found.labels, class_map, orientation):
        notes.append("It was upside down beside its picture as that is shown, and was turned with it.")
        found = Found(_turned_labels(found.labels, orientation), found.notes)
    elif found.is_bare:
        _doubt(found, name, class_map)
    return Mask(found.labels, (*notes, *found.notes))


def _is_lossy(file: Image.Image, data: bytes) -> bool:
    return file.format in ("JPEG", "MPO", "AVIF", "HEIF") or (file.format == "WEBP" and b"VP8L" not in data)


def _beside_its_picture(
    file: Image.Image, upright: Image.Image, name: str, size: tuple[int, int] | None, own: int, orientation: int
) -> tuple[Image.Image, list[str]]:
    """The mask as its picture stands, and what was done for it. Raises ImageError where it cannot have its size."""
    if size is None or size == (upright.height, upright.width):
        return upright, []
    if own != 1 and size == (file.height, file.width):
        return file, ["Its own EXIF would turn it away from its picture, so it was left as it is."]
    if own == 1 and size == (upright.width, upright.height) and orientation > 4:
        return turned(upright, orientation), ["It fits the picture as that is stored, and was turned with it."]
    raise ImageError(
        f"{name} is {by(upright.size)} pixels but its picture is {by(size[::-1])}; "
        "make the mask the same size as the picture."
    )


def _is_upside_down(labels: np.ndarray, class_map: ClassMap, orientation: int) -> bool:
    """Whether a mask of the right size looks like its data set only when it is turned as its picture was."""
    if class_map.usual is None or (orientation > 4 and labels.shape[0] != labels.shape[1]):
        return False
    return not is_plausible(labels, class_map.usual) and is_plausible(
        _turned_labels(labels, orientation), class_map.usual
    )


def _turned_labels(labels: np.ndarray, orientation: int) -> np.ndarray:
    return np.array(turned(Image.fromarray(labels), orientation))


def _values(image: Image.Image, bits: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Numbers (H, W), palette indices (H, W) or colours uint8 (H, W, 3); and bool (H, W), what is fully transparent."""
    if image.mode == "1":
        return np.array(image.convert("L")), None
    if image.mode == "L" and bits < 8:  # Pillow spreads few bits over the whole range
        return np.array(image) // (255 // (2**bits - 1)), None
    if image.mode in ("L", "P") or image.mode.startswith(("I", "F")):
        return np.array(image), None
    if image.mode in ("LA", "La"):
        both = np.array(image.convert("LA"))
        return both[..., 0], both[..., 1] == 0
    if image.has_transparency_data:
        both = np.array(image.convert("RGBA"))
        return np.ascontiguousarray(both[..., :3]), both[..., 3] == 0
    return np.array(to_srgb(image, None)), None


def _doubt(found: Found, name: str, class_map: ClassMap) -> None:
    """Raises AmbiguousMask where ids taken from 0 make no likely mask of the data set."""
    usual = class_map.usual
    if usual is None:
        return
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
