"""Labelled pictures: one record a data set, folders on disk, scenes rendered with exact truth. Nothing here trains.

Every module of this package that registers a data set is found by itself: a new one is one new file.
"""

import importlib
import pkgutil

from seg.datasets.folder import Folder
from seg.datasets.record import DATASETS, Dataset, Replay, dataset_named, register
from seg.datasets.sample import Sample, Samples

__all__ = [
    "DATASETS",
    "TRAINING_SEEDS",
    "VALIDATION_SCENES",
    "VALIDATION_SEEDS",
    "Dataset",
    "Folder",
    "Replay",
    "Sample",
    "Samples",
    "dataset_named",
    "register",
    "validation_scenes",
]

TRAINING_SEEDS = 1_000_000
"""Seeds from here on are for training; what the app shows has seeds below, which no training run uses."""

VALIDATION_SEEDS, VALIDATION_SCENES = 2_000_000, 200
"""The validation split of a data set that is only rendered."""


def validation_scenes(dataset: Dataset, height: int, width: int, **options: float) -> list[Sample]:
    """The validation split of a data set that is only rendered: the same scenes for the same size and options."""
    return dataset.rendered(VALIDATION_SCENES, height, width, VALIDATION_SEEDS, **options)


for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
