"""The encoder/decoder without skips: SegNet.

Badrinarayanan, Kendall, Cipolla, 'SegNet: A Deep Convolutional Encoder-Decoder Architecture for Image Segmentation',
PAMI 2017: VGG16's convolutions down, their mirror image up, batch norm everywhere, and max-unpooling that puts each
value back where the encoder's pooling found it. The other ways up are there to be compared with it.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from .blocks import Network, conv_bn_relu, crop_to, vgg16_plan, vgg_stage
from .names import UPSAMPLING


class EncoderDecoder(Network):
    """`levels` of VGG16's five stages and their mirror.

    upsampling: "unpool" (the paper's), "transposed" (3×3 kernels at stride 2, whose overlap is uneven), "bilinear" or
    "nearest".
    """

    skip_names: tuple[str, ...] = ()

    def __init__(
        self,
        num_classes: int,
        in_channels: int = 3,
        base: int = 64,
        levels: int = 5,
        norm: bool = True,
        upsampling: str = "unpool",
    ):
        super().__init__()
        if upsampling not in UPSAMPLING:
            raise ValueError(f"Unknown upsampling {upsampling!r}: choose one of {', '.join(UPSAMPLING)}.")
        self.upsampling = upsampling
        plan = vgg16_plan(base)[:levels]
        widths = [in_channels, *(channels for channels, _ in plan)]
        self.encoder = nn.ModuleList(
            vgg_stage(widths[i], channels, depth, norm) for i, (channels, depth) in enumerate(plan)
        )
        self.pool = nn.MaxPool2d(2, ceil_mode=True, return_indices=True)
        self.unpool = nn.MaxUnpool2d(2)
        self.upconv = nn.ModuleList(
            nn.ConvTranspose2d(channels, channels, 3, stride=2, padding=1, output_padding=1)
            for channels, _ in reversed(plan)
            if upsampling == "transposed"
        )
        self.decoder = nn.ModuleList(
            nn.Sequential(
                *(conv_bn_relu(channels, channels, norm) for _ in range(depth - 1)),
                conv_bn_relu(channels, widths[i], norm) if i > 0 else nn.Conv2d(channels, num_classes, 3, padding=1),
            )
            for i, (channels, depth) in reversed(list(enumerate(plan)))
        )

    def forward(self, x: Tensor, skips: set[str] | None = None) -> Tensor:
        pooled = []
        for stage in self.encoder:
            x = stage(x)
            before = x
            x, indices = self.pool(x)
            pooled.append((before, indices))
        for level, stage in enumerate(self.decoder):
            x = stage(self._upsample(x, level, *pooled.pop()))
        return x

    def _upsample(self, x: Tensor, level: int, before: Tensor, indices: Tensor) -> Tensor:
        size = before.shape[-2:]
        if self.upsampling == "unpool":
            return self.unpool(x, indices, output_size=size)
        if self.upsampling == "transposed":
            return crop_to(self.upconv[level](x), before)
        if self.upsampling == "bilinear":
            return F.interpolate(x, size=size, mode="bilinear", align_corners=False)
        return F.interpolate(x, size=size, mode="nearest")
