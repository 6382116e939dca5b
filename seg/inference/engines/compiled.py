"""What engines on the CPU have in common that make a network anew for the shape of its tiles."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor

from seg.inference.engines.pytorch import TorchEngine
from seg.models.blocks import Network

log = logging.getLogger(__name__)


class CompiledEngine(TorchEngine, ABC):
    """Runs tiles in a network made for their shape, as many at a time as there may be callers, in PyTorch where there
    is none."""

    title: str
    """What it is called in a sentence."""

    def __init__(self, network: Network | Callable[[], Network], callers: int = 1):
        super().__init__(network, torch.device("cpu"))
        self.callers = self.batch_size = callers

    def run(self, batch: Tensor) -> Tensor:
        """Float32 (N, C, h, w) on the CPU, normalised → logits, float32 (N, K, h, w) on the CPU.

        Those of a single batch are good until the next run.
        """
        network = self._network(tuple(batch.shape[1:]))
        if network is None:
            return super().run(batch)
        try:
            if len(batch) <= self.batch_size:
                return network(batch)
            return torch.cat([network(part).clone() for part in batch.split(self.batch_size)])
        except (RuntimeError, MemoryError) as error:
            self._give_up(tuple(batch.shape[1:]), error)
            return super().run(batch)

    @abstractmethod
    def _network(self, shape: tuple[int, ...]) -> Callable[[Tensor], Tensor] | None:
        """What answers for tiles of this shape, (C, h, w): (N, C, h, w), N at most `batch_size`, → logits. None if
        PyTorch does."""

    @abstractmethod
    def _forget(self, shape: tuple[int, ...]) -> None:
        """From now on, PyTorch answers for this shape."""

    def _give_up(self, shape: tuple[int, ...], error: Exception) -> None:
        log.warning("%s cannot run this network: %s", self.title, error)
        self._forget(shape)
        self.note(f"{self.title} could not run one of the networks, so PyTorch does.")
