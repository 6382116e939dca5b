"""The plain stack of same-padded convolutions: full resolution throughout, nothing else.

The baseline every lecture starts with (Stanford CS231n, 'Fully convolutional'): no pooling, no upsampling, no skips,
so every layer costs the whole picture and the receptive field grows by two pixels a layer.
"""

from torch import Tensor, nn

from .blocks import Network, conv_bn_relu


class ConvStack(Network):
    """`layers` 3×3 convolutions of `base` channels, then a 1×1 classifier."""

    skip_names: tuple[str, ...] = ()

    def __init__(self, num_classes: int, in_channels: int = 3, base: int = 64, layers: int = 7, norm: bool = False):
        super().__init__()
        self.body = nn.Sequential(*(conv_bn_relu(in_channels if i == 0 else base, base, norm) for i in range(layers)))
        self.classifier = nn.Conv2d(base, num_classes, 1)

    def forward(self, x: Tensor, skips: set[str] | None = None) -> Tensor:
        return self.classifier(self.body(x))
