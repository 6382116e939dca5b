"""Two small convolutions on what an EfficientNet-Lite makes of a picture at strides 8, 16 and 32: what a few painted
photos can teach, since the encoder need not learn.

Per-pixel classifiers on a frozen encoder's features at several depths: Hariharan, Arbeláez, Girshick, Malik,
'Hypercolumns for Object Segmentation and Fine-grained Localization', CVPR 2015.
"""

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from .blocks import ADDED, Network, Skip, crop_to, pad_to_multiple, skip_or_zeros
from .efficientnet import LiteEncoder

STRIDES = (8, 16, 32)
"""Of the features that the head reads, finest first; what is switched off is called "stride8" and so on."""

WIDTH = 64
"""Channels between the two convolutions."""


def enlarged(x: Tensor, factor: int) -> Tensor:
    """(N, C, h, w) → (N, C, factor·h, factor·w), bilinear, the last pixel of each block where the coarse one is.

    For that is the middle of what it sees: the encoder's padding ('same', as TensorFlow does it) puts the odd row and
    column of zeros below and right, so each halving moves it by half a pixel.
    """
    height, width = x.shape[-2:]
    larger = F.pad(x, (1, 0, 1, 0), mode="replicate")
    larger = F.interpolate(larger, (factor * height + 1, factor * width + 1), mode="bilinear", align_corners=True)
    return larger[..., 1:, 1:]


class FeatureHead(nn.Module):
    """Features, each standardised and brought to `WIDTH` channels by a 1×1 convolution, added up at the finest stride;
    ReLU and a 3×3 convolution → logits (N, copies · num_classes, h, w).

    copies: so many heads that share nothing but the features, side by side: they learn at once.
    """

    def __init__(self, channels: Mapping[str, int], num_classes: int, dropout: float = 0.2, copies: int = 1):
        super().__init__()
        self.standardise = nn.ModuleDict({name: nn.BatchNorm2d(n, affine=False) for name, n in channels.items()})
        self.dropout = nn.Dropout2d(dropout)
        self.project = nn.ModuleDict({name: nn.Conv2d(n, copies * WIDTH, 1) for name, n in channels.items()})
        self.score = nn.Conv2d(copies * WIDTH, copies * num_classes, 3, padding=1, groups=copies)

    def forward(self, features: Mapping[str, Tensor], skips: set[str] | None = None) -> Tensor:
        """features: name → (N, C, h, w), the finest first, each coarser by a whole factor."""
        projected = []
        for name, feature in features.items():
            part = self.project[name](self.dropout(self.standardise[name](feature)))
            projected.append(skip_or_zeros(part, name, skips))
        total, *coarser = projected
        for part in coarser:
            total = total + enlarged(part, total.shape[-1] // part.shape[-1])
        return self.score(F.relu(total))


class LiteHead(Network):
    """The encoder and the head on it. Any of its strides can be left out: it then adds nothing."""

    def __init__(self, backbone: str, num_classes: int, in_channels: int = 3):
        super().__init__()
        self.encoder = LiteEncoder(backbone, in_channels)
        self.skip_names = tuple(f"stride{stride}" for stride in STRIDES)
        channels = dict(zip(self.skip_names, self.encoder.out_channels[-len(STRIDES) :], strict=True))
        self.head = FeatureHead(channels, num_classes)
        stages = ("encoder.model.blocks.2", "encoder.model.blocks.4", "encoder.model.blocks.6")
        self.skip_ends = {
            name: Skip(stage, "head.score", ADDED, f"head.project.{name}")
            for name, stage in zip(self.skip_names, stages, strict=True)
        }

    def features(self, x: Tensor) -> dict[str, Tensor]:
        """Of normalised pictures whose sides are divisible by 32: name → (N, C, h / stride, w / stride)."""
        return dict(zip(self.skip_names, self.encoder(x)[-len(STRIDES) :], strict=True))

    def forward(self, x: Tensor, skips: set[str] | None = None) -> Tensor:
        logits = self.head(self.features(pad_to_multiple(x, STRIDES[-1])), skips)
        return crop_to(enlarged(logits, STRIDES[0]), x)
