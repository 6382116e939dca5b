"""What a layout finds in a folder: pictures, split by split, with where the truth of each lies, and classes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from seg.datasets.pairing import matched
from seg.labels import Colour
from seg.pictures.decode import Picture
from seg.pictures.masks import Mask

ALL = "all"
"""The split of a folder that has none."""

_SPLITS = {
    **dict.fromkeys(("train", "training", "train2017", "train2014"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "val2017", "val2014", "dev"), "val"),
    **dict.fromkeys(("test", "testing", "test2017", "test2014"), "test"),
}
"""Names of folders and lists → split."""


class Drawing(Protocol):
    """A truth that is no mask file but outlines, drawn when it is asked for."""

    @property
    def file(self) -> Path: ...

    def draw(self, shown: Picture, ids: Mapping[str, int]) -> Mask:
        """The labels (H, W) of the upright picture; ids: class id, or IGNORE, of every label the file may use.

        Raises DataError, naming the file, for what cannot be drawn.
        """
        ...


@dataclass(frozen=True)
class Pair:
    """A picture, called `name` in its split, and its truth: a mask file, outlines, or None where there is none."""

    name: str
    picture: Path
    truth: Path | Drawing | None


@dataclass(frozen=True)
class Classes:
    """What names the classes of a folder, apart from a dataset.toml.

    colours: those of the masks, in the order of names, where they are colour pictures. ids: number in the masks → class
    id or IGNORE. words: label of an outline → class id or IGNORE.
    """

    names: tuple[str, ...]
    colours: tuple[Colour, ...] = ()
    ids: Mapping[int, int] = field(default_factory=dict)
    words: Mapping[str, int] = field(default_factory=dict)


@dataclass
class Layout:
    """A folder understood. title: what the layout is called; classes: None where the folder names none.

    notes: sentences on what was chosen. problems: a sentence each for files that belong nowhere or cannot be used.
    """

    title: str
    splits: dict[str, list[Pair]]
    classes: Classes | None = None
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def split_of(name: str) -> str | None:
    """The split that a folder or a list is called by, None where it is none."""
    return _SPLITS.get(name.casefold())


def one_of(folder: Path, names: Iterable[str]) -> Path | None:
    """The first of these folders that there is, whatever its capitals."""
    there = {path.name.casefold(): path for path in folders_in(folder)}
    return next((there[name.casefold()] for name in names if name.casefold() in there), None)


def folders_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def paired(
    pictures: Sequence[Path], above: Path, masks: Sequence[Path], masks_above: Path
) -> tuple[list[Pair], list[str]]:
    """Pictures with the masks that are named like them, and a sentence for each file that names leave open.

    above, masks_above: the folders below which both lie alike.
    """
    names = [str(path.relative_to(above)) for path in pictures]
    found = matched(names, [str(path.relative_to(masks_above)) for path in masks])
    problems = [
        f"{pictures[index]} has several labels, {', '.join(str(masks[one]) for one in labels)}: leave one there."
        for index, labels in found.several.items()
    ]
    problems += [
        f"{masks[label]} could be the label of {' and '.join(str(pictures[index]) for index in indices)}: leave one."
        for label, indices in found.shared
    ]
    problems += [f"{masks[label]} is the label of no picture: none is named like it." for label in found.lone]
    pairs = [
        Pair(str(Path(name).with_suffix("")), picture, None if label is None else masks[label])
        for name, picture, label in zip(names, pictures, found.labels, strict=True)
    ]
    return pairs, problems


def by_split(found: Iterable[tuple[str, Pair]]) -> dict[str, list[Pair]]:
    """The pairs of each split, train, val and test first."""
    splits: dict[str, list[Pair]] = defaultdict(list)
    for split, pair in found:
        splits[split].append(pair)
    known = ("train", "val", "test")
    return {name: splits[name] for name in (*known, *sorted(splits.keys() - {*known})) if name in splits}
