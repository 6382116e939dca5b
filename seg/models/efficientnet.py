"""Decoders on EfficientNet-Lite0: Tan, Le, 'EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks',
ICML 2019; Lite is the authors' variant without squeeze-and-excitation and with ReLU6.

An image classifier made fully convolutional, as Long, Shelhamer and Darrell (CVPR 2015) did with VGG16: its features at
strides 2 to 32 are what a decoder reads, and its weights may come from ImageNet. The network is timm's
`tf_efficientnet_lite0`, by way of smp's encoders; the U-Net on it is smp's own.
"""

import torch.nn.functional as F
from segmentation_models_pytorch.encoders import get_encoder
from torch import Tensor, nn

from .blocks import conv_bn_relu, crop_to, keep
from .fcn import upscore
from .smp import Smp

ENCODER = "tu-tf_efficientnet_lite0"
"""smp's name for timm's network, TensorFlow's padding and batch norm included."""


class LiteFCN(nn.Module):
    """FCN-32s, FCN-16s or FCN-8s, by `stride`. Skips are called "pool4" (stride 16) and "pool3" (stride 8).

    The skips' score layers start at zero, as in the paper: the finer networks begin as FCN-32s.
    """

    def __init__(self, num_classes: int, in_channels: int = 3, stride: int = 8, dropout: float = 0.2):
        super().__init__()
        self.encoder = get_encoder(ENCODER, in_channels, depth=5, weights=None)
        *_, pool3, pool4, deepest = self.encoder.out_channels
        channels = {"pool4": pool4, "pool3": pool3}
        self.skip_names = {32: (), 16: ("pool4",), 8: ("pool4", "pool3")}[stride]
        stage = {"pool4": "encoder.model.blocks.4", "pool3": "encoder.model.blocks.2"}
        self.skip_ends = {name: (stage[name], f"upscore_skip.{name}") for name in self.skip_names}
        self.dropout = nn.Dropout(dropout)
        self.score = nn.Conv2d(deepest, num_classes, 1)
        self.score_skip = nn.ModuleDict({name: nn.Conv2d(channels[name], num_classes, 1) for name in self.skip_names})
        for layer in self.score_skip.values():
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        self.upscore_skip = nn.ModuleDict({name: upscore(num_classes, 2) for name in self.skip_names})
        self.upscore = upscore(num_classes, stride)

    def forward(self, x: Tensor, skips: set[str] | None = None) -> Tensor:
        picture = x
        *_, pool3, pool4, x = self.encoder(x)
        pooled = {"pool4": pool4, "pool3": pool3}
        x = self.score(self.dropout(x))
        for name in self.skip_names:
            skip = keep(self.score_skip[name](pooled[name]), name, skips)
            x = skip + crop_to(self.upscore_skip[name](x), skip)
        return crop_to(self.upscore(x), picture)


class LiteEncoderDecoder(nn.Module):
    """The encoder/decoder without skips: five times bilinear interpolation and two convolutions.

    The encoder strides where VGG16 pools, so there are no pooling indices to unpool by.
    """

    skip_names: tuple[str, ...] = ()
    widths = (256, 128, 64, 32, 16)
    """Channels of the decoder's levels, the deepest first: those of smp's U-Net."""

    def __init__(self, num_classes: int, in_channels: int = 3):
        super().__init__()
        self.encoder = get_encoder(ENCODER, in_channels, depth=5, weights=None)
        below = (self.encoder.out_channels[-1], *self.widths)
        self.decoder = nn.ModuleList(
            nn.Sequential(conv_bn_relu(deeper, channels, norm=True), conv_bn_relu(channels, channels, norm=True))
            for deeper, channels in zip(below, self.widths, strict=False)
        )
        self.classifier = nn.Conv2d(self.widths[-1], num_classes, 3, padding=1)

    def forward(self, x: Tensor, skips: set[str] | None = None) -> Tensor:
        *finer, x = self.encoder(x)
        for level, feature in zip(self.decoder, reversed(finer), strict=True):
            x = level(F.interpolate(x, size=feature.shape[-2:], mode="bilinear", align_corners=False))
        return self.classifier(x)


class LiteUNet(Smp):
    """smp's U-Net. Skips are called "level2" (half the resolution) to "level5"."""

    def __init__(self, num_classes: int, in_channels: int = 3):
        super().__init__("unet", ENCODER, num_classes, in_channels)
        self.skip_ends = {
            f"level{level}": (f"encoder.model.blocks.{block}", f"decoder.blocks.{5 - level}")
            for level, block in ((2, 0), (3, 1), (4, 2), (5, 4))
        }
