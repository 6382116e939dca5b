"""Colours of a truth file become class ids: those of palettes, and those of pixels."""

from collections.abc import Iterator

import numpy as np
from PIL import Image

from seg.errors import ImageError
from seg.labels import IGNORE, IGNORE_COLOUR, ClassMap, Colour
from seg.pictures.ids import UNKNOWN, Found, Numbers, hide, listed, refuse_dithered, to_ids
from seg.pictures.plausible import is_likelier

_VOID: tuple[Colour, ...] = ((0, 0, 0), IGNORE_COLOUR, (224, 224, 192))
"""Colours that mean 'unlabelled' where no class has them: black, ours, and PASCAL VOC's."""

_MANY_COLOURS = 64
"""Of no class: so many come of lossy compression, smooth resizing or a photo, not of somebody else's classes."""

_AS_DRAWN = 3
"""Two colours of a palette differ by no more than this in any channel where a quantiser only rounded."""


def read_palette(image: Image.Image, indices: np.ndarray, numbers: Numbers) -> Found:
    class_map = numbers.class_map
    if numbers.reading.ids:
        return numbers.read(indices)
    palette, used = _file_palette(image), np.flatnonzero(image.histogram())
    by_index = to_ids(np.arange(256, dtype=np.uint8), class_map)
    indices_are_ids = bool((by_index[used] != UNKNOWN).all())
    for by_colour in _palettes_by_colour(palette, image, class_map):
        if not (by_colour[used] < len(class_map)).any() or (by_colour[used] == UNKNOWN).any():
            continue
        if (by_colour[used] == by_index[used]).all():
            return Found(by_colour[indices])
        nothing_else = bool((by_colour != UNKNOWN).all())
        usual = class_map.usual if indices_are_ids and not nothing_else else None
        if usual is None or not is_likelier(by_index[indices], by_colour[indices], usual):
            return Found(by_colour[indices], ("Its palette holds the colours of the classes, so these were read.",))
    greys = palette[used]
    if (greys == greys[:, :1]).all():
        numbers_shown = palette[:, 0][indices]
        if set(greys[:, 0].tolist()) == {0, 255}:
            return numbers.read(numbers_shown)
        tells_apart = len(np.unique(greys[:, 0])) == len(used)
        if tells_apart and (to_ids(greys[:, 0], class_map) != UNKNOWN).all() and (greys[:, 0] != used).any():
            return numbers.read(numbers_shown, None, "The greys of its palette are ids, so these were read.")
    else:
        refuse_dithered(indices, numbers.name, class_map)
    note = "The colours of its palette are not those of the classes, so its indices were read as the ids."
    return numbers.read(indices, None, note)


def _palettes_by_colour(palette: np.ndarray, image: Image.Image, class_map: ClassMap) -> Iterator[np.ndarray]:
    """For each set of class colours, uint8 (256,): the class of each entry of a palette."""
    transparent = image.info.get("transparency")
    for colours in (class_map.colours, *class_map.other_colours):
        known = np.array([*colours, *_VOID])
        ids = np.array([*range(len(colours)), *[IGNORE] * len(_VOID)], np.uint8)
        apart = np.abs(palette[:, None].astype(int) - known).max(axis=2)
        by_colour = np.where(apart.min(axis=1) <= _AS_DRAWN, ids[apart.argmin(axis=1)], np.uint8(UNKNOWN))
        if isinstance(transparent, int):
            by_colour[transparent] = IGNORE
        elif transparent:
            by_colour[[index for index, alpha in enumerate(transparent) if alpha == 0]] = IGNORE
        yield by_colour


def read_colours(pixels: np.ndarray, hidden: np.ndarray | None, numbers: Numbers) -> Found:
    name, class_map = numbers.name, numbers.class_map
    if numbers.reading.ids and (pixels == pixels[..., :1]).all():
        return numbers.read(np.ascontiguousarray(pixels[..., 0]), hidden)
    values = packed(pixels)
    fewest = values.ravel()
    for colours in (class_map.colours, *class_map.other_colours):
        ids = hide(_colour_table(colours)[values], hidden)
        unknown = values[ids == UNKNOWN]
        if not unknown.size:
            return Found(ids)
        if unknown.size < fewest.size:
            fewest = unknown
    if (pixels == pixels[..., :1]).all():  # ids saved as the three equal channels of a colour file
        return numbers.read(np.ascontiguousarray(pixels[..., 0]), hidden)
    refuse_dithered(values, name, class_map)
    distinct = np.unique(fewest)
    if len(distinct) > _MANY_COLOURS:
        raise ImageError(
            f"{name} has {len(distinct):,} colours of no class and more than a mask can mean: if it is no photo, it "
            "was saved with lossy compression or made larger or smaller with smooth edges; export it anew as PNG, "
            "resized by nearest neighbour."
        )
    found = [f"({c >> 16}, {c >> 8 & 255}, {c & 255})" for c in distinct]
    raise ImageError(
        f"{name} has {listed('colour', found)} of no class: use the {len(class_map)} colours of the "
        f"{class_map.dataset} classes, or a grey PNG of the ids 0 to {len(class_map) - 1}."
    )


def packed(pixels: np.ndarray) -> np.ndarray:
    """uint8 (..., 3) as one number a colour, 0xRRGGBB."""
    values = pixels[..., 0].astype(np.uint32)
    for channel in (1, 2):
        values <<= 8
        values |= pixels[..., channel]
    return values


def _colour_table(colours: tuple[Colour, ...]) -> np.ndarray:
    """uint8 (2^24,): the id of every colour, UNKNOWN for most."""
    table = np.full(1 << 24, UNKNOWN, np.uint8)
    for id_, (r, g, b) in [*((IGNORE, void) for void in _VOID), *enumerate(colours)]:
        table[r << 16 | g << 8 | b] = id_
    return table


def _file_palette(image: Image.Image) -> np.ndarray:
    """uint8 (256, 3): the palette of a file in mode P, black where the file has none."""
    palette = np.zeros((256, 3), np.uint8)
    stored = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)[:256]
    palette[: len(stored)] = stored
    return palette
