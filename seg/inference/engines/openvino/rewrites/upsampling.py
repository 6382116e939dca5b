"""Enlarged maps that are never made: the convolution before or after is made at the small map's resolution."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from seg.models.efficientnet import LiteEncoderDecoder, UpBlock

LARGE_STRIDE = 32
"""From which on a transposed convolution is faster by a tenth or more at its input's resolution: FCN-32s."""


def _folded(layers: nn.Module) -> nn.Conv2d:
    """The convolution at the beginning of the layers, with the normalisation after it, if one is there."""
    convolution, after, *_ = layers.children()
    assert isinstance(convolution, nn.Conv2d)
    return fuse_conv_bn_eval(convolution, after) if isinstance(after, nn.BatchNorm2d) else convolution


class ShortUpBlock(nn.Module):
    """`UpBlock` without its doubled map.

    Doubling and the 3×3 convolution's part for the doubled map are one transposed convolution of kernel 4: 4 taps to an
    output pixel instead of 9.
    """

    def __init__(self, block: UpBlock):
        super().__init__()
        convolution = _folded(block.conv1)
        own, skip = convolution.weight.tensor_split([block.in_channels], dim=1)
        doubling = torch.eye(block.in_channels)[:, :, None, None].expand(-1, -1, 2, 2)
        self.own = nn.Parameter(F.conv2d(doubling, own, padding=2))
        self.skip = nn.Parameter(skip.contiguous())
        self.bias = nn.Parameter(convolution.get_parameter("bias"))
        self.conv2 = block.conv2

    def forward(self, x: Tensor, skip: Tensor | None = None) -> Tensor:
        if skip is None:
            y = F.conv_transpose2d(x, self.own, self.bias, stride=2, padding=1)
        else:
            y = F.conv_transpose2d(x, self.own, stride=2, padding=1)
            y = y + F.conv2d(skip, self.skip, self.bias, padding=1)
        return self.conv2(F.relu(y))


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
                weighted = torch.tensordot(taps, weight.movedim(axis, 0), dims=1)
                kernels = weighted.flatten(0, 1).unsqueeze(axis)
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
        convolutions = (_folded(level.get_submodule("0")) for level in network.decoder)
        self.enlarge = nn.ModuleList(BilinearConvolution(convolution) for convolution in convolutions)

    def forward(self, x: Tensor) -> Tensor:
        *finer, x = self.network.encoder(x)
        for enlarge, level, feature in zip(self.enlarge, self.network.decoder, reversed(finer), strict=True):
            x = level.get_submodule("1")(F.relu(enlarge(x, feature.shape[-2:])))
        return self.network.classifier(x)


def is_upscore(layer: nn.ConvTranspose2d) -> bool:
    """Whether it goes up by a large stride as the last layer of an FCN-32s does."""
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
