"""Transposed convolutions by hand, where their kernels overlap, and the other ways up and down.

Dumoulin, Visin, 'A guide to convolution arithmetic for deep learning', 2016; Odena, Dumoulin, Olah, 'Deconvolution and
Checkerboard Artifacts', Distill 2016.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from seg.errors import OptionError


@dataclass(frozen=True)
class Geometry:
    """The numbers of a transposed convolution, the same along every axis; all in output pixels.

    Raises OptionError with a sentence for numbers that torch refuses.
    """

    kernel: int
    stride: int
    padding: int = 0
    output_padding: int = 0
    dilation: int = 1

    def __post_init__(self):
        if min(self.kernel, self.stride, self.dilation) < 1 or min(self.padding, self.output_padding) < 0:
            raise OptionError("Kernel, stride and dilation start at 1, paddings at 0.")
        if self.output_padding >= max(self.stride, self.dilation):
            raise OptionError(
                f"An output padding of {self.output_padding} is too large: it only chooses among the sizes that one "
                f"stride could have come from, so it must be smaller than the stride ({self.stride}) or the dilation "
                f"({self.dilation})."
            )

    @property
    def effective_kernel(self) -> int:
        """From the first to the last output pixel that one input value touches, both counted."""
        return self.dilation * (self.kernel - 1) + 1

    def size(self, inputs: int) -> int:
        """Side of the output for a side of `inputs`. Raises OptionError with a sentence if nothing would be left."""
        size = (inputs - 1) * self.stride - 2 * self.padding + self.effective_kernel + self.output_padding
        if size < 1:
            raise OptionError(
                f"A padding of {self.padding} cuts everything away: the output would be {size} wide. Choose a smaller "
                "padding or a larger kernel."
            )
        return size

    def places(self, inputs: int) -> np.ndarray:
        """Int (inputs, kernel): where tap k of the kernel lands for input i; outside of the output it is cut away."""
        i, k = np.ogrid[:inputs, : self.kernel]
        return i * self.stride + k * self.dilation - self.padding

    @property
    def arguments(self) -> dict[str, Any]:
        """As torch's functions take them."""
        return {
            "stride": self.stride,
            "padding": self.padding,
            "output_padding": self.output_padding,
            "dilation": self.dilation,
        }


def transposed(x: np.ndarray, weight: np.ndarray, geometry: Geometry) -> np.ndarray:
    """torch's transposed convolution of `x`, (n,) or (h, w), with `weight` of as many axes: float64."""
    functions = {1: F.conv_transpose1d, 2: F.conv_transpose2d}
    result = functions[x.ndim](_batch(x), _batch(weight), **geometry.arguments)
    return result[0, 0].numpy()


def taps(inputs: Sequence[int], geometry: Geometry) -> np.ndarray:
    """Int (output values, input values), in reading order: which tap of the kernel takes this input to this output.

    Taps too are counted in reading order; -1 where there is none. `inputs` are the sides of the input, one or two.
    """
    axes = [np.where(_axis(n, geometry).any(axis=2), _axis(n, geometry).argmax(axis=2), -1) for n in inputs]
    if len(axes) == 1:
        return axes[0]
    rows, columns = axes[0][:, None, :, None], axes[1][None, :, None, :]
    both = np.where((rows >= 0) & (columns >= 0), rows * geometry.kernel + columns, -1)
    return both.reshape(len(axes[0]) * len(axes[1]), -1)


def matrix(weight: np.ndarray, inputs: Sequence[int], geometry: Geometry) -> np.ndarray:
    """Cᵀ, float64 (output values, input values), both in reading order: the output is Cᵀ times the input.

    Its column i is the kernel where input i lands; `inputs` are the sides of the input, one or two.
    """
    tap = taps(inputs, geometry)
    return np.where(tap >= 0, weight.ravel().astype(float)[tap], 0.0)


def _axis(inputs: int, geometry: Geometry) -> np.ndarray:
    """(output, input, tap): 1 where this tap of this input lands on this output."""
    outputs = geometry.size(inputs)
    return (geometry.places(inputs)[None] == np.arange(outputs)[:, None, None]).astype(float)


def overlap(inputs: int, geometry: Geometry) -> np.ndarray:
    """Int (output,): how many input values reach each output pixel along one axis. In 2-D: the outer product."""
    return _axis(inputs, geometry).sum(axis=(1, 2)).astype(int)


def zero_stuffed(x: np.ndarray, geometry: Geometry) -> np.ndarray:
    """The input whose ordinary convolution of stride 1 with the flipped kernel gives the same output.

    stride - 1 zeros between the values, and as many around them as the kernel reaches beyond, less the padding (if
    that is negative, values are cut off); the output padding adds zeros at the end.
    """
    for axis in range(x.ndim):
        shape = list(x.shape)
        shape[axis] = (shape[axis] - 1) * geometry.stride + 1
        stuffed = np.zeros(shape)
        stuffed[(slice(None),) * axis + (slice(None, None, geometry.stride),)] = x
        before = geometry.effective_kernel - 1 - geometry.padding
        after = before + geometry.output_padding
        widths = [(0, 0)] * x.ndim
        widths[axis] = (max(before, 0), max(after, 0))
        stuffed = np.pad(stuffed, widths)
        keep = slice(max(-before, 0), stuffed.shape[axis] - max(-after, 0))
        x = stuffed[(slice(None),) * axis + (keep,)]
    return x


def by_zero_stuffing(x: np.ndarray, weight: np.ndarray, geometry: Geometry) -> np.ndarray:
    """The same output as `transposed`, by an ordinary convolution over `zero_stuffed`."""
    functions = {1: F.conv1d, 2: F.conv2d}
    stuffed, flipped = _batch(zero_stuffed(x, geometry)), _batch(np.flip(weight))
    return functions[x.ndim](stuffed, flipped, dilation=geometry.dilation)[0, 0].numpy()


def _batch(x: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(x, dtype=np.float64))[None, None]


def stacked(inputs: int, geometries: Sequence[Geometry]) -> np.ndarray:
    """Int64 (output,): along how many ways an input value reaches each output pixel through layer after layer."""
    return reduce(
        lambda ways, geometry: _axis(len(ways), geometry).sum(axis=2).astype(np.int64) @ ways,
        geometries,
        np.ones(inputs, dtype=np.int64),
    )


def unevenness(counts: np.ndarray) -> float:
    """How unevenly the middle half of a 1-D overlap map is covered: standard deviation over mean; 0 is even.

    The map must hold several periods; its borders, where every kernel is cut off, are left out.
    """
    middle = counts[len(counts) // 4 : len(counts) - len(counts) // 4].astype(float)
    return float(middle.std() / middle.mean()) if middle.any() else 0.0


def describe_overlap(geometry: Geometry) -> str:
    """What the overlap of one layer is like and why, in a sentence or two."""
    kernel, stride, dilation = geometry.kernel, geometry.stride, geometry.dilation
    period = overlap(4 * (geometry.effective_kernel + stride), Geometry(kernel, stride, dilation=dilation))
    middle = period[len(period) // 2 : len(period) // 2 + stride]
    if middle.min() == middle.max() == 1:
        return (
            f"No overlap: every output pixel comes from one input value. Kernel = stride ({kernel}), which is what to "
            "prefer."
            if dilation == 1
            else f"No overlap: the dilation of {dilation} spreads {kernel} taps over the {stride} places of the stride."
        )
    if middle.min() == middle.max():
        why = f"the kernel ({kernel}) is a multiple of the stride ({stride})"
        if kernel % stride or dilation > 1:
            why = f"with a dilation of {dilation} the {kernel} taps fall equally often on each of {stride} places"
        return f"Even overlap: {why}, so every pixel gets {middle[0]} input values along each axis."
    holes = " Some pixels get nothing at all." if middle.min() == 0 else ""
    return (
        f"Uneven overlap: {kernel} taps do not share out among the {stride} places of the stride"
        + (f" with a dilation of {dilation}" if dilation > 1 else "")
        + f", so pixels get {middle.min()} to {middle.max()} input values along each axis in turn.{holes}"
    )


# Other ways up, and the ways down that feed them --------------------------------------------------------------------


def pooled(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(h, w) with even sides → max pooling by 2, the places of the maxima (flat indices), average pooling."""
    largest, indices = F.max_pool2d(_batch(x), 2, return_indices=True)
    return largest[0, 0].numpy(), indices[0, 0].numpy(), F.avg_pool2d(_batch(x), 2)[0, 0].numpy()


SMOOTH = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16
"""What stands for a learned kernel where one is needed."""


def ways_up(x: np.ndarray, indices: np.ndarray) -> dict[str, np.ndarray]:
    """(h, w) → every way to (2h, 2w), by name. indices: where max pooling found the values, for unpooling."""
    batch = _batch(x)
    nearest = F.interpolate(batch, scale_factor=2, mode="nearest")
    nails = torch.zeros_like(nearest)
    nails[..., ::2, ::2] = batch
    # One channel for each of the four places that a pixel becomes, as a convolution before the shuffle would give it.
    shifts = F.pad(batch, (0, 1, 0, 1), mode="replicate")
    here, right, below = shifts[..., :-1, :-1], shifts[..., :-1, 1:], shifts[..., 1:, :-1]
    corner = (here + right + below + shifts[..., 1:, 1:]) / 4
    found = {
        "nearest": nearest,
        "bed of nails": nails,
        "max-unpooling": F.max_unpool2d(batch, torch.from_numpy(indices)[None, None], [2, 2]),
        "bilinear": F.interpolate(batch, scale_factor=2, mode="bilinear", align_corners=False),
        "pixel shuffle": F.pixel_shuffle(torch.cat([here, (here + right) / 2, (here + below) / 2, corner], dim=1), 2),
        "resize, then convolve": F.conv2d(F.pad(nearest, (1, 1, 1, 1), mode="replicate"), _batch(SMOOTH)),
    }
    return {name: up[0, 0].numpy() for name, up in found.items()}
