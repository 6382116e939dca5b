"""What one picture adds to the scores: counts, small enough to be kept for a hundred thousand pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seg.inference.segmenter import Prediction
from seg.labels import IGNORE
from seg.scores.metrics import Scores, boundary_counts_of, calibration_counts, confusion_matrix


@dataclass(frozen=True)
class Counts:
    """One network's labels of one picture against the truth; C classes.

    cells: int64 (n, 3), truth, said and pixels of each cell of the confusion matrix that is not empty.
    boundaries: int64 (C, 4), see `boundary_counts`. calibration: float64 (bins, 3), see `calibration_counts`.
    confidence: the mean over the picture. seconds: in the network.
    """

    cells: np.ndarray
    boundaries: np.ndarray
    calibration: np.ndarray
    confidence: float
    seconds: float

    @classmethod
    def of(cls, prediction: Prediction, truth: np.ndarray, boundaries: np.ndarray) -> "Counts":
        """truth: uint8 (H, W), IGNORE where there is none; boundaries: the prediction's."""
        confusion = confusion_matrix(prediction.labels, truth, len(boundaries))
        true, said = np.nonzero(confusion)
        return cls(
            np.stack([true, said, confusion[true, said]], axis=1),
            boundaries,
            calibration_counts(prediction.labels, prediction.confidence, truth),
            prediction.mean_confidence,
            prediction.seconds,
        )

    @property
    def scores(self) -> Scores:
        """Of this picture alone."""
        return Scores(self.confusion)

    @property
    def confusion(self) -> np.ndarray:
        """Int64 (C, C): rows truth, columns prediction."""
        matrix = np.zeros((len(self.boundaries),) * 2, np.int64)
        matrix[self.cells[:, 0], self.cells[:, 1]] = self.cells[:, 2]
        return matrix

    @property
    def areas(self) -> np.ndarray:
        """Int64 (C, 3): pixels right, of the truth, and said, of each class."""
        confusion = self.confusion
        return np.stack([np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)], axis=1)


@dataclass(frozen=True)
class Row:
    """One picture, scored. index: its place among the samples; size: (height, width), pixels; counts: one a network.

    disagreement: the share of the pixels with a truth on which not all networks say the same. doubt: the share of them
    on which all say the same and the truth something else, which may be the truth's fault. Both are None for a network
    alone.
    """

    index: int
    name: str
    file: str
    size: tuple[int, int]
    counts: tuple[Counts, ...]
    disagreement: float | None = None
    doubt: float | None = None

    @classmethod
    def of(
        cls, index: int, name: str, file: str, truth: np.ndarray, predictions: Sequence[Prediction], num_classes: int
    ) -> "Row":
        """truth: uint8 (H, W), with a label somewhere; one prediction a network."""
        boundaries = boundary_counts_of([one.labels for one in predictions], truth, num_classes)
        counts = tuple(Counts.of(one, truth, its) for one, its in zip(predictions, boundaries, strict=True))
        if len(counts) == 1:
            return cls(index, name, file, (truth.shape[0], truth.shape[1]), counts)
        known, first = truth != IGNORE, predictions[0].labels
        agreed = known & np.logical_and.reduce([first == other.labels for other in predictions[1:]])
        total = np.count_nonzero(known)
        return cls(
            index,
            name,
            file,
            (truth.shape[0], truth.shape[1]),
            counts,
            1 - np.count_nonzero(agreed) / total,
            np.count_nonzero(agreed & (first != truth)) / total,
        )

    @property
    def dice(self) -> list[float]:
        """Mean Dice of this picture's classes, one a network."""
        return [one.scores.mean_dice for one in self.counts]

    def worst_class(self, network: int) -> int | None:
        """Of the classes in the truth, the one whose Dice is lowest; the first of several."""
        scores = self.counts[network].scores
        present = np.flatnonzero(scores.pixels)
        return int(present[np.argmin(scores.dice[present])]) if len(present) else None

    def as_json(self) -> dict[str, Any]:
        """Plain values, from which `from_json` makes the same row."""
        networks = [
            {
                "cells": one.cells.tolist(),
                "boundaries": one.boundaries.tolist(),
                "calibration": one.calibration.tolist(),
                "confidence": one.confidence,
                "seconds": one.seconds,
            }
            for one in self.counts
        ]
        own = {key: getattr(self, key) for key in ("index", "name", "file", "size", "disagreement", "doubt")}
        return {**own, "networks": networks}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Row":
        """Raises KeyError, TypeError or ValueError for what `as_json` did not make."""
        own = dict(values)
        counts = tuple(
            Counts(
                np.array(one["cells"], np.int64).reshape(-1, 3),
                np.array(one["boundaries"], np.int64),
                np.array(one["calibration"], np.float64),
                float(one["confidence"]),
                float(one["seconds"]),
            )
            for one in own.pop("networks")
        )
        height, width = own.pop("size")
        return cls(counts=counts, size=(height, width), **own)
