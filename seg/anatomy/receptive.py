"""What one output pixel sees of the picture: the theoretical square, and the pixels that really count.

Luo et al., 'Understanding the Effective Receptive Field in Deep Convolutional Neural Networks', NeurIPS 2016.
"""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from seg.anatomy.cost import extent
from seg.inference.segmenter import Segmenter

MAP_SIDE = 320
"""The longest side of a heat map that is kept."""
MOST = 0.95


@dataclass(frozen=True)
class Field:
    """The receptive field of one output pixel.

    heat: float32 (h, w), |d winning logit / d input| summed over channels and reduced, 1 at its largest.
    box: (top, left, bottom, right) of the theoretical field in shares of the picture, None if it cannot be told.
    side: side in picture pixels of the square around the pixel that holds 95 % of the gradient.
    theoretical: side in picture pixels of the theoretical field, clipped to the picture; None if it cannot be told.
    inside: share of the gradient inside the box, 1 unless something is wrong; None if there is no box.
    """

    heat: np.ndarray
    box: tuple[float, float, float, float] | None
    side: int
    theoretical: int | None
    inside: float | None


@dataclass(frozen=True)
class Seen:
    """A question: the `Field` of the output pixel at (y, x), in shares of the picture from 0 to below 1."""

    y: float
    x: float

    def depends_on(self, digest: str, size: tuple[int, int], detail: int) -> Hashable:
        return digest

    def __call__(self, network: Segmenter, image: np.ndarray, detail: int) -> Field:
        height, width = network.logits(image).shape[-2:]
        y, x = min(int(self.y * height), height - 1), min(int(self.x * width), width - 1)
        gradient = network.gradient(image, y, x)
        scale = image.shape[0] / height
        box = theoretical = inside = None
        try:
            top, left, bottom, right = extent(
                network.module, (height, width), y, x, in_channels=len(network.record.mean)
            )
        except NotImplementedError:
            pass
        else:
            box = (top / height, left / width, bottom / height, right / width)
            theoretical = round(max(bottom - top, right - left) * scale)
            inside = float(gradient[top:bottom, left:right].sum() / max(gradient.sum(), 1e-30))
        heat = torch.from_numpy(gradient)[None, None]
        shrink = MAP_SIDE / max(height, width)
        if shrink < 1:
            heat = F.interpolate(heat, size=[round(height * shrink), round(width * shrink)], mode="area")
        heat = heat[0, 0].numpy()
        return Field(
            heat / max(float(heat.max()), 1e-30), box, round(_side(gradient, y, x) * scale), theoretical, inside
        )


def _side(gradient: np.ndarray, y: int, x: int) -> int:
    """Side of the smallest square around (y, x), cut off by the picture, that holds `MOST` of the gradient."""
    rows, columns = np.ogrid[: gradient.shape[0], : gradient.shape[1]]
    distance = np.maximum(np.abs(rows - y), np.abs(columns - x))
    held = np.cumsum(np.bincount(distance.ravel(), gradient.ravel()))
    return 2 * int(np.searchsorted(held, MOST * held[-1])) + 1
