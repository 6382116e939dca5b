"""The architectures, one file a paper, and `build_model`, the one way to make them.

Every network takes (N, C, H, W) float of any H and W from 1×1 up (in train mode with N ≥ 2) and returns logits
(N, num_classes, H, W). `forward(x, skips=None)` takes the names of the skip connections to keep (`skip_names`);
the others are zeroed.
"""

from typing import TYPE_CHECKING, Any

from .names import ARCHITECTURES, BACKBONES, HEAD, KNOWN, ON_BACKBONE, SMP, TITLES, TRANSFORMERS, UPSAMPLING

if TYPE_CHECKING:
    from .registry import build_model

__all__ = [
    "ARCHITECTURES",
    "BACKBONES",
    "HEAD",
    "KNOWN",
    "ON_BACKBONE",
    "SMP",
    "TITLES",
    "TRANSFORMERS",
    "UPSAMPLING",
    "build_model",
]


def __getattr__(name: str) -> Any:
    """Import torch only when a network is to be built: the names are wanted without."""
    if name == "build_model":
        from .registry import build_model

        return build_model
    raise AttributeError(f"module 'seg.models' has no attribute {name!r}")
