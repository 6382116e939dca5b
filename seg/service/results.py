"""Answers as they are held: whole while there is room, their maps packed where there is not. Nothing is lost by it."""

import threading
import weakref
import zlib
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import numpy as np

from seg.inference.segmenter import Prediction
from seg.service.memory import OVERHEAD, size_of

NOTHING = np.zeros((0, 0), np.uint8)


class Packed:
    """A `Prediction` with its maps compressed, from which it comes back as it was, bit by bit.

    Confidence, float16, changes little from pixel to pixel: what is packed is by how much, of which the high bytes are
    nearly all the same, and the low ones noise that stays as it is.
    """

    def __init__(self, prediction: Prediction):
        self._rest = replace(prediction, labels=NOTHING, confidence=NOTHING)
        self._shape = prediction.labels.shape
        bits = np.ascontiguousarray(prediction.confidence, np.float16).view(np.uint16)
        steps = np.diff(bits, axis=-1, prepend=np.uint16(0))
        self._maps = _packed(prediction.labels), _packed((steps >> 8).astype(np.uint8))
        self._low = steps.astype(np.uint8)

    @property
    def bytes(self) -> int:
        return OVERHEAD + sum(map(len, self._maps)) + self._low.nbytes

    def unpacked(self) -> Prediction:
        """As it was."""
        labels, high = (np.frombuffer(bytearray(zlib.decompress(one)), np.uint8) for one in self._maps)
        steps = high.reshape(self._shape).astype(np.uint16) << 8 | self._low
        bits = np.cumsum(steps, axis=-1, dtype=np.uint16)
        return replace(self._rest, labels=labels.reshape(self._shape), confidence=bits.view(np.float16))


def _packed(values: np.ndarray) -> bytes:
    """Runs of the same byte are what there is in maps: to look for more takes three times as long."""
    packer = zlib.compressobj(1, strategy=zlib.Z_RLE)
    return packer.compress(np.ascontiguousarray(values).data) + packer.flush()


class Answer(Future[Any]):
    """The future of an answer, which `shrink` packs until somebody looks at it again.

    opened: called back when it is whole again.
    """

    def __init__(self, opened: Callable[["Answer"], None] = lambda answer: None):
        super().__init__()
        self._opened = opened
        self._whole = threading.Lock()
        self._answer: Any = None
        self._seen: Callable[[], Any] = lambda: None
        """What somebody may be looking at still."""

    def finish(self, answer: Any) -> None:
        """It is there."""
        self._answer = answer
        self.set_result(None)

    def result(self, timeout: float | None = None) -> Any:
        """The answer, the same object for all who look at it at the same time."""
        super().result(timeout)
        with self._whole:
            found, packed = self._answer, isinstance(self._answer, Packed)
            if packed:
                found = self._answer = self._seen() or self._answer.unpacked()
        if packed:
            self._opened(self)
        return found

    def shrink(self) -> int:
        """Pack it, if it can be; returns the bytes that it takes now."""
        with self._whole:
            if isinstance(self._answer, Prediction):
                self._seen, self._answer = weakref.ref(self._answer), Packed(self._answer)
            return self.bytes

    @property
    def bytes(self) -> int:
        """Of the answer that is there."""
        return self._answer.bytes if isinstance(self._answer, Packed) else OVERHEAD + size_of(self._answer)
