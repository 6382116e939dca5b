"""A transposed convolution of a trained network at work on a picture: what goes in, its kernel, what comes out."""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from seg.anatomy.transposed import Geometry
from seg.inference.segmenter import Segmenter

BY_HAND = 6
"""Side of the largest kernel that is worked out by hand."""


@dataclass(frozen=True)
class StepUp:
    """A step up of class scores, seen for the class whose scores vary most over the picture.

    label: the class; before, after: float32 (h, w), its scores on the way in and out; kernel: float32 (k, k), by which
    its own scores go into its own; own: their share of the size of what comes out, the rest is other classes'.
    """

    label: int
    geometry: Geometry
    before: np.ndarray
    after: np.ndarray
    kernel: np.ndarray
    own: float


@dataclass(frozen=True)
class LastByHand:
    """A question: the last `StepUp` of class scores with a small kernel; None for a network without any."""

    def depends_on(self, digest: str, size: tuple[int, int], detail: int) -> Hashable:
        return digest

    def __call__(self, network: Segmenter, image: np.ndarray, detail: int) -> StepUp | None:
        classes = len(network.record.classes)
        layers = [
            module
            for module in network.module.modules()
            if isinstance(module, nn.ConvTranspose2d)
            and module.in_channels == module.out_channels == classes
            and module.groups == 1
            and module.kernel_size[0] <= BY_HAND
        ]
        if not layers:
            return None
        layer, seen = layers[-1], []
        hook = layer.register_forward_hook(lambda _, given, result: seen.append((given[0], result)))
        try:
            network.logits(image)
        finally:
            hook.remove()
        return _of(layer, *(_numbers(tensor) for tensor in seen[-1]))


def _numbers(tensor: Tensor) -> np.ndarray:
    return tensor[0].detach().float().cpu().numpy()


def _of(layer: nn.ConvTranspose2d, before: np.ndarray, after: np.ndarray) -> StepUp:
    first = (int(numbers[0]) for numbers in (layer.kernel_size, layer.stride, layer.padding, layer.output_padding))
    geometry = Geometry(*first)
    label = int(before.std(axis=(1, 2)).argmax())
    weight = layer.weight[:, label].detach().float().cpu().numpy()
    sizes = np.abs(before).mean(axis=(1, 2)) * np.abs(weight).sum(axis=(1, 2))
    return StepUp(label, geometry, before[label], after[label], weight[label], float(sizes[label] / sizes.sum()))
