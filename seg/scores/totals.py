"""Networks over many pictures: scores with intervals, and what one is better than another by, picture for picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from seg.scores.counts import Row
from seg.scores.metrics import Areas, boundary_f1, mean_known, ratio

REPEATS = 1000
"""Draws of a bootstrap."""

DRAWN = 2**22
"""Numbers of a bootstrap's draws held at once."""

MEASURES = {
    "mean_dice": "mean Dice",
    "mean_iou": "mean IoU",
    "pixel_accuracy": "pixel accuracy",
    "boundary_f1": "boundary F1",
}
"""What networks are compared by → what it is called."""


PER_CLASS = ("dice", "iou", "precision", "recall")


@dataclass(frozen=True)
class Interval:
    """A value, and between which two it lies in 95 of 100 draws of as many pictures; NaN where it cannot be told."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Totals:
    """Scores of several networks over the same pictures; K networks, C classes.

    All pixels of all pictures are counted together, as the papers do; intervals come from pictures drawn anew, the same
    ones for every network, so that differences are paired (Efron and Tibshirani, 'An Introduction to the Bootstrap',
    1993).
    """

    networks: tuple[str, ...]
    classes: tuple[str, ...]
    rows: Sequence[Row]

    @cached_property
    def confusion(self) -> np.ndarray:
        """Int64 (K, C, C): rows truth, columns prediction."""
        return np.array([sum(row.counts[k].confusion for row in self.rows) for k in range(len(self.networks))])

    @cached_property
    def calibration(self) -> np.ndarray:
        """Float64 (K, bins, 3), see `calibration_counts`."""
        return np.array([sum(row.counts[k].calibration for row in self.rows) for k in range(len(self.networks))])

    @cached_property
    def measured(self) -> Mapping[str, np.ndarray]:
        """Of all pictures: float64 (K,) for each of `MEASURES`, (K, C) for each of `PER_CLASS`."""
        areas, boundaries = self._counts
        return _measured(areas.sum(axis=0), boundaries.sum(axis=0))

    @cached_property
    def each(self) -> Areas:
        """Of each picture alone: (N, K, C)."""
        return Areas(*np.moveaxis(self._counts[0], -1, 0))

    @cached_property
    def dice_of_each(self) -> np.ndarray:
        """Mean Dice of each picture's classes: float64 (N, K)."""
        return mean_known(self.each.dice)

    @cached_property
    def _counts(self) -> tuple[np.ndarray, np.ndarray]:
        """Areas (N, K, C, 3) and boundaries (N, K, C, 4), int64."""
        return (
            np.array([[one.areas for one in row.counts] for row in self.rows]),
            np.array([[one.boundaries for one in row.counts] for row in self.rows]),
        )

    @cached_property
    def _drawn(self) -> Mapping[str, np.ndarray]:
        """The same measures of pictures drawn anew: (REPEATS, K) and (REPEATS, K, C)."""
        counts, count = self._counts, len(self.rows)
        rng, each = np.random.default_rng(0), max(1, DRAWN // count)
        parts: list[Mapping[str, np.ndarray]] = []
        for done in range(0, REPEATS, each):
            draws = rng.multinomial(count, np.full(count, 1 / count), size=min(each, REPEATS - done)).astype(float)
            parts.append(_measured(*(np.tensordot(draws, one.astype(float), axes=1) for one in counts)))
        return {measure: np.concatenate([part[measure] for part in parts]) for measure in parts[0]}

    def interval(self, measure: str, network: int, of_class: int | None = None) -> Interval:
        """measure: one of `MEASURES`, or of `PER_CLASS` with a class."""
        where = (network,) if of_class is None else (network, of_class)
        return _interval(self.measured[measure][where], self._drawn[measure][(slice(None), *where)])

    def difference(self, measure: str, first: int, second: int, of_class: int | None = None) -> Interval:
        """By how much the first network's score is above the second's."""
        one, other = ((k,) if of_class is None else (k, of_class) for k in (first, second))
        value, drawn = self.measured[measure], self._drawn[measure]
        return _interval(value[one] - value[other], drawn[(slice(None), *one)] - drawn[(slice(None), *other)])


def _interval(value: float, drawn: np.ndarray) -> Interval:
    known = drawn[np.isfinite(drawn)]
    low, high = np.percentile(known, [2.5, 97.5]) if len(known) else (np.nan, np.nan)
    return Interval(float(value), float(low), float(high))


def _measured(areas: np.ndarray, boundaries: np.ndarray) -> dict[str, np.ndarray]:
    """Areas (…, C, 3) and boundaries (…, C, 4) → (…) for each of `MEASURES` and (…, C) for each of `PER_CLASS`."""
    scores = Areas(*np.moveaxis(areas, -1, 0))
    return {
        **{measure: getattr(scores, measure) for measure in PER_CLASS},
        "mean_dice": mean_known(scores.dice),
        "mean_iou": mean_known(scores.iou),
        "pixel_accuracy": ratio(scores.right.sum(axis=-1), scores.true.sum(axis=-1)),
        "boundary_f1": boundary_f1(boundaries),
    }
