"""What an engine is: how a fixed-shape batch of tiles runs through a network."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from seg.models.blocks import Network


class Blueprint(NamedTuple):
    """How `build_model` builds a network anew, in another process."""

    architecture: str
    arguments: Mapping[str, Any]
    """Such as JSON can say."""
    builder: str = ""
    """For what `build_model` does not know: the module and the class that builds it, "package.module:Class"."""


class Engine(Protocol):
    """All that `Segmenter` and what stands on it use. `callers` threads at a time."""

    name: str
    device: torch.device
    """Where the network runs."""
    callers: int
    """Threads that may ask it at once."""
    batch_size: int
    """How many tiles it likes to be given at once."""
    notes: list[str]
    """Sentences about what went otherwise than asked for: memory that ran out, a device that was left."""

    @property
    def tile_device(self) -> torch.device:
        """Where pictures become tiles and logits labels: CUDA where the network runs there, else the CPU."""
        ...

    def held_bytes(self, parameters: int) -> int:
        """What is held of a network whose parameters take so many bytes: these, once they are there, and what was made
        of them, which is an estimate where another library holds it."""
        ...

    @property
    def module(self) -> Network:
        """The network itself, in evaluation, for hooks and gradients; built when first asked for."""
        ...

    def run(self, batch: Tensor) -> Tensor:
        """Float32 (N, C, h, w), normalised → logits, float32 (N, K, h, w), both on `tile_device`.

        They are good until the next run.
        """
        ...

    def forward(self, batch: Tensor, skips: Collection[str] | None = None) -> Tensor:
        """Normalised (N, C, h, w) of any size on any device → logits (N, K, h, w) on `device`, by `module`.

        skips: the skip connections to keep, None for all.
        """
        ...

    def move_to_cpu(self) -> None:
        """Leave a device whose memory is too small, and note it."""
        ...

    @property
    def active(self) -> str:
        """The name of the engine that answers now: one may stand in for another."""
        ...

    def wait_until_ready(self) -> None:
        """Wait until everything that is prepared in the background is there."""
        ...
