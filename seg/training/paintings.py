"""Painted photos, and what an encoder makes of them: computed once a photo, and kept."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.transforms.v2 import functional as V

from seg.datasets import Sample
from seg.errors import DataError, NotEnoughMemoryError
from seg.inference.scaling import MAX_ENLARGEMENT, check_picture
from seg.labels import IGNORE
from seg.models.blocks import pad_to_multiple
from seg.models.lite_head import LiteHead
from seg.pictures.resize import normalise, resize, to_channels, to_tensor

COARSE = 4
"""The loss is taken of every so-manyth pixel each way, the last of each block."""

FEWEST_VERSIONS, MOST_VERSIONS, ALL_VERSIONS = 2, 8, 64
"""Of each photo, at least and at most, and of all photos together, where there are many."""

SCALES = (1.0, 0.75, 1.3)
"""What the versions of a photo are enlarged by, in turn."""

JITTER = 0.3
"""The share by which a version's brightness, contrast and saturation may differ."""

HELD_BYTES = 2**30
"""Of features, in fp16; 50 photos of 480×360 in all their versions take some 35 MB."""


@dataclass(frozen=True)
class Painting(Sample):
    """A photo with what was painted on it.

    name: what sentences call it. image: uint8 (H, W, 3) RGB, or (H, W) grey. labels: uint8 (H, W), class ids,
    `seg.labels.IGNORE` where nothing is painted.
    """

    @cached_property
    def digest(self) -> str:
        """Tells the picture, not its paint, from others."""
        found = hashlib.sha256(np.ascontiguousarray(self.image).tobytes())
        found.update(str(self.image.shape).encode())
        return found.hexdigest()

    @property
    def is_blank(self) -> bool:
        return bool((self.labels == IGNORE).all())

    def checked(self, num_classes: int) -> "Painting":
        """Itself. Raises DataError or ImageError with a sentence for what cannot be learned from."""
        check_picture(self.image)
        if self.labels.dtype != np.uint8 or self.labels.shape != self.image.shape[:2]:
            wanted, found = ("×".join(map(str, s[:2][::-1])) for s in (self.image.shape, self.labels.shape))
            raise DataError(
                f"{self.name}: its paint is {self.labels.dtype} of {found} and the photo of {wanted}: paint is uint8, "
                "one class id a pixel."
            )
        beyond = self.labels[(self.labels >= num_classes) & (self.labels != IGNORE)]
        if beyond.size:
            raise DataError(
                f"{self.name} is painted with the id {beyond.max()}, and there are {num_classes} classes: ids go from "
                f"0 to {num_classes - 1}, and {IGNORE} is unpainted."
            )
        return self

    def at(self, scale: int) -> "Painting":
        """At a short side of `scale` pixels, if it is larger: all that teaching needs of a large photo.

        Raises ImageError with a sentence for what is no picture.
        """
        check_picture(self.image)
        factor = scale / min(self.image.shape[:2])
        if factor >= 1:
            return self
        image = resize(to_tensor(self.image), factor)
        labels = resized_labels(self.labels, (image.shape[-2], image.shape[-1]))
        return replace(self, image=image.permute(1, 2, 0).squeeze(-1).contiguous().numpy(), labels=labels)


def resized_labels(labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Uint8 (H, W) → (h, w), the nearest label each."""
    return F.interpolate(torch.from_numpy(labels.copy())[None, None], size, mode="nearest-exact")[0, 0].numpy()


@dataclass(frozen=True)
class Version:
    """What the encoder makes of one version of a photo. The first is the photo itself.

    number: which version; size: its height and width in pixels; padded: of what the encoder saw, which goes on below
    and to the right. features: name → fp16 (1, C, h, w).
    """

    number: int
    size: tuple[int, int]
    padded: tuple[int, int]
    features: Mapping[str, Tensor]

    @property
    def bytes(self) -> int:
        return sum(tensor.nbytes for tensor in self.features.values())

    def labels(self, labels: np.ndarray) -> Tensor:
        """The photo's labels, uint8 (H, W), at every `COARSE`th pixel of the version: uint8 (h, w)."""
        laid = np.full(self.padded, IGNORE, np.uint8)
        laid[: self.size[0], : self.size[1]] = labels_of(labels, self.number, self.size)
        return torch.from_numpy(laid[COARSE - 1 :: COARSE, COARSE - 1 :: COARSE].copy())


def versions_for(photos: int) -> int:
    """Of each, where there are so many photos."""
    return min(max(ALL_VERSIONS // photos, FEWEST_VERSIONS), MOST_VERSIONS)


class Features:
    """What one encoder makes of photos, kept by their content; the oldest go where there is no room.

    network: in evaluation. mean, std: of its pictures; scale: the short side that they are brought to, in pixels.
    """

    def __init__(self, network: LiteHead, mean: Sequence[float], std: Sequence[float], scale: int):
        self.network, self.mean, self.std, self.scale = network, mean, std, scale
        self._held: dict[str, list[Version]] = {}
        """Those used last stand last."""

    def lacks(self, painting: Painting, count: int) -> bool:
        """Whether any of its `count` versions is still to be computed."""
        return len(self._held.get(painting.digest, ())) < count

    def of(self, painting: Painting, count: int) -> list[Version]:
        """The first `count` versions of a photo, computed where they are not there."""
        held = self._held[painting.digest] = self._held.pop(painting.digest, [])
        while len(held) < count:
            held.append(self._version(painting, len(held)))
        return held[:count]

    def make_room(self, wanted: Sequence[Painting]) -> None:
        """Let go of the oldest, but of none that is wanted. Raises NotEnoughMemoryError where these are too many."""
        kept = {painting.digest for painting in wanted}
        for digest in list(self._held):
            if self.held_bytes > HELD_BYTES and digest not in kept:
                del self._held[digest]
        if self.held_bytes > HELD_BYTES:
            raise NotEnoughMemoryError(
                f"The features of {len(wanted)} photos take more than {HELD_BYTES / 2**30:.0f} GB: teach with fewer of "
                "them, or train a network with `seg train`."
            )

    @property
    def held_bytes(self) -> int:
        return sum(version.bytes for held in list(self._held.values()) for version in held)

    def _version(self, painting: Painting, number: int) -> Version:
        image = version_of(to_channels(to_tensor(painting.image), 3), painting.digest, number, self.scale)
        batch = pad_to_multiple(normalise(image[None].contiguous(), self.mean, self.std), 32)
        with torch.inference_mode():
            found = self.network.features(batch.contiguous(memory_format=torch.channels_last))
        features = {name: tensor.half().contiguous() for name, tensor in found.items()}
        size, padded = ((shape[-2], shape[-1]) for shape in (image.shape, batch.shape))
        return Version(number, size, padded, features)


def is_flipped(number: int) -> bool:
    return number % 2 == 1


def labels_of(labels: np.ndarray, number: int, size: tuple[int, int]) -> np.ndarray:
    """A photo's labels, uint8 (H, W), as those of its version of this size: uint8 (h, w)."""
    return resized_labels(labels[:, ::-1] if is_flipped(number) else labels, size)


def version_of(image: Tensor, digest: str, number: int, scale: int) -> Tensor:
    """The so-manyth version of a photo, uint8 (3, H, W): scaled, flipped, its colours varied; 0 is the photo at the
    scale it is segmented at. It depends on content and number alone."""
    factor = min(scale / min(image.shape[-2:]), MAX_ENLARGEMENT)
    image = resize(image, factor * SCALES[number % len(SCALES)])
    if number == 0:
        return image
    generator = np.random.default_rng([number, int(digest[:8], 16)])
    for vary in (V.adjust_brightness, V.adjust_contrast, V.adjust_saturation):
        image = vary(image, float(generator.uniform(1 - JITTER, 1 + JITTER)))
    return image.flip(-1) if is_flipped(number) else image
