"""Numbers of a truth file become class ids, where they can mean only one thing."""

from dataclasses import dataclass

import numpy as np

from seg.errors import ImageError, OptionError
from seg.labels import IGNORE, ClassMap

UNKNOWN = 254
"""Stands, until a file is refused, for a colour or a number of no class."""

MOST_STRAYS, LEAST_WHITE = 0.01, 0.05
"""Of a mask whose numbers are 0 and 255 but for at most that share, and 255 in at least that one, nobody can tell
whether 255 is unlabelled."""

DITHERED = 0.1
"""Where so many pixels differ from the ones on either side, which are alike, no classes were drawn."""


@dataclass(frozen=True)
class Reading:
    """What a person says about masks whose files alone leave it open.

    ids_from: 0 where the number 0 is the first class, 1 where it is unlabelled and 1 the first class.
    white: the class that white stands for in black-and-white masks of two classes; black is the other.
    ids: (number in the file, class id or IGNORE) for every number there may be; only masks of black and white then stay
        open, unless 255 is among them.
    """

    ids_from: int | None = None
    white: int | None = None
    ids: tuple[tuple[int, int], ...] = ()

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


@dataclass(frozen=True)
class Found:
    """Ids as read. notes: how; is_bare: nothing but numbers say what they mean; from_1: what they mean if 0 is none."""

    labels: np.ndarray
    notes: tuple[str, ...] = ()
    is_bare: bool = False
    from_1: np.ndarray | None = None


@dataclass(frozen=True)
class Numbers:
    """How the numbers of one file become ids."""

    name: str
    class_map: ClassMap
    reading: Reading
    is_bilevel: bool

    def read(self, values: np.ndarray, hidden: np.ndarray | None = None, *notes: str) -> Found:
        """values: (H, W); hidden: bool (H, W), unlabelled whatever their number."""
        name, class_map = self.name, self.class_map
        shown = values if hidden is None else values[~hidden]
        strays = 0 if self.is_bilevel else _strays(shown)
        said = {number for number, _ in self.reading.ids}
        if said and (255 in said or self.is_bilevel or strays != 0):
            return Found(hide(self._as_said(values, shown), hidden), notes)
        if strays == 0:
            refuse_dithered(values, name, class_map)
            return Found(hide(_read_black_and_white(values, name, class_map, self.reading), hidden), notes)
        if strays is not None and self.reading.ids_from is None:
            note = f"The {strays} pixels between black and white were left unlabelled."
            return Found(hide(_read_with_strays(values, strays, name, class_map, self.reading), hidden), (*notes, note))
        from_0, from_1 = (hide(to_ids(values, class_map, first), hidden) for first in (0, 1))
        if self.reading.ids_from is not None:
            chosen = (from_0, from_1)[self.reading.ids_from]
            _refuse_unknown(values[chosen == UNKNOWN], name, class_map, self.reading.ids_from)
            return Found(chosen, notes)
        has_other = not (from_1 == UNKNOWN).any() and bool((from_1 != IGNORE).any())
        if (from_0 == UNKNOWN).any():
            if not has_other:
                _refuse_unknown(values[from_0 == UNKNOWN], name, class_map, 0)
            said = described(from_1, class_map)
            raise AmbiguousMask(
                f"{name} has ids up to {len(class_map)}, one more than {class_map.dataset} has; with ids from 1, it "
                f"reads as {said}.",
                {Reading(ids_from=1): said},
                class_map,
            )
        return Found(from_0, notes, True, from_1 if has_other else None)

    def _as_said(self, values: np.ndarray, shown: np.ndarray) -> np.ndarray:
        """The classes that `Reading.ids` names. Raises ImageError for a number that it does not."""
        known = {IGNORE: IGNORE, **dict(self.reading.ids)}
        if self.is_bilevel and 1 in known:  # one bit is 0 and 255 by now
            values, shown = values // 255, shown // 255
        if unknown := [value for value in np.unique(shown).tolist() if value not in known]:
            wrong = [f"{v:g}" if isinstance(v, float) else str(v) for v in unknown]
            numbers = ", ".join(str(number) for number in sorted(dict(self.reading.ids))[:12])
            raise ImageError(
                f"{self.name} has {listed('value', wrong)} of no class: those of {self.class_map.dataset} are "
                f"{numbers}{', …' if len(known) > 12 else ''}; name the classes that are missing in dataset.toml, or "
                "save the mask anew."
            )
        if values.dtype == np.uint8:
            return np.array([known.get(value, IGNORE) for value in range(256)], np.uint8)[values]
        found, places = np.unique(values, return_inverse=True)
        return np.array([known.get(value, IGNORE) for value in found.tolist()], np.uint8)[places.reshape(values.shape)]


def _strays(shown: np.ndarray) -> int | None:
    """How many numbers are neither 0 nor 255 where nearly all are, and of both many; None elsewhere."""
    white, black = int((shown == 255).sum()), int((shown == 0).sum())
    strays = int(shown.size - white - black)
    if not (white and black) or strays > MOST_STRAYS * shown.size:
        return None
    return strays if strays == 0 or white >= LEAST_WHITE * shown.size else None


def _read_black_and_white(values: np.ndarray, name: str, class_map: ClassMap, reading: Reading) -> np.ndarray:
    """The ids of a mask of black and white alone, which only a reader's word tells apart."""
    if len(class_map) != 2:
        names = f"0 ({class_map.names[0]}) to {len(class_map) - 1} ({class_map.names[-1]})"
        raise ImageError(
            f"{name} is only black and white, which does not tell {len(class_map)} classes apart: "
            f"save it as an 8-bit PNG whose values are the class ids {names}, and 255 for unlabelled."
        )
    ways = _two_ways(values)
    if reading.white is not None:
        return ways[reading.white]
    readings = {Reading(white=white): described(labels, class_map) for white, labels in ways.items()}
    raise AmbiguousMask(
        f"{name} is only black and white, which does not tell the classes apart for certain: "
        f"{_if_white(readings, class_map)}; an 8-bit PNG whose "
        f"values are the class ids 0 ({class_map.names[0]}) to 1 ({class_map.names[1]}) leaves no doubt.",
        readings,
        class_map,
    )


def _read_with_strays(values: np.ndarray, strays: int, name: str, class_map: ClassMap, reading: Reading) -> np.ndarray:
    """The same of a mask in which a few numbers are neither: they may be strays, or the ids that 255 lies around."""
    ways = _two_ways(values) if len(class_map) == 2 else {}
    if ways and reading.white is not None:
        return ways[reading.white]
    readings = {Reading(white=white): described(labels, class_map) for white, labels in ways.items()}
    by_id = to_ids(values, class_map)
    _refuse_unknown(values[by_id == UNKNOWN], name, class_map, 0)
    said = readings[Reading(ids_from=0)] = described(by_id, class_map)
    either = f"{_if_white(readings, class_map)}; " if ways else ""
    raise AmbiguousMask(
        f"{name} is black and white but for {strays} pixels: {either}by its numbers, it reads as {said}.",
        readings,
        class_map,
    )


def _two_ways(values: np.ndarray) -> dict[int, np.ndarray]:
    """The class that is white → the ids of two classes; what is neither black nor white has none."""
    is_stray = (values != 0) & (values != 255)
    return {
        white: np.where(is_stray, IGNORE, np.where(values == 255, white, 1 - white)).astype(np.uint8)
        for white in (1, 0)
    }


def _if_white(readings: dict[Reading, str], class_map: ClassMap) -> str:
    (first, says), (second, other) = (
        (class_map.names[way.white], said) for way, said in readings.items() if way.white is not None
    )
    return f"if white is {first}, it reads as {says}; if white is {second}, as {other}"


def refuse_dithered(values: np.ndarray, name: str, class_map: ClassMap) -> None:
    """Raises ImageError where values (H, W) change from pixel to pixel, as dithering mixes the colours that it has."""
    left, middle, right = values[:, :-2], values[:, 1:-1], values[:, 2:]
    if middle.size and ((middle != left) & (left == right)).mean() > DITHERED:
        raise ImageError(
            f"{name} looks dithered: its colours change from pixel to pixel, and none of them means a class by itself. "
            f"Save it as PNG without dithering, in the {len(class_map)} colours of the {class_map.dataset} classes, or "
            f"in grey as the ids 0 to {len(class_map) - 1}."
        )


def hide(ids: np.ndarray, hidden: np.ndarray | None) -> np.ndarray:
    return ids if hidden is None else np.where(hidden, np.uint8(IGNORE), ids)


def to_ids(values: np.ndarray, class_map: ClassMap, first: int = 0) -> np.ndarray:
    """Uint8: the class of every number where the classes are numbered from `first`, UNKNOWN for numbers of none."""
    table = np.full(256, UNKNOWN, np.uint8)
    table[[class_map.disk_ignore, IGNORE]] = IGNORE
    table[:first] = IGNORE
    table[first : first + len(class_map)] = np.arange(len(class_map))
    if values.dtype == np.uint8:
        return np.frombuffer(bytearray(values.tobytes()).translate(table.tobytes()), np.uint8).reshape(values.shape)
    within = (values >= 0) & (values <= 255)
    bytes_ = np.where(within, values, 0).astype(np.uint8)
    return np.where(within & (bytes_ == values), table[bytes_], np.uint8(UNKNOWN))


def _refuse_unknown(values: np.ndarray, name: str, class_map: ClassMap, first: int) -> None:
    if not values.size:
        return
    found = [f"{v:g}" if isinstance(v, float) else str(v) for v in np.unique(values).tolist()]
    classes = range(first, first + len(class_map))
    ignored = " or ".join(map(str, sorted({*range(first), class_map.disk_ignore, IGNORE}.difference(classes))))
    raise ImageError(
        f"{name} has {listed('value', found)} of no class: use the ids {first} to {classes[-1]}, and {ignored} for "
        "unlabelled."
    )


def listed(noun: str, found: list[str]) -> str:
    shown = ", ".join(found[:5])
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    return f"the {noun}{'s' if len(found) > 1 else ''} {shown}{more}"
