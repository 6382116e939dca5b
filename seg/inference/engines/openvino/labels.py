"""Labels and confidence from logits, in one pass over memory, by OpenVINO."""

import threading
from functools import cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from seg.inference.engines.openvino.compiling import compile_network

BLOCK = (192, 512)
"""Pixels decided at once, as the compiler likes to see them: enough to keep two cores busy, few enough for a cache."""

PIXELS = BLOCK[0] * BLOCK[1]

LOCK = threading.Lock()


def decide(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Float32 (K, N) on the CPU, K ≥ 2 → the first of the largest, uint8 (N,), and its softmax probability, float16."""
    pixels = logits.shape[1]
    if pixels < PIXELS:
        label, sure = decide(F.pad(logits, (0, PIXELS - pixels)))
        return label[:pixels], sure[:pixels]
    label, sure = np.empty(pixels, np.uint8), np.empty(pixels, np.float16)
    for start in range(0, pixels, PIXELS):
        block = slice(min(start, pixels - PIXELS), min(start + PIXELS, pixels))
        with LOCK:
            request = _request(len(logits))
            request.infer([plane[block].view(BLOCK).numpy() for plane in logits], share_inputs=True)
            label[block] = request.get_output_tensor(0).data.ravel()
            sure[block] = request.get_output_tensor(1).data.ravel()
    return torch.from_numpy(label), torch.from_numpy(sure)


@cache
def _request(classes: int) -> Any:
    """For a block's planes, one for each class."""
    from openvino import Model
    from openvino import opset13 as op

    planes = [op.parameter(BLOCK, np.float32) for _ in range(classes)]
    best, label = planes[0], op.constant(np.float32(0))
    for i, plane in enumerate(planes[1:], start=1):
        label = op.select(op.greater(plane, best), op.constant(np.float32(i)), label)
        best = op.maximum(plane, best)
    total = op.constant(np.float32(0))
    for plane in planes:
        total = op.add(total, op.exp(op.subtract(plane, best)))
    sure = op.divide(op.constant(np.float32(1)), total)
    model = Model([op.convert(label, "u8"), op.convert(sure, "f16")], planes)
    return compile_network(model).create_infer_request()
