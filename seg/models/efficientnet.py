"""Decoders on EfficientNet-Lite: Tan, Le, 'EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks',
ICML 2019; Lite is the authors' variant without squeeze-and-excitation and with ReLU6.

An image classifier made fully convolutional, as Long, Shelhamer and Darrell (CVPR 2015) did with VGG16: its features at
strides 2 to 32 are what a decoder reads, and its weights may come from ImageNet. Layers have the names, the order and
the results of timm's `tf_efficientnet_lite…` and of smp's U-Net, which take seconds to import.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .blocks import ADDED, JOINED, Network, Skip, conv_bn_relu, crop_to, pad_to_multiple, skip_or_zeros
from .fcn import upscore


class Stage(NamedTuple):
    expansion: int
    channels: int
    layers: int
    stride: int
    kernel: int


STAGES = (
    Stage(1, 16, 1, 1, 3),
    Stage(6, 24, 2, 2, 3),
    Stage(6, 40, 2, 2, 5),
    Stage(6, 80, 3, 2, 3),
    Stage(6, 112, 3, 1, 5),
    Stage(6, 192, 4, 2, 5),
    Stage(6, 320, 1, 1, 3),
)
"""Table 1 of the paper: those of Lite0."""

LITE0 = "efficientnet_lite0"
SCALING = {LITE0: (1.0, 1.0), "efficientnet_lite1": (1.0, 1.1), "efficientnet_lite2": (1.1, 1.2)}
"""By how much a network has more channels and more layers than Lite0."""

STEM = 32
"""Channels of the first layer, in each of them."""

FEATURES = (0, 1, 2, 4, 6)
"""The stages after which a decoder reads: the last at each of the strides 2, 4, 8, 16 and 32."""

WIDTHS = (256, 128, 64, 32, 16)
"""Channels of a decoder's levels, the deepest first: those of smp's U-Net."""

BASE = WIDTHS[-1]
"""Channels of a decoder's last level, from which a class for each pixel is read."""


def stages(name: str) -> tuple[Stage, ...]:
    """Of one of `SCALING`. Channels are a multiple of 8; the first and the last stage keep their one layer."""
    width, depth = SCALING[name]
    last = len(STAGES) - 1
    return tuple(
        stage._replace(
            channels=_multiple_of_8(width * stage.channels),
            layers=stage.layers if i in (0, last) else math.ceil(depth * stage.layers),
        )
        for i, stage in enumerate(STAGES)
    )


def _multiple_of_8(channels: float) -> int:
    """The nearest, or the one above where that is less than nine tenths."""
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest if nearest >= 0.9 * channels else nearest + 8


def widths(base: int) -> tuple[int, ...]:
    """Channels of a decoder's levels, the deepest first, none below `base`."""
    return tuple(max(width, base) for width in WIDTHS)


class SameConv2d(nn.Conv2d):
    """TensorFlow's 'same' padding: an odd row or column of zeros goes to the bottom and the right."""

    def forward(self, input: Tensor) -> Tensor:
        (kernel, _), (stride, _) = self.kernel_size, self.stride
        below, right = (max((math.ceil(n / stride) - 1) * stride + kernel - n, 0) for n in input.shape[-2:])
        return super().forward(F.pad(input, (right // 2, right - right // 2, below // 2, below - below // 2)))


def convolution(in_channels: int, out_channels: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    """Without bias, He-normal by its outputs."""
    kind, padding = (SameConv2d, 0) if stride > 1 else (nn.Conv2d, kernel // 2)
    layer = kind(in_channels, out_channels, kernel, stride, padding, groups=groups, bias=False)
    nn.init.normal_(layer.weight, std=math.sqrt(2 / (kernel**2 * out_channels / groups)))
    return layer


def batch_norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)


class SeparableConv(nn.Module):
    """MBConv1: a depthwise convolution and a 1×1 one. Input and output are added where they have one shape."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int):
        super().__init__()
        self.conv_dw = convolution(in_channels, in_channels, kernel, stride, groups=in_channels)
        self.bn1 = batch_norm(in_channels)
        self.conv_pw = convolution(in_channels, out_channels)
        self.bn2 = batch_norm(out_channels)
        self.residual = in_channels == out_channels and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu6(self.bn1(self.conv_dw(x)))
        y = self.bn2(self.conv_pw(y))
        return x + y if self.residual else y


class InvertedResidual(nn.Module):
    """MBConv6: 1×1 to `expansion` times the channels, depthwise, 1×1 back. Input and output are added as above."""

    def __init__(self, in_channels: int, out_channels: int, expansion: int, kernel: int, stride: int):
        super().__init__()
        wide = expansion * in_channels
        self.conv_pw = convolution(in_channels, wide)
        self.bn1 = batch_norm(wide)
        self.conv_dw = convolution(wide, wide, kernel, stride, groups=wide)
        self.bn2 = batch_norm(wide)
        self.conv_pwl = convolution(wide, out_channels)
        self.bn3 = batch_norm(out_channels)
        self.residual = in_channels == out_channels and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu6(self.bn1(self.conv_pw(x)))
        y = F.relu6(self.bn2(self.conv_dw(y)))
        y = self.bn3(self.conv_pwl(y))
        return x + y if self.residual else y


class EfficientNetLite(nn.Module):
    """One of `SCALING` without its classifier. Returns what each stage in `FEATURES` gives."""

    def __init__(self, name: str, in_channels: int = 3):
        super().__init__()
        channels = STEM
        self.conv_stem = convolution(in_channels, channels, 3, stride=2)
        self.bn1 = batch_norm(channels)
        self.blocks = nn.Sequential()
        for expansion, out_channels, layers, stride, kernel in stages(name):
            stage = nn.Sequential()
            for layer in range(layers):
                step = stride if layer == 0 else 1
                if expansion == 1:
                    stage.append(SeparableConv(channels, out_channels, kernel, step))
                else:
                    stage.append(InvertedResidual(channels, out_channels, expansion, kernel, step))
                channels = out_channels
            self.blocks.append(stage)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = F.relu6(self.bn1(self.conv_stem(x)))
        features = []
        for i, stage in enumerate(self.blocks):
            x = stage(x)
            if i in FEATURES:
                features.append(x)
        return features


class LiteEncoder(nn.Module):
    """Returns the picture and its features at strides 2 to 32."""

    def __init__(self, name: str, in_channels: int = 3):
        super().__init__()
        self.model = EfficientNetLite(name, in_channels)
        self.out_channels = (in_channels, *(stages(name)[i].channels for i in FEATURES))

    def forward(self, x: Tensor) -> list[Tensor]:
        return [x, *self.model(x)]


class LiteFCN(Network):
    """FCN-32s, FCN-16s or FCN-8s, by `stride`. Skips are called "pool4" (stride 16) and "pool3" (stride 8).

    The skips' score layers start at zero, as in the paper: the finer networks begin as FCN-32s.
    """

    def __init__(self, backbone: str, num_classes: int, in_channels: int = 3, stride: int = 8, dropout: float = 0.2):
        super().__init__()
        self.encoder = LiteEncoder(backbone, in_channels)
        *_, pool3, pool4, deepest = self.encoder.out_channels
        channels = {"pool4": pool4, "pool3": pool3}
        self.skip_names = {32: (), 16: ("pool4",), 8: ("pool4", "pool3")}[stride]
        stage = {"pool4": "encoder.model.blocks.4", "pool3": "encoder.model.blocks.2"}
        self.skip_ends = {
            name: Skip(stage[name], f"upscore_skip.{name}", ADDED, f"score_skip.{name}") for name in self.skip_names
        }
        self.dropout = nn.Dropout(dropout)
        self.score = nn.Conv2d(deepest, num_classes, 1)
        self.score_skip = nn.ModuleDict({name: nn.Conv2d(channels[name], num_classes, 1) for name in self.skip_names})
        for parameter in self.score_skip.parameters():
            nn.init.zeros_(parameter)
        self.upscore_skip = nn.ModuleDict({name: upscore(num_classes, 2) for name in self.skip_names})
        self.upscore = upscore(num_classes, stride)

    def forward(self, x: Tensor, skips: set[str] | None = None) -> Tensor:
        picture = x
        *_, pool3, pool4, x = self.encoder(x)
        pooled = {"pool4": pool4, "pool3": pool3}
        x = self.score(self.dropout(x))
        for name in self.skip_names:
            skip = skip_or_zeros(self.score_skip[name](pooled[name]), name, skips)
            x = skip + crop_to(self.upscore_skip[name](x), skip)
        return crop_to(self.upscore(x), picture)


class LiteEncoderDecoder(Network):
    """The encoder/decoder without skips: five times bilinear interpolation and two convolutions.

    The encoder strides where VGG16 pools, so there are no pooling indices to unpool by.
    """

    skip_names: tuple[str, ...] = ()

    def __init__(self, backbone: str, num_classes: int, in_channels: int = 3, base: int = BASE):
        super().__init__()
        self.encoder = LiteEncoder(backbone, in_channels)
        channels = widths(base)
        below = (self.encoder.out_channels[-1], *channels)
        self.decoder = nn.ModuleList(
            nn.Sequential(conv_bn_relu(deeper, width, norm=True), conv_bn_relu(width, width, norm=True))
            for deeper, width in zip(below, channels, strict=False)
        )
        self.classifier = nn.Conv2d(base, num_classes, 3, padding=1)

    def forward(self, x: Tensor, skips: set[str] | None = None) -> Tensor:
        *finer, x = self.encoder(x)
        for level, feature in zip(self.decoder, reversed(finer), strict=True):
            x = level(F.interpolate(x, size=feature.shape[-2:], mode="bilinear", align_corners=False))
        return self.classifier(x)


class UpBlock(nn.Module):
    """Each value as 2×2, the skip beside it where there is one, and two convolutions."""

    def __init__(self, in_channels: int, skip_channels: int, out_channels: int):
        super().__init__()
        self.in_channels = in_channels
        self.conv1 = conv_bn_relu(in_channels + skip_channels, out_channels, norm=True)
        self.conv2 = conv_bn_relu(out_channels, out_channels, norm=True)

    def forward(self, x: Tensor, skip: Tensor | None = None) -> Tensor:
        x = F.interpolate(x, scale_factor=2, mode="nearest")
        return self.conv2(self.conv1(x if skip is None else torch.cat([x, skip], dim=1)))


class UNetDecoder(nn.Module):
    """From features at strides 2 to 32 back to stride 1, where there is no skip."""

    def __init__(self, channels: tuple[int, ...], base: int = BASE):
        super().__init__()
        below, skips = (channels[-1], *widths(base)), (*reversed(channels[:-1]), 0)
        self.blocks = nn.ModuleList(map(UpBlock, below, skips, widths(base)))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")

    def forward(self, features: list[Tensor]) -> Tensor:
        *finer, x = features
        for block, skip in zip(self.blocks, (*reversed(finer), None), strict=True):
            x = block(x, skip)
        return x


class LiteUNet(Network):
    """smp's U-Net. Skips are called "level2" (half the resolution) to "level5".

    A picture whose sides cannot be halved five times is continued at the bottom and the right by its last row and
    column.
    """

    def __init__(self, backbone: str, num_classes: int, in_channels: int = 3, base: int = BASE):
        super().__init__()
        self.encoder = LiteEncoder(backbone, in_channels)
        self.decoder = UNetDecoder(self.encoder.out_channels[1:], base)
        self.head = nn.Sequential(nn.Conv2d(base, num_classes, 3, padding=1))
        nn.init.xavier_uniform_(self.head.get_parameter("0.weight"))
        nn.init.zeros_(self.head.get_parameter("0.bias"))
        self.skip_names = tuple(f"level{level}" for level in range(2, 6))
        self.skip_ends = {
            name: Skip(f"encoder.model.blocks.{stage}", f"decoder.blocks.{3 - i}", JOINED)
            for i, (name, stage) in enumerate(zip(self.skip_names, FEATURES, strict=False))
        }

    def forward(self, x: Tensor, skips: set[str] | None = None) -> Tensor:
        _, *features, deepest = self.encoder(pad_to_multiple(x, 32))
        kept = [skip_or_zeros(feature, name, skips) for feature, name in zip(features, self.skip_names, strict=True)]
        return crop_to(self.head(self.decoder([*kept, deepest])), x)
