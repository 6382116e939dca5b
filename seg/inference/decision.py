"""Which class a pixel's logits are for, and how sure that is."""

import logging
import os
import threading
from functools import cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from seg.inference.engines.openvino.compiling import compile_network

log = logging.getLogger(__name__)

LARGE, SMALL = (192, 512), (96, 512)
"""Pixels that OpenVINO decides at once, as its compiler likes to see them: enough to keep two cores busy, few enough
for a cache. What has fewer than a large block is decided in small ones."""

LOCK = threading.Lock()


def decide(logits: Tensor, temperature: float = 1.0) -> tuple[Tensor, Tensor]:
    """Float32 logits (K, N) → the first of the largest, uint8 (N,), and its softmax probability, float (N,).

    temperature: what the logits are divided by before the softmax (Guo et al., 'On Calibration of Modern Neural
    Networks', ICML 2017); labels do not depend on it.

    On the CPU OpenVINO does it, where it is installed and SEG_ENGINE does not say torch: see docs/performance.md.
    """
    if logits.device.type == "cpu" and len(logits) > 1 and os.environ.get("SEG_ENGINE") != "torch":
        try:
            return openvino_decision(logits, temperature)
        except (RuntimeError, MemoryError, ImportError) as error:
            log.warning("OpenVINO cannot decide: %s", error)
    return softmax_decision(logits, temperature)


def softmax_decision(logits: Tensor, temperature: float = 1.0) -> tuple[Tensor, Tensor]:
    """`decide` in PyTorch, on any device: probabilities are float32."""
    classes = len(logits)
    best = logits.amax(dim=0)
    rank = torch.arange(classes, 0, -1, dtype=torch.uint8, device=logits.device)[:, None]
    # The first of the largest: in a third of the time that `max` takes to say where it found it.
    label = classes - (logits == best).to(torch.uint8).mul_(rank).amax(dim=0).clamp_(min=1)
    return label, (logits - best).div_(temperature).exp_().sum(dim=0).reciprocal_()


def openvino_decision(logits: Tensor, temperature: float = 1.0) -> tuple[Tensor, Tensor]:
    """`decide` in one pass over memory, for K ≥ 2 on the CPU: probabilities are float16.

    Raises ImportError without OpenVINO, RuntimeError where it cannot.
    """
    pixels = logits.shape[1]
    shape = LARGE if pixels >= LARGE[0] * LARGE[1] else SMALL
    size = shape[0] * shape[1]
    if pixels < size:
        label, sure = openvino_decision(F.pad(logits, (0, size - pixels)), temperature)
        return label[:pixels], sure[:pixels]
    label, sure = np.empty(pixels, np.uint8), np.empty(pixels, np.float16)
    sharpness = np.full((1, 1), 1 / temperature, np.float32)
    for start in range(0, pixels, size):
        block = slice(min(start, pixels - size), min(start + size, pixels))
        with LOCK:
            request = _request(len(logits), shape)
            request.infer([sharpness, *(plane[block].view(shape).numpy() for plane in logits)], share_inputs=True)
            label[block] = request.get_output_tensor(0).data.ravel()
            sure[block] = request.get_output_tensor(1).data.ravel()
    return torch.from_numpy(label), torch.from_numpy(sure)


@cache
def _request(classes: int, shape: tuple[int, int]) -> Any:
    """For 1 / temperature, float32 (1, 1), and a block's planes of this shape, one for each class."""
    from openvino import Model
    from openvino import opset13 as op

    planes = [op.parameter(shape, np.float32) for _ in range(classes)]
    sharpness = op.parameter([1, 1], np.float32)
    best, label = planes[0], op.constant(np.float32(0))
    for i, plane in enumerate(planes[1:], start=1):
        label = op.select(op.greater(plane, best), op.constant(np.float32(i)), label)
        best = op.maximum(plane, best)
    total = op.constant(np.float32(0))
    for plane in planes:
        total = op.add(total, op.exp(op.multiply(op.subtract(plane, best), sharpness)))
    sure = op.divide(op.constant(np.float32(1)), total)
    # OpenVINO's stubs know two classes of this name.
    model = Model([op.convert(label, "u8"), op.convert(sure, "f16")], [sharpness, *planes])  # pyright: ignore[reportGeneralTypeIssues]
    return compile_network(model).create_infer_request()
