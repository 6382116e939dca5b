"""U-Net: Ronneberger, Fischer, Brox, 'U-Net: Convolutional Networks for Biomedical Image Segmentation', MICCAI 2015.

Figure 1 of the paper, but same-padded, so that the mask has the picture's size and the skips need no cropping.
"""

import torch
from torch import Tensor, nn

from .blocks import JOINED, Network, Skip, conv_bn_relu, crop_to, skip_or_zeros


def double_conv(in_channels: int, out_channels: int, norm: bool) -> nn.Sequential:
    return nn.Sequential(conv_bn_relu(in_channels, out_channels, norm), conv_bn_relu(out_channels, out_channels, norm))


class UNet(Network):
    """Contracting path, bottleneck and expanding path; `base` channels at full resolution, doubled at each of `levels`.

    Skips are called "level1" (full resolution) to "level4".
    """

    def __init__(self, num_classes: int, in_channels: int = 3, base: int = 64, levels: int = 4, norm: bool = False):
        super().__init__()
        widths = [base * 2**i for i in range(levels + 1)]
        self.skip_names = tuple(f"level{i + 1}" for i in range(levels))
        self.skip_ends = {f"level{i + 1}": Skip(f"down.{i}", f"up.{levels - 1 - i}", JOINED) for i in range(levels)}
        self.down = nn.ModuleList(
            double_conv(in_channels if i == 0 else widths[i - 1], widths[i], norm) for i in range(levels)
        )
        self.pool = nn.MaxPool2d(2, ceil_mode=True)
        self.bottleneck = double_conv(widths[-2], widths[-1], norm)
        self.upconv = nn.ModuleList(
            nn.ConvTranspose2d(widths[i + 1], widths[i], 2, stride=2) for i in reversed(range(levels))
        )
        self.up = nn.ModuleList(double_conv(2 * widths[i], widths[i], norm) for i in reversed(range(levels)))
        self.classifier = nn.Conv2d(base, num_classes, 1)

    def forward(self, x: Tensor, skips: set[str] | None = None) -> Tensor:
        encoded = []
        for block in self.down:
            x = block(x)
            encoded.append(x)
            x = self.pool(x)
        x = self.bottleneck(x)
        for upconv, block, name in zip(self.upconv, self.up, reversed(self.skip_names), strict=True):
            skip = encoded.pop()
            x = block(torch.cat([skip_or_zeros(skip, name, skips), crop_to(upconv(x), skip)], dim=1))
        return self.classifier(x)
