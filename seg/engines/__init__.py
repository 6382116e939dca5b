"""How a fixed-shape batch of tiles runs. An engine takes normalised float32 (N, C, h, w) and gives float32 logits."""

from typing import Protocol

import torch
from torch import Tensor, nn

from seg.engines.pytorch import TorchEngine

__all__ = ["DEVICES", "ENGINES", "Engine", "TorchEngine", "build_engine", "choose_device"]

DEVICES = ("auto", "cpu", "cuda", "mps")
ENGINES = ("auto", "torch")


class Engine(Protocol):
    """`run` may be called from one thread at a time."""

    name: str
    device: torch.device
    notes: list[str]
    """Sentences about what went otherwise than asked for: memory that ran out, a device that was left."""

    def run(self, batch: Tensor) -> Tensor:
        """Float32 (N, C, h, w) on the CPU, normalised → logits, float32 (N, K, h, w) on the CPU."""
        ...


def choose_device(wish: str = "auto") -> torch.device:
    """The device for a wish: one of `DEVICES`, or one with an index such as "cuda:1".

    "auto" takes CUDA, then MPS, then the CPU. Raises ValueError with a sentence for a device that is not there.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wish == "auto":
        wish = next(device for device, available in there.items() if available)
    if not there.get(wish.split(":")[0], False):
        usable = ", ".join(device for device, available in there.items() if available)
        raise ValueError(f"The device {wish!r} is not available here: choose auto or one of {usable}.")
    return torch.device(wish)


def build_engine(model: nn.Module, device: str = "auto", engine: str = "auto") -> Engine:
    """The engine called `engine` for a model on a device. Raises ValueError with a sentence for unknown words."""
    if engine not in ENGINES:
        raise ValueError(f"Unknown engine {engine!r}: choose one of {', '.join(ENGINES)}.")
    return TorchEngine(model, choose_device(device))
