"""The same networks in operations that OpenVINO is fast at: equal results, other steps."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from seg.models.blocks import crop_to
from seg.models.efficientnet import UpBlock
from seg.models.fc_densenet import DenseBlock, DenseLayer, FCDenseNet
from seg.models.unet import UNet

VECTOR = 16
"""Output channels that a CPU computes at once."""

LARGE_STRIDE = 16
"""From which on a transposed convolution is better made at its input's resolution."""


def rewrite(model: nn.Module) -> nn.Module:
    """A network in evaluation with equal results; the one given is used up."""
    if isinstance(model, UNet):
        return ShortUNet(model)
    if isinstance(model, FCDenseNet):
        model.up_blocks[-1] = SplitDenseBlock(model.up_blocks[-1], model.classifier)
        model.classifier = nn.Identity()
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.MaxUnpool2d):
                setattr(module, name, Unpool())
            elif isinstance(child, nn.MaxPool2d) and child.return_indices:
                setattr(module, name, Pool())
            elif isinstance(child, DenseBlock):
                setattr(module, name, SplitDenseBlock(child))
            elif isinstance(child, UpBlock):
                setattr(module, name, ShortUpBlock(child))
            elif isinstance(child, nn.ConvTranspose2d) and _is_upscore(child):
                setattr(module, name, SubpixelConvolution(child))
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
    input is never copied. classifier: a 1×1 convolution of all features, which are then not joined at all: what the
    block gives in their place are the logits.
    """

    def __init__(self, block: DenseBlock, classifier: nn.Conv2d | None = None):
        super().__init__()
        self.layers, self.classifier = block.layers, classifier

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        channels = x.shape[1]
        new: list[Tensor] = []
        for layer in self.layers:
            growth = layer[2].out_channels
            pixels = _side_by_side(growth, x.shape[3])
            features = _part(layer, x, 0, pixels, layer[2].bias)
            if new:
                features = features + _part(layer, torch.cat(new, dim=1), channels, pixels)
            if pixels > 1:
                features = _one_by_one(features, growth)
            new.append(features)
        made = torch.cat(new, dim=1)
        if self.classifier is None:
            return torch.cat([x, *new], dim=1), made
        for_x, for_made = self.classifier.weight.tensor_split([channels], dim=1)
        return F.conv2d(x, for_x) + F.conv2d(made, for_made, self.classifier.bias), made


def _part(layer: DenseLayer, x: Tensor, first: int, pixels: int, bias: Tensor | None = None) -> Tensor:
    """What the channels x of the layer's input, from channel `first` on, add to its output, `pixels` neighbours of a
    row as one pixel's channels: (N, pixels · growth, H, W / pixels)."""
    norm, _, convolution, _ = layer
    own = slice(first, first + x.shape[1])
    mean, var, weight, shift = (t[own] for t in (norm.running_mean, norm.running_var, norm.weight, norm.bias))
    normed = F.batch_norm(x, mean, var, weight, shift, eps=norm.eps)
    kernel = torch.cat([F.pad(convolution.weight[:, own], (i, pixels - 1 - i)) for i in range(pixels)])
    bias = None if bias is None else bias.repeat(pixels)
    return F.conv2d(F.relu(normed), kernel, bias, stride=(1, pixels), padding=1)


def _side_by_side(channels: int, width: int) -> int:
    """How many neighbouring pixels a convolution to few channels makes at once.

    Five channels leave most of a vector empty; three pixels of five fill it, with kernels of 3×5 at a stride of 3.
    """
    return max(p for p in range(1, VECTOR + 1) if width % p == 0 and p * channels <= max(VECTOR, channels))


def _one_by_one(x: Tensor, channels: int) -> Tensor:
    """(N, pixels · channels, H, W) → (N, channels, H, pixels · W)."""
    n, _, height, _ = x.shape
    return x.permute(0, 2, 3, 1).reshape(n, height, -1, channels).permute(0, 3, 1, 2)


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


def _is_upscore(layer: nn.ConvTranspose2d) -> bool:
    """Whether it goes up by a large stride as an FCN's last layer does."""
    stride = layer.stride[0]
    return stride >= LARGE_STRIDE and layer.kernel_size == (2 * stride, 2 * stride) and layer.padding[0] == stride // 2


class SubpixelConvolution(nn.Module):
    """A transposed convolution of kernel 2·stride without bias as a 2×2 convolution that gives stride² values a pixel:
    Shi et al., 'Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural
    Network', CVPR 2016."""

    def __init__(self, layer: nn.ConvTranspose2d):
        super().__init__()
        self.stride, (inputs, outputs, _, _) = layer.stride[0], layer.weight.shape
        taps = layer.weight.reshape(inputs, outputs, 2, self.stride, 2, self.stride)
        taps = taps.permute(1, 3, 5, 0, 2, 4).flip(4, 5)
        self.weight = nn.Parameter(taps.reshape(outputs * self.stride**2, inputs, 2, 2))

    def forward(self, x: Tensor) -> Tensor:
        y = F.pixel_shuffle(F.conv2d(x, self.weight, padding=1), self.stride)
        margin = self.stride // 2
        return y[..., margin:-margin, margin:-margin]
