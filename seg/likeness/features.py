"""What an encoder that has seen a million photos makes of a whole picture: a few numbers, whatever its size."""

import math
from collections.abc import Collection

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from seg.models.blocks import Network
from seg.models.efficientnet import LITE0, EfficientNetLite, batch_norm, convolution, stages

SIZE = 1280
"""How many numbers describe a picture."""

AREA = 224 * 224
"""Of the picture as the encoder sees it, in pixels: EfficientNet-Lite0's own."""

ASPECT = 2.0
"""Longer pictures are seen squeezed to this."""

STRIDE = 32
COARSE = 1024
"""Of pictures whose short side has several times as many pixels, only every second, third … is looked at."""


class Features(Network):
    """EfficientNet-Lite0 up to what its classifier reads: float32 (N, 3, h, w) from −1 to 1 → (N, SIZE)."""

    skip_names = ()

    def __init__(self) -> None:
        super().__init__()
        self.encoder = EfficientNetLite(LITE0)
        self.head = nn.Sequential(convolution(stages(LITE0)[-1].channels, SIZE), batch_norm(SIZE))

    def forward(self, x: Tensor, skips: Collection[str] | None = None) -> Tensor:
        return F.relu6(self.head(self.encoder(x)[-1])).mean((2, 3))

    @torch.inference_mode()
    def describe(self, image: np.ndarray) -> Tensor:
        """A picture, uint8 (H, W, 3) or (H, W) → float32 (SIZE,)."""
        return self(batch_of(image).contiguous(memory_format=torch.channels_last))[0]


def batch_of(image: np.ndarray) -> Tensor:
    """A picture, uint8 (H, W, 3) or (H, W), as `Features` take it: float32 (1, 3, h, w)."""
    return torch.from_numpy(seen(image)).permute(2, 0, 1)[None].float().div(127.5).sub(1)


def seen(image: np.ndarray) -> np.ndarray:
    """The picture as the encoder sees it: uint8 (h, w, 3), of `AREA` and its own proportions, grey ones repeated."""
    height, width = image.shape[:2]
    step = max(min(height, width) // COARSE, 1)
    aspect = min(max(width / height, 1 / ASPECT), ASPECT)
    size = [max(round(math.sqrt(AREA * a) / STRIDE), 1) * STRIDE for a in (aspect, 1 / aspect)]
    picture = Image.fromarray(np.ascontiguousarray(image[::step, ::step])).convert("RGB")
    return np.array(picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))
