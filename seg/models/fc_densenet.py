"""FC-DenseNet: Jégou, Drozdzal, Vazquez, Romero, Bengio, 'The One Hundred Layers Tiramisu: Fully Convolutional
DenseNets for Semantic Segmentation', CVPR Workshops 2017 (tables 1 and 2, and the authors' code for the layer order).
"""

import torch
from torch import Tensor, nn

from .blocks import JOINED, Network, Skip, crop_to, skip_or_zeros

LAYERS = {
    "fc_densenet56": (4, 4, 4, 4, 4, 4),
    "fc_densenet67": (5, 5, 5, 5, 5, 5),
    "fc_densenet103": (4, 5, 7, 10, 12, 15),
}
"""Layers of each dense block on the way down, the bottleneck last; the way up mirrors them."""

GROWTH = {"fc_densenet56": 12, "fc_densenet67": 16, "fc_densenet103": 16}


class DenseLayer(nn.Sequential):
    """BN, ReLU, 3×3 convolution, dropout: `growth` new feature maps."""

    def __init__(self, in_channels: int, growth: int, dropout: float):
        super().__init__(
            nn.BatchNorm2d(in_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(in_channels, growth, 3, padding=1),
            nn.Dropout(dropout),
        )


class DenseBlock(nn.Module):
    """Each layer reads the block's input and all earlier layers' features. Returns (input + new, new).

    The input may come in parts (N, C, H, W): they are joined, the later ones cut to the first one's height and width.
    """

    def __init__(self, in_channels: int, growth: int, layers: int, dropout: float):
        super().__init__()
        self.in_channels, self.growth, self.out_channels = in_channels, growth, in_channels + layers * growth
        self.layers = nn.ModuleList(DenseLayer(in_channels + i * growth, growth, dropout) for i in range(layers))

    def forward(self, *parts: Tensor) -> tuple[Tensor, Tensor]:
        features = [crop_to(part, parts[0]) for part in parts]
        for layer in self.layers:
            features.append(layer(torch.cat(features, dim=1)))
        features = torch.cat(features, dim=1)
        return features, features[:, sum(part.shape[1] for part in parts) :]


class TransitionDown(nn.Sequential):
    """BN, ReLU, 1×1 convolution, dropout, 2×2 max pooling."""

    def __init__(self, channels: int, dropout: float):
        super().__init__(
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 1),
            nn.Dropout(dropout),
            nn.MaxPool2d(2, ceil_mode=True),
        )


class FCDenseNet(Network):
    """Dense blocks down and up, joined by skips called "block1" (full resolution) to "block5".

    layers: layers of each block on the way down, then of the bottleneck; base: channels of the first convolution.
    A transition up (3×3 transposed convolution, stride 2) carries only the new features of the block before it.
    Convolutions start He-uniform, as in the paper.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int = 3,
        base: int = 48,
        growth: int = 16,
        layers: tuple[int, ...] = LAYERS["fc_densenet103"],
        dropout: float = 0.2,
    ):
        super().__init__()
        *path, bottleneck = layers
        self.skip_names = tuple(f"block{i + 1}" for i in range(len(path)))
        self.skip_ends = {
            name: Skip(f"down_blocks.{i}", f"up_blocks.{len(path) - 1 - i}", JOINED)
            for i, name in enumerate(self.skip_names)
        }
        self.first = nn.Conv2d(in_channels, base, 3, padding=1)
        self.down_blocks, self.transitions_down = nn.ModuleList(), nn.ModuleList()
        channels, skip_channels = base, []
        for n in path:
            self.down_blocks.append(DenseBlock(channels, growth, n, dropout))
            channels += n * growth
            skip_channels.append(channels)
            self.transitions_down.append(TransitionDown(channels, dropout))
        self.bottleneck = DenseBlock(channels, growth, bottleneck, dropout)
        self.transitions_up, self.up_blocks = nn.ModuleList(), nn.ModuleList()
        carried = bottleneck * growth
        for n, skip in zip(reversed(path), reversed(skip_channels), strict=True):
            self.transitions_up.append(nn.ConvTranspose2d(carried, carried, 3, stride=2))
            self.up_blocks.append(DenseBlock(skip + carried, growth, n, dropout))
            channels, carried = skip + carried + n * growth, n * growth
        self.classifier = nn.Conv2d(channels, num_classes, 1)
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.kaiming_uniform_(module.weight)
                nn.init.zeros_(module.get_parameter("bias"))

    def forward(self, x: Tensor, skips: set[str] | None = None) -> Tensor:
        encoded = []
        x = self.first(x)
        for block, transition in zip(self.down_blocks, self.transitions_down, strict=True):
            x, _ = block(x)
            encoded.append(x)
            x = transition(x)
        x, new = self.bottleneck(x)
        for transition, block, name in zip(self.transitions_up, self.up_blocks, reversed(self.skip_names), strict=True):
            x, new = block(skip_or_zeros(encoded.pop(), name, skips), transition(new))
        return self.classifier(x)
