"""Truth files read: class ids from grey, palette and colour pictures, and never from a guess that is not said."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from seg.errors import ImageError, OptionError
from seg.labels import IGNORE, IGNORE_COLOUR, ClassMap, Colour
from seg.pictures.decode import by, damaged, open_image, sample_bits, to_srgb, turned
from seg.pictures.plausible import is_likelier, is_plausible

_VOID: tuple[Colour, ...] = ((0, 0, 0), IGNORE_COLOUR, (224, 224, 192))
"""Colours that mean 'unlabelled' where no class has them: black, ours, and PASCAL VOC's."""
_UNKNOWN = 254
"""Marks a colour or number of a mask file that stands for no class; never leaves this module."""
_MANY_COLOURS = 64
"""Of no class: so many come of lossy compression, smooth resizing or a photo, not of somebody else's classes."""
_AS_DRAWN = 3
"""Two colours of a palette differ by no more than this in any channel where a quantiser only rounded."""


@dataclass(frozen=True)
class Reading:
    """What a person says about masks whose files alone leave it open.
    ids_from: 0 where the number 0 is the first class, 1 where it is unlabelled and 1 the first class.
    white: the class that white stands for in black-and-white masks of two classes; black is the other.
    """

    ids_from: int | None = None
    white: int | None = None

    @classmethod
    def of(cls, class_map: ClassMap, ids_from: int | None, white: str | None) -> "Reading":
        """By the name of the class that is white. Raises OptionError for what cannot be."""
        if ids_from not in (None, 0, 1):
            raise OptionError(f"The first class has the id 0 or 1 in masks, not {ids_from}.")
        if white is None:
            return cls(ids_from)
        if white not in class_map.names or len(class_map) != 2:
            two = "has more than two classes" if len(class_map) > 2 else f"knows {' and '.join(class_map.names)}"
            raise OptionError(f"White cannot mean {white!r} in masks of {class_map.dataset}, which {two}.")
        return cls(ids_from, class_map.names.index(white))


AS_FILED = Reading()
"""Nothing is said beyond what the file holds."""


@dataclass(frozen=True)
class Mask:
    """A truth file read. labels: uint8 (H, W), class ids and IGNORE; notes: sentences about how it was read."""

    labels: np.ndarray
    notes: tuple[str, ...] = ()


class AmbiguousMask(ImageError):
    """A mask that can be read in several ways, or whose classes look like none of its data set."""

    status = 2

    def __init__(self, what: str, readings: dict[Reading, str], class_map: ClassMap):
        """what: a sentence, what was read. readings: each way that is open, and what the mask then says."""
        super().__init__(what, readings, class_map)
        self.what, self.readings, self.class_map = what, readings, class_map

    def __str__(self) -> str:
        options = [
            f"--ids-from {way.ids_from}" if way.white is None else f"--white {self.class_map.names[way.white]}"
            for way in self.readings
        ]
        return f"{self.what} Say which it is with {' or '.join(options)}."


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
    numbers = _Numbers(name, class_map, reading, image.mode == "1")
    if image.mode == "P":
        found = _read_palette(image, values, numbers)
    elif values.ndim == 2:
        found = numbers.read(values, hidden)
    else:
        found = _read_colours(values, hidden, numbers)
    if image.mode == "L" and bits < 8:
        notes.append(f"Its {bits}-bit values were read as the ids.")
    if own == 1 and orientation != 1 and not notes and _is_upside_down(found.labels, class_map, orientation):
        notes.append("It was upside down beside its picture as that is shown, and was turned with it.")
        found = _Found(_turned_labels(found.labels, orientation), found.notes)
    elif found.is_bare:
        _doubt(found, name, class_map)
    return Mask(found.labels, (*notes, *found.notes))


def described(labels: np.ndarray, class_map: ClassMap) -> str:
    """'sky 71 %, building 29 %: 2 of 11 classes', the largest shares of what is labelled first."""
    counts = np.bincount(labels.ravel(), minlength=256)
    held = [c for c in np.argsort(-counts[: len(class_map)], kind="stable") if counts[c]]
    labelled = counts[: len(class_map)].sum()
    shares = [f"{class_map.names[c]} {_percent(counts[c] / labelled)}" for c in held[:4]]
    more = f" and {len(held) - 4} more" if len(held) > 4 else ""
    void = f", {_percent(counts[IGNORE] / labels.size)} of it unlabelled" if counts[IGNORE] else ""
    return f"{', '.join(shares) or 'nothing'}{more}: {len(held)} of {len(class_map)} classes{void}"


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %") if share >= 0.005 else "under 1 %"


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


@dataclass(frozen=True)
class _Found:
    """Ids as read. notes: how; is_bare: nothing but numbers say what they mean; from_1: what they mean if 0 is none."""

    labels: np.ndarray
    notes: tuple[str, ...] = ()
    is_bare: bool = False
    from_1: np.ndarray | None = None


@dataclass(frozen=True)
class _Numbers:
    """How the numbers of one file become ids."""

    name: str
    class_map: ClassMap
    reading: Reading
    is_bilevel: bool

    def read(self, values: np.ndarray, hidden: np.ndarray | None = None, *notes: str) -> _Found:
        """values: (H, W); hidden: bool (H, W), unlabelled whatever their number."""
        name, class_map = self.name, self.class_map
        shown = values if hidden is None else values[~hidden]
        if self.is_bilevel or ((shown == 255).any() and (shown == 0).any() and ((shown == 0) | (shown == 255)).all()):
            return _Found(_hide(_read_black_and_white(values == 255, name, class_map, self.reading), hidden), notes)
        from_0, from_1 = (_hide(_to_ids(values, class_map, first), hidden) for first in (0, 1))
        if self.reading.ids_from is not None:
            chosen = (from_0, from_1)[self.reading.ids_from]
            _refuse_unknown(values[chosen == _UNKNOWN], name, class_map, self.reading.ids_from)
            return _Found(chosen, notes)
        has_other = not (from_1 == _UNKNOWN).any() and bool((from_1 != IGNORE).any())
        if (from_0 == _UNKNOWN).any():
            if not has_other:
                _refuse_unknown(values[from_0 == _UNKNOWN], name, class_map, 0)
            said = described(from_1, class_map)
            raise AmbiguousMask(
                f"{name} has ids up to {len(class_map)}, one more than {class_map.dataset} has; with ids from 1, it "
                f"reads as {said}.",
                {Reading(ids_from=1): said},
                class_map,
            )
        return _Found(from_0, notes, True, from_1 if has_other else None)


def _doubt(found: _Found, name: str, class_map: ClassMap) -> None:
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


def _read_black_and_white(is_white: np.ndarray, name: str, class_map: ClassMap, reading: Reading) -> np.ndarray:
    """The ids of a mask of black and white alone, which only a reader's word tells apart."""
    if len(class_map) != 2:
        names = f"0 ({class_map.names[0]}) to {len(class_map) - 1} ({class_map.names[-1]})"
        raise ImageError(
            f"{name} is only black and white, which does not tell {len(class_map)} classes apart: "
            f"save it as an 8-bit PNG whose values are the class ids {names}, and 255 for unlabelled."
        )
    ways = {white: np.where(is_white, white, 1 - white).astype(np.uint8) for white in (1, 0)}
    if reading.white is not None:
        return ways[reading.white]
    first, second = (described(labels, class_map) for labels in ways.values())
    raise AmbiguousMask(
        f"{name} is only black and white, which does not tell the classes apart for certain: if white is "
        f"{class_map.names[1]}, it reads as {first}; if white is {class_map.names[0]}, as {second}; an 8-bit PNG whose "
        f"values are the class ids 0 ({class_map.names[0]}) to 1 ({class_map.names[1]}) leaves no doubt.",
        {Reading(white=1): first, Reading(white=0): second},
        class_map,
    )


def _hide(ids: np.ndarray, hidden: np.ndarray | None) -> np.ndarray:
    return ids if hidden is None else np.where(hidden, np.uint8(IGNORE), ids)


def _to_ids(values: np.ndarray, class_map: ClassMap, first: int = 0) -> np.ndarray:
    """Uint8: the class of every number where the classes are numbered from `first`, _UNKNOWN for numbers of none."""
    table = np.full(256, _UNKNOWN, np.uint8)
    table[[class_map.disk_ignore, IGNORE]] = IGNORE
    table[:first] = IGNORE
    table[first : first + len(class_map)] = np.arange(len(class_map))
    if values.dtype == np.uint8:
        return table[values]
    within = (values >= 0) & (values <= 255)
    bytes_ = np.where(within, values, 0).astype(np.uint8)
    return np.where(within & (bytes_ == values), table[bytes_], np.uint8(_UNKNOWN))


def _read_palette(image: Image.Image, indices: np.ndarray, numbers: _Numbers) -> _Found:
    class_map = numbers.class_map
    palette, used = _file_palette(image), np.flatnonzero(image.histogram())
    by_index = _to_ids(np.arange(256, dtype=np.uint8), class_map)
    indices_are_ids = bool((by_index[used] != _UNKNOWN).all())
    for by_colour in _palettes_by_colour(palette, image, class_map):
        if not (by_colour[used] < len(class_map)).any() or (by_colour[used] == _UNKNOWN).any():
            continue
        if (by_colour[used] == by_index[used]).all():
            return _Found(by_colour[indices])
        nothing_else = bool((by_colour != _UNKNOWN).all())
        usual = class_map.usual if indices_are_ids and not nothing_else else None
        if usual is None or not is_likelier(by_index[indices], by_colour[indices], usual):
            return _Found(by_colour[indices], ("Its palette holds the colours of the classes, so these were read.",))
    greys = palette[used]
    if (greys == greys[:, :1]).all():
        numbers_shown = palette[:, 0][indices]
        if set(greys[:, 0].tolist()) == {0, 255}:
            return numbers.read(numbers_shown)
        if (_to_ids(greys[:, 0], class_map) != _UNKNOWN).all() and (greys[:, 0] != used).any():
            return numbers.read(numbers_shown, None, "The greys of its palette are ids, so these were read.")
    note = "The colours of its palette are not those of the classes, so its indices were read as the ids."
    return numbers.read(indices, None, note)


def _palettes_by_colour(palette: np.ndarray, image: Image.Image, class_map: ClassMap) -> Iterator[np.ndarray]:
    """For each set of class colours, uint8 (256,): the class of each entry of a palette."""
    transparent = image.info.get("transparency")
    for colours in (class_map.colours, *class_map.other_colours):
        known = np.array([*colours, *_VOID])
        ids = np.array([*range(len(colours)), *[IGNORE] * len(_VOID)], np.uint8)
        apart = np.abs(palette[:, None].astype(int) - known).max(axis=2)
        by_colour = np.where(apart.min(axis=1) <= _AS_DRAWN, ids[apart.argmin(axis=1)], np.uint8(_UNKNOWN))
        if isinstance(transparent, int):
            by_colour[transparent] = IGNORE
        elif transparent:
            by_colour[[index for index, alpha in enumerate(transparent) if alpha == 0]] = IGNORE
        yield by_colour


def _read_colours(pixels: np.ndarray, hidden: np.ndarray | None, numbers: _Numbers) -> _Found:
    name, class_map = numbers.name, numbers.class_map
    packed = _packed(pixels)
    fewest = packed.ravel()
    for colours in (class_map.colours, *class_map.other_colours):
        ids = _hide(_colour_table(colours)[packed], hidden)
        unknown = packed[ids == _UNKNOWN]
        if not unknown.size:
            return _Found(ids)
        if unknown.size < fewest.size:
            fewest = unknown
    if (pixels == pixels[..., :1]).all():  # ids saved as the three equal channels of a colour file
        return numbers.read(np.ascontiguousarray(pixels[..., 0]), hidden)
    distinct = np.unique(fewest)
    if len(distinct) > _MANY_COLOURS:
        raise ImageError(
            f"{name} has {len(distinct):,} colours of no class and more than a mask can mean: if it is no photo, it "
            "was saved with lossy compression or made larger or smaller with smooth edges; export it anew as PNG, "
            "resized by nearest neighbour."
        )
    found = [f"({c >> 16}, {c >> 8 & 255}, {c & 255})" for c in distinct]
    raise ImageError(
        f"{name} has {_listed('colour', found)} of no class: use the {len(class_map)} colours of the "
        f"{class_map.dataset} classes, or a grey PNG of the ids 0 to {len(class_map) - 1}."
    )


def _refuse_unknown(values: np.ndarray, name: str, class_map: ClassMap, first: int) -> None:
    if not values.size:
        return
    found = [f"{v:g}" if isinstance(v, float) else str(v) for v in np.unique(values).tolist()]
    classes = range(first, first + len(class_map))
    ignored = " or ".join(map(str, sorted({*range(first), class_map.disk_ignore, IGNORE}.difference(classes))))
    raise ImageError(
        f"{name} has {_listed('value', found)} of no class: use the ids {first} to {classes[-1]}, and {ignored} for "
        "unlabelled."
    )


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
    for id_, (r, g, b) in [*((IGNORE, void) for void in _VOID), *enumerate(colours)]:
        table[r << 16 | g << 8 | b] = id_
    return table


def _file_palette(image: Image.Image) -> np.ndarray:
    """uint8 (256, 3): the palette of a file in mode P, black where the file has none."""
    palette = np.zeros((256, 3), np.uint8)
    stored = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)[:256]
    palette[: len(stored)] = stored
    return palette
