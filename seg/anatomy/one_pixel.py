"""A mask as numbers, and one pixel's way from logits to its label and to its share of the loss."""

from dataclasses import dataclass

import numpy as np

from seg.labels import IGNORE


@dataclass(frozen=True)
class OnePixel:
    """What a network says about one pixel, and what it should have said.

    logits, softmax: float64 (C,), softmax as training takes it, without a temperature.
    target: the class that is right, None where nobody knows or none is.
    """

    logits: np.ndarray
    softmax: np.ndarray
    target: int | None

    @classmethod
    def of(cls, logits: np.ndarray, y: float, x: float, target: int | None) -> "OnePixel":
        """logits: (C, h, w) of the picture; (y, x): the pixel in shares of it, 0 to below 1; target may be IGNORE."""
        numbers = logits[:, int(y * logits.shape[1]), int(x * logits.shape[2])].astype(float)
        powers = np.exp(numbers - numbers.max())
        return cls(numbers, powers / powers.sum(), None if target == IGNORE else target)

    @property
    def label(self) -> int:
        """The class of the largest logit."""
        return int(self.logits.argmax())

    @property
    def one_hot(self) -> np.ndarray | None:
        """The target as the loss takes it: int (C,), 1 at the class that is right; None without a target."""
        return None if self.target is None else np.eye(len(self.logits), dtype=int)[self.target]

    @property
    def cross_entropy(self) -> float | None:
        """−log p of the class that is right, natural; None without a target."""
        return None if self.target is None else float(-np.log(max(self.softmax[self.target], np.finfo(float).tiny)))


def shares(logits: np.ndarray) -> np.ndarray:
    """Softmax of logits (C, h, w), as training takes it: float32 (C, h, w), which adds up to 1 at every pixel."""
    powers = np.exp(logits - logits.max(axis=0))
    return (powers / powers.sum(axis=0)).astype(np.float32)


def one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    """`labels` uint8 (H, W) → bool (classes, H, W), one plane a class; IGNORE is on none of them."""
    return labels == np.arange(classes)[:, None, None]


def on_an_outline(labels: np.ndarray) -> tuple[float, float]:
    """(y, x) in shares of `labels` (H, W): the place nearest to the middle where two classes meet, else the middle."""
    height, width = labels.shape
    meets = np.zeros(labels.shape, bool)
    meets[1:] |= labels[1:] != labels[:-1]
    meets[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    rows, columns = np.nonzero(meets)
    if not len(rows):
        return 0.5, 0.5
    nearest = np.argmin((rows - height / 2) ** 2 + (columns - width / 2) ** 2)
    return (rows[nearest] + 0.5) / height, (columns[nearest] + 0.5) / width


def patch(values: np.ndarray, y: float, x: float, side: int) -> tuple[np.ndarray, int, int]:
    """The `side` × `side` numbers around (y, x), in shares of `values` (H, W, …), and their first row and column.

    It stays inside, and is smaller only where `values` is.
    """
    height, width = values.shape[:2]
    top = max(0, min(int(y * height) - side // 2, height - side))
    left = max(0, min(int(x * width) - side // 2, width - side))
    return values[top : top + side, left : left + side], top, left
