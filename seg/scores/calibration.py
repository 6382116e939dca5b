"""One number that makes a network's confidence mean what it says: temperature scaling.

Guo et al., 'On Calibration of Modern Neural Networks', ICML 2017."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from seg.datasets import Samples
from seg.inference.segmenter import Segmenter
from seg.labels import IGNORE

VALUES = 20_000_000
"""Logits that are held at most: so many pixels are used of each picture, evenly spaced over what is labelled."""

RANGE = (0.05, 20.0)
"""Where the temperature is looked for."""

STEPS = 40
"""Halvings of that range."""


def fit_temperature(segmenter: Segmenter, samples: Samples) -> float:
    """The temperature at which the network's cross-entropy over labelled pixels is least, see `temperature_of`.

    The record's own temperature plays no part. Raises what the network says of a picture that it refuses.
    """
    pixels = max(VALUES // (len(samples) * len(segmenter.record.classes)), 1)
    logits, truth = [], []
    for sample in samples:
        labels = sample.labels.ravel()
        labelled = np.flatnonzero(labels != IGNORE)
        chosen = labelled[np.linspace(0, len(labelled), min(len(labelled), pixels), endpoint=False).astype(int)]
        logits += _at(segmenter.full_logits(sample.image), chosen)
        truth.append(labels[chosen])
    return temperature_of(torch.cat(logits, dim=1), torch.from_numpy(np.concatenate(truth)).long())


def _at(strips: Iterable[Tensor], pixels: np.ndarray) -> Iterator[Tensor]:
    """The logits of these pixels, counted row by row in rising order: (C, n) of each strip."""
    done = 0
    for strip in strips:
        flat = strip.flatten(1).cpu()
        here = np.searchsorted(pixels, [done, done + flat.shape[1]])
        yield flat[:, pixels[slice(*here)] - done]
        done += flat.shape[1]


def temperature_of(logits: Tensor, truth: Tensor) -> float:
    """T > 0 that minimises the mean cross-entropy of softmax(logits / T), within `RANGE`; 1 for no pixels.

    logits: float32 (C, N); truth: int64 (N,). The cross-entropy is convex in 1 / T, and its slope there is the mean of
    what the softmax expects of the logit less the true class's: the place where it is nothing is closed in from both
    sides.
    """
    if not len(truth):
        return 1.0
    true = logits.gather(0, truth[None])[0].mean(dtype=torch.float64)

    def too_sharp(temperature: float) -> bool:
        expected = ((logits / temperature).softmax(dim=0) * logits).sum(dim=0).mean(dtype=torch.float64)
        return bool(expected > true)

    low, high = RANGE
    for _ in range(STEPS):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if too_sharp(middle) else (low, middle)
    return round(high, 4)
