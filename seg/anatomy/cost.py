"""What a built network is made of: its size, its cost, what it sees and how it comes back up, read off the network.

It is read in two ways. The network runs on PyTorch's "meta" device, which knows shapes but holds no numbers, to count
operations. And `seg.anatomy.dependence.trace` runs it on a map that knows what each position depends on, to say what
it sees.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from torch import nn
from torch.func import functional_call

from seg.anatomy.dependence import Upsampling, evaluating, trace
from seg.inference.tracing import ALONE
from seg.models import build_model

GFLOPS_SIZE = (360, 480)
"""Height and width, in pixels, of the picture that `describe` counts operations for: CamVid's frames."""


@dataclass(frozen=True)
class Anatomy:
    """One line of `python -m seg models`.

    gflops: 10⁹ operations for one picture of `GFLOPS_SIZE`, see `gflops`.
    receptive_field: side of the square in pixels, see `receptive_field`.
    """

    name: str
    parameters: int
    gflops: float
    receptive_field: int
    skips: tuple[str, ...]
    upsampling: tuple[Upsampling, ...]


def describe(name: str, num_classes: int = 11, in_channels: int = 3, **options: Any) -> Anatomy:
    """The anatomy of `build_model(name, num_classes, in_channels, **options)`, without allocating its weights.

    Raises what `build_model` raises: ValueError with a sentence for an unknown architecture or option.
    """
    with torch.device("meta"):
        model = build_model(name, num_classes, in_channels, **options)
    return Anatomy(
        name,
        parameters(model),
        gflops(model, *GFLOPS_SIZE, in_channels),
        receptive_field(model, in_channels),
        model.skip_names,
        upsampling_stack(model, in_channels),
    )


def parameters(model: nn.Module) -> int:
    """How many numbers training adjusts; batch norm's running statistics are not among them."""
    return sum(parameter.numel() for parameter in model.parameters())


def gflops(model: nn.Module, height: int, width: int, in_channels: int = 3) -> float:
    """Billions of operations for the logits of one picture of `height` × `width` pixels.

    A multiplication and an addition count as two. Only convolutions, transposed convolutions and matrix products count,
    as in the papers: pooling, batch norm, interpolation and biases are left out.
    """
    tensors = {name: tensor.to("meta") for name, tensor in chain(model.named_parameters(), model.named_buffers())}
    dtype = next(model.parameters()).dtype
    picture = torch.empty(1, in_channels, height, width, dtype=dtype, device="meta")
    from torch.utils.flop_counter import FlopCounterMode  # brings a compiler along, 80 MB: not before it counts

    with ALONE, evaluating(model), torch.no_grad(), FlopCounterMode(display=False) as counter:
        functional_call(model, tensors, (picture,))
    return counter.get_total_flops() / 1e9


def receptive_field(model: nn.Module, in_channels: int = 3) -> int:
    """The theoretical receptive field: the side, in pixels, of the largest square that one output pixel depends on.

    Positions differ where a network goes down and up again, so this is the largest over all positions in the middle
    half of a picture that is large enough for none of them to reach a border.

    Raises ValueError if no picture up to 65 536 pixels wide is: then every pixel depends on the whole picture.
    Raises NotImplementedError for an operation that a `TracedMap` does not know.
    """
    size = 64
    while size <= 2**16:
        logits = trace(model, size, size, in_channels)
        middle = slice(logits.shape[-2] // 4, -(logits.shape[-2] // 4))
        axes = [logits.rows[middle], logits.columns[middle]]
        if all(axis.first.min() > 0 and axis.last.max() < size - 1 for axis in axes):
            return max(int((axis.last - axis.first).max()) + 1 for axis in axes)
        size *= 2
    raise ValueError("The network has no receptive field: every output pixel depends on the whole picture.")


def receptive_fields(model: nn.Module, stages: Collection[str], in_channels: int = 3) -> dict[str, int]:
    """The theoretical receptive field after each of the submodules `stages`, as `receptive_field` takes it.

    Raises what `receptive_field` raises.
    """
    size = 2 ** (receptive_field(model, in_channels) * 3).bit_length()
    found: dict[str, int] = {}

    def measure(name: str, output: Any) -> None:
        traced = output[0] if isinstance(output, tuple) else output
        middle = slice(len(traced.rows) // 4, len(traced.rows) - len(traced.rows) // 4)
        axes = (traced.rows[middle], traced.columns[middle])
        found[name] = max(int((axis.last - axis.first).max()) + 1 for axis in axes)

    with watching(model, stages, measure):
        trace(model, size, size, in_channels)
    return found


@contextmanager
def watching(model: nn.Module, names: Collection[str], see: Callable[[str, Any], None]) -> Iterator[None]:
    """For a while, `see(name, output)` is called after each of the submodules called `names`."""
    modules = dict(model.named_modules())
    hooks = [
        modules[name].register_forward_hook(lambda module, inputs, output, name=name: see(name, output))
        for name in names
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def extent(
    model: nn.Module, size: tuple[int, int], y: int, x: int, in_channels: int = 3, skips: Collection[str] | None = None
) -> tuple[int, int, int, int]:
    """What the output pixel in row `y` and column `x` can see of a picture of `size` (height, width).

    Returns (top, left, bottom, right) in pixels, clipped to the picture: the pixel depends on nothing outside
    `picture[top:bottom, left:right]`. `skips` are the names of the skip connections to keep, None meaning all.

    Raises IndexError if the picture has no such pixel.
    Raises NotImplementedError for an operation that a `TracedMap` does not know.
    """
    height, width = size
    if not (0 <= y < height and 0 <= x < width):
        raise IndexError(f"A picture of {height} × {width} pixels has no pixel in row {y} and column {x}.")
    logits = trace(model, height, width, in_channels, skips)
    top, bottom = logits.rows.first[y], logits.rows.last[y] + 1
    left, right = logits.columns.first[x], logits.columns.last[x] + 1
    return int(top), int(left), int(bottom), int(right)


def upsampling_stack(model: nn.Module, in_channels: int = 3) -> tuple[Upsampling, ...]:
    """Every step up in resolution, in the order in which the network takes them.

    Raises NotImplementedError for an operation that a `TracedMap` does not know.
    """
    return tuple(trace(model, 256, 256, in_channels).upsampling)
