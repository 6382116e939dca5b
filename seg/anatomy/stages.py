"""A network stage by stage, read off the built network: shapes, parameters, operations, receptive fields, time, maps.

A stage is a submodule that runs once and makes one feature map: a block of convolutions, a step up, a classifier.
"""

import time
from collections.abc import Hashable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from seg.anatomy.cost import receptive_fields, watching
from seg.anatomy.roles import Role, roles
from seg.inference.segmenter import Segmenter
from seg.inference.tracing import ALONE
from seg.models.blocks import Skip

MAP_SIDE = 160
"""The longest side of a feature map that is shown."""
MEAN_SIDE = 96
"""The same of a stage's mean map, which is shown small."""
MANY = 3
"""Resolutions that a part of a network works at, from which on it is no single stage."""
NORMS = (nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.LayerNorm)
"""What belongs to the convolution before it, and is no stage."""
MOST_IN_A_BLOCK = 4
"""Layers in a row at the picture's own resolution, above which each is a stage."""


@dataclass(frozen=True)
class Stage:
    """One stage. name: of its submodule; shape: (channels, height, width) of what it gives for the picture asked about;
    gflops: 10⁹ operations; role: what it is to the network; receptive_field: side in pixels, None if it cannot be told;
    seconds: measured, None if it was not."""

    name: str
    shape: tuple[int, int, int]
    parameters: int
    gflops: float
    role: Role
    receptive_field: int | None = None
    seconds: float | None = None

    @property
    def megabytes(self) -> float:
        """10⁶ bytes of its feature map in float32."""
        return 4 * float(np.prod(self.shape)) / 1e6


def stages(model: nn.Module, height: int, width: int, in_channels: int = 3) -> tuple[Stage, ...]:
    """All stages in the order in which they run, for one picture of `height` × `width`; without receptive fields."""
    calls: dict[str, int] = {}
    shapes: dict[str, tuple[int, int, int] | None] = {}
    names = [name for name, _ in model.named_modules() if name]

    def see(name: str, output: Any) -> None:
        calls[name] = calls.get(name, 0) + 1
        first = output[0] if isinstance(output, tuple) and output else output
        shapes[name] = None
        if isinstance(first, Tensor) and first.ndim == 4:
            _, channels, height, width = first.shape
            shapes[name] = channels, height, width

    tensors = {name: tensor.to("meta") for name, tensor in chain(model.named_parameters(), model.named_buffers())}
    picture = torch.empty(1, in_channels, height, width, dtype=next(model.parameters()).dtype, device="meta")
    from torch.utils.flop_counter import FlopCounterMode  # brings a compiler along, 80 MB: not before it counts

    with ALONE, watching(model, names, see), torch.no_grad(), FlopCounterMode(display=False) as counter:
        functional_call(model, tensors, (picture,))
    # What the model is called in the counter depends on its class; below it, names are as in named_modules.
    operations = {key.partition(".")[2]: sum(count.values()) for key, count in counter.get_flop_counts().items()}
    modules = dict(model.named_modules())
    order = list(shapes)
    found = [name for name in _blocks("", model, calls, shapes) if any(True for _ in modules[name].parameters())]
    sizes: dict[str, tuple[int, int, int]] = {}
    numbers: dict[str, int] = {}
    for name in sorted(found, key=order.index):
        if not (shape := shapes[name]):
            continue
        stage = next(reversed(sizes)) if sizes and isinstance(modules[name], NORMS) else name
        sizes.setdefault(stage, shape)
        numbers[stage] = numbers.get(stage, 0) + sum(parameter.numel() for parameter in modules[name].parameters())
    said = roles(sizes, modules, height, skip_ends(model))
    return tuple(
        Stage(name, shape, numbers[name], operations.get(name, 0) / 1e9, said[name]) for name, shape in sizes.items()
    )


def skip_ends(model: nn.Module) -> dict[str, Skip]:
    """Skip → where it leads, as far as the architecture says."""
    return getattr(model, "skip_ends", {})


def _blocks(prefix: str, module: nn.Module, calls: dict[str, int], shapes: dict[str, Any]) -> Iterator[str]:
    """The outermost submodules that run once and give one feature map, except those that are looked into: lists of
    modules, what works at many resolutions (a whole decoder), and a plain stack of convolutions."""
    for name, child in module.named_children():
        path = f"{prefix}{name}"
        below = [shape for other, shape in shapes.items() if other.startswith(f"{path}.") and shape]
        resolutions = len({shape[1:] for shape in below})
        stack = isinstance(child, nn.Sequential) and len(child) > MOST_IN_A_BLOCK and not prefix and resolutions == 1
        if calls.get(path) == 1 and shapes[path] and resolutions < MANY and not stack:
            yield path
        else:
            yield from _blocks(f"{path}.", child, calls, shapes)


@dataclass(frozen=True)
class Anatomise:
    """A question: the network's `Stage`s for this picture at the training scale, timed, with receptive fields."""

    def depends_on(self, digest: str, size: tuple[int, int], detail: int) -> Hashable:
        return size

    def __call__(self, network: Segmenter, image: np.ndarray, detail: int) -> tuple[Stage, ...]:
        model, channels = network.module, len(network.record.mean)
        height, width = network.logits(image).shape[-2:]  # warms up, too
        found = stages(model, height, width, channels)
        names = [stage.name for stage in found]
        fields: dict[str, int] = {}
        with suppress(NotImplementedError, ValueError):
            fields = receptive_fields(model, names, channels)
        seconds = _seconds(network, image, names)
        return tuple(replace(s, receptive_field=fields.get(s.name), seconds=seconds.get(s.name)) for s in found)


def _seconds(network: Segmenter, image: np.ndarray, names: list[str]) -> dict[str, float]:
    """The time from each stage's start to its end in one run."""
    modules = dict(network.module.named_modules())
    started: dict[str, float] = {}
    taken: dict[str, float] = {}

    def now() -> float:
        if network.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    def start(name: str) -> None:
        started[name] = now()

    def stop(name: str) -> None:
        taken[name] = now() - started[name]

    hooks = [
        hook
        for name in names
        for hook in (
            modules[name].register_forward_pre_hook(lambda *_, name=name: start(name)),
            modules[name].register_forward_hook(lambda *_, name=name: stop(name)),
        )
    ]
    try:
        network.logits(image)
    finally:
        for hook in hooks:
            hook.remove()
    return taken


@dataclass(frozen=True)
class Means:
    """A question: stage → its `mean_map`."""

    def depends_on(self, digest: str, size: tuple[int, int], detail: int) -> Hashable:
        return digest

    def __call__(self, network: Segmenter, image: np.ndarray, detail: int) -> dict[str, np.ndarray]:
        height, width = network.logits(image).shape[-2:]
        names = [stage.name for stage in stages(network.module, height, width, len(network.record.mean))]
        means: dict[str, np.ndarray] = {}

        def see(name: str, output: Any) -> None:
            means[name] = mean_map(output[0] if isinstance(output, tuple) else output)

        with watching(network.module, names, see):
            network.logits(image)
        return means


@dataclass(frozen=True)
class FeatureMaps:
    """The strongest channels of a stage. channels: which; strength: mean |activation| of each; maps: uint8 (n, h, w),
    each from its own least to its own largest value, reduced; total: how many channels there are."""

    channels: tuple[int, ...]
    strength: tuple[float, ...]
    maps: np.ndarray
    total: int


@dataclass(frozen=True)
class Strongest:
    """A question: the `count` channels of the submodule `stage` that vary most over the picture, as `FeatureMaps`."""

    stage: str
    count: int = 12

    def depends_on(self, digest: str, size: tuple[int, int], detail: int) -> Hashable:
        return digest

    def __call__(self, network: Segmenter, image: np.ndarray, detail: int) -> FeatureMaps:
        features = network.features(image, self.stage)
        spread = features.std(axis=(1, 2))
        chosen = np.argsort(-spread)[: self.count]
        maps = _reduced(torch.from_numpy(features[chosen])[None], MAP_SIDE)[0].numpy()
        low, high = maps.min(axis=(1, 2), keepdims=True), maps.max(axis=(1, 2), keepdims=True)
        scaled = (maps - low) / np.maximum(high - low, 1e-12) * 255
        strength = tuple(float(value) for value in np.abs(features[chosen]).mean(axis=(1, 2)))
        return FeatureMaps(tuple(int(c) for c in chosen), strength, scaled.astype(np.uint8), len(features))


def mean_map(features: Tensor) -> np.ndarray:
    """The mean of all channels of `features` (1, C, H, W), uint8 (h, w) from its least to its largest value, reduced.

    The hundredth part of the values at either end is cut off, so that a few extremes leave something to be seen.
    """
    mean = _reduced(features.detach().float().mean(dim=1, keepdim=True), MEAN_SIDE)[0, 0].cpu().numpy()
    low, high = np.percentile(mean, (1, 99))
    return (np.clip((mean - low) / max(high - low, 1e-12), 0, 1) * 255).astype(np.uint8)


def _reduced(maps: Tensor, side: int) -> Tensor:
    """`maps` (N, C, h, w), averaged until no side exceeds `side`; never enlarged."""
    shrink = side / max(maps.shape[-2:])
    if shrink >= 1:
        return maps
    return F.interpolate(maps, size=[max(1, round(length * shrink)) for length in maps.shape[-2:]], mode="area")


@dataclass(frozen=True)
class Timed:
    """A question: seconds of one forward pass at each short side in pixels, after one to warm up: tuple[float, …].

    The picture's content does not matter, so it is noise of the picture's proportions.
    """

    sides: tuple[int, ...]

    def depends_on(self, digest: str, size: tuple[int, int], detail: int) -> Hashable:
        return Fraction(*size)

    def __call__(self, network: Segmenter, image: np.ndarray, detail: int) -> tuple[float, ...]:
        height, width = image.shape[:2]
        taken = []
        for side in self.sides:
            scale = side / min(height, width)
            size = (max(32, round(height * scale)), max(32, round(width * scale)))
            batch = torch.randn(1, len(network.record.mean), *size)
            network.forward(batch)
            begin = time.perf_counter()
            network.forward(batch).cpu()
            taken.append(time.perf_counter() - begin)
        return tuple(taken)


@dataclass(frozen=True)
class Skips:
    """A question: every skip with where it leads, None where the architecture does not say."""

    def depends_on(self, digest: str, size: tuple[int, int], detail: int) -> Hashable:
        return ()

    def __call__(self, network: Segmenter, image: np.ndarray, detail: int) -> tuple[tuple[str, Skip | None], ...]:
        ends = skip_ends(network.module)
        return tuple((name, ends.get(name)) for name in network.skip_names)


@dataclass(frozen=True)
class Costs:
    """A question: (GFLOPs, 10⁶ bytes of all stages' maps) for the picture's proportions at each short side."""

    sides: tuple[int, ...]

    def depends_on(self, digest: str, size: tuple[int, int], detail: int) -> Hashable:
        return Fraction(*size)

    def __call__(self, network: Segmenter, image: np.ndarray, detail: int) -> tuple[tuple[float, float], ...]:
        height, width = image.shape[:2]
        found = []
        for side in self.sides:
            size = (round(height * side / min(height, width)), round(width * side / min(height, width)))
            line = stages(network.module, *size, len(network.record.mean))
            found.append((sum(stage.gflops for stage in line), sum(stage.megabytes for stage in line)))
        return tuple(found)
