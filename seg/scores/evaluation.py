"""Weight sets measured on labelled pictures, as the papers measure: one confusion matrix over the whole split."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from threading import Semaphore
from typing import Any

import numpy as np

from seg.catalogue.record import Record
from seg.datasets import Sample, Samples, dataset_named, validation_scenes
from seg.datasets.own import labelled
from seg.errors import DataError, SegError
from seg.inference.segmenter import Prediction, Segmenter
from seg.labels import IGNORE
from seg.pictures.masks import AS_FILED, AmbiguousMask, Reading
from seg.scores.counts import Row
from seg.scores.metrics import expected_calibration_error
from seg.scores.totals import PER_CLASS, Totals

BESIDE = 2
"""Threads that read and score while others are in the networks."""

AHEAD = 8
"""Pictures under way at most."""


@dataclass
class Account:
    """What happened to the pictures of an evaluation: a bad one does not end it.

    left_out: a sentence for each picture that was not scored; notes: what was done to pictures and masks as they were
    read → the files.
    """

    left_out: list[str] = field(default_factory=list)
    notes: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

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


def same_classes(segmenters: Sequence[Segmenter]) -> tuple[str, ...]:
    """The classes that all the networks tell apart. Raises DataError where they are not the same."""
    first, *others = segmenters
    for other in others:
        if other.record.class_map.names != first.record.class_map.names:
            raise DataError(
                f"{first.record.name} and {other.record.name} tell other classes apart: evaluate them one by one."
            )
    return first.record.class_map.names


def score_pictures(
    segmenters: Sequence[Segmenter],
    samples: Samples,
    account: Account | None = None,
    detail: int = 1,
    pictures: Iterable[int] | None = None,
) -> Iterator[Row]:
    """One row a picture, in their order: what every network makes of it, against the truth.

    Pictures are read and scored on threads of their own while the networks run, which take as many pictures at a time
    as they have callers. account: takes note of pictures that cannot be read, have no labelled pixel, or that a network
    refuses; without one, the first ends it. pictures: the places of those that are scored, all unless given.

    Raises AmbiguousMask: there is no score before its reading is said; DataError for networks of different classes.
    """
    classes = len(same_classes(segmenters))
    callers = min(segmenter.callers for segmenter in segmenters)
    turns = Semaphore(callers)

    def scored(index: int) -> tuple[Sample, Row]:
        sample = _labelled(samples[index])
        with turns:
            predictions = [_segmented(segmenter, sample, detail) for segmenter in segmenters]
        return sample, Row.of(index, sample.name, sample.file, sample.labels, predictions, classes)

    places = iter(range(len(samples)) if pictures is None else pictures)
    with ThreadPoolExecutor(callers + BESIDE, "seg-score") as workers:
        under_way: deque[Future[tuple[Sample, Row]]] = deque()
        try:
            while True:
                under_way.extend(workers.submit(scored, index) for index in islice(places, AHEAD - len(under_way)))
                if not under_way:
                    return
                try:
                    sample, row = under_way.popleft().result()
                except AmbiguousMask:
                    raise
                except SegError as error:
                    if account is None:
                        raise
                    account.left_out.append(str(error))
                    continue
                if account is not None:
                    for note in sample.notes:
                        account.notes[note].append(sample.file)
                yield row
        finally:
            workers.shutdown(wait=False, cancel_futures=True)


def _labelled(sample: Sample) -> Sample:
    if (sample.labels == IGNORE).all():
        raise DataError(f"{sample.file or sample.name} has no labelled pixel: there is nothing to score.")
    return sample


def _segmented(segmenter: Segmenter, sample: Sample, detail: int) -> Prediction:
    try:
        return segmenter(sample.image, detail)
    except SegError as error:
        raise type(error)(f"{sample.file or sample.name}: {error}") from error


def totals_of(segmenters: Sequence[Segmenter], rows: Sequence[Row], account: Account | None = None) -> Totals:
    """Raises DataError where no picture could be scored."""
    if not rows:
        left_out = account.left_out if account else []
        raise DataError(f"No picture could be scored. {left_out[0]}" if left_out else "There is no picture to score.")
    names = tuple(segmenter.record.name for segmenter in segmenters)
    return Totals(names, segmenters[0].record.class_map.names, rows)


def evaluate(
    segmenter: Segmenter, samples: Samples, split: str, detail: int = 1, account: Account | None = None
) -> dict[str, Any]:
    """One weight set's scores as plain JSON values, see `described`.

    Raises what `score_pictures` does, and DataError where no picture is left to score.
    """
    rows = list(score_pictures([segmenter], samples, account, detail))
    return described(totals_of([segmenter], rows, account), 0, split)


def described(totals: Totals, network: int, split: str) -> dict[str, Any]:
    """One network's scores as plain JSON values.

    weights, split, images, pixel_accuracy, mean_dice, mean_iou, boundary_f1 (2 pixels) and the intervals of all four
    (…_interval, 95 %, bootstrap over pictures), ece (15 bins), calibration (a bin's pixels, sum of confidence, pixels
    right), per_class {name: {dice, iou, precision, recall, pixels}} and confusion (rows truth, columns prediction).
    Scores of a class in neither truth nor prediction are None.
    """
    confusion, calibration = totals.confusion[network], totals.calibration[network]
    columns = {key: totals.measured[key][network] for key in PER_CLASS} | {"pixels": confusion.sum(axis=1)}
    scores: dict[str, Any] = {}
    for measure in ("pixel_accuracy", "mean_dice", "mean_iou", "boundary_f1"):
        found = totals.interval(measure, network)
        scores[measure] = plain(found.value)
        scores[f"{measure}_interval"] = [plain(found.low), plain(found.high)]
    return {
        "weights": totals.networks[network],
        "split": split,
        "images": len(totals.rows),
        **scores,
        "ece": plain(expected_calibration_error(calibration)),
        "calibration": calibration.round(3).tolist(),
        "per_class": {
            name: {key: plain(values[i]) for key, values in columns.items()} for i, name in enumerate(totals.classes)
        },
        "confusion": confusion.tolist(),
    }


def plain(value: float) -> float | int | None:
    """A number as JSON holds it: None for NaN."""
    if isinstance(value, np.integer):
        return int(value)
    return round(float(value), 6) if np.isfinite(value) else None
