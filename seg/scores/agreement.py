"""What can be said about several label maps of one picture when nobody knows the truth."""

from collections.abc import Sequence

import numpy as np

from seg.labels import IGNORE
from seg.scores.metrics import score


def votes(maps: Sequence[np.ndarray], num_classes: int) -> np.ndarray:
    """How many of the label maps, uint8 (H, W), say each class: uint8 (C, H, W)."""
    counts = np.zeros((num_classes, *maps[0].shape), np.uint8)
    for labels in maps:
        for c in range(num_classes):
            counts[c] += labels == c
    return counts


def majority(maps: Sequence[np.ndarray], num_classes: int) -> np.ndarray:
    """The class that most label maps say, uint8 (H, W); IGNORE where two classes tie for most votes."""
    counts = votes(maps, num_classes)
    most = counts.max(axis=0)
    tied = (counts == most).sum(axis=0) > 1
    return np.where(tied, IGNORE, counts.argmax(axis=0)).astype(np.uint8)


def disagreement(maps: Sequence[np.ndarray], num_classes: int) -> np.ndarray:
    """How many of the label maps do not say the most frequent class, uint8 (H, W), 0 where all agree."""
    return (len(maps) - votes(maps, num_classes).max(axis=0)).astype(np.uint8)


def pairwise_dice(maps: Sequence[np.ndarray], num_classes: int) -> np.ndarray:
    """Mean Dice of each label map against each other, float64 (N, N), symmetric, 1 on the diagonal."""
    matrix = np.eye(len(maps))
    for i, first in enumerate(maps):
        for j in range(i):
            matrix[i, j] = matrix[j, i] = score(maps[j], first, num_classes).mean_dice
    return matrix
