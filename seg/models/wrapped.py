"""Anybody's segmentation network, under this package's contract: pictures of any size, logits at their size."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .blocks import Network, crop_to, pad_to_multiple

MULTIPLE = 32
"""What the sides of a picture are padded to, as most networks want them."""


class Wrapped(Network):
    """`network` takes normalised pictures (N, C, h, w) and gives logits, (N, K, h', w') of any resolution, as a tensor
    or as libraries hand one on: as `.logits`, as "out" or "logits" of a dictionary, or first of a tuple.

    A single output is the second of two classes against the first, whose logit is 0: their softmax is its sigmoid.
    Raises TypeError for an answer that is none of these.
    """

    skip_names = ()

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, skips: set[str] | None = None) -> Tensor:
        padded = pad_to_multiple(x, MULTIPLE)
        logits = with_both_classes(_logits_in(self.network(padded)))
        if logits.shape[-2:] != padded.shape[-2:]:
            logits = F.interpolate(logits, padded.shape[-2:], mode="bilinear", align_corners=False)
        return crop_to(logits, x)


def with_both_classes(logits: Tensor) -> Tensor:
    """(N, K, h, w); where K is 1, (N, 2, h, w) with a first class whose logit is 0."""
    return torch.cat([torch.zeros_like(logits), logits], dim=1) if logits.shape[1] == 1 else logits


def _logits_in(answer: Any) -> Tensor:
    logits: Any = getattr(answer, "logits", answer)
    if isinstance(logits, dict):
        logits = logits.get("out", logits.get("logits"))
    if isinstance(logits, tuple | list) and logits:
        logits = logits[0]
    if not isinstance(logits, Tensor) or logits.ndim != 4:
        shape = f" {tuple(logits.shape)}" if isinstance(logits, Tensor) else ""
        raise TypeError(f"The network gives a {type(logits).__name__}{shape}, not logits (N, classes, height, width).")
    return logits
