"""What can be asked of a network and a picture. Questions are hashable, so that equal ones are answered once."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from seg.inference.segmenter import Prediction, Segmenter

Question = Callable[[Segmenter, np.ndarray, int], object]
"""Called with the network, the picture (uint8 (H, W, 3) or (H, W)) and the detail; hashable, and equal if it asks the
same."""


@dataclass(frozen=True)
class Predict:
    """The `Prediction`. skips: those to keep (then untiled, at the training scale), None for all."""

    skips: frozenset[str] | None = None

    def __call__(self, network: Segmenter, image: np.ndarray, detail: int) -> Prediction:
        return network(image, detail, self.skips)


PREDICT = Predict()
"""All skips, at the sidebar's detail: what is asked unless something else is."""


@dataclass(frozen=True)
class Logits:
    """Float32 (C, h, w) at the training scale. skips: those to keep, None for all."""

    skips: frozenset[str] | None = None

    def __call__(self, network: Segmenter, image: np.ndarray, detail: int) -> np.ndarray:
        return network.logits(image, self.skips)


@dataclass(frozen=True)
class Features:
    """What the submodule `stage` gives: float32 (channels, h, w)."""

    stage: str

    def __call__(self, network: Segmenter, image: np.ndarray, detail: int) -> np.ndarray:
        return network.features(image, self.stage)


@dataclass(frozen=True)
class Gradient:
    """The effective receptive field of the pixel (y, x) at the training scale: float32 (h, w)."""

    y: int
    x: int

    def __call__(self, network: Segmenter, image: np.ndarray, detail: int) -> np.ndarray:
        return network.gradient(image, self.y, self.x)
