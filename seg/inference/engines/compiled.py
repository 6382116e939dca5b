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
    """Runs tiles one by one in a network made for their shape, in PyTorch where there is none."""

    title: str
    """What it is called in a sentence."""
    batch_size = 1

    def __init__(self, network: Network | Callable[[], Network]):
        super().__init__(network, torch.device("cpu"))

    def run(self, batch: Tensor) -> Tensor:
        """Float32 (N, C, h, w) on the CPU, normalised → logits, float32 (N, K, h, w) on the CPU.

        Those of a single tile are good until the next run.
        """
        network = self._network(tuple(batch.shape[1:]))
        if network is None:
            return super().run(batch)
        try:
            return network(batch) if len(batch) == 1 else torch.cat([network(tile[None]).clone() for tile in batch])
        except (RuntimeError, MemoryError) as error:
            self._give_up(tuple(batch.shape[1:]), error)
            return super().run(batch)

    @abstractmethod
    def _network(self, shape: tuple[int, ...]) -> Callable[[Tensor], Tensor] | None:
        """What answers for tiles of this shape, (C, h, w): (1, C, h, w) → logits. None if PyTorch does."""

    @abstractmethod
    def _forget(self, shape: tuple[int, ...]) -> None:
        """From now on, PyTorch answers for this shape."""

    def _give_up(self, shape: tuple[int, ...], error: Exception) -> None:
        log.warning("%s cannot run this network: %s", self.title, error)
        self._forget(shape)
        self.note(f"{self.title} could not run one of the networks, so PyTorch does.")
