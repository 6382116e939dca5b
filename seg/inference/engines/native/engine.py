"""FC-DenseNet on the CPU in this package's own kernels, which normalise what they read.

Elsewhere each layer normalises all features before it into memory, and reads them again.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import numpy as np
import torch
from torch import Tensor, nn

from seg.inference.engines.compiled import CompiledEngine
from seg.inference.engines.native.kernels import DOUBLED, POOLED, Layer, Program, maps, winograd
from seg.models.blocks import Network
from seg.models.fc_densenet import DenseBlock, FCDenseNet

M = TypeVar("M", bound=nn.Module)

TRANSPOSED_TAPS = {0: ((0, 0), (-1, 2)), 1: ((0, 1),)}
"""Along one axis, what an even and an odd pixel of a transposed convolution (kernel 3, stride 2) is made of: which
pixel of the small map, seen from half its own, and by which weight."""


class NativeEngine(CompiledEngine):
    """Runs an FC-DenseNet, or what loads one; in PyTorch where memory is short."""

    name = "native"
    title = "This package's own kernels"

    def __init__(self, network: Network | Callable[[], Network]):
        super().__init__(network)
        self._programs: dict[tuple[int, ...], DenseProgram | None] = {}

    def _network(self, shape: tuple[int, ...]) -> Callable[[Tensor], Tensor] | None:
        if shape not in self._programs:
            try:
                self._programs[shape] = DenseProgram(cast("FCDenseNet", self.module), shape)
            except (RuntimeError, MemoryError) as error:
                self._give_up(shape, error)
        return self._programs[shape]

    def _forget(self, shape: tuple[int, ...]) -> None:
        self._programs[shape] = None

    def held_bytes(self, parameters: int) -> int:
        """Of the parameters, and of all programs with their copies of them."""
        programs = [program for program in self._programs.values() if program is not None]
        return super().held_bytes(parameters) + sum(program.bytes for program in programs)

    @property
    def active(self) -> str:
        """The engine that answers now: PyTorch if a network could not be run."""
        return self.name if all(self._programs.values()) else "torch"


class DenseProgram:
    """An FC-DenseNet for one tile of (channels, height, width): (1, channels, height, width) → logits, which the next
    run writes over.

    All features of one resolution lie behind each other: on the way down the block's input and its new ones, then the
    ones that come up and those made of all. So none is ever moved, and a skip is there already.
    """

    @torch.no_grad()
    def __init__(self, network: FCDenseNet, shape: tuple[int, ...]):
        _, height, width = shape
        self._program, self._tile = Program(), maps(*shape)
        self._logits = maps(network.classifier.out_channels, height, width)
        features, skips = [], []
        down_blocks, up_blocks = _all(DenseBlock, network.down_blocks), _all(DenseBlock, network.up_blocks)
        for down, up in zip(down_blocks, reversed(up_blocks), strict=True):
            features.append(maps(up.out_channels, height, width))
            skips.append(down.out_channels)
            height, width = -(-height // 2), -(-width // 2)
        features.append(maps(network.bottleneck.out_channels, height, width))

        add = self._program.add
        add(self._tile, features[0][: network.first.out_channels], [_layer(network.first)])
        for i, (block, transition) in enumerate(zip(down_blocks, network.transitions_down, strict=True)):
            self._block(block, features[i])
            convolution, norm = _parts(transition)
            below = features[i + 1][: convolution.out_channels]
            add(features[i][: skips[i]], below, [_layer(convolution, norm)], kind=POOLED)
        self._block(network.bottleneck, features[-1])
        new = features[-1][network.bottleneck.in_channels :]
        transitions_up = _all(nn.ConvTranspose2d, network.transitions_up)
        for here, skip, transition, block in zip(
            reversed(features[:-1]), reversed(skips), transitions_up, up_blocks, strict=True
        ):
            for parity in (0, 1):
                up = here[skip : skip + transition.out_channels]
                add(new, up, _doubling(transition, parity), kind=DOUBLED, parity=parity)
            self._block(block, here)
            new = here[block.in_channels :]
        add(features[0], self._logits, [_layer(network.classifier)])

    def __call__(self, tile: Tensor) -> Tensor:
        np.copyto(self._tile.numpy(), tile[0].numpy())  # on this thread alone: PyTorch would wait for another one
        self._program.run()
        return self._logits[None]

    @property
    def bytes(self) -> int:
        """Of all maps and weights."""
        return self._program.bytes

    def _block(self, block: DenseBlock, features: Tensor) -> None:
        """All layers read what was there before the block in one go, and then each the features before its own."""
        start, end, growth = block.in_channels, block.out_channels, block.growth
        layers = [_parts(layer) for layer in block.layers]
        self._program.add(features[:start], features[start:end], [_layer(*layer, slice(start)) for layer in layers])
        for i, layer in enumerate(layers[1:], start=1):
            own = start + i * growth
            new = [_layer(*layer, slice(start, None))]
            self._program.add(features[start:own], features[own : own + growth], new, add=True)


def _all(kind: type[M], modules: nn.ModuleList) -> list[M]:
    """The modules of a list that holds one kind only."""
    return [cast("M", module) for module in modules]


def _parts(layer: nn.Module) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    """The convolution of a dense layer or of a transition down, and the normalisation before it."""
    norm, _, convolution, *_ = layer.children()
    assert isinstance(norm, nn.BatchNorm2d)
    assert isinstance(convolution, nn.Conv2d)
    return convolution, norm


def _layer(convolution: nn.Conv2d, norm: nn.BatchNorm2d | None = None, channels: slice = slice(None)) -> Layer:
    """The convolution's part for some of its input channels, and what the normalisation before it does with them."""
    weight, bias = convolution.weight[:, channels], convolution.get_parameter("bias")
    weight, taps = winograd(weight) if weight.shape[-1] == 3 else (weight.flatten(2)[None], [(0, 0)])
    if norm is None:
        return Layer(weight, bias, taps)
    scale = norm.weight * torch.rsqrt(norm.get_buffer("running_var") + norm.eps)
    shift = norm.bias - norm.get_buffer("running_mean") * scale
    return Layer(weight, bias, taps, scale[channels], shift[channels])


def _doubling(transition: nn.ConvTranspose2d, parity: int) -> list[Layer]:
    """What gives the even and the odd columns of the rows of this parity."""
    weight, bias, layers = transition.weight.transpose(0, 1), transition.get_parameter("bias"), []
    for columns in TRANSPOSED_TAPS.values():
        of = [(row, column) for row in TRANSPOSED_TAPS[parity] for column in columns]
        taps = [(row, column) for (row, _), (column, _) in of]
        layers.append(Layer(torch.stack([weight[:, :, y, x] for (_, y), (_, x) in of], 2)[None], bias, taps))
    return layers
