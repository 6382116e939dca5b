"""Convolution and pooling by hand: where the windows lie, and what torch makes of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from seg.errors import OptionError

CONVOLUTION, LARGEST, MEAN = "convolution", "max pooling", "average pooling"
KINDS = (CONVOLUTION, LARGEST, MEAN)


@dataclass(frozen=True)
class Window:
    """A square window without padding. kind: one of `KINDS`; size and stride in values of the input."""

    kind: str
    size: int
    stride: int

    def outputs(self, inputs: int) -> int:
        """Side of the output for a side of `inputs`. Raises OptionError with a sentence if the window does not fit."""
        if self.size > inputs:
            raise OptionError(f"A window of {self.size} does not fit into {inputs} values: choose a smaller one.")
        return (inputs - self.size) // self.stride + 1

    def places(self, shape: Sequence[int]) -> np.ndarray:
        """Int (output values, size²): which values of an input of `shape` (h, w) each window holds, in reading order.

        Raises OptionError with a sentence if the window does not fit.
        """
        within = np.arange(self.size)
        rows, columns = (np.arange(self.outputs(side))[:, None] * self.stride + within for side in shape)
        flat = rows[:, None, :, None] * shape[1] + columns[None, :, None, :]
        return flat.reshape(len(rows) * len(columns), -1)

    def over(self, x: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
        """torch's answer for `x` (h, w): float64 (h', w'). weight: (size, size), a convolution's kernel.

        Raises OptionError with a sentence if the window does not fit.
        """
        self.places(x.shape)
        batch = torch.from_numpy(np.array(x, dtype=np.float64))[None, None]
        if self.kind == LARGEST:
            found = F.max_pool2d(batch, self.size, self.stride)
        elif self.kind == MEAN:
            found = F.avg_pool2d(batch, self.size, self.stride)
        else:
            found = F.conv2d(
                batch, torch.from_numpy(np.array(weight, dtype=np.float64))[None, None], stride=self.stride
            )
        return found[0, 0].numpy()


def liveliest(values: np.ndarray, side: int, step: int = 1) -> tuple[int, int]:
    """(row, column) where the `side` × `side` numbers of `values` (h, w) that vary most begin, at multiples of `step`.

    Raises OptionError with a sentence if there are not so many.
    """
    window = Window(MEAN, side, step)
    mean, squares = window.over(values), window.over(np.square(values.astype(float)))
    row, column = np.unravel_index(np.argmax(squares - mean**2), mean.shape)
    return int(row) * step, int(column) * step
