"""Max-pooling by 2 with indices, and unpooling."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class IndexedPool(nn.Module):
    """Max-pooling by 2 that says which of the four was largest, 0 to 3 in reading order, the first of equals.

    OpenVINO's own pooling with indices, and the scatter that it makes of unpooling, take four times as long.
    """

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = _even(x)
        height, width = x.shape[-2:]
        largest = F.max_pool2d(x, 2)
        order = torch.where(x == _doubled(largest, height, width), 4 - _place_in_four(height, width), 0.0)
        return largest, 4 - F.max_pool2d(order, 2)


class Unpool(nn.Module):
    """Max-unpooling by 2 with what `IndexedPool` says."""

    def forward(self, x: Tensor, which: Tensor, output_size: torch.Size) -> Tensor:
        height, width = output_size[-2:]
        here = _doubled(which, height, width) == _place_in_four(height, width)
        return torch.where(here, _doubled(x, height, width), 0.0)


def _even(x: Tensor) -> Tensor:
    """Continued by −∞ to an even height and width."""
    below, right = x.shape[-2] % 2, x.shape[-1] % 2
    return F.pad(x, (0, right, 0, below), value=-torch.inf) if below or right else x


def _place_in_four(height: int, width: int) -> Tensor:
    """Float32 (1, 1, height, width): 0 to 3, each pixel's place among its four, in reading order.

    Of two axes only, OpenVINO would bring every map beside it into another layout and back.
    """
    return ((torch.arange(height) % 2 * 2)[:, None] + torch.arange(width) % 2).float()[None, None]


def _doubled(x: Tensor, height: int, width: int) -> Tensor:
    """Each value as 2×2, cut to the size."""
    return F.interpolate(x, scale_factor=2, mode="nearest")[..., :height, :width]
