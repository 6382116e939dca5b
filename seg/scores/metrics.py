"""Scores from one confusion matrix, and what a confusion matrix cannot say: boundaries and calibration."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from seg.labels import IGNORE

CALIBRATION_BINS = 15


def confusion_matrix(labels: np.ndarray, truth: np.ndarray, num_classes: int) -> np.ndarray:
    """Pixel counts, int64 (C, C): rows truth, columns prediction. Pixels ignored in either map are left out."""
    counted = (truth != IGNORE) & (labels != IGNORE)
    pairs = truth[counted].astype(np.int64) * num_classes + labels[counted]
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


@dataclass(frozen=True)
class Scores:
    """What a confusion matrix says. Per class: float64 (C,), NaN for classes in neither truth nor prediction."""

    confusion: np.ndarray

    @property
    def _hits(self) -> np.ndarray:
        return np.diag(self.confusion).astype(float)

    @property
    def pixels(self) -> np.ndarray:
        """Truth pixels per class, int64 (C,)."""
        return self.confusion.sum(axis=1)

    @property
    def dice(self) -> np.ndarray:
        """2·|A∩B| / (|A|+|B|), the F1 score of the pixels."""
        return _ratio(2 * self._hits, self.confusion.sum(axis=0) + self.confusion.sum(axis=1))

    @property
    def iou(self) -> np.ndarray:
        """|A∩B| / |A∪B|."""
        return _ratio(self._hits, self.confusion.sum(axis=0) + self.confusion.sum(axis=1) - self._hits)

    @property
    def precision(self) -> np.ndarray:
        return _ratio(self._hits, self.confusion.sum(axis=0))

    @property
    def recall(self) -> np.ndarray:
        return _ratio(self._hits, self.confusion.sum(axis=1))

    @property
    def pixel_accuracy(self) -> float:
        return float(_ratio(self._hits.sum(), self.confusion.sum()))

    @property
    def mean_dice(self) -> float:
        return _mean(self.dice)

    @property
    def mean_iou(self) -> float:
        return _mean(self.iou)


def score(labels: np.ndarray, truth: np.ndarray, num_classes: int) -> Scores:
    """The scores of one label map, uint8 (H, W), against its truth."""
    return Scores(confusion_matrix(labels, truth, num_classes))


def _ratio(part: np.ndarray | float, whole: np.ndarray | float) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.asarray(whole) > 0, np.asarray(part, float) / whole, np.nan)


def _mean(values: np.ndarray) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


def bootstrap_mean_iou(confusions: np.ndarray, repeats: int = 1000, seed: int = 0) -> tuple[float, float]:
    """95 % interval of the mean IoU over pictures drawn anew: confusions (N, C, C), one matrix a picture."""
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(len(confusions), np.full(len(confusions), 1 / len(confusions)), size=repeats)
    sums = np.tensordot(draws, confusions, axes=1)
    low, high = np.percentile([Scores(total).mean_iou for total in sums], [2.5, 97.5])
    return float(low), float(high)


def boundary_counts(labels: np.ndarray, truth: np.ndarray, num_classes: int, tolerance: float = 2.0) -> np.ndarray:
    """Boundary pixels that have a partner within `tolerance` pixels, int64 (C, 4).

    Columns: predicted boundary pixels matched, predicted in all, true ones matched, true in all. A boundary pixel of a
    class is one of its pixels with a 4-neighbour of another class; pixels at or beside ignored truth do not count
    (Csurka et al., 'What is a good evaluation measure for semantic segmentation?', BMVC 2013).
    """
    one_hot = torch.stack([torch.from_numpy(np.stack([m == c for c in range(num_classes)])) for m in (labels, truth)])
    valid = torch.from_numpy(truth != IGNORE)
    near_ignored = F.max_pool2d((~valid).float()[None], 3, stride=1, padding=1)[0] > 0
    inside = F.pad(one_hot.float(), (1, 1, 1, 1), mode="replicate")
    eroded = inside[..., 1:-1, :-2].minimum(inside[..., 1:-1, 2:])
    eroded = eroded.minimum(inside[..., :-2, 1:-1]).minimum(inside[..., 2:, 1:-1])
    predicted, true = (one_hot & (eroded < 1)) & ~near_ignored
    reach = int(tolerance)
    span = torch.arange(-reach, reach + 1)
    disc = (span[:, None] ** 2 + span[None, :] ** 2 <= tolerance**2).float().expand(num_classes, 1, -1, -1)

    def near(edges: torch.Tensor) -> torch.Tensor:
        return F.conv2d(edges.float()[None], disc, padding=reach, groups=num_classes)[0] > 0.5

    columns = [predicted & near(true), predicted, true & near(predicted), true]
    return torch.stack([c.sum(dim=(1, 2)) for c in columns], dim=1).numpy()


def boundary_f1(counts: np.ndarray) -> float:
    """Mean over classes of the boundary F1 score, from `boundary_counts` summed over pictures, (C, 4)."""
    precision, recall = _ratio(counts[:, 0], counts[:, 1]), _ratio(counts[:, 2], counts[:, 3])
    seen = (counts[:, 1] + counts[:, 3]) > 0
    f1 = np.nan_to_num(_ratio(2 * precision * recall, precision + recall))
    return float(f1[seen].mean()) if seen.any() else float("nan")


def calibration_counts(labels: np.ndarray, confidence: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Per confidence bin, float64 (bins, 3): pixels, sum of confidence, pixels right. Ignored truth is left out."""
    counted = truth != IGNORE
    confidence = confidence[counted].astype(np.float64)
    right = (labels[counted] == truth[counted]).astype(float)
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    sums = [np.bincount(bins, weights, minlength=CALIBRATION_BINS) for weights in (None, confidence, right)]
    return np.stack(sums, axis=1).astype(float)


def expected_calibration_error(counts: np.ndarray) -> float:
    """Guo et al., 'On Calibration of Modern Neural Networks', ICML 2017, eq. 3, from summed `calibration_counts`."""
    return float(np.abs(counts[:, 1] - counts[:, 2]).sum() / max(counts[:, 0].sum(), 1))
