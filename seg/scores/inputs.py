"""How a picture becomes a network's numbers: the ways that there are, named as people name them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from seg.catalogue.foreign import IMAGENET
from seg.errors import OptionError

LARGEST_MEAN = 2
"""Of values from 0 to 1, with room for what nobody expects."""


@dataclass(frozen=True)
class Input:
    """How a picture becomes numbers: the order of its colours, and mean and std, in that order, of values from 0 to 1.

    title: in words. options: what names it on the command line.
    """

    channel_order: Literal["rgb", "bgr"]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    title: str = "the input you named"
    options: str = ""

    @property
    def preparation(self) -> "Preparation":
        """What says so."""
        return Preparation(self.mean, self.std, bgr=self.channel_order == "bgr")


@dataclass(frozen=True)
class Preparation:
    """What a person says about a network's input: mean and std, one a channel in the network's order, of values from 0
    to 1, or to 255 with `scale_255`, with which they are 0 and 1 unless given; None where nothing is said."""

    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    scale_255: bool = False
    bgr: bool = False

    @property
    def names_numbers(self) -> bool:
        """Whether it says more than the order of the colours."""
        return self.scale_255 or self.mean is not None or self.std is not None

    def input(self, mean: tuple[float, ...], std: tuple[float, ...]) -> Input:
        """The input that it names; mean and std: those otherwise, of red, green and blue from 0 to 1.

        Raises OptionError for numbers that cannot be.
        """
        if not self.names_numbers:
            return Input("bgr", mean[::-1], std[::-1]) if self.bgr else Input("rgb", mean, std)
        if (self.mean is None) != (self.std is None):
            raise OptionError("Mean and std belong together: name both.")
        means, stds = self.mean or (0.0,) * len(mean), self.std or (1.0,) * len(std)
        if not len(means) == len(stds) == len(mean):
            raise OptionError(f"The network takes {len(mean)} channels: name as many numbers for mean and for std.")
        if not np.isfinite([*means, *stds]).all() or min(stds) <= 0:
            raise OptionError("Mean and std are numbers, and std is above 0.")
        if not self.scale_255 and max(map(abs, means)) > LARGEST_MEAN:
            raise OptionError(f"A mean of {means[0]:g} is not of values from 0 to 1: add --scale-255.")
        largest = 255 if self.scale_255 else 1
        order = "bgr" if self.bgr else "rgb"
        return Input(order, tuple(v / largest for v in means), tuple(v / largest for v in stds))


AS_FILED = Preparation()
"""As the network's files say."""


def usual(channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """ImageNet's mean and std; of grey pictures their averages."""
    mean, std = IMAGENET
    return (mean, std) if channels == 3 else ((round(sum(mean) / 3, 3),), (round(sum(std) / 3, 3),))


def inputs(channels: int) -> Iterator[Input]:
    """What networks are given most often: red or blue first, to 1 or to 255, with ImageNet's numbers or without."""
    mean, std = usual(channels)
    nothing, ones = (0.0,) * channels, (1.0,) * channels
    to_1, to_255 = tuple(1 / 255 for _ in range(channels)), tuple(255 * value for value in mean)
    ways = [
        ("from 0 to 1 with ImageNet's mean and std", mean, std, ("", mean, std)),
        ("from 0 to 1", nothing, ones, ("", nothing, ones)),
        ("from 0 to 255", nothing, to_1, ("--scale-255", (), ())),
        ("from 0 to 255 less ImageNet's mean", mean, to_1, ("--scale-255", to_255, ones)),
    ]
    orders: tuple[Literal["rgb", "bgr"], ...] = ("rgb", "bgr") if channels == 3 else ("rgb",)
    for order in orders:
        step = -1 if order == "bgr" else 1
        for title, means, stds, (flag, shown, divisors) in ways:
            words = [flag, "--bgr" if order == "bgr" else ""]
            if shown:
                words += ["--mean", _listed(shown[::step]), "--std", _listed(divisors[::step])]
            yield Input(
                order,
                means[::step],
                stds[::step],
                f"{order.upper() if channels == 3 else 'Grey'} {title}",
                " ".join(filter(None, words)),
            )


def _listed(values: Sequence[float]) -> str:
    return ",".join(f"{value:g}" for value in values)


def numbers(text: str) -> tuple[float, ...] | None:
    """'0.5,0.5,0.5' as numbers, None for nothing. Raises OptionError."""
    try:
        return tuple(float(part) for part in text.split(",")) if text.strip() else None
    except ValueError as error:
        raise OptionError(f"{text!r} are no numbers with commas between: write 0.5,0.5,0.5, say.") from error
