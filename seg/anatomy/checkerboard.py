"""The checkerboard measured: how much of a network's logits repeats with the stride of its way up.

Odena, Dumoulin, Olah, 'Deconvolution and Checkerboard Artifacts', Distill 2016, show the pattern; here its energy
is read off the two-dimensional Fourier spectrum, against what natural pictures have nearby.
"""

from collections.abc import Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from seg.anatomy.cost import upsampling_stack
from seg.anatomy.dependence import Upsampling
from seg.inference.segmenter import Segmenter

NEIGHBOURS = range(2, 7)
"""How far from a grid's frequency, in steps of the spectrum, its neighbourhood lies."""


def periods(strides: Sequence[int]) -> tuple[int, ...]:
    """In pixels of the last map, the periods at which a stack of steps up can leave a pattern, shortest first.

    A kernel of stride s lays a pattern of s of its own output's pixels, which every later step enlarges.
    """
    found, enlargement = set(), 1
    for stride in reversed(strides):
        if stride > 1:
            found.add(stride * enlargement)
        enlargement *= stride
    return tuple(sorted(found))


def energy(logits: np.ndarray, period: int) -> float:
    """How far the spectrum of logits (C, h, w) stands out at 1/period and its multiples, in dB over its neighbourhood.

    0 dB is a spectrum that does not know the period. The map is cut to whole periods, a Hann window takes away its
    borders, the power is summed over the classes; frequencies along rows, along columns and along both count, each as
    the ratio of the power on it to the mean of what lies beside it, the mean of these ratios (in dB) is returned.

    Raises ValueError for a map smaller than eight periods.
    """
    height, width = (side // period * period for side in logits.shape[-2:])
    if min(height, width) < 8 * period:
        raise ValueError(f"A map of {logits.shape[-2]} × {logits.shape[-1]} is too small to show a period of {period}.")
    x = logits[:, :height, :width].astype(np.float64)
    x = x - x.mean(axis=(1, 2), keepdims=True)
    x = x * np.hanning(height)[:, None] * np.hanning(width)
    power = (np.abs(np.fft.fft2(x)) ** 2).sum(axis=0)
    ratios = []
    for i in range(period):
        for j in range(period):
            if i == j == 0 or 2 * i > period or (2 * i in (0, period) and 2 * j > period):
                continue  # the mean, and what the symmetry of a real signal's spectrum says twice
            at = (height // period * i, width // period * j)
            beside = [
                power[(at[0] + sign * step * vertical) % height, (at[1] + sign * step * (1 - vertical)) % width]
                for step in NEIGHBOURS
                for sign in (-1, 1)
                for vertical in (0, 1)
                # Along an axis of the spectrum, natural pictures are strong: compare along it alone.
                if not (i == 0 and vertical) and not (j == 0 and not vertical)
            ]
            ratios.append(10 * np.log10((power[at] + 1e-30) / (np.mean(beside) + 1e-30)))
    return float(np.mean(ratios))


def grid_pattern(logits: np.ndarray, period: int, repeat: int = 3) -> np.ndarray:
    """What remains of the logits' grid when everything else is averaged away: float (repeat·period, repeat·period).

    For the class in whose logits it is strongest: the departure from the local mean, averaged over all cells of
    period × period, in logits.
    """
    height, width = (side // period * period for side in logits.shape[-2:])
    x = logits[:, :height, :width].astype(np.float64)
    cells = x.reshape(len(x), height // period, period, width // period, period)
    # Against a plane through each cell's neighbours, slow changes of the picture would look like a slope.
    local = cells.mean(axis=(2, 4), keepdims=True)
    pattern = (cells - local).mean(axis=(1, 3))
    slope_y, slope_x = pattern.mean(axis=2, keepdims=True), pattern.mean(axis=1, keepdims=True)
    line = np.linspace(-1, 1, period)
    fit = (line**2).sum() or 1.0
    pattern -= line[:, None] * (slope_y[..., 0] @ line)[:, None, None] / fit
    pattern -= line * (slope_x[:, 0] @ line)[:, None, None] / fit
    strongest = pattern[(pattern**2).sum(axis=(1, 2)).argmax()]
    return np.tile(strongest, (repeat, repeat))


def times(decibels: float) -> float:
    """How many times the energy it is compared with: 10 dB is ten times, −3 dB about half."""
    return 10 ** (decibels / 10)


@dataclass(frozen=True)
class LearnedKernel:
    """One transposed convolution of a trained network, the float (k, k) mean over the channels it keeps apart.

    start: the kernel it began with, None if that was random. taps: mean |weight| at each tap, over all channels.
    """

    layer: str
    stride: int
    mean: np.ndarray
    taps: np.ndarray
    start: np.ndarray | None


@dataclass(frozen=True)
class Kernels:
    """A question: the learned kernels of the network's transposed convolutions, in the order of the layers."""

    def depends_on(self, digest: str, size: tuple[int, int], detail: int) -> Hashable:
        return ()

    def __call__(self, network: Segmenter, image: np.ndarray, detail: int) -> tuple[LearnedKernel, ...]:
        found = []
        for name, layer in network.module.named_modules():
            if not isinstance(layer, nn.ConvTranspose2d):
                continue
            weight = layer.weight.detach().float().cpu().numpy()
            scores = weight.shape[0] == weight.shape[1] == len(network.record.classes)
            if scores:  # an FCN's class scores, which begin bilinear, each class for itself
                mean, start = weight[range(len(weight)), range(len(weight))].mean(axis=0), bilinear(weight.shape[-1])
            else:
                mean, start = weight.mean(axis=(0, 1)), None
            found.append(LearnedKernel(name, layer.stride[0], mean, np.abs(weight).mean(axis=(0, 1)), start))
        return tuple(found)


def bilinear(kernel: int) -> np.ndarray:
    """The kernel of bilinear interpolation, float (k, k), for a stride of k / 2: what an FCN starts with."""
    stride = (kernel + 1) // 2
    centre = stride - 1 if kernel % 2 else stride - 0.5
    line = 1 - np.abs(np.arange(kernel) - centre) / stride
    return np.outer(line, line)


def random_energy(kernel: int, stride: int, resize: bool = False, layers: int = 2, seed: int = 0) -> float:
    """The checkerboard of an untrained stack on smooth noise: dB at its last stride.

    Each layer enlarges by `stride`: a transposed convolution of `kernel`, or with `resize` a nearest resize and a
    convolution of that kernel; random positive weights, ReLU between.
    """
    generator = torch.Generator().manual_seed(seed)
    x = F.interpolate(torch.rand(1, 8, 6, 6, generator=generator), size=(32, 32), mode="bicubic")
    for layer in range(layers):
        weight = torch.rand(8, 8, kernel, kernel, generator=generator) / (8 * kernel)
        x = x.relu() if layer else x
        if resize:
            x = F.conv2d(F.interpolate(x, scale_factor=stride), weight, padding="same")
        else:
            x = F.conv_transpose2d(x, weight, stride=stride, padding=(kernel - stride) // 2 if kernel > stride else 0)
    margin = 2 * kernel
    return energy(x[0, :, margin:-margin, margin:-margin].numpy(), stride)


@dataclass(frozen=True)
class Measurement:
    """The checkerboard in a network's logits on one picture.

    stack: the network's steps up, None if they cannot be read off it. energies: (period in pixels of the training
    scale, dB) for each period of the stack that the map is large enough for, shortest first.
    pattern: `grid_pattern` at the period that stands out most, None if none could be measured.
    """

    stack: tuple[Upsampling, ...] | None
    energies: tuple[tuple[int, float], ...]
    pattern: np.ndarray | None

    @property
    def strongest(self) -> tuple[int, float] | None:
        """The period that stands out most, and its dB."""
        return max(self.energies, key=lambda found: found[1], default=None)


@dataclass(frozen=True)
class Measure:
    """A question: the `Measurement` of the network on the picture, untiled at the training scale."""

    def depends_on(self, digest: str, size: tuple[int, int], detail: int) -> Hashable:
        return digest

    def __call__(self, network: Segmenter, image: np.ndarray, detail: int) -> Measurement:
        try:
            stack = upsampling_stack(network.module, len(network.record.mean))
        except NotImplementedError:
            return Measurement(None, (), None)
        logits = network.logits(image)
        energies = []
        for period in periods([step.stride for step in stack]):
            with suppress(ValueError):  # the map is too small for this period
                energies.append((period, energy(logits, period)))
        found = Measurement(stack, tuple(energies), None)
        return replace(found, pattern=grid_pattern(logits, found.strongest[0])) if found.strongest else found
