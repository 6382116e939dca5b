"""Own data sets: a folder or a ZIP of labelled pictures in any known layout, opened without reading a picture."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import IO

import numpy as np

from seg.datasets import description, unnamed
from seg.datasets.archive import Unpacked
from seg.datasets.files import is_junk, read_bytes, slashes
from seg.datasets.folder import Folder, read_pair
from seg.datasets.layouts import ALL, KNOWN, Classes, Layout, Pair, ours, recognised
from seg.datasets.layouts.layout import folders_in
from seg.datasets.palette import told_apart
from seg.datasets.record import DATASETS, Dataset, Replay
from seg.datasets.sample import Sample, Samples
from seg.errors import DataError, ImageError, SegError
from seg.labels import IGNORE, ClassMap, Colour
from seg.pictures.decode import decode
from seg.pictures.masks import AS_FILED, Reading

HELD_BACK = 5
"""Where nothing is split off to validate with, every so-manyth picture is."""

BACKGROUND_COLOUR: Colour = (74, 64, 61)
"""A dark grey for what is none of the things that one looks for."""

BACKGROUNDS = {"background", "_background_", "__background__", "bg", "void background"}

_DEEPEST = 4
"""Folders with nothing but one folder in them that are gone down, as a ZIP's and VOCdevkit's are."""

_SHOWN = 240
"""Pixels of the longer side of replays."""


@dataclass(frozen=True)
class OwnSamples:
    """Labelled pictures in the order of `pairs`, read when they are asked for.

    classes: names and colours as masks have them; words: label of an outline → class id or IGNORE; to: the id that each
    class id becomes, uint8 (256,), None to keep it. notes: what is to be said of the set before its pictures are read.

    Raises DataError, naming the file, when one is read that cannot be; AmbiguousMask like `seg.pictures.masks.read`.
    """

    pairs: Sequence[Pair]
    classes: ClassMap
    words: Mapping[str, int]
    reading: Reading
    to: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    unpacked: Unpacked | None = field(default=None, repr=False)
    """Held as long as its files may be wanted."""

    def __len__(self) -> int:
        return len(self.pairs)

    @property
    def names(self) -> list[str]:
        """Of the pictures, none of which is read for it."""
        return [pair.name for pair in self.pairs]

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Sample:
        pair = self.pairs[index]
        sample = self._read(pair)
        return sample if self.to is None else replace(sample, labels=self.to[sample.labels])

    def _read(self, pair: Pair) -> Sample:
        if pair.truth is None:
            raise DataError(f"{pair.picture} has no label: nothing is named like it.")
        if isinstance(pair.truth, Path):
            return read_pair(pair.name, pair.picture, pair.truth, self.classes, self.reading)
        try:
            shown = decode(read_bytes(pair.picture), str(pair.picture))
        except ImageError as error:
            raise DataError(str(error)) from error
        mask = pair.truth.draw(shown, self.words)
        return Sample(pair.name, shown.pixels, mask.labels, file=str(pair.picture), notes=(*shown.notes, *mask.notes))


@dataclass(frozen=True)
class OwnData:
    """An own data set. It keeps what a ZIP was unpacked to; `close`, or leaving a with block, removes that.

    name: as in the names of weight sets. folder: where its files are. layout: how they lie, in words. class_map: with
    the colours that classes are drawn in. is_named: whether anything names the classes. classes: what masks hold.
    pairs: split → pictures. notes: sentences on what was understood. problems: a sentence for each file that cannot be
    used, as far as that is known before pictures are read.
    """

    name: str
    folder: Path
    layout: str
    class_map: ClassMap
    is_named: bool
    classes: Classes
    pairs: Mapping[str, Sequence[Pair]]
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    unpacked: Unpacked | None = field(default=None, repr=False)

    def __enter__(self) -> "OwnData":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self.unpacked:
            self.unpacked.close()

    def __len__(self) -> int:
        return sum(map(len, self.pairs.values()))

    @property
    def splits(self) -> dict[str, OwnSamples]:
        """Split → its pictures, as they lie in the folder; ALL where it has no splits."""
        return {name: self.split(name) for name in self.pairs}

    def split(self, name: str, reading: Reading = AS_FILED) -> OwnSamples:
        """The pictures of a split. ALL is all; where nothing was split off to validate with, 'val' is every fifth.

        reading: what a person says about masks, instead of what dataset.toml does. Raises DataError for no such split.
        """
        said = Reading(ids=tuple(self.classes.ids.items())) if reading == AS_FILED else reading
        on_disk = replace(self.class_map, colours=self.classes.colours or self.class_map.colours)
        notes = (*self.notes, *self.problems)
        return OwnSamples(self._pairs(name), on_disk, self.classes.words, said, notes=notes, unpacked=self.unpacked)

    def _pairs(self, name: str) -> list[Pair]:
        if name in self.pairs:
            return list(self.pairs[name])
        if name == ALL:
            return [pair for pairs in self.pairs.values() for pair in pairs]
        whole = self.pairs.get("train") or self.pairs.get(ALL)
        if whole and name == "val":
            return _held_back(whole)[1]
        if whole and name == "train":
            return _held_back(whole)[0]
        raise DataError(f"{self.folder} has no split {name!r}: choose one of {', '.join(self.pairs)}.")

    def read_as(self, class_map: ClassMap, split: str, reading: Reading = AS_FILED) -> OwnSamples:
        """The pictures of a split with the class ids of a network, whose classes are matched by name.

        Numbers in masks that nothing names are the network's own, unless it was trained on such. Raises DataError for
        classes that the network has not, and for no such split.
        """
        samples = self.split(split, reading)
        if lacking := [name for name in self.class_map.names if name not in class_map.names]:
            if not self.is_named:
                return replace(samples, classes=class_map, reading=reading)
            raise DataError(
                f"{self.folder} has {_listed(lacking)}, which the network of {class_map.dataset} pictures does not "
                f"know: it knows {_listed(class_map.names)}. Give classes the network's names, or take them out with "
                f"{description.FILE}."
            )
        if self.class_map.names == class_map.names:
            return samples
        to = np.full(256, IGNORE, np.uint8)
        to[: len(self.class_map)] = [class_map.names.index(name) for name in self.class_map.names]
        return replace(samples, to=to)

    def for_training(self, reading: Reading = AS_FILED) -> tuple[OwnSamples, OwnSamples]:
        """Pictures to learn from, and others to validate with. Raises DataError where there are too few."""
        if "val" in self.pairs:
            return self.split("train", reading), self.split("val", reading)
        whole = self.pairs.get("train") or self.pairs.get(ALL)
        if not whole or len(whole) < 2:
            raise DataError(f"{self.folder} has no pictures to learn from: two are the least, in a split called train.")
        kept, held = _held_back(whole)
        samples = self.split(ALL, reading)
        return replace(samples, pairs=kept), replace(samples, pairs=held)

    @property
    def dataset(self) -> Dataset:
        """Its record, for training; it is registered nowhere. Raises DataError where no picture can be read."""
        first, height, width = self._first()

        def open_(number: int) -> Sample:
            return first

        scale = min(1.0, _SHOWN / max(height, width))
        shown = (max(1, round(height * scale)), max(1, round(width * scale)))
        return Dataset(
            name=self.name,
            title=self.name,
            order=1000,
            class_map=self.class_map,
            size=(height, width),
            samples=(),
            open=open_,
            replay=Replay(0, open_, shown),
        )

    def _first(self) -> tuple[Sample, int, int]:
        """The first picture to validate with that can be read and has a label."""
        said = ""
        for samples in reversed(self.for_training()):
            for index in range(len(samples)):
                try:
                    sample = samples[index]
                except SegError as error:
                    said = said or str(error)
                    continue
                if (sample.labels != IGNORE).any():
                    return sample, *sample.labels.shape
        raise DataError(said or f"None of the pictures in {self.folder} has a labelled pixel.")

    def written(self) -> str:
        """A dataset.toml to edit, which gives the same labels."""
        drawn = dict(zip(self.class_map.names, self.class_map.colours, strict=True))
        return description.written(self.name, self.classes, drawn)


def open_data(source: str | Path | IO[bytes], name: str = "", looked_at: int = unnamed.SOME) -> OwnData:
    """The own data set in a folder, a ZIP file or an uploaded ZIP; no picture is read.

    name: what an upload is called. looked_at: masks that are opened where nothing names the classes.

    Raises DataError with a sentence where there is no such folder or ZIP, where no layout fits, and for a dataset.toml
    that cannot be understood.
    """
    if isinstance(source, str | Path):
        folder = Path(source)
        if folder.is_dir():
            return _opened(_understood(folder), folder.resolve().name, None, looked_at)
        if not folder.is_file():
            raise DataError(
                f"{folder} is neither a folder nor a ZIP{slashes(folder)}: name one with labelled pictures."
            )
        name = folder.name
    unpacked = Unpacked(source, name)
    try:
        return _opened(_understood(unpacked.folder), Path(name).stem, unpacked, looked_at)
    except BaseException:
        unpacked.close()
        raise


def class_map_in(source: str) -> ClassMap:
    """The classes that a dataset.toml lists, that an own data set has, or that are those of a data set known by name.

    Raises DataError where nothing names any.
    """
    if source in DATASETS:
        return DATASETS[source].class_map
    if Path(source).suffix != ".toml":
        with open_data(source) as found:
            return found.class_map
    given = description.read(Path(source))
    if given.classes is None:
        raise DataError(f"{source} lists no classes.")
    names = given.classes.names
    return ClassMap(given.name or "data", names, class_colours(names, given.drawn), IGNORE)


def labelled(folder: str | Path, class_map: ClassMap, split: str, reading: Reading = AS_FILED) -> Samples:
    """The labelled pictures of a folder's split for a network of these classes.

    SPLIT/ and SPLITannot/ without a dataset.toml hold the network's own class ids; in all other layouts, and in ZIPs,
    classes are matched by name. Raises DataError.
    """
    root = Path(folder)
    described = (root / description.FILE).is_file()
    if root.is_dir() and (described or not (root / split).is_dir() or not (root / f"{split}annot").is_dir()):
        found = _understood(root)
        if found.layout and (found.layout.title != ours.TITLE or found.described):
            return _opened(found, root.resolve().name, None, unnamed.SOME).read_as(class_map, split, reading)
    elif root.is_file():
        return open_data(root).read_as(class_map, split, reading)
    return Folder(folder, split, class_map, reading, lacking=True)


@dataclass(frozen=True)
class _Understood:
    """What lies in a folder, or in the only one in it. described: whether there is a dataset.toml."""

    folder: Path
    layout: Layout | None
    described: bool


def _understood(folder: Path) -> _Understood:
    for _ in range(_DEEPEST):
        described = (folder / description.FILE).is_file()
        layout = recognised(folder)
        below = [path for path in folders_in(folder) if not is_junk(path.name)]
        if layout or described or len(below) != 1:
            return _Understood(folder, layout, described)
        folder = below[0]
    return _Understood(folder, None, False)


def _opened(found: _Understood, called: str, unpacked: Unpacked | None, looked_at: int) -> OwnData:
    folder, layout = found.folder, found.layout
    if layout is None:
        raise DataError(f"{folder} holds no labelled pictures in a layout that is known: {KNOWN}.")
    if not any(layout.splits.values()):
        said = f" {layout.problems[0]}" if layout.problems else ""
        raise DataError(f"{folder} is laid out as {layout.title}, but has no pictures.{said}")
    given = description.read(folder / description.FILE) if found.described else description.Description()
    classes, notes = given.classes or layout.classes, list(layout.notes)
    is_named = classes is not None
    if classes is None:
        masks = [pair.truth for pairs in layout.splits.values() for pair in pairs if isinstance(pair.truth, Path)]
        classes, said = unnamed.classes_in(unnamed.spread(masks, looked_at))
        notes += said
    for name in classes.names:
        if fault := description.class_name_fault(name):
            raise DataError(f"{folder} has a class {name[:60]!r}, {fault}: rename it.")
    if "val" not in layout.splits and ("train" in layout.splits or ALL in layout.splits):
        notes.append(f"No pictures are split off to validate with, so every {HELD_BACK}th is: 'val' means these.")
    return OwnData(
        name=(name := given.name or _name(called)),
        folder=folder,
        layout=layout.title,
        class_map=ClassMap(name, classes.names, class_colours(classes.names, given.drawn), IGNORE),
        is_named=is_named,
        classes=classes,
        pairs=layout.splits,
        notes=tuple(notes),
        problems=(*(unpacked.problems if unpacked else ()), *layout.problems),
        unpacked=unpacked,
    )


def _name(called: str) -> str:
    """A name that a weight set can have, and none of the program's own."""
    name = re.sub(r"[^\w.-]+", "-", called).strip("-.") or "data"
    return f"own-{name}" if name in DATASETS or not re.match(r"\w", name) else name


def class_colours(names: Sequence[str], drawn: Mapping[str, Colour] = MappingProxyType({})) -> tuple[Colour, ...]:
    """The colours that were chosen for classes, and others that are told from these and from one another."""
    chosen = {name: BACKGROUND_COLOUR for name in names if name.casefold() in BACKGROUNDS} | dict(drawn)
    others = [name for name in names if name not in chosen]
    chosen |= dict(zip(others, told_apart(len(others), tuple(chosen.values())), strict=True))
    return tuple(chosen[name] for name in names)


def _held_back(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """The pictures to learn from, and every fifth of them by name, the last at least, to validate with."""
    ordered = sorted(pairs, key=lambda pair: pair.name)
    step = min(HELD_BACK, len(ordered))
    held = ordered[step - 1 :: step]
    return [pair for place, pair in enumerate(ordered) if (place + 1) % step], held


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
