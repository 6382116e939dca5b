"""Dense blocks, split at their input or in strips of rows."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seg.models.blocks import crop_to
from seg.models.fc_densenet import DenseBlock, DenseLayer

VECTOR = 16
"""Output channels that a CPU computes at once."""

SMALL = 1000
"""Pixels below which joining features anew for every layer costs less than handling them apart."""

LARGE, STRIP = 16 << 20, 10 << 20
"""Bytes of a wide dense block's input from which on it is handled in strips of rows, and of one of these, several of
which fit the cache that a CPU's cores share."""


class SplitDenseBlock(nn.Module):
    """A dense block whose layers convolve the block's input and the features made in it apart, and add the two.

    The plain graph joins all features anew for every layer and normalises them in a pass of their own. Split, the wide
    input is never joined. With few features a layer, the convolutions give what three rows add to one as channels,
    which `sums` add up.
    """

    def __init__(self, block: DenseBlock):
        super().__init__()
        channels, growth = block.layers[0][2].in_channels, block.layers[0][2].out_channels
        by_rows = growth <= VECTOR // 3
        self.whole = nn.ModuleList(_part(layer, slice(None), not by_rows, by_rows) for layer in block.layers)
        self.of_input = nn.ModuleList(_part(layer, slice(channels), not by_rows, by_rows) for layer in block.layers)
        self.of_new = nn.ModuleList(_part(layer, slice(channels, None), False, by_rows) for layer in block.layers[1:])
        self.sums = nn.ModuleList(_sum_of_rows(layer[2].bias) if by_rows else nn.Identity() for layer in block.layers)

    def forward(self, *parts: Tensor) -> tuple[Tensor, Tensor]:
        x = torch.cat([crop_to(part, parts[0]) for part in parts], dim=1)
        new: list[Tensor] = []
        if x.shape[2] * x.shape[3] < SMALL:
            for layer, total in zip(self.whole, self.sums, strict=True):
                new.append(total(layer(torch.cat([x, *new], dim=1))))
        else:
            new.append(self.sums[0](self.of_input[0](x)))
            for of_input, of_new, total in zip(self.of_input[1:], self.of_new, self.sums[1:], strict=True):
                new.append(total(of_input(x) + of_new(torch.cat(new, dim=1))))
        return torch.cat([x, *new], dim=1), torch.cat(new, dim=1)


class WideDenseBlock(nn.Module):
    """A dense block for a network whose maps lie in memory in blocks of channels (`fits_blocks`).

    There, joining features moves nothing: each layer's are written behind all before. A large input would leave memory
    once a layer, and goes through all layers strip by strip instead; the features made of it and of new ones are added.
    """

    def __init__(self, block: DenseBlock):
        super().__init__()
        self.channels = block.layers[0][2].in_channels
        self.whole = nn.ModuleList(_part(layer, slice(None)) for layer in block.layers)
        self.of_input = nn.ModuleList(_part(layer, slice(self.channels)) for layer in block.layers)
        self.of_new = nn.ModuleList(_part(layer, slice(self.channels, None), bias=False) for layer in block.layers[1:])

    def forward(self, *parts: Tensor) -> tuple[Tensor, Tensor]:
        x = torch.cat([crop_to(part, parts[0]) for part in parts], dim=1)
        if 4 * x[0].numel() < LARGE:
            for layer in self.whole:
                x = torch.cat([x, layer(x)], dim=1)
            return x, x[:, self.channels :]
        new, *from_input = _in_strips(self.of_input, parts)
        for features, layer in zip(from_input, self.of_new, strict=True):
            new = torch.cat([new, features + layer(new)], dim=1)
        return torch.cat([x, new], dim=1), new


def _part(layer: DenseLayer, channels: slice, bias: bool = True, by_rows: bool = False) -> nn.Sequential:
    """What some of a layer's input channels add to its output: (N, growth, H, W). By rows, what they add to the output
    a row above, here and below, the three as channels: (N, 3 · growth, H, W)."""
    norm, _, convolution, _ = layer
    weight = convolution.weight[:, channels]
    own = nn.BatchNorm2d(weight.shape[1], eps=norm.eps).eval()
    own.load_state_dict({key: value[channels] if value.ndim else value for key, value in norm.state_dict().items()})
    if by_rows:
        weight = weight.permute(2, 0, 1, 3).flatten(0, 1)[:, :, None]
    return nn.Sequential(own, nn.ReLU(), _convolution(weight, convolution.bias if bias else None))


def _convolution(weight: Tensor, bias: Tensor | None) -> nn.Conv2d:
    """With these weights, (outputs, inputs, h, w), and an output as high and wide as its input."""
    outputs, inputs, *kernel = weight.shape
    padding = [length // 2 for length in kernel]
    layer = nn.utils.skip_init(nn.Conv2d, inputs, outputs, kernel, padding=padding, bias=bias is not None)
    layer.weight, layer.bias = nn.Parameter(weight), bias
    return layer


def _sum_of_rows(bias: Tensor) -> nn.Conv2d:
    """Adds up what three rows gave for one, and the bias, (growth,)."""
    growth = len(bias)
    kernel = torch.zeros(growth, 3, growth, 3)
    for row in range(3):
        kernel[:, row, :, row] = torch.eye(growth)
    return _convolution(kernel.flatten(1, 2)[..., None], bias)


def _in_strips(layers: nn.ModuleList, parts: Sequence[Tensor]) -> list[Tensor]:
    """What a block's input adds to each layer's output, bias included: (N, growth, H, W) each.

    layers: normalisation, ReLU and 3×3 convolution, for the input's channels alone. A strip of rows is joined and read
    once for all of them, and normalised in the cache. Its outputs are joined and cut apart: else OpenVINO, which orders
    its steps by what needs them, would take all strips through one layer after the other.
    """
    height, width = parts[0].shape[2:]
    rows = max(1, STRIP // (4 * width * sum(part.shape[1] for part in parts)))
    strips = []
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        here = slice(max(top - 1, 0), min(bottom + 1, height))
        strip = torch.cat([part[:, :, here, :width] for part in parts], dim=1)
        border = (0, 0, int(top == 0), int(bottom == height))
        outputs = []
        for norm, relu, convolution in layers:
            normed = F.pad(relu(norm(strip)), border)
            outputs.append(F.conv2d(normed, convolution.weight, convolution.bias, padding=(0, 1)))
        strips.append(torch.cat(outputs, dim=1).chunk(len(layers), dim=1))
    return [torch.cat(outputs, dim=2) for outputs in zip(*strips, strict=True)]
