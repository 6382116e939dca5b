"""What a trained network's mask loses without some of its skips: they are zeroed at inference, nothing is retrained."""

from dataclasses import dataclass

import numpy as np

from seg.scores.metrics import boundary_counts, boundary_f1, score


@dataclass(frozen=True)
class Ablated:
    """How good a mask is. dice: float64 (C,), NaN for a class in neither mask nor truth."""

    dice: np.ndarray
    mean_dice: float
    boundary_f1: float

    @classmethod
    def of(cls, labels: np.ndarray, truth: np.ndarray, num_classes: int) -> "Ablated":
        """The scores of `labels` against `truth`, both uint8 (H, W)."""
        found = score(labels, truth, num_classes)
        return cls(found.dice, found.mean_dice, float(boundary_f1(boundary_counts(labels, truth, num_classes))))


def changed(labels: np.ndarray, before: np.ndarray) -> float:
    """The share of pixels whose label is another one."""
    return float((labels != before).mean())
