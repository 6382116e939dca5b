"""Data sources: folders on disk and rendered scenes, all giving the same `Sample`."""

from collections.abc import Callable

from seg.datasets import membranes, shapes, street
from seg.datasets.folder import Folder
from seg.datasets.sample import Sample

__all__ = ["RENDERERS", "TRAINING_SEEDS", "Folder", "Sample", "rendered", "validation_scenes"]

RENDERERS: dict[str, Callable[..., Sample]] = {
    "street": street.render,
    "membranes": membranes.render,
    "shapes": shapes.render,
}
"""Dataset → `render(seed, height, width, **options)`; shapes has the option `rarity`, the others have none."""

TRAINING_SEEDS = 1_000_000
"""Seeds from here on are for training; what the app shows has seeds below, which no training run uses."""

VALIDATION_SEEDS, VALIDATION_SCENES = 2_000_000, 200
"""The validation split of a dataset that is only rendered."""


def rendered(
    dataset: str, count: int, height: int, width: int, first_seed: int = TRAINING_SEEDS, **options: float
) -> list[Sample]:
    """`count` rendered scenes of (height, width), from consecutive seeds; options go to the renderer."""
    return [RENDERERS[dataset](seed, height, width, **options) for seed in range(first_seed, first_seed + count)]


def validation_scenes(dataset: str, height: int, width: int, **options: float) -> list[Sample]:
    """The validation split of a dataset that is only rendered: the same scenes for the same size and options."""
    return rendered(dataset, VALIDATION_SCENES, height, width, VALIDATION_SEEDS, **options)
