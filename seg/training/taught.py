"""What teaching comes to: a network, how sure one may be of it, and the weight set that it becomes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np

from seg.anatomy.cost import gflops
from seg.catalogue.record import Arguments, Record, Settings, Validation, classes_of
from seg.catalogue.store import WeightIndex, half_precision
from seg.datasets import DATASETS
from seg.datasets.own import BACKGROUNDS
from seg.errors import OptionError
from seg.inference.segmenter import Segmenter
from seg.labels import ClassMap
from seg.models import BACKBONES, HEAD
from seg.models.lite_head import LiteHead
from seg.scores.counts import Row
from seg.scores.evaluation import described
from seg.scores.metrics import mean_known
from seg.scores.totals import Totals

NAMED = re.compile(r"\w[\w.-]*/\w[\w.-]*")

NAME = "mine/taught"
"""What a taught network is called until it is written."""

T90 = (3.078, 1.886, 1.638, 1.533, 1.476, 1.440, 1.415, 1.397, 1.383)
"""Student's t that is exceeded with a probability of 10 %, at 1, 2, 3 … degrees of freedom."""


def check_name(name: str) -> None:
    """Raises OptionError with a sentence for what a taught network cannot be called."""
    if not NAMED.fullmatch(name) or name.split("/")[0] in DATASETS:
        raise OptionError(
            f"{name!r} is no name for what you have taught: write two words with a slash between, as mine/mug, the "
            "first of them none of the program's own data sets."
        )


def sought(classes: Sequence[str]) -> tuple[int, ...]:
    """Those that the Dice of a photo is the mean over: all but the background, where there are others."""
    found = tuple(i for i, name in enumerate(classes) if name.casefold() not in BACKGROUNDS)
    return found or tuple(range(len(classes)))


@dataclass(frozen=True)
class LeaveOneOut:
    """What networks say of each photo that learned from the others alone, on its painted pixels.

    classes: names; rows: one a photo.
    """

    classes: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def by_class(self) -> np.ndarray:
        """Dice of each photo and class, float64 (N, C), NaN for a class that is in neither paint nor mask."""
        return np.stack([row.counts[0].scores.dice for row in self.rows])

    @property
    def dice(self) -> dict[str, float]:
        """Photo → the mean Dice of the classes that are `sought`, NaN where none of them is in paint or mask."""
        means = mean_known(self.by_class[:, list(sought(self.classes))])
        return dict(zip((row.name for row in self.rows), means.tolist(), strict=True))

    @property
    def mean(self) -> float:
        """Over photos."""
        return float(mean_known(np.array([*self.dice.values()])))

    @property
    def expected(self) -> tuple[float, float]:
        """Between which two the Dice of a new photo lies in four of five cases, if it is like these: Student's
        prediction interval, from 0 to 1; all of that for a single photo."""
        known = np.array([value for value in self.dice.values() if np.isfinite(value)])
        if len(known) < 2:
            return 0.0, 1.0
        t = T90[min(len(known) - 1, len(T90)) - 1]
        reach = t * known.std(ddof=1) * np.sqrt(1 + 1 / len(known))
        return max(float(known.mean() - reach), 0.0), min(float(known.mean() + reach), 1.0)

    @property
    def validation(self) -> Validation:
        """As a record holds it."""
        scores = described(Totals((NAME,), self.classes, self.rows), 0, "leave-one-out")
        return replace(Validation(), **{key: scores[key] for key in Validation.__dataclass_fields__})


@dataclass(frozen=True)
class Taught:
    """A network that a few painted photos have taught.

    network: in evaluation, its numbers as a written file holds them. mean, std: of its pictures; scale: the short side
    they are brought to, in pixels; tile: height and width. encoder: where the features come from. losses: (step, loss);
    learned, computed: seconds of work by the calling thread for the head and for features. leave_one_out: None with one
    photo. without: stride of the features, "stride8" say → the mean Dice of photos left out where it is switched off.
    notes: sentences on what was left out.
    """

    class_map: ClassMap
    network: LiteHead
    mean: tuple[float, ...]
    std: tuple[float, ...]
    scale: int
    tile: tuple[int, int]
    encoder: str
    photos: tuple[str, ...]
    steps: int
    losses: tuple[tuple[int, float], ...]
    computed: float
    learned: float
    leave_one_out: LeaveOneOut | None = None
    without: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def record(self, name: str = NAME) -> Record:
        """Its record, as long as there is no file. name: 'mine/mug', say.

        Raises OptionError for what is no name of a set.
        """
        check_name(name)
        return Record(
            name=name,
            dataset=name.split("/")[0],
            model=HEAD,
            arguments=Arguments(num_classes=len(self.class_map), backbone=BACKBONES[0]),
            loss="wce",
            scale=self.scale,
            mean=self.mean,
            std=self.std,
            tile=self.tile,
            classes=classes_of(self.class_map),
            parameters=sum(parameter.numel() for parameter in self.network.parameters()),
            bytes=0,
            sha256="",
            validation=self.leave_one_out.validation if self.leave_one_out else Validation(),
            recipe=cast("Settings", {"taught_on": self.encoder, "photos": len(self.photos), "steps": self.steps}),
            seconds=round(self.computed + self.learned, 1),
            gflops=round(gflops(self.network, *self.tile), 4),
        )

    def segmenter(self, device: str = "auto", engine: str = "torch") -> Segmenter:
        """The door to it."""
        return Segmenter(self.record(), self.network, device, engine)

    def write(self, index: WeightIndex, name: str) -> Record:
        """Make it a weight set of the folder, 'mine/mug', say, in half precision."""
        size, digest = index.write_tensors(name, half_precision(self.network))
        record = replace(self.record(name), bytes=size, sha256=digest)
        index.add(record)
        return record
