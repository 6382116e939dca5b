"""The same networks in operations that OpenVINO is fast at: equal results, other steps.

What stands here saves a tenth or more of a shipped set's time (docs/performance.md); what saves less is not done.
"""

from torch import nn

from seg.inference.engines.openvino.rewrites.pooling import IndexedPool, Unpool
from seg.inference.engines.openvino.rewrites.upsampling import (
    ShortEncoderDecoder,
    ShortUpBlock,
    SubpixelConvolution,
    is_upscore,
)
from seg.models.efficientnet import LiteEncoderDecoder, UpBlock


def rewrite(model: nn.Module) -> nn.Module:
    """A network in evaluation with equal results; the one given is used up."""
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.MaxUnpool2d):
                setattr(module, name, Unpool())
            elif (
                isinstance(child, nn.MaxPool2d) and child.return_indices and child.kernel_size == 2 and child.ceil_mode
            ):
                setattr(module, name, IndexedPool())
            elif isinstance(child, UpBlock):
                setattr(module, name, ShortUpBlock(child))
            elif isinstance(child, nn.ConvTranspose2d) and is_upscore(child):
                setattr(module, name, SubpixelConvolution(child))
    return ShortEncoderDecoder(model) if isinstance(model, LiteEncoderDecoder) else model


def _halves_with_indices(pool: nn.MaxPool2d) -> bool:
    return pool.kernel_size == 2 and pool.ceil_mode and pool.return_indices
