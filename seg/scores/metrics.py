"""Scores from one confusion matrix, and what a confusion matrix cannot say: boundaries and calibration."""

from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any

import numpy as np

from seg.catalogue.record import CALIBRATION_BINS
from seg.labels import IGNORE

STRIP = 2**18
"""Pixels that are counted at once: a picture of any size takes no more room than these, and they stay in the cache."""


def _strips(mask: np.ndarray) -> Iterator[slice]:
    """Rows of a picture, about `STRIP` pixels at a time."""
    rows = max(1, STRIP * len(mask) // max(mask.size, 1))
    return (slice(top, min(top + rows, len(mask))) for top in range(0, len(mask), rows))


def confusion_matrix(labels: np.ndarray, truth: np.ndarray, num_classes: int) -> np.ndarray:
    """Pixel counts, int64 (C, C): rows truth, columns prediction. Pixels ignored in either map are left out."""
    counts = np.zeros(num_classes**2, np.int64)
    for rows in _strips(truth):
        said, true = labels[rows], truth[rows]
        counted = (true != IGNORE) & (said != IGNORE)
        pairs = true[counted].astype(np.int64) * num_classes + said[counted]
        counts += np.bincount(pairs, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes)


class Areas:
    """What pixels right, true and said of each class, (…, C), say. Per class: float64 (…, C), NaN for classes in
    neither truth nor prediction."""

    def __init__(self, right: np.ndarray, true: np.ndarray, said: np.ndarray):
        self.right, self.true, self.said = right, true, said

    @property
    def pixels(self) -> np.ndarray:
        """Truth pixels per class, (…, C)."""
        return self.true

    @property
    def dice(self) -> np.ndarray:
        """2·|A∩B| / (|A|+|B|), the F1 score of the pixels."""
        return ratio(2 * self.right, self.true + self.said)

    @property
    def iou(self) -> np.ndarray:
        """|A∩B| / |A∪B|."""
        return ratio(self.right, self.true + self.said - self.right)

    @property
    def precision(self) -> np.ndarray:
        return ratio(self.right, self.said)

    @property
    def recall(self) -> np.ndarray:
        return ratio(self.right, self.true)


class Scores(Areas):
    """What a confusion matrix says, int64 (C, C): rows truth, columns prediction."""

    def __init__(self, confusion: np.ndarray):
        super().__init__(np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0))
        self.confusion = confusion

    @property
    def pixel_accuracy(self) -> float:
        return float(ratio(self.right.sum(), self.true.sum()))

    @property
    def mean_dice(self) -> float:
        return float(mean_known(self.dice))

    @property
    def mean_iou(self) -> float:
        return float(mean_known(self.iou))


def score(labels: np.ndarray, truth: np.ndarray, num_classes: int) -> Scores:
    """The scores of one label map, uint8 (H, W), against its truth."""
    return Scores(confusion_matrix(labels, truth, num_classes))


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """NaN where the whole is nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole > 0, np.asarray(part, float) / whole, np.nan)[()]


def mean_known(values: np.ndarray) -> np.ndarray:
    """Over the last axis, NaN left out."""
    known = np.isfinite(values)
    return ratio(np.where(known, values, 0).sum(axis=-1), known.sum(axis=-1))


def boundary_counts(labels: np.ndarray, truth: np.ndarray, num_classes: int, tolerance: float = 2.0) -> np.ndarray:
    """Boundary pixels that have a partner within `tolerance` pixels, int64 (C, 4).

    Columns: predicted boundary pixels matched, predicted in all, true ones matched, true in all. A boundary pixel of a
    class is one of its pixels with a 4-neighbour of another class; pixels at or beside ignored truth do not count
    (Csurka et al., 'What is a good evaluation measure for semantic segmentation?', BMVC 2013).
    """
    counts = np.zeros((num_classes, 4), np.int64)
    margin = int(tolerance) + 1  # the outermost rows of a cut-out lack neighbours: beyond the reach of every partner
    for strip in _strips(truth):
        around = slice(max(strip.start - margin, 0), strip.stop + margin)
        inner = slice(strip.start - around.start, strip.stop - around.start)
        near_ignored = _any_within(1.5, truth[around], np.equal, IGNORE)
        predicted, true = (
            np.where((m < num_classes) & _any_within(1, m, np.not_equal, m) & ~near_ignored, m, IGNORE)
            for m in (labels[around], truth[around])
        )
        columns = []
        for edges, others in ((predicted, true), (true, predicted)):
            matched = _any_within(tolerance, others, np.equal, edges)[inner]
            columns += [edges[inner][matched], edges[inner]]
        counts += np.stack([np.bincount(c[c < num_classes], minlength=num_classes) for c in columns], axis=1)
    return counts


def _any_within(
    distance: float, mask: np.ndarray, compare: Callable[[np.ndarray, Any], np.ndarray], value: np.ndarray | int
) -> np.ndarray:
    """Bool (H, W): whether `compare(mask, value)` holds for any pixel of `mask` at most `distance` pixels away."""
    (height, width), reach = mask.shape, int(distance)
    padded = np.pad(mask, reach, mode="edge")  # no pixel comes nearer by it than it is
    steps = range(-reach, reach + 1)
    moved = (
        padded[reach + y : reach + y + height, reach + x : reach + x + width]
        for y in steps
        for x in steps
        if y * y + x * x <= distance * distance
    )
    return reduce(np.logical_or, (compare(m, value) for m in moved))


def boundary_f1_of_classes(counts: np.ndarray) -> np.ndarray:
    """The boundary F1 score of each class, (…, C), NaN without boundaries, from summed `boundary_counts`, (…, C, 4)."""
    close, edges, near, true_edges = np.moveaxis(counts, -1, 0)
    precision, recall = ratio(close, edges), ratio(near, true_edges)
    f1 = np.nan_to_num(ratio(2 * precision * recall, precision + recall))
    return np.where(edges + true_edges > 0, f1, np.nan)


def boundary_f1(counts: np.ndarray) -> float:
    """Its mean over classes, from `boundary_counts` summed over pictures, (C, 4)."""
    return float(mean_known(boundary_f1_of_classes(counts)))


def calibration_counts(labels: np.ndarray, confidence: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Per confidence bin, float64 (bins, 3): pixels, sum of confidence, pixels right. Ignored truth is left out."""
    counts = np.zeros((CALIBRATION_BINS, 3))
    for rows in _strips(truth):
        counted = truth[rows] != IGNORE
        sure = confidence[rows][counted].astype(np.float64)
        right = (labels[rows] == truth[rows])[counted]
        bins = np.minimum((sure * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
        sums = [np.bincount(bins, weights, minlength=CALIBRATION_BINS) for weights in (None, sure, right)]
        counts += np.stack(sums, axis=1)
    return counts


def expected_calibration_error(counts: np.ndarray) -> float:
    """Guo et al., 'On Calibration of Modern Neural Networks', ICML 2017, eq. 3, from summed `calibration_counts`."""
    return float(np.abs(counts[:, 1] - counts[:, 2]).sum() / max(counts[:, 0].sum(), 1))
