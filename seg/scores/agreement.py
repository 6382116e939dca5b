"""What can be said about several label maps of one picture when nobody knows the truth."""

from collections.abc import Iterator, Sequence
from functools import reduce

import numpy as np

from seg.labels import IGNORE
from seg.scores.metrics import score


def majority(maps: Sequence[np.ndarray], num_classes: int) -> np.ndarray:
    """The class that most label maps, each uint8 (H, W), say: uint8 (H, W), IGNORE where two tie for most votes."""
    winner, most = np.full_like(maps[0], IGNORE), np.zeros_like(maps[0])
    for c, votes in enumerate(_votes(maps, num_classes)):
        np.copyto(winner, IGNORE, where=votes == most)
        np.copyto(winner, c, where=votes > most)
        np.maximum(most, votes, out=most)
    return winner


def disagreement(maps: Sequence[np.ndarray], num_classes: int) -> np.ndarray:
    """How many of the label maps do not say the most frequent class, uint8 (H, W), 0 where all agree."""
    return len(maps) - reduce(np.maximum, _votes(maps, num_classes))


def _votes(maps: Sequence[np.ndarray], num_classes: int) -> Iterator[np.ndarray]:
    """How many of the label maps say each class, uint8 (H, W): one class after the other, for room."""
    for c in range(num_classes):
        votes = np.zeros_like(maps[0])
        for m in maps:
            votes += m == c
        yield votes


def pairwise_dice(maps: Sequence[np.ndarray], num_classes: int) -> np.ndarray:
    """Mean Dice of each label map against each other, float64 (N, N), symmetric, 1 on the diagonal."""
    matrix = np.eye(len(maps))
    for i, first in enumerate(maps):
        for j in range(i):
            matrix[i, j] = matrix[j, i] = score(maps[j], first, num_classes).mean_dice
    return matrix
