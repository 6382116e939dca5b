"""The same networks in operations that OpenVINO is fast at: equal results, other steps."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from seg.models.blocks import crop_to
from seg.models.efficientnet import LiteEncoderDecoder, UpBlock
from seg.models.fc_densenet import DenseBlock, DenseLayer
from seg.models.unet import UNet

VECTOR = 16
"""Output channels that a CPU computes at once."""

WIDE = 32
"""Channels of the first layer from which on a network is faster with maps in blocks of `VECTOR` channels."""

SMALL = 1000
"""Pixels below which joining features anew for every layer costs less than handling them apart."""

LARGE, STRIP = 16 << 20, 24 << 20
"""Bytes of a wide dense block's input from which on it is handled in strips of rows, and of one of these, several of
which fit the cache that a CPU's cores share."""

LARGE_STRIDE = 8
"""From which on a transposed convolution is better made at its input's resolution."""


def rewrite(model: nn.Module) -> nn.Module:
    """A network in evaluation with equal results; the one given is used up."""
    dense_block = WideDenseBlock if fits_blocks(model) else SplitDenseBlock
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.MaxUnpool2d):
                setattr(module, name, Unpool())
            elif isinstance(child, nn.MaxPool2d) and child.kernel_size == 2 and child.ceil_mode:
                setattr(module, name, IndexedPool() if child.return_indices else Pool())
            elif isinstance(child, DenseBlock):
                setattr(module, name, dense_block(child))
            elif isinstance(child, UpBlock):
                setattr(module, name, ShortUpBlock(child))
            elif isinstance(child, nn.ConvTranspose2d) and _is_upscore(child):
                setattr(module, name, SubpixelConvolution(child))
    if isinstance(model, UNet):
        return ShortUNet(model)
    return ShortEncoderDecoder(model) if isinstance(model, LiteEncoderDecoder) else model


def fits_blocks(model: nn.Module) -> bool:
    """Whether a network is faster if its maps lie in memory in blocks of `VECTOR` channels: it makes them of an image,
    its channels fill them, and this CPU has vectors of that length."""
    first, *layers = [layer for layer in model.modules() if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d))]
    widths = [layer.in_channels for layer in layers if layer.in_channels >= WIDE]
    fits = first.in_channels <= 3 and first.out_channels >= WIDE and all(width % VECTOR == 0 for width in widths)
    return fits and torch.backends.cpu.get_cpu_capability() == "AVX512"


class Pool(nn.Module):
    """Max-pooling by 2 that rounds up. OpenVINO's own makes indices, too, in another layout, where it rounds up."""

    def forward(self, x: Tensor) -> Tensor:
        return F.max_pool2d(_even(x), 2)


class IndexedPool(nn.Module):
    """Max-pooling by 2 that says which of the four was largest, 0 to 3 in reading order, the first of equals.

    OpenVINO's own pooling with indices, and the scatter that it makes of unpooling, take four times as long.
    """

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = _even(x)
        height, width = x.shape[-2:]
        largest = F.max_pool2d(x, 2)
        order = torch.where(x == _doubled(largest, height, width), 4 - _place(height, width), 0.0)
        return largest, 4 - F.max_pool2d(order, 2)


class Unpool(nn.Module):
    """Max-unpooling by 2 with what `IndexedPool` says."""

    def forward(self, x: Tensor, which: Tensor, output_size: torch.Size) -> Tensor:
        height, width = output_size[-2:]
        here = _doubled(which, height, width) == _place(height, width)
        return torch.where(here, _doubled(x, height, width), 0.0)


def _even(x: Tensor) -> Tensor:
    """Continued by −∞ to an even height and width."""
    below, right = x.shape[-2] % 2, x.shape[-1] % 2
    return F.pad(x, (0, right, 0, below), value=-torch.inf) if below or right else x


def _place(height: int, width: int) -> Tensor:
    """Float32 (1, 1, height, width): 0 to 3, each pixel's place among its four, in reading order.

    Of two axes only, OpenVINO would bring every map beside it into another layout and back.
    """
    return ((torch.arange(height) % 2 * 2)[:, None] + torch.arange(width) % 2).float()[None, None]


def _doubled(x: Tensor, height: int, width: int) -> Tensor:
    """Each value as 2×2, cut to the size."""
    return F.interpolate(x, scale_factor=2, mode="nearest")[..., :height, :width]


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


class DoubledConvolution(nn.Module):
    """A 3×3 convolution of a skip beside a doubled map, which is never made.

    doubling: (C, M, 2, 2), the transposed convolution of stride 2 that doubles. It and the convolution's part for the
    map are one transposed convolution of kernel 4: 4 taps to an output pixel instead of 9. convolution: of M and the
    skip's channels, the map's first unless `skip_first`. bias: (M,), what is added to the doubled map; a channel of
    ones carries it, since at the border fewer taps see it.
    """

    def __init__(self, doubling: Tensor, convolution: nn.Conv2d, skip_first: bool = False, bias: Tensor | None = None):
        super().__init__()
        middle, weight = doubling.shape[1], convolution.weight
        own, skip = (weight[:, -middle:], weight[:, :-middle]) if skip_first else weight.tensor_split([middle], dim=1)
        if bias is not None:
            doubling = torch.cat([doubling, bias.expand(2, 2, -1).permute(2, 0, 1)[None]])
        self.ones = bias is not None
        self.own = nn.Parameter(F.conv2d(doubling, own, padding=2))
        self.skip = nn.Parameter(skip.contiguous())
        self.bias = nn.Parameter(convolution.bias)

    def forward(self, x: Tensor, skip: Tensor | None) -> Tensor:
        if self.ones:
            x = torch.cat([x, torch.ones_like(x[:, :1])], dim=1)
        if skip is None:
            return F.conv_transpose2d(x, self.own, self.bias, stride=2, padding=1)
        y = F.conv_transpose2d(x, self.own, stride=2, padding=1)
        return y + F.conv2d(skip, self.skip, self.bias, padding=1)


def _folded(convolution: nn.Conv2d, *rest: nn.Module) -> nn.Conv2d:
    """The convolution with the normalisation after it, if one is there."""
    return fuse_conv_bn_eval(convolution, rest[0]) if isinstance(rest[0], nn.BatchNorm2d) else convolution


class ShortUpBlock(nn.Module):
    """`UpBlock` without doubling."""

    def __init__(self, block: UpBlock):
        super().__init__()
        convolution = _folded(*block.conv1)
        channels = block.in_channels
        doubling = torch.eye(channels)[:, :, None, None].expand(-1, -1, 2, 2)
        self.conv1 = DoubledConvolution(doubling, convolution)
        self.conv2 = block.conv2

    def forward(self, x: Tensor, skip: Tensor | None = None) -> Tensor:
        return self.conv2(F.relu(self.conv1(x, skip)))


class ShortUNet(nn.Module):
    """`UNet` whose up-convolutions and the convolutions after them are one, where nothing is cropped in between."""

    def __init__(self, network: UNet):
        super().__init__()
        self.network = network
        self.short = nn.ModuleList(
            DoubledConvolution(upconv.weight, _folded(*block[0]), skip_first=True, bias=upconv.bias)
            for upconv, block in zip(network.upconv, network.up, strict=True)
        )

    def forward(self, x: Tensor) -> Tensor:
        network, encoded = self.network, []
        for block in network.down:
            x = block(x)
            encoded.append(x)
            x = network.pool(x)
        x = network.bottleneck(x)
        for upconv, block, short in zip(network.upconv, network.up, self.short, strict=True):
            skip = encoded.pop()
            if skip.shape[2] == 2 * x.shape[2] and skip.shape[3] == 2 * x.shape[3]:
                x = block[1](F.relu(short(x, skip)))
            else:
                x = block(torch.cat([skip, crop_to(upconv(x), skip)], dim=1))
        return network.classifier(x)


BLUR = (0.25, 0.5, 0.25)
"""Of a map whose values stand twice, it makes one that is doubled bilinearly."""

LOST = ((-0.25, 0.25, 0.25), (0.25, 0.0, 0.0))
"""What the two pixels next to a border miss of the border's own value, through each of three taps, when a map is
continued by zeros before it is doubled and blurred."""


class BilinearConvolution(nn.Module):
    """A 3×3 convolution of a map enlarged bilinearly, which is never made where it is doubled.

    Doubled bilinearly is doubled plainly and blurred, and the blur may as well come last: of fewer channels, after a
    transposed convolution that needs 2 taps to an output pixel along each doubled axis instead of 3. What is wrong at
    the borders, two pixels deep, is put right there.
    """

    def __init__(self, convolution: nn.Conv2d):
        super().__init__()
        self.convolution = convolution

    def forward(self, x: Tensor, size: torch.Size) -> Tensor:
        axes = [axis for axis in (2, 3) if size[axis - 2] == 2 * x.shape[axis]]
        x = _enlarged(x, size, [axis for axis in (2, 3) if axis not in axes])
        weight, bias = self.convolution.weight, self.convolution.bias
        y = _bilinear_convolution(x, weight, axes, bias)
        for axis in axes:
            other = [a for a in axes if a != axis]
            for first in (True, False):
                line = x.narrow(axis, 0 if first else x.shape[axis] - 1, 1)
                taps = torch.tensor(LOST if first else [lost[::-1] for lost in LOST])
                kernels = torch.tensordot(taps, weight, ([1], [axis])).flatten(0, 1).unsqueeze(axis)
                if axis == 2:
                    lost = _bilinear_convolution(_enlarged(line, size, other), kernels, [])
                else:
                    lost = _bilinear_convolution(line, kernels, other)
                for depth, part in enumerate(lost.tensor_split(2, dim=1)):
                    here = torch.zeros(size[axis - 2])
                    here[depth if first else -1 - depth] = 1
                    y = y + part * _along(here, axis)
        return y


def _enlarged(x: Tensor, size: torch.Size, axes: list[int]) -> Tensor:
    """Bilinearly, along these axes only."""
    wanted = [size[axis - 2] if axis in axes else x.shape[axis] for axis in (2, 3)]
    return x if wanted == list(x.shape[2:]) else F.interpolate(x, wanted, mode="bilinear", align_corners=False)


def _bilinear_convolution(x: Tensor, weight: Tensor, axes: list[int], bias: Tensor | None = None) -> Tensor:
    """A convolution of x doubled bilinearly, plainly first and then blurred, along the axes, continued by zeros."""
    padding = [length // 2 for length in weight.shape[2:]]
    if not axes:
        return F.conv2d(x, weight, bias, padding=padding)
    kernel, blur = weight.transpose(0, 1).flip(2, 3), torch.ones(1, 1, 1, 1)
    for axis in axes:
        nothing = torch.zeros_like(kernel.narrow(axis, 0, 1))
        kernel = torch.cat([kernel, nothing], axis) + torch.cat([nothing, kernel], axis)
        blur = blur * _along(torch.tensor(BLUR), axis)
    y = F.conv_transpose2d(x, kernel, stride=[2 if axis in axes else 1 for axis in (2, 3)], padding=padding)
    channels, padding = y.shape[1], [int(axis in axes) for axis in (2, 3)]
    return F.conv2d(y, blur.expand(channels, -1, -1, -1), bias, padding=padding, groups=channels)


def _along(values: Tensor, axis: int) -> Tensor:
    """A vector as a map, (1, 1, H, 1) for axis 2 or (1, 1, 1, W) for axis 3."""
    return values.view([-1 if a == axis else 1 for a in range(4)])


class ShortEncoderDecoder(nn.Module):
    """`LiteEncoderDecoder` whose enlarged maps are never made."""

    def __init__(self, network: LiteEncoderDecoder):
        super().__init__()
        self.network = network
        self.enlarge = nn.ModuleList(BilinearConvolution(_folded(*level[0])) for level in network.decoder)

    def forward(self, x: Tensor) -> Tensor:
        *finer, x = self.network.encoder(x)
        for enlarge, level, feature in zip(self.enlarge, self.network.decoder, reversed(finer), strict=True):
            x = level[1](F.relu(enlarge(x, feature.shape[-2:])))
        return self.network.classifier(x)


def _is_upscore(layer: nn.ConvTranspose2d) -> bool:
    """Whether it goes up by a large stride as an FCN's last layer does."""
    stride = layer.stride[0]
    return stride >= LARGE_STRIDE and layer.kernel_size == (2 * stride, 2 * stride) and layer.padding[0] == stride // 2


class SubpixelConvolution(nn.Module):
    """A transposed convolution of kernel 2·stride without bias as a 1×1 convolution of each pixel's 2×2 neighbours that
    gives stride² values a pixel: Shi et al., 'Real-Time Single Image and Video Super-Resolution Using an Efficient
    Sub-Pixel Convolutional Neural Network', CVPR 2016."""

    def __init__(self, layer: nn.ConvTranspose2d):
        super().__init__()
        self.stride, (inputs, outputs, _, _) = layer.stride[0], layer.weight.shape
        taps = layer.weight.reshape(inputs, outputs, 2, self.stride, 2, self.stride)
        taps = taps.flip(2, 4).permute(1, 3, 5, 2, 4, 0)
        self.weight = nn.Parameter(taps.reshape(outputs * self.stride**2, 4 * inputs, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = F.pad(x, (1, 1, 1, 1))
        rows = x[:, :, :-1], x[:, :, 1:]
        neighbours = torch.cat([part for row in rows for part in (row[..., :-1], row[..., 1:])], dim=1)
        y = F.pixel_shuffle(F.conv2d(neighbours, self.weight), self.stride)
        margin = self.stride // 2
        return y[..., margin:-margin, margin:-margin]
