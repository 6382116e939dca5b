"""Scores from one confusion matrix, and what a confusion matrix cannot say: boundaries and calibration."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
    left_out = num_classes**2
    counts = np.zeros(left_out + 1, np.int64)
    for rows in _strips(truth):
        said, true = labels[rows], truth[rows]
        cells = true * np.uint16(num_classes) + said
        cells[(true == IGNORE) | (said == IGNORE)] = left_out
        counts += np.bincount(cells.ravel(), minlength=left_out + 1)
    return counts[:left_out].reshape(num_classes, num_classes)


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
    return boundary_counts_of([labels], truth, num_classes, tolerance)[0]


def boundary_counts_of(
    predictions: Sequence[np.ndarray], truth: np.ndarray, num_classes: int, tolerance: float = 2.0
) -> np.ndarray:
    """`boundary_counts` of several label maps, (N, C, 4): the truth's boundaries are found once."""
    counts = np.zeros((len(predictions), num_classes, 4), np.int64)
    reach = int(tolerance)
    margin = reach + 1  # the outermost rows of a cut-out lack neighbours: beyond the reach of every partner
    for strip in _strips(truth):
        around = slice(max(strip.start - margin, 0), strip.stop + margin)
        inner = slice(strip.start - around.start, strip.stop - around.start)
        cut = np.pad(truth[around], 1, mode="edge")
        counted = ~np.logical_or.reduce([m == IGNORE for m in _moved(cut, 1.5)]) if (cut == IGNORE).any() else None
        true = _Boundary.of(truth[around], num_classes, counted, reach)
        for labels, sums in zip(predictions, counts, strict=True):
            said = _Boundary.of(labels[around], num_classes, counted, reach)
            pairs = [edges.matched(others, inner, tolerance) for edges, others in ((said, true), (true, said))]
            sums += np.stack([np.bincount(c, minlength=num_classes) for pair in pairs for c in pair], axis=1)
    return counts


@dataclass(frozen=True)
class _Boundary:
    """The boundary pixels of a mask. classes: uint8, theirs, IGNORE elsewhere and in `reach` pixels around the mask."""

    classes: np.ndarray
    reach: int

    @classmethod
    def of(cls, mask: np.ndarray, num_classes: int, counted: np.ndarray | None, reach: int) -> "_Boundary":
        """counted: bool (H, W), pixels that may be one; None for all."""
        moved = _moved(np.pad(mask, 1, mode="edge"), 1)
        found = np.logical_or.reduce([mask != m for m in moved]) & (mask < num_classes)
        if counted is not None:
            found &= counted
        classes = np.full((len(mask) + 2 * reach, mask.shape[1] + 2 * reach), IGNORE, np.uint8)
        np.copyto(classes[reach:-reach, reach:-reach], mask, where=found)
        return cls(classes, reach)

    def matched(self, others: "_Boundary", rows: slice, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
        """The classes of the pixels in these rows with a partner among the others, and of all of them."""
        width = self.classes.shape[1]
        flat, partners = self.classes.ravel(), others.classes.ravel()
        first = (rows.start + self.reach) * width
        places = first + np.flatnonzero(flat[first : (rows.stop + self.reach) * width] != IGNORE)
        classes, found = flat[places], np.zeros(len(places), bool)
        for y, x in _within(tolerance):
            found |= partners[places + (y * width + x)] == classes
        return classes[found], classes


def _within(distance: float) -> list[tuple[int, int]]:
    """Steps down and to the right that lead no farther than `distance` pixels."""
    steps = range(-int(distance), int(distance) + 1)
    return [(y, x) for y in steps for x in steps if y * y + x * x <= distance * distance]


def _moved(padded: np.ndarray, distance: float) -> list[np.ndarray]:
    """A mask with a margin of one pixel, (H + 2, W + 2), moved by every step up to `distance` < 2: (H, W)."""
    height, width = padded.shape[0] - 2, padded.shape[1] - 2
    return [padded[1 + y : 1 + y + height, 1 + x : 1 + x + width] for y, x in _within(distance)]


def boundary_f1_of_classes(counts: np.ndarray) -> np.ndarray:
    """The boundary F1 score of each class, (…, C), NaN without boundaries, from summed `boundary_counts`, (…, C, 4)."""
    close, edges, near, true_edges = np.moveaxis(counts, -1, 0)
    precision, recall = ratio(close, edges), ratio(near, true_edges)
    f1 = np.nan_to_num(ratio(2 * precision * recall, precision + recall))
    return np.where(edges + true_edges > 0, f1, np.nan)


def boundary_f1(counts: np.ndarray) -> np.ndarray:
    """Its mean over classes, (…), from summed `boundary_counts`, (…, C, 4): NaN where the truth has no outline that
    counts, as where all of them lie in a void band."""
    return np.where(counts[..., 3].any(axis=-1), mean_known(boundary_f1_of_classes(counts)), np.nan)[()]


def calibration_counts(labels: np.ndarray, confidence: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Per confidence bin, float64 (bins, 3): pixels, sum of confidence, pixels right. Ignored truth is left out.

    confidence: float16 (H, W), 0 to 1: no more than 15,361 values, whose pixels are counted value by value.
    """
    values = np.arange(np.float16(1).view(np.uint16) + 1, dtype=np.uint16).view(np.float16).astype(float)
    left_out = 2 * len(values)
    counts = np.zeros(left_out + 1, np.int64)
    for rows in _strips(truth):
        kinds = confidence[rows].view(np.uint16) + np.uint16(len(values)) * (labels[rows] == truth[rows])
        kinds[truth[rows] == IGNORE] = left_out
        counts += np.bincount(kinds.ravel(), minlength=left_out + 1)
    wrong, right = counts[:left_out].reshape(2, -1)
    bins = np.minimum((values * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    columns = (wrong + right, (wrong + right) * values, right)
    return np.stack([np.bincount(bins, column, CALIBRATION_BINS) for column in columns], axis=1)


def expected_calibration_error(counts: np.ndarray) -> float:
    """Guo et al., 'On Calibration of Modern Neural Networks', ICML 2017, eq. 3, from summed `calibration_counts`."""
    return float(np.abs(counts[:, 1] - counts[:, 2]).sum() / max(counts[:, 0].sum(), 1))
