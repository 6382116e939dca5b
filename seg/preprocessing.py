"""How a picture becomes what a network was trained on: the same three lines in training and in use."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms import v2


def to_tensor(image: np.ndarray) -> Tensor:
    """Uint8 (H, W, 3) or (H, W) → uint8 (C, H, W)."""
    return torch.from_numpy(np.ascontiguousarray(np.atleast_3d(image))).permute(2, 0, 1)


def resize_short_side(image: Tensor, short_side: int) -> Tensor:
    """Uint8 (C, H, W) → (C, h, w), antialiased, with min(h, w) = `short_side` and the shape of the picture kept."""
    height, width = image.shape[-2:]
    factor = short_side / min(height, width)
    size = [max(1, round(height * factor)), max(1, round(width * factor))]
    return image if size == [height, width] else v2.functional.resize(image, size, antialias=True)


def normalise(image: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Uint8 (..., C, H, W) → float32, per channel (x / 255 − mean) / std."""
    shape = (-1, 1, 1)
    mean, std = (torch.tensor(v, device=image.device, dtype=torch.float32).view(shape) for v in (mean, std))
    return (image.float() / 255 - mean) / std
