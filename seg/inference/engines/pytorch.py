"""Plain PyTorch on the CPU, CUDA or MPS, layer by layer."""

from collections.abc import Callable, Collection
from typing import cast

import torch
from torch import Tensor, nn

from seg.errors import NotEnoughMemoryError
from seg.models.blocks import Network

BATCH = {"cpu": 4}
LARGE_BATCH = 16


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, a GPU's or this machine's, for which PyTorch raises nothing of its own."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "allocate memory" in str(error)


class TorchEngine:
    """Runs batches in chunks that fit the device's memory: halved when it runs out, on the CPU when one is too much.

    network: one of `seg.models`, or what loads one, called when it is first needed.
    """

    name = "torch"
    callers = 1
    batch_size = LARGE_BATCH

    def __init__(self, network: Network | Callable[[], Network], device: torch.device):
        self._given = network
        self._module: Network | None = None
        self.device = device
        self.chunk = BATCH.get(device.type, LARGE_BATCH)
        self.batch_size = min(self.batch_size, self.chunk)
        self.notes: list[str] = []

    @property
    def module(self) -> Network:
        """The network on its device, in evaluation."""
        if self._module is None:
            with torch.inference_mode(False):  # gradients are asked for later
                given = self._given
                module = cast("Network", given) if isinstance(given, nn.Module) else given()
                self._module = module.eval().to(self.device).to(memory_format=torch.channels_last)
        return self._module

    def held_bytes(self, parameters: int) -> int:
        """Of the parameters, once they are there."""
        return 0 if self._module is None else parameters

    @property
    def tile_device(self) -> torch.device:
        """Where pictures are cut into tiles and logits become labels: CUDA does all of it, others only the network."""
        return self.device if self.device.type == "cuda" else torch.device("cpu")

    def run(self, batch: Tensor) -> Tensor:
        """Float32 (N, C, h, w), normalised → logits, float32 (N, K, h, w), on `tile_device`."""
        logits: list[Tensor] = []
        done = 0
        while done < len(batch):
            part = batch[done : done + self.chunk]
            try:
                logits.append(self.infer(part))
                done += len(part)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                self._shrink_chunk(len(part))
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return torch.cat([part.to(self.tile_device) for part in logits])

    def infer(self, batch: Tensor) -> Tensor:
        """One chunk: float32 (N, C, h, w) → float32 logits."""
        return self.forward(batch).float()

    @torch.inference_mode()
    def forward(self, batch: Tensor, skips: Collection[str] | None = None) -> Tensor:
        """The network itself: (N, C, h, w) on any device → logits on this engine's device."""
        batch = batch.to(self.device, memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.float16, enabled=self.device.type == "cuda"):
            return self.module(batch, skips)

    @property
    def active(self) -> str:
        """The engine that ran the last batch."""
        return self.name

    def wait_until_ready(self) -> None:
        """There is nothing to wait for."""

    def note(self, sentence: str) -> None:
        """Say once what went otherwise than asked for."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def _shrink_chunk(self, tried: int) -> None:
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        if tried > 1:
            self.chunk = tried // 2
            self.note("Memory is short, so fewer tiles run at a time: slower, with the same masks.")
            return
        if self.device.type == "cpu":
            raise NotEnoughMemoryError(
                "There is not enough memory for a single tile: close other programs and try again."
            )
        self.move_to_cpu()

    def move_to_cpu(self) -> None:
        """Go on on the CPU from now on, and note it."""
        self.note(f"The {self.device.type.upper()} device ran out of memory, so the CPU took over.")
        self.device = torch.device("cpu")
        self.chunk = BATCH["cpu"]
        self.module.to(self.device)
