"""A stand-in for a picture that knows, instead of values, what each position of each feature map depends on.

A network's own `forward` runs on it unchanged, crops and borders included, and so says what the network sees.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Upsampling:
    """One step up in resolution. Kernels are square; a number that differs by axis is the rows'.

    method: "transposed" (convolution), "unpool" (max-unpooling), "bilinear" or "nearest".
    kernel, stride, padding, output_padding: in pixels of the output, as of a transposed convolution. Where there are no
        weights they describe the one that does the same away from the borders: for bilinear interpolation by s, a
        kernel of 2s (2s - 1 for odd s) padded by s // 2; for nearest, a kernel of s. Stride is the enlargement.
    """

    method: str
    kernel: int
    stride: int
    padding: int
    output_padding: int
    in_channels: int
    out_channels: int


@dataclass(frozen=True, eq=False)
class Reach:
    """Along one axis, the first and last row (or column) of the picture that each position depends on: int (n,) each.

    A position that depends on nothing, such as a zeroed one, has its first after every row and its last before.
    """

    first: np.ndarray
    last: np.ndarray

    NEVER = np.iinfo(np.int64).max

    @classmethod
    def itself(cls, length: int) -> "Reach":
        return cls(np.arange(length), np.arange(length))

    @classmethod
    def nothing(cls, length: int) -> "Reach":
        return cls(np.full(length, cls.NEVER), np.full(length, -1))

    def __len__(self) -> int:
        return len(self.first)

    def __getitem__(self, key: slice) -> "Reach":
        return Reach(self.first[key], self.last[key])

    def __or__(self, other: "Reach") -> "Reach":
        return Reach(np.minimum(self.first, other.first), np.maximum(self.last, other.last))

    def through(self, sources: np.ndarray) -> "Reach":
        """The reach of positions computed from those in `sources`, int (new length, taps); outside ones are padding."""
        inside = (sources >= 0) & (sources < len(self))
        sources = np.where(inside, sources, 0)
        return Reach(
            np.where(inside, self.first[sources], self.NEVER).min(axis=1),
            np.where(inside, self.last[sources], -1).max(axis=1),
        )


@dataclass(frozen=True, eq=False)
class TracedMap:
    """Passes through a network in place of a batch of one picture (1, C, H, W), and carries no values.

    rows, columns: what each output row and column depends on; all channels together, as one interval, gaps included.
    upsampling: the steps up so far, shared by all that one run makes.

    A function or method without a rule is let through if it works pixel by pixel, as tried out on a small picture;
    any other raises NotImplementedError. Tensors that do not fit together raise ValueError.
    """

    channels: int
    rows: Reach
    columns: Reach
    upsampling: list[Upsampling]

    @property
    def shape(self) -> torch.Size:
        return torch.Size((1, self.channels, len(self.rows), len(self.columns)))

    ndim = 4

    def dim(self) -> int:
        return self.ndim

    def size(self, dim: int | None = None) -> torch.Size | int:
        return self.shape if dim is None else self.shape[dim]

    def __getattr__(self, name: str) -> Callable:
        method = getattr(Tensor, name)
        if not callable(method):
            raise AttributeError(f"A traced map has no {name}.")
        return lambda *args, **kwargs: self.__torch_function__(method, (), (self, *args), kwargs)

    def __add__(self, other: "TracedMap | float") -> "TracedMap":
        return self.__torch_function__(torch.add, (), (self, other))

    __radd__ = __add__

    def __getitem__(self, key: Any) -> "TracedMap":
        key = key if isinstance(key, tuple) else (key,)
        if Ellipsis in key:
            at = key.index(Ellipsis)
            key = (*key[:at], *[slice(None)] * (self.ndim + 1 - len(key)), *key[at + 1 :])
        if not all(isinstance(part, slice) for part in key):
            raise NotImplementedError(f"There is no rule for the index {key}: only slices keep its four dimensions.")
        _, channels, rows, columns = (*key, *[slice(None)] * (self.ndim - len(key)))
        return replace(
            self, channels=len(range(self.channels)[channels]), rows=self.rows[rows], columns=self.columns[columns]
        )

    @classmethod
    def __torch_function__(cls, function: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        if function in _RULES:
            return _RULES[function](*args, **kwargs)
        if args and isinstance(args[0], cls) and _works_pixel_by_pixel(function, args, kwargs):
            return args[0]
        raise NotImplementedError(f"There is no rule for {function.__name__}: what its result depends on is not known.")


def trace(
    model: nn.Module, height: int, width: int, in_channels: int, skips: Collection[str] | None = None
) -> TracedMap:
    """What the network's logits for a picture of `height` × `width` depend on, and its steps up.

    `skips` are the names of the skip connections to keep, None meaning all. Raises what a `TracedMap` raises.
    """
    picture = TracedMap(in_channels, Reach.itself(height), Reach.itself(width), [])
    with evaluating(model):
        return model(picture) if skips is None else model(picture, skips=skips)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Eval mode for a while, so that looking at a network leaves its running statistics alone."""
    training = [module for module in model.modules() if module.training]
    for module in training:
        module.training = False
    try:
        yield
    finally:
        for module in training:
            module.training = True


_RULES: dict[Callable, Callable] = {}
"""PyTorch's function → the same on traced maps, with the same arguments."""


def _rule(*functions: Callable) -> Callable[[Callable], Callable]:
    def register(rule: Callable) -> Callable:
        _RULES.update(dict.fromkeys(functions, rule))
        return rule

    return register


def _works_pixel_by_pixel(function: Callable, args: tuple, kwargs: dict) -> bool:
    """Whether changing the centre of a 3×3 picture changes nothing but the centre of the result."""
    traced, *others = args
    before = torch.linspace(-1, 1, 9 * traced.channels, device="cpu").reshape(1, -1, 3, 3)
    after = before.clone()
    after[..., 1, 1] += 0.5
    try:
        was, now = (function(picture.clone(), *others, **kwargs) for picture in (before, after))
    except (TypeError, RuntimeError, ValueError, AttributeError):
        return False
    if not isinstance(was, Tensor) or was.shape != before.shape:
        return False
    changed = (was != now).any(dim=1).flatten()
    return not changed[[0, 1, 2, 3, 5, 6, 7, 8]].any()


def _pair(value: Any) -> tuple[Any, Any]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value, value)


def _windows(out: int, kernel: int, stride: int, padding: int, dilation: int) -> np.ndarray:
    """What `out` windows cover as they slide: int (out, kernel)."""
    return (np.arange(out) * stride - padding)[:, None] + np.arange(kernel) * dilation


def _spread(out: int, kernel: int, stride: int, padding: int, dilation: int) -> np.ndarray:
    """The reverse: which windows cover each of `out` positions, -1 where a tap of the kernel hits none."""
    start = (np.arange(out) + padding)[:, None] - np.arange(kernel) * dilation
    return np.where(start % stride == 0, start // stride, -1)


def _slide(
    x: TracedMap,
    kernel: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool = False,
    channels: int | None = None,
) -> TracedMap:
    """A convolution or a pooling: the rules for output sizes are those of torch.nn.Conv2d and MaxPool2d."""

    def along(axis: Reach, kernel: int, stride: int, padding: int, dilation: int) -> Reach:
        room = len(axis) + 2 * padding - dilation * (kernel - 1) - 1
        out = (-(-room // stride) if ceil_mode else room // stride) + 1
        if ceil_mode and (out - 1) * stride >= len(axis) + padding:
            out -= 1  # the last window must start inside the picture or its left padding
        if out < 1:
            raise ValueError(f"A kernel of {kernel} does not fit into {len(axis)} pixels padded by {padding}.")
        return axis.through(_windows(out, kernel, stride, padding, dilation))

    settings = list(zip(_pair(kernel), _pair(stride), _pair(padding), _pair(dilation), strict=True))
    return replace(
        x, channels=channels or x.channels, rows=along(x.rows, *settings[0]), columns=along(x.columns, *settings[1])
    )


def _expect_channels(x: TracedMap, channels: int) -> None:
    if x.channels != channels:
        raise ValueError(f"A convolution of {channels} channels was given {x.channels}.")


@_rule(F.conv2d)
def _conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    _expect_channels(x, weight.shape[1] * groups)
    kernel = weight.shape[2:]
    if padding == "valid":
        padding = 0
    elif padding == "same":
        padding = tuple(d * (k - 1) // 2 for k, d in zip(kernel, _pair(dilation), strict=True))
        grown = _slide(x, kernel, stride, padding, dilation, channels=weight.shape[0])
        if grown.shape[2:] != x.shape[2:]:
            raise NotImplementedError("There is no rule for an even kernel with padding='same'.")
        return grown
    return _slide(x, kernel, stride, padding, dilation, channels=weight.shape[0])


@_rule(F.max_pool2d, F.max_pool2d_with_indices)
def _max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    pooled = _slide(x, kernel_size, stride or kernel_size, padding, dilation, ceil_mode)
    return (pooled, pooled) if return_indices else pooled


@_rule(F.avg_pool2d)
def _avg_pool2d(x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
    return _slide(x, kernel_size, stride or kernel_size, padding, 1, ceil_mode)


@_rule(F.conv_transpose2d)
def _conv_transpose2d(x, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    _expect_channels(x, weight.shape[0])
    channels = weight.shape[1] * groups
    settings = list(zip(weight.shape[2:], *map(_pair, (stride, padding, output_padding, dilation)), strict=True))

    def along(axis: Reach, kernel: int, stride: int, padding: int, output_padding: int, dilation: int) -> Reach:
        out = (len(axis) - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1
        return axis.through(_spread(out, kernel, stride, padding, dilation))

    if settings[0][1] > 1:
        kernel, stride, padding, output_padding, _ = settings[0]
        x.upsampling.append(Upsampling("transposed", kernel, stride, padding, output_padding, x.channels, channels))
    return replace(x, channels=channels, rows=along(x.rows, *settings[0]), columns=along(x.columns, *settings[1]))


@_rule(F.max_unpool2d)
def _max_unpool2d(x, indices, kernel_size, stride=None, padding=0, output_size=None):
    """Where a value lands depends on the pixels that the pooling compared, so their reach is part of it."""
    if x.shape != indices.shape:
        raise ValueError(f"Max-unpooling was given values of {tuple(x.shape)} and indices of {tuple(indices.shape)}.")
    settings = list(zip(*map(_pair, (kernel_size, stride or kernel_size, padding)), strict=True))
    if output_size is None:
        output_size = [
            (n - 1) * stride - 2 * padding + kernel
            for n, (kernel, stride, padding) in zip(x.shape[2:], settings, strict=True)
        ]

    def along(axis: Reach, out: int, kernel: int, stride: int, padding: int) -> Reach:
        return axis.through(_spread(out, kernel, stride, padding, 1))

    height, width = output_size[-2:]
    kernel, stride, padding = settings[0]
    x.upsampling.append(Upsampling("unpool", kernel, stride, padding, 0, x.channels, x.channels))
    return replace(
        x,
        rows=along(x.rows | indices.rows, height, *settings[0]),
        columns=along(x.columns | indices.columns, width, *settings[1]),
    )


@_rule(F.interpolate)
def _interpolate(
    x,
    size=None,
    scale_factor=None,
    mode="nearest",
    align_corners=None,
    recompute_scale_factor=None,
    antialias=False,
):
    if mode not in ("nearest", "bilinear") or antialias:
        raise NotImplementedError(f"There is no rule for interpolate({mode=}, {align_corners=}, {antialias=}).")

    sizes, factors = _pair(size), _pair(scale_factor)

    def along(axis: Reach, direction: int) -> Reach:
        n, factor = len(axis), factors[direction]
        out = int(n * factor) if size is None else sizes[direction]
        given = size is None and not recompute_scale_factor
        step = 1 / Fraction(factor) if given else Fraction(n, out)  # exact: no tap gained or lost by rounding
        if mode == "nearest":
            sources = [[min(int(i * step), n - 1)] for i in range(out)]
        else:
            half = Fraction(1, 2)
            centres = [max((i + half) * step - half, Fraction(0)) for i in range(out)]
            if align_corners:
                centres = [i * Fraction(n - 1, max(out - 1, 1)) for i in range(out)]
            below = [int(centre) for centre in centres]
            # a centre that falls on a pixel takes nothing from the next one; at the border there is no next one
            sources = [[j, j + 1 if c > j and j + 1 < n else j] for j, c in zip(below, centres, strict=True)]
        return axis.through(np.array(sources))

    larger = replace(x, rows=along(x.rows, 0), columns=along(x.columns, 1))
    stride = round(len(larger.rows) / len(x.rows))
    if stride > 1:
        kernel, padding = (2 * stride - stride % 2, stride // 2) if mode == "bilinear" else (stride, 0)
        x.upsampling.append(Upsampling(mode, kernel, stride, padding, 0, x.channels, x.channels))
    return larger


@_rule(F.pad)
def _pad(x, pad, mode="constant", value=None):
    if mode not in ("constant", "replicate") or len(pad) != 4:
        raise NotImplementedError(f"There is no rule for pad({pad=}, {mode=}).")
    left, right, top, bottom = pad

    def along(axis: Reach, before: int, after: int) -> Reach:
        sources = np.arange(-before, len(axis) + after)
        if mode == "replicate":
            sources = sources.clip(0, len(axis) - 1)
        return axis.through(sources[:, None])

    return replace(x, rows=along(x.rows, top, bottom), columns=along(x.columns, left, right))


@_rule(F.batch_norm)
def _batch_norm(x, *statistics, **settings):
    return x  # in eval mode, which is how a network is traced, every pixel on its own


@_rule(torch.zeros_like)
def _zeros_like(x, **settings):
    return replace(x, rows=Reach.nothing(len(x.rows)), columns=Reach.nothing(len(x.columns)))


@_rule(torch.add)
def _add(x, other):
    if not isinstance(other, TracedMap):
        return x
    if x.shape != other.shape:
        raise ValueError(f"Tensors of {tuple(x.shape)} and {tuple(other.shape)} cannot be added.")
    return replace(x, rows=x.rows | other.rows, columns=x.columns | other.columns)


@_rule(torch.cat)
def _cat(tensors, dim=0):
    first, *rest = tensors
    if dim not in (1, -3):
        raise NotImplementedError("There is no rule for concatenation along any dimension but the channels.")
    if any(tensor.shape[2:] != first.shape[2:] for tensor in rest):
        raise ValueError(f"Tensors of {[tuple(tensor.shape) for tensor in tensors]} cannot be concatenated.")
    for tensor in rest:
        first = replace(
            first,
            channels=first.channels + tensor.channels,
            rows=first.rows | tensor.rows,
            columns=first.columns | tensor.columns,
        )
    return first
