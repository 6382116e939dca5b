"""What can be asked of a network and a picture. Questions are hashable, so that equal ones are answered once."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from seg.inference.segmenter import Prediction, Segmenter


class Question(Protocol):
    """Hashable, and equal to another if it asks the same. `seg.anatomy` has some of its own."""

    def depends_on(self, digest: str, size: tuple[int, int], detail: int) -> Hashable:
        """What of a picture, known by its digest and its size (H, W), and of the detail the answer depends on: pictures
        that have it in common share one answer."""
        ...

    def __call__(self, network: Segmenter, image: np.ndarray, detail: int) -> Any:
        """The answer for a picture, uint8 (H, W, 3) or (H, W)."""
        ...


@dataclass(frozen=True)
class Predict:
    """The `Prediction`. skips: those to keep (then untiled, at the training scale), None for all."""

    skips: frozenset[str] | None = None

    def depends_on(self, digest: str, size: tuple[int, int], detail: int) -> Hashable:
        return (digest, detail) if self.skips is None else digest

    def __call__(self, network: Segmenter, image: np.ndarray, detail: int) -> Prediction:
        return network(image, detail, self.skips)


PREDICT = Predict()
"""All skips, at the sidebar's detail: what is asked unless something else is."""


@dataclass(frozen=True)
class Logits:
    """Float32 (C, h, w) at the training scale. skips: those to keep, None for all."""

    skips: frozenset[str] | None = None

    def depends_on(self, digest: str, size: tuple[int, int], detail: int) -> Hashable:
        return digest

    def __call__(self, network: Segmenter, image: np.ndarray, detail: int) -> np.ndarray:
        return network.logits(image, self.skips)
