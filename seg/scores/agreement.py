"""What can be said about several label maps of one picture when nobody knows the truth."""

from collections.abc import Iterator, Sequence
from functools import reduce

import numpy as np

from seg.labels import IGNORE
from seg.scores.metrics import confusion_matrix, score

BETWEEN_TWO = "agreement between the two"
"""Of two label maps there is one comparison, no majority."""


def majority(maps: Sequence[np.ndarray], num_classes: int) -> np.ndarray:
    """The class that most label maps, each uint8 (H, W), say: uint8 (H, W), IGNORE where two tie for most votes.

    Raises ValueError for fewer than three maps: where two differ neither is most, and so each would seem to agree.
    """
    if len(maps) < 3:
        raise ValueError(f"{len(maps)} label maps have no majority")
    winner, most = np.full_like(maps[0], IGNORE), np.zeros_like(maps[0])
    for c, votes in enumerate(_votes(maps, num_classes)):
        np.copyto(winner, IGNORE, where=votes == most)
        np.copyto(winner, c, where=votes > most)
        np.maximum(most, votes, out=most)
    return winner


def agreement(maps: Sequence[np.ndarray], names: Sequence[str], num_classes: int) -> dict[str, np.ndarray]:
    """What is compared → its confusion matrix, int64 (C, C): each map with the majority, or the only two with each
    other, in which Dice and IoU do not depend on the order."""
    if len(maps) == 2:
        return {BETWEEN_TWO: confusion_matrix(maps[1], maps[0], num_classes)}
    most = majority(maps, num_classes)
    return {name: confusion_matrix(labels, most, num_classes) for name, labels in zip(names, maps, strict=True)}


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
