"""A dense block opened: what each of its layers reads and adds, read off a run of the network itself.

Huang, Liu, van der Maaten, Weinberger, 'Densely Connected Convolutional Networks', CVPR 2017.
"""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from seg.anatomy.stages import mean_map
from seg.inference.segmenter import Segmenter
from seg.models.fc_densenet import DenseBlock


@dataclass(frozen=True)
class Opened:
    """The layers of a dense block, in their order.

    reads, adds: channels that each layer was given and gave; means: the mean map of the block's input, then of what
    each layer adds, uint8 (h, w); new_only: what comes up from it are the added channels alone.
    """

    reads: tuple[int, ...]
    adds: tuple[int, ...]
    means: tuple[np.ndarray, ...]
    new_only: bool


@dataclass(frozen=True)
class Open:
    """A question: the dense block called `stage`, `Opened`; None where that is no dense block."""

    stage: str

    def depends_on(self, digest: str, size: tuple[int, int], detail: int) -> Hashable:
        return digest

    def __call__(self, network: Segmenter, image: np.ndarray, detail: int) -> Opened | None:
        block = dict(network.module.named_modules()).get(self.stage)
        if not isinstance(block, DenseBlock):
            return None
        reads: list[int] = []
        adds: list[int] = []
        means: list[np.ndarray] = []

        def see(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            if not reads:
                means.append(mean_map(inputs[0]))
            reads.append(inputs[0].shape[1])
            adds.append(output.shape[1])
            means.append(mean_map(output))

        hooks = [layer.register_forward_hook(see) for layer in block.layers]
        try:
            network.logits(image)
        finally:
            for hook in hooks:
                hook.remove()
        return Opened(tuple(reads), tuple(adds), tuple(means), not self.stage.startswith("down"))
