"""The same networks in operations that OpenVINO is fast at: equal results, other steps."""

import torch
from torch import nn

from seg.inference.engines.openvino.rewrites.pooling import IndexedPool, Pool, Unpool
from seg.inference.engines.openvino.rewrites.upsampling import (
    ShortEncoderDecoder,
    ShortUNet,
    ShortUpBlock,
    SubpixelConvolution,
    is_upscore,
)
from seg.models.efficientnet import LiteEncoderDecoder, UpBlock
from seg.models.unet import UNet

VECTOR = 16
"""Channels that a CPU computes at once."""

WIDE = 32
"""Channels of the first layer from which on a network is faster with maps in blocks of `VECTOR` channels."""


def rewrite(model: nn.Module) -> nn.Module:
    """A network in evaluation with equal results; the one given is used up."""
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.MaxUnpool2d):
                setattr(module, name, Unpool())
            elif isinstance(child, nn.MaxPool2d) and child.kernel_size == 2 and child.ceil_mode:
                setattr(module, name, IndexedPool() if child.return_indices else Pool())
            elif isinstance(child, UpBlock):
                setattr(module, name, ShortUpBlock(child))
            elif isinstance(child, nn.ConvTranspose2d) and is_upscore(child):
                setattr(module, name, SubpixelConvolution(child))
    if isinstance(model, UNet):
        return ShortUNet(model)
    return ShortEncoderDecoder(model) if isinstance(model, LiteEncoderDecoder) else model


def fits_blocks(model: nn.Module) -> bool:
    """Whether a network is faster if its maps lie in memory in blocks of `VECTOR` channels: it makes them of an image,
    its channels fill them, and this CPU has vectors of that length."""
    first, *layers = [layer for layer in model.modules() if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d))]
    widths = [layer.in_channels for layer in layers if layer.in_channels >= WIDE]
    fits = first.in_channels <= 3 and first.out_channels >= WIDE and all(width % VECTOR == 0 for width in widths)
    return fits and torch.backends.cpu.get_cpu_capability() == "AVX512"
