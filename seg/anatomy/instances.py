"""Where a semantic mask cannot tell things apart: two of one class that touch."""

from dataclasses import dataclass

import numpy as np

LEAST = 0.001
"""Share of the picture that each of two things must have to be seen."""
MARGIN = 0.35
"""What is shown around two things, in shares of their longer side."""


@dataclass(frozen=True)
class Pair:
    """Two things of one class that touch. label: the class; things: their numbers; box: rows, columns around them."""

    label: int
    things: tuple[int, int]
    box: tuple[slice, slice]


def touching(labels: np.ndarray, instances: np.ndarray) -> Pair | None:
    """The two neighbours of one class that are most nearly of a size, None where no two touch.

    labels: uint8 (H, W); instances: uint16 (H, W), 0 for none.
    """
    sizes = np.bincount(instances.ravel())
    found: dict[tuple[int, int], int] = {}
    for one, other in (
        ((slice(1, None), slice(None)), (slice(None, -1), slice(None))),
        ((slice(None), slice(1, None)), (slice(None), slice(None, -1))),
    ):
        a, b = instances[one], instances[other]
        meet = (a != b) & (a > 0) & (b > 0) & (labels[one] == labels[other])
        pairs = np.stack([np.minimum(a[meet], b[meet]), np.maximum(a[meet], b[meet]), labels[one][meet]], axis=1)
        found |= {(int(x), int(y)): int(label) for x, y, label in np.unique(pairs, axis=0)}
    large = [pair for pair in found if min(sizes[list(pair)]) >= LEAST * labels.size]
    if not large:
        return None
    best = max(large, key=lambda pair: min(sizes[list(pair)]) / max(sizes[list(pair)]))
    return Pair(found[best], best, _box(np.isin(instances, best)))


def _box(mask: np.ndarray) -> tuple[slice, slice]:
    sides = [np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0)]
    margin = round(MARGIN * max(side[-1] - side[0] + 1 for side in sides))
    rows, columns = (
        slice(max(0, int(side[0]) - margin), min(length, int(side[-1]) + 1 + margin))
        for side, length in zip(sides, mask.shape, strict=True)
    )
    return rows, columns


def outlined(image: np.ndarray, things: np.ndarray, enlargement: int) -> np.ndarray:
    """`image`, uint8 (h, w, 3), enlarged, with a light line on a dark one around each of `things`, uint16 (h, w), 0 for
    none: uint8 (h · enlargement, w · enlargement, 3)."""
    drawn, numbers = (array.repeat(enlargement, axis=0).repeat(enlargement, axis=1) for array in (image, things))
    for width, colour in ((3, (20, 20, 20)), (1, (255, 255, 255))):
        drawn[_edges(numbers, width)] = colour
    return drawn


def _edges(numbers: np.ndarray, width: int) -> np.ndarray:
    """Bool like `numbers`: what lies within `width` of a place where they change."""
    found = np.zeros(numbers.shape, bool)
    for distance in range(1, width + 1):
        for axis in (0, 1):
            differs = numbers != np.roll(numbers, distance, axis)
            differs[(slice(None),) * axis + (slice(0, distance),)] = False
            found |= differs | np.roll(differs, -distance, axis)
    return found
