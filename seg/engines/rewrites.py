"""The same networks in operations that OpenVINO is fast at: equal results, other steps."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seg.models.fc_densenet import DenseBlock, DenseLayer


def rewrite(model: nn.Module) -> nn.Module:
    """The model itself, in evaluation, with its dense blocks, index pooling and unpooling exchanged in place."""
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.MaxUnpool2d):
                setattr(module, name, Unpool())
            elif isinstance(child, nn.MaxPool2d) and child.return_indices:
                setattr(module, name, Pool())
            elif isinstance(child, DenseBlock):
                setattr(module, name, SplitDenseBlock(child))
    return model


class Pool(nn.Module):
    """Max-pooling by 2 that says which of the four was largest, 0 to 3 in reading order, the first of equals.

    OpenVINO's own pooling with indices, and the scatter that it makes of unpooling, take four times as long.
    """

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        below, right = x.shape[-2] % 2, x.shape[-1] % 2
        if below or right:
            x = F.pad(x, (0, right, 0, below), value=-torch.inf)
        height, width = x.shape[-2:]
        largest = F.max_pool2d(x, 2)
        order = torch.where(x == _doubled(largest, height, width), 4 - _place(height, width), 0.0)
        return largest, 4 - F.max_pool2d(order, 2)


class Unpool(nn.Module):
    """Max-unpooling by 2 with what `Pool` says."""

    def forward(self, x: Tensor, which: Tensor, output_size: torch.Size) -> Tensor:
        height, width = output_size[-2:]
        here = _doubled(which, height, width) == _place(height, width)
        return torch.where(here, _doubled(x, height, width), 0.0)


def _place(height: int, width: int) -> Tensor:
    """Float32 (height, width): 0 to 3, each pixel's place among its four, in reading order."""
    return ((torch.arange(height) % 2 * 2)[:, None] + torch.arange(width) % 2).float()


def _doubled(x: Tensor, height: int, width: int) -> Tensor:
    """Each value as 2×2, cut to the size."""
    return F.interpolate(x, scale_factor=2, mode="nearest")[..., :height, :width]


class SplitDenseBlock(nn.Module):
    """A dense block whose layers convolve the block's input and the features made in it apart, and add the two.

    The plain graph joins all features anew for every layer and normalises them in a pass of their own. Split, the wide
    input is never copied.
    """

    def __init__(self, block: DenseBlock):
        super().__init__()
        self.layers = block.layers

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        channels = x.shape[1]
        new: list[Tensor] = []
        for layer in self.layers:
            features = _part(layer, x, 0, layer[2].bias)
            if new:
                features = features + _part(layer, torch.cat(new, dim=1), channels)
            new.append(features)
        return torch.cat([x, *new], dim=1), torch.cat(new, dim=1)


def _part(layer: DenseLayer, x: Tensor, first: int, bias: Tensor | None = None) -> Tensor:
    """What the channels x of the layer's input, from channel `first` on, add to its output."""
    norm, _, convolution, _ = layer
    own = slice(first, first + x.shape[1])
    mean, var, weight, shift = (t[own] for t in (norm.running_mean, norm.running_var, norm.weight, norm.bias))
    normed = F.batch_norm(x, mean, var, weight, shift, eps=norm.eps)
    return F.conv2d(F.relu(normed), convolution.weight[:, own], bias, padding=convolution.padding)
