"""NVIDIA GPUs: half precision where it keeps the labels, and one CUDA graph for each shape of a batch."""

import copy
import logging
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from seg.inference.engines.pytorch import TorchEngine
from seg.models.blocks import Network

log = logging.getLogger(__name__)

PRECISION = torch.float16
"""Has three more bits than bfloat16, which loses five times as many labels."""

KEPT = 0.998
"""Share of a network's first tile whose labels half precision must keep, else the network runs in single precision."""

WARM_UP = 3
MAX_GRAPHS = 8
"""Shapes whose graphs are kept, all in the memory that the largest takes."""


class CudaEngine(TorchEngine):
    """Replays recorded work: nothing is launched layer by layer, and nothing waits for Python.

    Batches are filled up to the next power of two, so that few shapes are recorded. What cannot be recorded runs layer
    by layer, with a note.
    """

    def __init__(self, network: Network | Callable[[], Network], device: torch.device):
        super().__init__(network, device)
        self._graphs: dict[tuple[int, ...], Callable[[Tensor], Tensor]] = {}
        self._network: nn.Module | None = None
        self._memory: Any = None
        self._recordable = True

    def infer(self, batch: Tensor) -> Tensor:
        """Float32 (N, C, h, w), N at most a chunk → float32 logits on the device."""
        if not self._recordable or self.device.type != "cuda":
            return self._unrecorded(batch)
        missing = min(1 << (len(batch) - 1).bit_length(), self.chunk) - len(batch)
        full = torch.cat([batch, batch.new_zeros(missing, *batch.shape[1:])]) if missing else batch
        try:
            return self._graph(full)(full)[: len(batch)]
        except torch.OutOfMemoryError:
            self._forget()
            raise
        except (RuntimeError, ValueError) as error:
            log.warning("a network cannot be recorded: %s", error)
            self._recordable = False
            self._graphs.clear()
            self.note("One of the networks runs without CUDA graphs, slower, with the same masks.")
            return self._unrecorded(batch)

    @torch.inference_mode()
    def _unrecorded(self, batch: Tensor) -> Tensor:
        if self._network is None:
            return super().infer(batch)
        tiles = batch.to(self.device, _precision(self._network), memory_format=torch.channels_last)
        return self._network(tiles).float()

    def move_to_cpu(self) -> None:
        """See `TorchEngine.move_to_cpu`; what was recorded goes, too."""
        self._forget()
        super().move_to_cpu()

    def _forget(self) -> None:
        self._graphs.clear()
        self._network = self._memory = None

    def _graph(self, batch: Tensor) -> Callable[[Tensor], Tensor]:
        shape = tuple(batch.shape)
        if shape not in self._graphs:
            while len(self._graphs) >= MAX_GRAPHS:
                del self._graphs[next(iter(self._graphs))]
            with torch.backends.cudnn.flags(enabled=True, benchmark=True, allow_tf32=False):
                self._graphs[shape] = self._record(batch)
        return self._graphs[shape]

    @torch.inference_mode()
    def _record(self, batch: Tensor) -> Callable[[Tensor], Tensor]:
        if self._network is None:
            self._network = faithful(self.module, batch[:1].to(self.device, memory_format=torch.channels_last))
            self._memory = torch.cuda.graph_pool_handle()
        network = self._network
        entry = batch.to(self.device, _precision(network), memory_format=torch.channels_last, copy=True)
        beside = torch.cuda.Stream(self.device)
        beside.wait_stream(torch.cuda.current_stream(self.device))
        with torch.cuda.stream(beside):
            for _ in range(WARM_UP):
                network(entry)
        torch.cuda.current_stream(self.device).wait_stream(beside)
        graph: Any = torch.cuda.CUDAGraph()
        # Other threads may use the GPU meanwhile. The graphs share their memory: none runs beside another.
        with torch.cuda.graph(graph, pool=self._memory, capture_error_mode="thread_local"):
            exit_ = network(entry).float()

        @torch.inference_mode()
        def replay(tiles: Tensor) -> Tensor:
            entry.copy_(tiles, non_blocking=True)
            graph.replay()
            return exit_.clone()

        return replay


def halved(model: nn.Module) -> nn.Module:
    """A copy in half precision, its normalisations in single precision as autocast has them.

    They are not folded into the convolutions: folded weights are no longer the numbers that were stored, in half
    precision, which loses up to four times as many labels, and PyTorch adds a bias in as many steps as it normalises.
    """
    half = copy.deepcopy(model).to(PRECISION)
    for module in half.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.float()
    return half


def faithful(model: nn.Module, tile: Tensor) -> nn.Module:
    """The network in half precision if that keeps its labels on a tile, float32 (1, C, h, w), else as it is.

    Max-unpooling does not always keep them: rounding decides which of two nearly equal values comes back up.
    """
    half = halved(model)
    same = half(tile.to(PRECISION)).argmax(dim=1) == model(tile).argmax(dim=1)
    return half if same.float().mean() >= KEPT else model


def _precision(network: nn.Module) -> torch.dtype:
    return next(module.weight.dtype for module in network.modules() if isinstance(module, nn.Conv2d))
