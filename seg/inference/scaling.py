"""Pictures at the sizes that networks want them, each made once for all networks."""

import threading
import weakref
from collections import OrderedDict

import numpy as np
import torch
from torch import Tensor

from seg.pictures.resize import resize, to_tensor

MAX_BYTES = 64_000_000
"""48 megapixels at the finest detail of a network trained at a short side of 360 pixels take 8 million."""


class ScaledPictures:
    """What was resized last, of pictures that nobody can change (`Picture.of` makes them so) and that still exist;
    max_bytes bounds it. Of others nothing is held."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.max_bytes = max_bytes
        self._lock = threading.RLock()
        self._held: OrderedDict[tuple, tuple[weakref.ref[np.ndarray], Tensor]] = OrderedDict()

    def at(self, image: np.ndarray, factor: float, device: torch.device) -> Tensor:
        """`resize` of a picture, uint8 (H, W, 3) or (H, W): uint8 (C, factor·H, factor·W) on the device, which others
        hold, too, and so is not to be written to."""
        if image.flags.writeable or image.base is not None:
            return resize(to_tensor(image, device), factor)
        key = (id(image), factor, device)
        with self._lock:
            picture, scaled = self._held.get(key, (lambda: None, None))
            if scaled is not None and picture() is image:  # an id may be given again
                self._held.move_to_end(key)
                return scaled
        scaled = resize(to_tensor(image, device), factor)
        with self._lock:
            self._held[key] = weakref.ref(image), scaled
            for gone in [key for key, (picture, _) in self._held.items() if picture() is None]:
                del self._held[gone]
            while self.held_bytes > self.max_bytes:
                self._held.popitem(last=False)
        return scaled

    def clear(self) -> None:
        """Let go of all."""
        with self._lock:
            self._held.clear()

    @property
    def held_bytes(self) -> int:
        with self._lock:
            return sum(scaled.nbytes for _, scaled in self._held.values())


SCALED = ScaledPictures()
"""Of all networks in this process."""
