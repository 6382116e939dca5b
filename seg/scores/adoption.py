"""Networks made elsewhere become weight sets: read, tried on pictures, written with their record."""

import re
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from seg.anatomy.cost import gflops
from seg.catalogue.foreign import Foreign, read
from seg.catalogue.record import Record, classes_of
from seg.catalogue.store import WeightIndex
from seg.datasets import Sample, Samples
from seg.datasets.own import labelled, open_data
from seg.datasets.palette import told_apart
from seg.errors import OptionError, SegError, WeightsError
from seg.inference.segmenter import Segmenter
from seg.inference.tiling import ALIGNMENT
from seg.labels import IGNORE, ClassMap
from seg.models.blocks import Network
from seg.pictures.masks import Reading
from seg.scores.evaluation import Account, evaluate
from seg.scores.inputs import AS_FILED, Input, Preparation, inputs, usual
from seg.scores.metrics import Scores, confusion_matrix

NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*")
"""A set's name: what it is of, and which."""

USUAL_SIZE = 512
"""The short side that pictures are brought to where nothing says which the network learned from."""

LARGEST_SIZE = 1024

TRIED = 8
"""Labelled pictures on which every way to give a picture is tried."""

MEASURED = 200
"""Labelled pictures at most that a network's scores are measured on."""

MARGIN = 0.05
"""By how much another input's mean Dice must be above the one named before anybody is asked about it."""


@dataclass(frozen=True)
class Labelled:
    """Pictures with a truth: a folder or ZIP, its split, and how its masks are read, see `seg.datasets.own`."""

    folder: Path
    split: str = "val"
    ids_from: int | None = None
    white: str | None = None

    def samples(self, class_map: ClassMap) -> Samples:
        """For a network of these classes. Raises DataError."""
        return labelled(self.folder, class_map, self.split, Reading.of(class_map, self.ids_from, self.white))

    @property
    def class_map(self) -> ClassMap | None:
        """The classes that it names itself, None where it names none."""
        with open_data(self.folder) as found:
            return found.class_map if found.is_named else None


@dataclass(frozen=True)
class Adopted:
    """A network that has become a weight set. notes: sentences on what its files did not say; tried: input → mean Dice
    on labelled pictures, where there were any."""

    record: Record
    notes: tuple[str, ...]
    tried: dict[str, float]


class AdoptionDoubt(SegError):
    """Another way to give a picture serves the network much better than the one named. better: that one."""

    status = 2

    def __init__(self, better: Input, dice: float, named: float):
        self.better, self.dice, self.named = better, dice, named
        super().__init__(
            f"{better.title} gives a mean Dice of {dice:.2f}, the input you named {named:.2f}: sure? Name the better "
            f"one by {better.options}, or keep yours by --force."
        )


def adopt(
    source: str,
    name: str,
    out: Path,
    arch: str = "",
    encoder: str = "",
    classes: ClassMap | Sequence[str] | None = None,
    prepared: Preparation = AS_FILED,
    size: int | None = None,
    data: Labelled | None = None,
    force: bool = False,
    say: Callable[[str], None] = lambda sentence: None,
) -> Adopted:
    """Read a network, try it, and write its file and its record into the folder `out`.

    source, arch, encoder: see `seg.catalogue.foreign.read`. name: the set's, 'orchard/unet-r34'. classes: a class map
    or names, in the order of the network's outputs. prepared: how it takes pictures, as its files say or with
    ImageNet's numbers unless named. size: the short side, in pixels, that pictures are brought to. data: pictures
    on which other inputs are tried, and the scores measured. force: whatever the others give. say: told of what takes
    long.

    Raises AdoptionDoubt where another input serves it better; WeightsError, OptionError or DataError with a sentence
    for whatever cannot be read or written. Nothing is written then.
    """
    index = WeightIndex(out)
    if not NAME.fullmatch(name):
        raise OptionError(f"{name!r} is no name of a set: write two words with a slash between, as orchard/unet-r34.")
    if index.path.exists() and name in (known := index.records()) and not known[name].source:
        raise OptionError(f"{out} has {name} already, which was trained here: choose another name or folder.")
    foreign = read(source, arch, encoder)
    notes = list(foreign.notes)
    if not classes and not foreign.classes and data:
        classes = data.class_map
    class_map = _class_map(foreign, classes, name, notes)
    samples = data.samples(class_map) if data else []
    record = _record(foreign, name, class_map, prepared, size or _size(foreign, samples, notes), notes)
    segmenter = Segmenter(record, foreign.content, engine="torch" if record.is_module else "auto")
    _prove(segmenter, foreign.source)
    tried: dict[str, float] = {}
    if samples:
        say(f"Trying other inputs on {min(TRIED, len(samples))} labelled pictures.")
        tried = _tried(segmenter, samples, force)
    try:
        record = _written(index, record, foreign)
    except OSError as error:
        raise OptionError(f"{out} cannot be written: {error.strerror}. Choose another place.") from error
    if samples:
        say(f"Measuring it on {min(MEASURED, len(samples))} labelled pictures.")
        segmenter.record = record
        scores = evaluate(segmenter, _some(samples, MEASURED), "val", account=Account())
        record = replace(record, validation=scores)
    index.add(record)
    return Adopted(record, tuple(notes), tried)


def _class_map(foreign: Foreign, classes: ClassMap | Sequence[str] | None, name: str, notes: list[str]) -> ClassMap:
    """The classes of the network's outputs. Raises OptionError for another number of them than it has."""
    dataset, count = name.split("/")[0], foreign.arguments.num_classes
    if not classes and foreign.labels_only:
        raise OptionError(f"{foreign.source} gives labels alone, so it does not say how many classes: name them.")
    if not classes:
        classes = foreign.classes or tuple(f"class {number}" for number in range(count))
        classes = [one if classes.count(one) == 1 else f"{one} ({i})" for i, one in enumerate(classes)]
        if not foreign.classes:
            notes.append(f"Its files name no classes, so they are called {classes[0]} to {classes[-1]}.")
    if not foreign.labels_only and len(classes) != count:
        named = classes.names if isinstance(classes, ClassMap) else classes
        hint = " The first of two is what is not the other, where a network has one output." if count == 2 else ""
        raise OptionError(
            f"{foreign.source} tells {count} classes apart, and {len(named)} are named ({', '.join(named)}): name one "
            f"for each, in the order of its outputs.{hint}"
        )
    if isinstance(classes, ClassMap):
        return replace(classes, dataset=dataset)
    if len(set(classes)) < len(classes) or not all(classes):
        raise OptionError("Two of the classes share a name, or one has none: name each by its own.")
    return ClassMap(dataset, tuple(classes), told_apart(len(classes)), IGNORE)


def _size(foreign: Foreign, samples: Samples, notes: list[str]) -> int:
    """The short side that pictures are brought to, where nobody has named it."""
    if foreign.size:
        return foreign.size
    if len(samples):
        sides = [min(sample.image.shape[:2]) for sample in _some(samples, TRIED)]
        size = min(int(np.median(sides)), LARGEST_SIZE)
        notes.append(f"Pictures are brought to a short side of {size} pixels, as those with labels have: --size.")
        return size
    notes.append(f"Pictures are brought to a short side of {USUAL_SIZE} pixels, since its files do not say: --size.")
    return USUAL_SIZE


def _some(samples: Samples, most: int) -> list[Sample]:
    """At most so many, spread over all."""
    return [samples[i] for i in np.unique(np.linspace(0, len(samples) - 1, min(most, len(samples))).astype(int))]


def _record(
    foreign: Foreign,
    name: str,
    class_map: ClassMap,
    prepared: Preparation,
    size: int,
    notes: list[str],
) -> Record:
    """Its record, as long as there is no file. Raises OptionError for an input that does not fit."""
    channels = foreign.arguments.in_channels
    mean, std = usual(channels)
    if foreign.mean and foreign.std and len(foreign.mean) == len(foreign.std) == channels:
        mean, std = foreign.mean, foreign.std
    elif foreign.whole_numbers:
        mean, std = (0.0,) * channels, (1 / 255,) * channels
    elif not prepared.names_numbers:
        notes.append("Mean and std are ImageNet's, since its files do not say: --mean and --std name others.")
    chosen = prepared.input(mean, std)
    return Record(
        name=name,
        dataset=class_map.dataset,
        model=foreign.model,
        arguments=replace(foreign.arguments, num_classes=len(class_map)),
        loss="",
        scale=size,
        mean=chosen.mean,
        std=chosen.std,
        channel_order=chosen.channel_order,
        tile=foreign.tile or (_aligned(size), _aligned(size * 4 / 3)),
        any_size=foreign.tile is None,
        labels_only=foreign.labels_only,
        classes=classes_of(class_map),
        ignore=class_map.disk_ignore,
        parameters=foreign.parameters,
        bytes=0,
        sha256="",
        source=foreign.source,
    )


def _aligned(length: float) -> int:
    return -(-round(length) // ALIGNMENT) * ALIGNMENT


def _prove(segmenter: Segmenter, source: str) -> None:
    """Run it on noise and on a flat picture. Raises WeightsError for what gives no finite logits of all classes."""
    height, width = segmenter.record.tile
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    for title, picture in (("noise", noise), ("a flat picture", np.full_like(noise, 128))):
        try:
            logits = segmenter.logits(picture)
        except SegError:
            raise
        except Exception as error:  # whatever somebody else's network meets
            said = str(error).strip().splitlines() or [type(error).__name__]
            raise WeightsError(f"{source} cannot be run on a picture of {width}×{height}: {said[0]}") from error
        if len(logits) != len(segmenter.record.classes):
            raise WeightsError(
                f"{source} gives {len(logits)} logits a pixel for {len(segmenter.record.classes)} classes."
            )
        if not np.isfinite(logits).all():
            raise WeightsError(f"{source} gives logits that are no numbers for {title}: its weights are damaged.")


def _tried(segmenter: Segmenter, samples: Samples, force: bool) -> dict[str, float]:
    """Input → mean Dice over some labelled pictures, the named one first. Raises AdoptionDoubt unless forced."""
    record = segmenter.record
    named = Input(record.channel_order, record.mean, record.std)
    pictures, found = _some(samples, TRIED), dict[str, float]()
    ways = {way.title: way for way in (named, *inputs(len(record.mean)))}
    for title, way in ways.items():
        fed = copy(segmenter)  # the same network, given pictures otherwise
        fed.record = replace(record, channel_order=way.channel_order, mean=way.mean, std=way.std)
        counts = [confusion_matrix(fed(one.image).labels, one.labels, len(record.classes)) for one in pictures]
        found[title] = Scores(np.sum(counts, axis=0)).mean_dice
    best = max(found, key=lambda title: (found[title], title == named.title))
    if found[best] > found[named.title] + MARGIN and not force:
        raise AdoptionDoubt(ways[best], found[best], found[named.title])
    return found


def _written(index: WeightIndex, record: Record, foreign: Foreign) -> Record:
    """The record of the file that is written."""
    content: Any = foreign.content
    if isinstance(content, Path):
        size, digest = index.write_onnx(record.name, content)
        return replace(record, bytes=size, sha256=digest)
    size, digest = index.write_tensors(record.name, content, half=False)
    return replace(record, bytes=size, sha256=digest, gflops=_gflops(content, record))


def _gflops(network: Network, record: Record) -> float | None:
    """None where it cannot be told: not every library's network runs without numbers."""
    try:
        return round(gflops(network, *record.tile, len(record.mean)), 4)
    except (RuntimeError, NotImplementedError):
        return None
