"""From a network's logits to labels and confidence at a picture's own size, strip by strip."""

import os
from collections.abc import Callable, Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from seg.inference.engines.native import labels as kernels

STRIP_VALUES = 4_000_000
"""Logit values held at once."""

STRIP_PIXELS = 196_608
"""Pixels interpolated at once where the picture takes more than one strip: enough for two cores, and so few rows that
each source row is useful to most of them."""

PATIENT_PIXELS = 2_000_000
"""Decided at once by the kernels, before others may come between."""


def labels_at(
    logits: Tensor, height: int, width: int, temperature: float = 1.0, between: Callable[[], object] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Float32 logits (K, h, w) interpolated bilinearly to (height, width), and decided there.

    temperature: what the logits are divided by before the softmax (Guo et al., 'On Calibration of Modern Neural
    Networks', ICML 2017); labels do not depend on it. between: called between strips.

    Returns labels, the first of the largest, uint8 (height, width), and the winning class's softmax probability,
    float16 (height, width). From a GPU it comes in steps of 1/255, so that a single byte a pixel is copied. On the CPU
    this package's own kernels do it, where they can be compiled and SEG_ENGINE does not say torch.
    """
    if logits.device.type == "cpu" and os.environ.get("SEG_ENGINE") != "torch" and kernels.are_there():
        return _by_kernels(logits, height, width, temperature, between)
    return _by_pytorch(logits, height, width, temperature, between)


def _by_kernels(
    logits: Tensor, height: int, width: int, temperature: float, between: Callable[[], object] | None
) -> tuple[np.ndarray, np.ndarray]:
    labels, confidence = np.empty((height, width), np.uint8), np.empty((height, width), np.float16)
    decide = kernels.Decider(logits, labels, confidence, temperature)
    rows = max(1, PATIENT_PIXELS // width)
    for top in range(0, height, rows):
        if top and between is not None:
            between()
        decide(top, min(top + rows, height))
    return labels, confidence


def _by_pytorch(
    logits: Tensor, height: int, width: int, temperature: float, between: Callable[[], object] | None
) -> tuple[np.ndarray, np.ndarray]:
    device, step = logits.device, 1 if logits.device.type == "cpu" else 255
    labels = torch.empty(height * width, dtype=torch.uint8, device=device)
    confidence = torch.empty(height * width, dtype=torch.float16 if step == 1 else torch.uint8, device=device)
    done = 0
    for strip in strips(logits, height, width):
        if done and between is not None:
            between()
        best, sure = _decided(strip.flatten(1), temperature)
        pixels = slice(done, done := done + len(best))
        labels[pixels] = best
        confidence[pixels] = sure if step == 1 else sure.mul(step).round()
    shares = confidence.view(height, width).cpu().numpy()
    if step != 1:
        shares = (shares / np.float32(step)).astype(np.float16)
    return labels.view(height, width).cpu().numpy(), shares


def _decided(logits: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """(K, N) → the first of the largest, uint8 (N,), and its softmax probability, float32 (N,)."""
    classes = len(logits)
    best = logits.amax(dim=0)
    rank = torch.arange(classes, 0, -1, dtype=torch.uint8, device=logits.device)[:, None]
    # The first of the largest: in a third of the time that `max` takes to say where it found it.
    label = classes - (logits == best).to(torch.uint8).mul_(rank).amax(dim=0).clamp_(min=1)
    return label, (logits - best).div_(temperature).exp_().sum(dim=0).reciprocal_()


def strips(logits: Tensor, height: int, width: int) -> Iterator[Tensor]:
    """Logits (K, h, w) at (height, width), bilinearly: (K, rows, width), from top to bottom."""
    classes, source, _ = logits.shape
    rows = max(1, STRIP_VALUES // (classes * width))
    if logits.shape[1:] == (height, width):
        for top in range(0, height, rows):
            yield logits[:, top : top + rows]
    elif rows >= height:
        yield _enlarged(logits, height, width)
    else:
        rows = max(1, min(rows, STRIP_PIXELS // width))
        for top in range(0, height, rows):
            first, weights = _row_weights(range(top, min(top + rows, height)), source, height)
            wide = logits[:, first : first + weights.shape[1]]
            wide = _enlarged(wide, wide.shape[1], width)
            yield weights.to(logits.device).expand(classes, -1, -1) @ wide


def _enlarged(logits: Tensor, height: int, width: int) -> Tensor:
    return F.interpolate(logits[None], (height, width), mode="bilinear", align_corners=False)[0]


def _row_weights(rows: range, source: int, height: int) -> tuple[int, Tensor]:
    """How `source` rows make those of `height` rows, bilinearly: the first one needed, and each one's share in each of
    them, float32 (rows, needed)."""
    position = ((torch.tensor(rows) + 0.5) * source / height - 0.5).clamp(0, source - 1)
    above = position.long()
    below, first = (above + 1).clamp(max=source - 1), int(above[0])
    weights = torch.zeros(len(position), int(below[-1]) + 1 - first)
    each = torch.arange(len(position))
    weights[each, below - first] = position - above
    weights[each, above - first] += 1 - (position - above)
    return first, weights
