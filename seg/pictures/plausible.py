"""Whether a mask looks like those of its data set: which classes occur, in what shares, and where in the picture."""

import math
from collections.abc import Iterable

import numpy as np
from PIL import Image

from seg.labels import Usual

FLOOR = 1e-3
"""No class is rarer than this anywhere, lest one odd pixel decide."""

MARGIN = 0.5
"""By how much, in nats a pixel, one reading of a file must be likelier than another to be the better one."""

RARE = 14.0
"""Masks whose choice of classes is less likely than exp(−RARE) look like none of their data set."""

ALWAYS, FEWEST, WHOLE = 0.95, 0.01, 96
"""Where every class is in so many of the masks, one is doubted in which a class has less than that share of what is
labelled: it lacks it, or has strays of it. Fewer pixels across may show a part of one thing."""

SMALL, STRIP = 32, 8
"""Masks of fewer pixels across, or longer than so many times that, are scraps of a scene, of which nothing is usual; so
are those with fewer labelled pixels than a square of that side."""

SMOOTHED = 0.15
"""Where so many of the steps from one id to another go by way of one between, edges were mixed. Measured on the
validation masks at sides from 32 pixels up: at most 0.06 as they are, 0.25 at least once resized bilinearly."""

_MOST_PIXELS = 1 << 18
"""Larger masks are looked at in steps: shares need no more."""


def usual(masks: Iterable[np.ndarray], num_classes: int) -> Usual:
    """What the masks of a data set, uint8 (H, W) each, have in common. Those without a label are left out."""
    tables = [table for table in (zones(mask, num_classes) for mask in masks) if table[:, :-1].any()]
    shares = np.mean([table / np.maximum(table.sum(axis=1, keepdims=True), 1) for table in tables], axis=0)
    held = np.sum([table[1:, :-1].sum(axis=0) > 0 for table in tables], axis=0)
    found = Usual(
        shares=tuple(tuple(row) for row in shares.round(3).tolist()),
        presence=tuple(((held + 0.5) / (len(tables) + 1)).round(3).tolist()),
        least=-math.inf,
    )
    least = min(_likelihood(_labelled(table), _labelled(_chances(found))) for table in tables)
    return Usual(found.shares, found.presence, round(least - MARGIN, 2))


def zones(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Pixels of each class, the last column the unlabelled: int64 (4, C + 1).

    Rows: the thin edge all round, where background lies and objects seldom do, and the three thirds from the top.
    """
    step = math.ceil(math.sqrt(max(labels.size / _MOST_PIXELS, 1)))
    labels = labels[::step, ::step]
    thin = max(1, min(labels.shape) // 32)
    edge = [labels[:thin], labels[-thin:], labels[:, :thin], labels[:, -thin:]]
    parts = [np.concatenate([part.ravel() for part in edge])[None], *np.array_split(labels, 3)]
    counts = np.array([_histogram(part) for part in parts])
    return np.column_stack([counts[:, :num_classes], counts[:, num_classes:].sum(axis=1)])


def _histogram(labels: np.ndarray) -> list[int]:
    """Pixels of each of 256 ids: Pillow counts bytes several times as fast as numpy."""
    return Image.fromarray(np.ascontiguousarray(labels)).histogram() if labels.size else [0] * 256


def is_likelier(one: np.ndarray, other: np.ndarray, usual: Usual) -> bool:
    """Whether one reading of a mask is clearly more like the data set than the other, unlabelled pixels counted too."""
    if _is_scrap(one):
        return False
    first, second = (_likelihood(zones(labels, len(usual.presence)), _chances(usual)) for labels in (one, other))
    return first > second + MARGIN


def is_plausible(labels: np.ndarray, usual: Usual) -> bool:
    """Whether what is labelled could be a mask of the data set; how much is not labelled is nobody's mistake."""
    table = zones(labels, len(usual.presence))
    if _is_scrap(labels) or table[1:, :-1].sum() < SMALL**2:
        return True
    if _likelihood(_labelled(table), _labelled(_chances(usual))) < usual.least:
        return False
    counts = table[1:, :-1].sum(axis=0)
    if min(usual.presence) >= ALWAYS and min(labels.shape) >= WHOLE and counts.min() < FEWEST * counts.sum():
        return False
    held = counts > 0
    presence = np.clip(usual.presence, FLOOR, 1 - FLOOR)
    # Absent classes count beyond the last one held: somebody else's few classes have the first ids, and a mask that is
    # labelled in part lacks any.
    beyond = np.arange(held.size) > np.flatnonzero(held).max()
    return -np.log(presence[held]).sum() - np.log1p(-presence[beyond]).sum() <= RARE


def is_smoothed(labels: np.ndarray) -> bool:
    """Whether ids were made larger or smaller with smooth edges, which puts others between those of two neighbours."""
    if _is_scrap(labels):
        return False
    step = math.ceil(labels.size / (1 << 22))
    between = steps = 0
    for lines in (labels[::step], labels[:, ::step].T):
        ids, length = np.ascontiguousarray(lines).ravel(), lines.shape[1]
        at = np.flatnonzero(ids[:-2] != ids[2:])
        at = at[at % length < length - 2]  # not from one line to the next
        left, middle, right = (ids[at + place].astype(int) for place in range(3))
        between += ((middle - left) * (right - middle) > 0).sum()
        steps += len(at)
    return bool(between > SMOOTHED * steps)


def _is_scrap(labels: np.ndarray) -> bool:
    return min(labels.shape) < SMALL or max(labels.shape) > STRIP * min(labels.shape)


def _chances(usual: Usual) -> np.ndarray:
    """Of each class in each zone, (4, C + 1)."""
    return np.maximum(usual.shares, FLOOR)


def _labelled(table: np.ndarray) -> np.ndarray:
    return table[:, :-1]


def _likelihood(table: np.ndarray, chances: np.ndarray) -> float:
    """Mean log-likelihood of a pixel's class where it is: the edge for one half, the three thirds for the other."""
    logs = np.log(chances / chances.sum(axis=1, keepdims=True))
    pixels = table.sum(axis=1)
    means = (table * logs).sum(axis=1) / np.maximum(pixels, 1)
    thirds = pixels[1:] > 0
    inside = means[1:][thirds].mean() if thirds.any() else 0.0
    return float((means[0] + inside) / 2 if pixels[0] else inside)
