"""Masks whose classes nothing names: what numbers or colours are in them becomes classes called by these."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from seg.datasets.files import read_bytes
from seg.datasets.layouts import Classes
from seg.errors import DataError, SegError
from seg.labels import IGNORE, Colour
from seg.pictures.masks import numbers_or_colours

SOME, EVERY = 64, sys.maxsize
"""Masks that are opened to find the classes of a folder that names none: some, spread over all of them, or all."""

BLACK = (0, 0, 0)


def spread(masks: Sequence[Path], most: int) -> list[Path]:
    """At most so many of the masks, evenly spread."""
    step = max(len(masks) / most, 1)
    return [masks[int(place * step)] for place in range(min(most, len(masks)))]


def classes_in(masks: Iterable[Path]) -> tuple[Classes, list[str]]:
    """The classes of masks that nothing names, and sentences on how they were found.

    Files that cannot be read say so when they are wanted. Raises DataError where no mask can be read, or where there
    are more numbers or colours than there may be classes.
    """
    numbers: set[int] = set()
    colours: set[Colour] = set()
    first, count = "", 0
    for path in masks:
        try:
            found = numbers_or_colours(read_bytes(path), str(path))
        except SegError as error:
            first = first or str(error)
            continue
        numbers |= found[0]
        colours |= found[1]
        count += 1
    if not numbers and not colours:
        raise DataError(first or "There is no mask: name the classes in dataset.toml.")
    if len(colours) > IGNORE or len(numbers - {IGNORE}) > IGNORE:
        raise DataError(f"The masks hold more numbers or colours than there may be classes, {IGNORE}: are they photos?")
    looked = f"Nothing here names the classes, so they are called by what {count:,} masks hold"
    if colours:
        shown = sorted(colours)
        names = ["background" if colour == BLACK else f"#{bytes(colour).hex()}" for colour in shown]
        return Classes(tuple(names), tuple(shown)), [f"{looked}, their colours: edit dataset.toml."]
    if numbers == {0, 255}:
        binary = Classes(("background", "foreground"), ids={0: 0, 255: 1})
        return binary, ["Masks are black and white: white was taken for the foreground, not for unlabelled."]
    known = sorted(numbers - {IGNORE}) or [0]
    ids = {**{number: place for place, number in enumerate(known)}, IGNORE: IGNORE}
    return Classes(tuple(f"class {number}" for number in known), ids=ids), [f"{looked}: edit dataset.toml."]
