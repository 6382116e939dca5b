"""Plain PyTorch on the CPU, CUDA (bf16 autocast) or MPS."""

import torch
from torch import Tensor, nn

BATCH = {"cpu": 4}
LARGE_BATCH = 16


class TorchEngine:
    """Runs batches in chunks that fit the device's memory: halved when it runs out, on the CPU when one is too much."""

    name = "torch"

    def __init__(self, model: nn.Module, device: torch.device):
        self.model = model.eval().to(device, memory_format=torch.channels_last)
        self.device = device
        self.chunk = BATCH.get(device.type, LARGE_BATCH)
        self.notes: list[str] = []

    def run(self, batch: Tensor) -> Tensor:
        """Float32 (N, C, h, w) on the CPU, normalised → logits, float32 (N, K, h, w) on the CPU."""
        logits: list[Tensor] = []
        done = 0
        while done < len(batch):
            part = batch[done : done + self.chunk]
            try:
                logits.append(self.forward(part).float().cpu())
                done += len(part)
            except torch.OutOfMemoryError:
                self._make_room(len(part))
        return torch.cat(logits)

    @torch.inference_mode()
    def forward(self, batch: Tensor, skips: set[str] | None = None) -> Tensor:
        """The network itself: (N, C, h, w) on any device → logits on this engine's device."""
        batch = batch.to(self.device, memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            return self.model(batch, skips)

    @property
    def used(self) -> str:
        """The engine that ran the last batch."""
        return self.name

    def settle(self) -> None:
        """There is nothing to wait for."""

    def _make_room(self, tried: int) -> None:
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        if tried > 1:
            self.chunk = tried // 2
            return
        if self.device.type == "cpu":
            raise MemoryError("There is not enough memory for a single tile: close other programs and try again.")
        self.notes.append(f"The {self.device.type.upper()} device ran out of memory, so the CPU took over.")
        self.device = torch.device("cpu")
        self.chunk = BATCH["cpu"]
        self.model.to(self.device)
