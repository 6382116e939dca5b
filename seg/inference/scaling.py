"""Pictures at the sizes that networks want them, each made once for all networks."""

import threading
import weakref
from collections import OrderedDict

import numpy as np
import torch
from torch import Tensor

from seg.datasets.sample import Sample
from seg.errors import DataError, ImageError
from seg.pictures.resize import resize, to_tensor

MAX_ENLARGEMENT = 4
MAX_ASPECT = 64

NO_PICTURE = (
    "A picture is a NumPy array, uint8 (H, W, 3) in RGB or (H, W) in grey, not {}: convert it first, one of 0 to 1 by "
    "(255 * picture).round().astype('uint8')."
)

MAX_BYTES = 64_000_000
"""48 megapixels at the finest detail of a network trained at a short side of 360 pixels take 8 million."""


class ScaledPictures:
    """What was resized last, of pictures that nobody can change (`Picture.of` makes them so) and that still exist;
    max_bytes bounds it. Of others nothing is held."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.max_bytes = max_bytes
        self._lock = threading.RLock()
        self._held: OrderedDict[tuple, tuple[weakref.ref[np.ndarray], Tensor]] = OrderedDict()
        self._bytes = 0

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
            for gone in [one for one, (picture, _) in self._held.items() if one == key or picture() is None]:
                self._let_go(gone)
            self._held[key] = weakref.ref(image), scaled
            self._bytes += scaled.nbytes
            self.trim(self.max_bytes)
        return scaled

    def _let_go(self, key: tuple) -> None:
        self._bytes -= self._held.pop(key)[1].nbytes

    def trim(self, most: int) -> None:
        """Let go of the oldest until they are ``most`` bytes."""
        with self._lock:
            while self._bytes > most:
                self._let_go(next(iter(self._held)))

    @property
    def held_bytes(self) -> int:
        return self._bytes


SCALED = ScaledPictures()
"""Of all networks in this process."""


def check_picture(image: np.ndarray) -> None:
    """Raises ImageError with a sentence for what is no picture, or one that no network can take."""
    if not isinstance(image, np.ndarray):
        raise ImageError(NO_PICTURE.format(f"a {type(image).__name__}"))
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)):
        raise ImageError(NO_PICTURE.format(f"{image.dtype} ({', '.join(map(str, image.shape))})"))
    if image.size == 0:
        raise ImageError("The picture has no pixels: choose another one.")
    short, long = sorted(image.shape[:2])
    if long > MAX_ASPECT * short:
        raise ImageError(
            f"The picture is {long} pixels long and only {short} across: crop it to less than {MAX_ASPECT} to 1."
        )


def check_sample(sample: Sample) -> None:
    """Raises DataError, naming its file, for a labelled picture that no network can take."""
    try:
        check_picture(sample.image)
    except ImageError as error:
        raise DataError(f"{sample.file}: {error}") from error
