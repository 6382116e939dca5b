"""What is asked of a network about a picture, and how much work and memory that is."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seg.catalogue.store import SHIPPED, Record
from seg.service.memory import OVERHEAD
from seg.service.questions import PREDICT, Predict, Question

UNIT_PIXELS = 2_000_000

OTHER_UNITS = 2.0
"""Of a question that is no segmentation of a picture at its best."""

PIXEL_BYTES = 3
"""Of a `Prediction` for each pixel of its picture, a label and a confidence. No other answer grows with the picture."""


@dataclass(frozen=True)
class Request:
    """A picture (known by its digest), a weight set, how to run it and what to ask."""

    digest: str
    record_name: str
    checksum: str
    folder: Path = SHIPPED
    device: str = "auto"
    engine: str = "auto"
    detail: int = 1
    question: Question = PREDICT

    @classmethod
    def of(cls, digest: str, record: Record, **how) -> "Request":
        return cls(digest, record.name, record.sha256, **how)

    @property
    def network_key(self) -> Hashable:
        """What tells the network from others."""
        return self.folder, self.record_name, self.checksum, self.device, self.engine

    def answer_key(self, size: tuple[int, int]) -> Hashable:
        """What tells the answer about a picture of `size`, (H, W), from others: requests that share it share it."""
        return self.network_key, self.question, self.question.depends_on(self.digest, size, self.detail)


class Later(NamedTuple):
    """A picture that is decoded when its turn has come. pixels: gives it, uint8 of `shape`."""

    shape: tuple[int, ...]
    pixels: Callable[[], np.ndarray]


def units_of(wanted: Request, height: int, width: int) -> float:
    """How much work a question is: 1 for the network on a square picture as it was trained, and 1 for all else that is
    done with every `UNIT_PIXELS`."""
    if wanted.question != PREDICT:
        return OTHER_UNITS
    return wanted.detail**2 * max(height, width) / min(height, width) + height * width / UNIT_PIXELS


def expected_bytes(question: Question, pixels: int) -> int:
    return OVERHEAD + (PIXEL_BYTES * pixels if isinstance(question, Predict) else 0)
