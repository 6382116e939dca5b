"""Labels and confidence in one pass over a network's logits (labels.c), which else are interpolated into memory first,
and read again three times."""

import ctypes
from concurrent.futures import wait
from functools import cache, lru_cache

import numpy as np
import torch
from torch import Tensor

from seg.inference.activity import ACTIVITY
from seg.inference.engines.native import kernels

STRIP = 16
"""Rows that a thread takes at once."""

ALONE = 500_000
"""Pixels up to which one thread is sooner done than several have begun."""


class Decision(ctypes.Structure):
    """`Decision` of labels.c."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("logits", "left", "right", "share", "labels", "confidence")),
        *((name, ctypes.c_int64) for name in ("classes", "height", "plane", "pitch", "rows", "columns")),
        *((name, ctypes.c_int64) for name in ("first", "last", "strip", "taken")),
        ("sharpness", ctypes.c_float),
    )


class Decider:
    """Decides a picture's pixels, a range of rows a call: float32 logits (K, h, w) on the CPU, interpolated bilinearly
    to the size of `labels`, uint8 (H, W), which takes the first of the largest; and `confidence`, float16 (H, W), its
    softmax probability at `temperature`.
    """

    def __init__(self, logits: Tensor, labels: np.ndarray, confidence: np.ndarray, temperature: float):
        self._library = kernels.library()
        logits = (logits if logits.stride(2) == 1 else logits.contiguous()).float()
        classes, source, columns = logits.shape
        height, width = labels.shape
        self._held = logits, *_between(width, columns), labels, confidence
        """Whose memory the kernel reads and writes."""
        arrays = logits.data_ptr(), *(one.ctypes.data for one in self._held[1:])
        plane, pitch, _ = logits.stride()
        self._decision = Decision(*arrays, classes, source, plane, pitch, height, width)
        self._decision.strip, self._decision.sharpness = STRIP, 1 / temperature
        self._threads = 1 if labels.size <= ALONE else torch.get_num_threads()
        address = ctypes.byref(self._decision)
        scratch = torch.empty(self._threads, self._library.decision_scratch(address))
        self._calls = [(address, own.data_ptr()) for own in scratch]
        self._scratch = scratch

    def __call__(self, first: int, last: int) -> None:
        """The rows from `first` on, up to `last`."""
        self._decision.first, self._decision.last, self._decision.taken = first, last, 0
        helping = [] if ACTIVITY.is_elsewhere else self._calls[1:]
        others = [kernels.helpers().submit(self._library.decide, *call) for call in helping]
        try:
            self._library.decide(*self._calls[0])
        finally:
            wait(others)


@cache
def are_there() -> bool:
    """Whether the kernels can be had here."""
    return not kernels.problem()


@lru_cache(maxsize=64)
def _between(pixels: int, source: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which of `source` columns lie on both sides of each of so many pixels, int32, and the right one's share."""
    at = ((np.arange(pixels) + 0.5) * source / pixels - 0.5).clip(0, source - 1)
    left = at.astype(np.int32)
    return left, np.minimum(left + 1, source - 1), (at - left).astype(np.float32)
