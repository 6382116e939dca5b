"""How a picture becomes what a network was trained on: the same three lines in training and in use."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


def to_tensor(image: np.ndarray, device: torch.device | None = None) -> Tensor:
    """Uint8 (H, W, 3) or (H, W) → uint8 (C, H, W) on the device, the CPU unless given; to CUDA from pinned memory."""
    tensor = torch.tensor(np.atleast_3d(image))
    if device is not None and device.type == "cuda":
        tensor = tensor.pin_memory().to(device, non_blocking=True)
    return tensor.permute(2, 0, 1)


LUMINANCE = (0.299, 0.587, 0.114)
"""Of red, green and blue: ITU-R BT.601."""


def to_channels(image: Tensor, channels: int) -> Tensor:
    """Uint8 (1 or 3, H, W) → (channels, H, W): grey is repeated, colour becomes luminance."""
    if len(image) == channels:
        return image
    if channels == 3:
        return image.expand(3, -1, -1)
    weights = torch.tensor(LUMINANCE, device=image.device)[:, None, None]
    return (image.float() * weights).sum(dim=0, keepdim=True).round().to(torch.uint8)


def resize(image: Tensor, factor: float) -> Tensor:
    """Uint8 (C, H, W) → (C, factor·H, factor·W), bilinear and antialiased, at least one pixel each way."""
    height, width = image.shape[-2:]
    return resize_to(image, (max(1, round(height * factor)), max(1, round(width * factor))))


def resize_to(image: Tensor, size: Sequence[int]) -> Tensor:
    """Uint8 (C, H, W) → (C, h, w), size (h, w), bilinear and antialiased."""
    if tuple(size) == image.shape[-2:]:
        return image
    if image.device.type == "cpu":  # what torchvision's resize does, without the seconds that importing it takes
        return F.interpolate(image[None], tuple(size), mode="bilinear", antialias=True)[0]
    return resize_exactly(image, size)


def resize_exactly(image: Tensor, size: Sequence[int]) -> Tensor:
    """`resize_to` on a device that does not do it in whole numbers itself: the same values as on the CPU, so that the
    same labels come of them."""
    height, width = image.shape[-2:]
    wide = image.float() @ _shares(width, size[1]).to(image.device).T
    wide = wide.add_(0.5).floor_()
    pixels = (_shares(height, size[0]).to(image.device) @ wide).add_(0.5).floor_()
    return pixels.clamp_(0, 255).to(torch.uint8)


@lru_cache(maxsize=4)
def _shares(source: int, target: int) -> Tensor:
    """The weights of `source` pixels in each of `target`, float32 (target, source): a triangle that reaches one pixel
    of the coarser grid to either side, in the steps of the CPU's 16-bit weights."""
    scale = source / target
    centre = (torch.arange(target, dtype=torch.float64) + 0.5) * scale
    shares = (1 - (torch.arange(source) + 0.5 - centre[:, None]).abs() / max(scale, 1)).clamp_(min=0)
    shares /= shares.sum(dim=1, keepdim=True)
    largest = float(shares.max())
    steps = next((2.0**bits for bits in range(22) if int(0.5 + largest * 2 ** (bits + 1)) >= 2**15), 2.0**22)
    return shares.mul_(steps).round_().div_(steps).float()


def resize_short_side(image: Tensor, short_side: int) -> Tensor:
    """`resize` to min(h, w) = `short_side`."""
    return resize(image, short_side / min(image.shape[-2:]))


def normalise(image: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Uint8 (..., C, H, W) → float32, per channel (x / 255 − mean) / std."""
    divisor = torch.tensor(std)
    scale, shift = 1 / (255 * divisor), torch.tensor(mean) / divisor
    if image.device.type == "cpu":  # on this thread alone: PyTorch would wait for another one
        pixels = image.movedim(-3, -1).numpy()
        rows = pixels.reshape(*pixels.shape[:-2], -1)  # whole rows are faster than three values at a time
        scaled = rows * np.tile(scale.numpy(), pixels.shape[-2])
        scaled -= np.tile(shift.numpy(), pixels.shape[-2])
        return torch.from_numpy(scaled.reshape(pixels.shape)).movedim(-1, -3)
    # Sent without waiting for the device, which may have other work to do.
    pixels = image.float().movedim(-3, -1)
    pixels = pixels * scale.to(image.device, non_blocking=True)
    pixels -= shift.to(image.device, non_blocking=True)
    return pixels.movedim(-1, -3)
