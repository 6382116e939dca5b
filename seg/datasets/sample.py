"""One picture with its truth."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Sample:
    """A picture and what is known about it.

    image: uint8 (H, W, 3) RGB, or (H, W) grey.
    labels: uint8 (H, W), class ids, `seg.labels.IGNORE` where there is no truth.
    instances: uint16 (H, W), 0 for none, 1.. for each countable object; None where the source knows no instances.
    file: where the picture was read, '' for one that was rendered. notes: sentences on how it and its mask were read.
    """

    name: str
    image: np.ndarray
    labels: np.ndarray
    instances: np.ndarray | None = None
    file: str = ""
    notes: tuple[str, ...] = ()


class Samples(Protocol):
    """Samples in an order of their own: a list, or a folder's, read when they are asked for."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Sample: ...
    def __iter__(self) -> Iterator[Sample]: ...
