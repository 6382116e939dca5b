"""A weight set measured on labelled pictures, as the papers measure: one confusion matrix over the whole split."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from seg.catalogue.record import Record
from seg.datasets import Sample, Samples, dataset_named, validation_scenes
from seg.datasets.own import labelled
from seg.errors import DataError, SegError
from seg.inference.segmenter import Segmenter
from seg.labels import IGNORE
from seg.pictures.masks import AS_FILED, AmbiguousMask, Reading
from seg.scores.metrics import (
    Scores,
    bootstrap_mean_iou,
    boundary_counts,
    boundary_f1,
    calibration_counts,
    confusion_matrix,
    expected_calibration_error,
)


@dataclass
class Account:
    """What happened to the pictures of an evaluation: a bad one does not end it.

    left_out: a sentence for each picture that was not scored; notes: what was done to pictures and masks as they were
    read → the files.
    """

    left_out: list[str] = field(default_factory=list)
    notes: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def scored(self, samples: Samples, length: int) -> Iterator[Sample]:
        """Of the first samples, `length` of them, those that can be read and have a label.

        Raises AmbiguousMask: there is no score before its reading is said.
        """
        for index in range(length):
            try:
                sample = samples[index]
            except AmbiguousMask:
                raise
            except SegError as error:
                self.left_out.append(str(error))
                continue
            if (sample.labels == IGNORE).all():
                self.left_out.append(f"{sample.file or sample.name} has no labelled pixel: there is nothing to score.")
                continue
            for note in sample.notes:
                self.notes[note].append(sample.file)
            yield sample

    def said(self) -> list[str]:
        """The notes, a line each, with the first file and how many more."""
        more = {note: len(files) - 1 for note, files in self.notes.items()}
        return [
            f"{files[0]}{f' and {more[note]} more' if more[note] else ''}: {note}" for note, files in self.notes.items()
        ]


def samples_for(record: Record, folder: str | Path | None, split: str = "val", reading: Reading = AS_FILED) -> Samples:
    """The labelled pictures of a folder's or a ZIP's split, with the class ids of the network, see `seg.datasets.own`;
    without one, a rendered dataset's own validation scenes.

    Raises DataError for a bad folder, for classes that the network does not know, and for a dataset that needs a
    folder.
    """
    if folder is not None:
        return labelled(folder, record.class_map, split, reading)
    dataset = dataset_named(record.dataset)
    if not dataset.only_rendered or split != "val":
        raise DataError(f"{record.name} is measured on a folder of {record.dataset} pictures: name it with --data.")
    options = {name: record.recipe[name] for name in dataset.render_options if name in record.recipe}
    return validation_scenes(dataset, *record.tile, **options)


def evaluate(
    segmenter: Segmenter, samples: Iterable[Sample], split: str, detail: int = 1, account: Account | None = None
) -> dict[str, Any]:
    """Segment every sample and give the scores as plain JSON values.

    account: takes note of pictures that the network refuses; without one, the first ends the evaluation.

    weights, split, images, pixel_accuracy, mean_dice, mean_iou, mean_iou_interval (95 %, bootstrap over pictures),
    boundary_f1 (2 pixels), ece (15 bins), calibration (a bin's pixels, sum of confidence, pixels right),
    confidence_range (lowest and highest mean confidence of a picture), per_class {name: {dice, iou, precision, recall,
    pixels}} and confusion (rows truth, columns prediction). Scores of a class in neither truth nor
    prediction are None. Raises DataError where no picture is left to score.
    """
    names = segmenter.record.class_map.names
    confusions, boundaries, calibrations, confidences = [], [], [], []
    for sample in samples:
        try:
            prediction = segmenter(sample.image, detail)
        except SegError as error:
            if account is None:
                raise
            account.left_out.append(f"{sample.file or sample.name}: {error}")
            continue
        confusions.append(confusion_matrix(prediction.labels, sample.labels, len(names)))
        boundaries.append(boundary_counts(prediction.labels, sample.labels, len(names)))
        calibrations.append(calibration_counts(prediction.labels, prediction.confidence, sample.labels))
        confidences.append(prediction.mean_confidence)
    if not confusions:
        left_out = account.left_out if account else []
        raise DataError(f"No picture could be scored. {left_out[0]}" if left_out else "There is no picture to score.")
    scores = Scores(np.sum(confusions, axis=0))
    columns = {key: getattr(scores, key) for key in ("dice", "iou", "precision", "recall", "pixels")}
    return {
        "weights": segmenter.record.name,
        "split": split,
        "images": len(confusions),
        **{key: _plain(getattr(scores, key)) for key in ("pixel_accuracy", "mean_dice", "mean_iou")},
        "mean_iou_interval": [_plain(v) for v in bootstrap_mean_iou(np.stack(confusions))],
        "boundary_f1": _plain(boundary_f1(np.sum(boundaries, axis=0))),
        "ece": _plain(expected_calibration_error(np.sum(calibrations, axis=0))),
        "calibration": np.sum(calibrations, axis=0).round(3).tolist(),
        "confidence_range": [_plain(min(confidences)), _plain(max(confidences))],
        "per_class": {
            name: {key: _plain(values[i]) for key, values in columns.items()} for i, name in enumerate(names)
        },
        "confusion": scores.confusion.tolist(),
    }


def _plain(value: float) -> float | int | None:
    if isinstance(value, np.integer):
        return int(value)
    return round(float(value), 6) if np.isfinite(value) else None
