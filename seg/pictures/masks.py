"""Truth files read: class ids from grey, palette and colour pictures."""

import numpy as np
from PIL import Image

from seg.errors import ImageError
from seg.labels import IGNORE, IGNORE_COLOUR, ClassMap, Colour
from seg.pictures.decode import by, damaged, open_image, to_srgb

_UNKNOWN = 254
"""Marks a colour or number of a mask file that stands for no class; never leaves this module."""


def decode_mask(data: bytes, name: str, class_map: ClassMap, size: tuple[int, int] | None = None) -> np.ndarray:
    """The class ids in a truth file: uint8 (H, W), ids of ``class_map`` and IGNORE.

    - Grey files hold ids; ``class_map.disk_ignore`` and 255 become IGNORE.
    - Palette files hold ids as their indices, unless the palette consists of class colours in another order, or the
      indices are no ids while the colours are: then the colours count.
    - Colour files hold the colours of ``class_map`` or of one of its ``other_colours``; black and IGNORE_COLOUR become
      IGNORE, and so does whatever is fully transparent.
    - Black-and-white files (1-bit ones, and those of 0 and 255 only for a map of two classes) are refused: some data
      sets draw the first class black, others white.

    ``size`` is the (height, width) of the picture that the mask belongs to; None accepts any.
    Raises ImageError like `decode`, and for lossy files, a wrong size, and ids or colours that are no class.
    """
    file, image = open_image(data, name)
    if _is_lossy(file, data):
        raise ImageError(
            f"{name} is saved with lossy compression, which invents colours between the classes: "
            "save the mask as PNG instead."
        )
    if size is not None and size != (image.height, image.width):
        raise ImageError(
            f"{name} is {by(image.size)} pixels but its picture is {by(size[::-1])}; "
            "make the mask the same size as the picture."
        )
    try:
        values = _mask_values(image)
    except Exception as error:
        raise ImageError(damaged(name)) from error
    if _is_black_and_white(image, values, class_map):
        names = f"0 ({class_map.names[0]}) to {len(class_map) - 1} ({class_map.names[-1]})"
        raise ImageError(
            f"{name} is only black and white, which does not tell the classes apart for certain: "
            f"save it as an 8-bit PNG whose values are the class ids {names}."
        )
    if image.mode == "P":
        return _read_palette(image, values, name, class_map)
    if values.ndim == 2:
        return _read_ids(values, name, class_map)
    return _read_colours(values, name, class_map)


def _is_lossy(file: Image.Image, data: bytes) -> bool:
    return file.format in ("JPEG", "MPO", "AVIF") or (file.format == "WEBP" and b"VP8L" not in data)


def _mask_values(image: Image.Image) -> np.ndarray:
    """Numbers (H, W), palette indices (H, W) or colours uint8 (H, W, 3), what is transparent black."""
    if image.mode == "1":
        return np.array(image.convert("L"))
    if image.mode in ("L", "P") or image.mode.startswith(("I", "F")):
        return np.array(image)
    if image.mode in ("LA", "La"):
        both = np.array(image.convert("LA"))
        return np.where(both[..., 1] == 0, np.uint8(IGNORE), both[..., 0])
    if image.has_transparency_data:
        both = np.array(image.convert("RGBA"))
        both[both[..., 3] == 0] = 0
        return np.ascontiguousarray(both[..., :3])
    return np.array(to_srgb(image, None))


def _is_black_and_white(image: Image.Image, values: np.ndarray, class_map: ClassMap) -> bool:
    if image.mode == "1":
        return True
    if len(class_map) != 2:
        return False
    shown = _file_palette(image)[_used_indices(image)] if image.mode == "P" else values
    if (image.mode == "P" or shown.ndim == 3) and (shown != shown[..., :1]).any():
        return False
    return bool((shown == 255).any() and ((shown == 0) | (shown == 255)).all())


def _read_ids(values: np.ndarray, name: str, class_map: ClassMap) -> np.ndarray:
    ids = _to_ids(values, class_map)
    unknown = ids == _UNKNOWN
    if unknown.any():
        raise ImageError(_unknown_ids(name, values[unknown], class_map))
    return ids


def _to_ids(values: np.ndarray, class_map: ClassMap) -> np.ndarray:
    table = np.full(256, _UNKNOWN, np.uint8)
    table[: len(class_map)] = np.arange(len(class_map))
    table[[class_map.disk_ignore, IGNORE]] = IGNORE
    if values.dtype == np.uint8:
        return table[values]
    within = (values >= 0) & (values <= 255)
    bytes_ = np.where(within, values, 0).astype(np.uint8)
    return np.where(within & (bytes_ == values), table[bytes_], np.uint8(_UNKNOWN))


def _used_indices(image: Image.Image) -> np.ndarray:
    return np.flatnonzero(image.histogram())


def _read_palette(image: Image.Image, indices: np.ndarray, name: str, class_map: ClassMap) -> np.ndarray:
    ids = _to_ids(np.arange(256, dtype=np.uint8), class_map)
    palette = _file_palette(image)
    used = _used_indices(image)
    indices_are_ids = bool((ids[used] != _UNKNOWN).all())
    for colours in (class_map.colours, *class_map.other_colours):
        by_colour = _colour_table(colours)[_packed(palette)]
        if not (by_colour[used] != _UNKNOWN).all():
            continue
        has_classes = bool((by_colour[used] != IGNORE).any())
        nothing_else = bool((by_colour != _UNKNOWN).all())
        if not indices_are_ids or (has_classes and nothing_else):
            return by_colour[indices]
    if not indices_are_ids:
        raise ImageError(_unknown_ids(name, used[ids[used] == _UNKNOWN], class_map))
    return ids[indices]


def _read_colours(pixels: np.ndarray, name: str, class_map: ClassMap) -> np.ndarray:
    packed = _packed(pixels)
    fewest = None
    for colours in (class_map.colours, *class_map.other_colours):
        ids = _colour_table(colours)[packed]
        unknown = packed[ids == _UNKNOWN]
        if not unknown.size:
            return ids
        if fewest is None or unknown.size < fewest.size:
            fewest = unknown
    if (pixels == pixels[..., :1]).all():  # ids saved as the three equal channels of a colour file
        return _read_ids(np.ascontiguousarray(pixels[..., 0]), name, class_map)
    found = [f"({c >> 16}, {c >> 8 & 255}, {c & 255})" for c in np.unique(fewest)]
    raise ImageError(
        f"{name} has {_listed('colour', found)} of no class: use the {len(class_map)} colours of the "
        f"{class_map.dataset} classes, or a grey PNG of the ids 0 to {len(class_map) - 1}."
    )


def _unknown_ids(name: str, values: np.ndarray, class_map: ClassMap) -> str:
    found = [f"{v:g}" if isinstance(v, float) else str(v) for v in np.unique(values).tolist()]
    allowed = f"0 to {len(class_map) - 1}"
    ignored = " or ".join(map(str, sorted({class_map.disk_ignore, IGNORE})))
    return f"{name} has {_listed('value', found)} of no class: use the ids {allowed}, and {ignored} for unlabelled."


def _listed(noun: str, found: list[str]) -> str:
    shown = ", ".join(found[:5])
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    return f"the {noun}{'s' if len(found) > 1 else ''} {shown}{more}"


def _packed(pixels: np.ndarray) -> np.ndarray:
    """uint8 (..., 3) as one number a colour, 0xRRGGBB."""
    packed = pixels[..., 0].astype(np.uint32)
    for channel in (1, 2):
        packed <<= 8
        packed |= pixels[..., channel]
    return packed


def _colour_table(colours: tuple[Colour, ...]) -> np.ndarray:
    """uint8 (2^24,): the id of every colour, _UNKNOWN for most."""
    table = np.full(1 << 24, _UNKNOWN, np.uint8)
    for id_, (r, g, b) in [(IGNORE, (0, 0, 0)), (IGNORE, IGNORE_COLOUR), *enumerate(colours)]:
        table[r << 16 | g << 8 | b] = id_
    return table


def _file_palette(image: Image.Image) -> np.ndarray:
    """uint8 (256, 3): the palette of a file in mode P, black where the file has none."""
    palette = np.zeros((256, 3), np.uint8)
    stored = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)[:256]
    palette[: len(stored)] = stored
    return palette
