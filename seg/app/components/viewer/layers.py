"""Pictures and maps as the small files that the viewer's browser gets: encoded once, known by their digests."""

import base64
import hashlib
import io
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image

from seg.pictures.drawing import encode_png, fit, fit_labels

MAX_SIDE = 1200
"""Photos and label maps are reduced to this many pixels on their long side before they are sent."""

MAX_CONFIDENCE_SIDE = 480
"""Confidence maps are smooth and compress badly: they are reduced further."""

CACHE_BYTES = 64 * 2**20
_NO_CONFIDENCE = 255


@dataclass(frozen=True)
class Layer:
    digest: str
    data: str
    """The file in base64."""
    ids: tuple[int, ...] = ()
    """The ids of a label map before it was reduced, in order."""


class Encoded:
    """The layers encoded so far; beyond ``limit`` bytes the least recently used are forgotten.

    An array seen before is known by its identity, so a rerun does not even hash it; an equal one by its digest.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._layers: OrderedDict[str, Layer] = OrderedDict()
        self._digests: dict[int, tuple[weakref.ref, str]] = {}
        self._lock = threading.RLock()

    def layer(self, array: np.ndarray, kind: str, encode: Callable[[np.ndarray], tuple[bytes, tuple]]) -> Layer:
        digest = f"{kind}-{self._digest(array)}"
        with self._lock:
            if digest in self._layers:
                self._layers.move_to_end(digest)
                return self._layers[digest]
        file, ids = encode(array)
        layer = Layer(digest, base64.b64encode(file).decode(), ids)
        with self._lock:
            if digest not in self._layers:
                self._layers[digest] = layer
                self._size += len(layer.data)
            self.trim(max(self._limit, len(layer.data)))
        return layer

    @property
    def bytes(self) -> int:
        """Of all files."""
        return self._size

    def trim(self, most: int) -> None:
        """Forget the oldest until they are ``most`` bytes; whoever is to be sent one again has it encoded again."""
        with self._lock:
            while self._size > most:
                self._size -= len(self._layers.popitem(last=False)[1].data)

    def _digest(self, array: np.ndarray) -> str:
        identity = id(array)
        seen, digest = self._digests.get(identity, (None, ""))
        if seen is not None and seen() is array:
            return digest
        digest = _hash(array)
        self._digests[identity] = weakref.ref(array, lambda _: self._digests.pop(identity, None)), digest
        return digest


def _hash(array: np.ndarray) -> str:
    digest = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:32]


def encode_photo(photo: np.ndarray) -> tuple[bytes, tuple]:
    file = io.BytesIO()
    # Full chroma, because the visitor looks at single pixels.
    Image.fromarray(fit(photo, MAX_SIDE)).save(file, "JPEG", quality=92, subsampling=0)
    return file.getvalue(), ()


def encode_labels(labels: np.ndarray) -> tuple[bytes, tuple]:
    ids = np.flatnonzero(np.bincount(labels.ravel(), minlength=256)).tolist()
    return encode_png(fit_labels(labels, MAX_SIDE)), tuple(ids)


def encode_confidence(confidence: np.ndarray) -> tuple[bytes, tuple]:
    """A grey PNG of whole per cent, which is what the visitor reads; _NO_CONFIDENCE where it is not a number."""
    height, width = confidence.shape
    scale = MAX_CONFIDENCE_SIDE / max(height, width)
    if scale < 1:
        image = Image.fromarray(confidence.astype(np.float32))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        confidence = np.asarray(image.resize(size, Image.Resampling.BOX))
    return encode_png(_percents()[confidence.astype(np.float16).view(np.uint16)]), ()


@cache
def _percents() -> np.ndarray:
    """Of each float16, by its bits: uint8 (65536,)."""
    share = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float32)
    percent = np.rint(np.clip(np.nan_to_num(share), 0, 1) * 100)
    return np.where(np.isnan(share), _NO_CONFIDENCE, percent).astype(np.uint8)


encoded = Encoded(CACHE_BYTES)
