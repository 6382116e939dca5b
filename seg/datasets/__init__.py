"""Data sources: folders on disk and rendered scenes, all giving the same `Sample`."""

from collections.abc import Callable

from seg.datasets import membranes, street
from seg.datasets.folder import Folder
from seg.datasets.sample import Sample

__all__ = ["RENDERERS", "TRAINING_SEEDS", "Folder", "Sample", "rendered"]

RENDERERS: dict[str, Callable[[int, int, int], Sample]] = {"street": street.render, "membranes": membranes.render}
"""Dataset → `render(seed, height, width)`."""

TRAINING_SEEDS = 1_000_000
"""Seeds from here on are for training; what the app shows has seeds below, which no training run uses."""


def rendered(dataset: str, count: int, height: int, width: int, first_seed: int = TRAINING_SEEDS) -> list[Sample]:
    """`count` rendered scenes of (height, width), from consecutive seeds."""
    return [RENDERERS[dataset](seed, height, width) for seed in range(first_seed, first_seed + count)]
