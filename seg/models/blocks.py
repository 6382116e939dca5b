"""The few pieces that several papers share."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ADDED, JOINED = "added", "joined"
"""How a skip meets what comes up: value by value, or as further channels beside it."""


class Skip(NamedTuple):
    """The submodules that a skip leads from and to, how it meets there what comes up, and what it passes on the way."""

    start: str
    end: str
    how: str
    through: str | None = None


class Network(nn.Module):
    """What every architecture is: `forward(x, skips=None)`, and the names of the skips that it can do without."""

    skip_names: tuple[str, ...]


def conv_bn_relu(in_channels: int, out_channels: int, norm: bool) -> nn.Sequential:
    """A same-padded 3×3 convolution, batch norm if `norm`, and ReLU."""
    layers: list[nn.Module] = [nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=not norm)]
    if norm:
        layers.append(nn.BatchNorm2d(out_channels))
    return nn.Sequential(*layers, nn.ReLU(inplace=True))


def crop_to(x: Tensor, reference: Tensor) -> Tensor:
    """The top left of `x` (N, C, H, W) at the height and width of `reference`.

    Pooling with `ceil_mode` adds its odd row and column at the bottom and the right: this crop keeps the grids aligned.
    """
    return x[..., : reference.shape[-2], : reference.shape[-1]]


def skip_or_zeros(x: Tensor, name: str, skips: set[str] | frozenset[str] | None) -> Tensor:
    """The skip connection `x` called `name`, zeroed where `skips` is given and leaves it out."""
    return x if skips is None or name in skips else torch.zeros_like(x)


def pad_to_multiple(x: Tensor, multiple: int) -> Tensor:
    """`x` (N, C, H, W), its last row and column repeated until both sides are divisible by `multiple`."""
    height, width = x.shape[-2:]
    below, right = -height % multiple, -width % multiple
    return F.pad(x, (0, right, 0, below), mode="replicate") if below or right else x


def vgg_stage(in_channels: int, out_channels: int, depth: int, norm: bool) -> nn.Sequential:
    """One of VGG16's stages: `depth` convolutions of `out_channels`, no pooling."""
    return nn.Sequential(
        *(conv_bn_relu(in_channels if i == 0 else out_channels, out_channels, norm) for i in range(depth))
    )


def vgg16_plan(base: int) -> list[tuple[int, int]]:
    """VGG16's five stages as (channels, convolutions), scaled so that the first has `base` channels (paper: 64)."""
    return [(base * min(2**i, 8), 2 if i < 2 else 3) for i in range(5)]
