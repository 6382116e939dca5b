"""Fully convolutional networks: Long, Shelhamer, Darrell, 'Fully Convolutional Networks for Semantic Segmentation',
CVPR 2015 (and PAMI 2017).

VGG16 with its fully connected layers turned into convolutions (fc6: 7×7, fc7: 1×1), 1×1 score layers, and transposed
convolutions that start as bilinear interpolation. FCN-32s goes up once by 32; FCN-16s adds the scores of pool4, FCN-8s
those of pool3 as well. fc6 is padded by 3 where the paper pads the picture by 100 pixels, which keeps the grids aligned
and the parameter count the same.
"""

import torch
from torch import Tensor, nn

from .blocks import ADDED, Network, Skip, crop_to, skip_or_zeros, vgg16_plan, vgg_stage


def bilinear_kernel(size: int) -> Tensor:
    """The (size, size) kernel with which a transposed convolution of stride size / 2 interpolates bilinearly."""
    centre = (size - 1) / 2
    ramp = 1 - (torch.arange(size) - centre).abs() / ((size + 1) // 2)
    return ramp[:, None] * ramp[None, :]


def upscore(num_classes: int, stride: int) -> nn.ConvTranspose2d:
    """A trainable upsampling by `stride`, dense between classes and without bias.

    It starts bilinear on the class diagonal and zero elsewhere. Kernel 2·stride and padding stride/2 give stride·n
    outputs for n inputs, with pixel centres aligned.
    """
    layer = nn.ConvTranspose2d(num_classes, num_classes, 2 * stride, stride=stride, padding=stride // 2, bias=False)
    with torch.no_grad():
        layer.weight.zero_()
        diagonal = range(num_classes)
        layer.weight[diagonal, diagonal] = bilinear_kernel(2 * stride)
    return layer


class FCN(Network):
    """FCN-32s, FCN-16s or FCN-8s, by `stride`. Skips are called "pool4" and "pool3"."""

    def __init__(
        self,
        num_classes: int,
        in_channels: int = 3,
        stride: int = 8,
        base: int = 64,
        fc: int = 4096,
        norm: bool = False,
        dropout: float = 0.5,
    ):
        super().__init__()
        plan = vgg16_plan(base)
        widths = [in_channels, *(channels for channels, _ in plan)]
        self.stages = nn.ModuleList(
            vgg_stage(widths[i], channels, depth, norm) for i, (channels, depth) in enumerate(plan)
        )
        self.pool = nn.MaxPool2d(2, ceil_mode=True)
        self.fc6 = self._fully_connected(widths[-1], fc, 7, norm, dropout)
        self.fc7 = self._fully_connected(fc, fc, 1, norm, dropout)
        self.score = nn.Conv2d(fc, num_classes, 1)
        self.skip_names = {32: (), 16: ("pool4",), 8: ("pool4", "pool3")}[stride]
        stage = {"pool4": "stages.3", "pool3": "stages.2"}
        self.skip_ends = {
            name: Skip(stage[name], f"upscore_skip.{name}", ADDED, f"score_skip.{name}") for name in self.skip_names
        }
        channels = {"pool4": widths[4], "pool3": widths[3]}
        self.score_skip = nn.ModuleDict({name: nn.Conv2d(channels[name], num_classes, 1) for name in self.skip_names})
        self.upscore_skip = nn.ModuleDict({name: upscore(num_classes, 2) for name in self.skip_names})
        self.upscore = upscore(num_classes, stride)

    @staticmethod
    def _fully_connected(in_channels: int, channels: int, kernel: int, norm: bool, dropout: float) -> nn.Sequential:
        layers: list[nn.Module] = [nn.Conv2d(in_channels, channels, kernel, padding=kernel // 2, bias=not norm)]
        if norm:
            layers.append(nn.BatchNorm2d(channels))
        return nn.Sequential(*layers, nn.ReLU(inplace=True), nn.Dropout(dropout))

    def forward(self, x: Tensor, skips: set[str] | None = None) -> Tensor:
        picture = x
        pooled = {}
        for i, stage in enumerate(self.stages, start=1):
            x = pooled[f"pool{i}"] = self.pool(stage(x))
        x = self.score(self.fc7(self.fc6(x)))
        for name in self.skip_names:
            skip = skip_or_zeros(self.score_skip[name](pooled[name]), name, skips)
            x = skip + crop_to(self.upscore_skip[name](x), skip)
        return crop_to(self.upscore(x), picture)
