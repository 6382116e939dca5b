"""Where a loss is: what every pixel adds to it, and how hard it pulls at every pixel's logits."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from seg.errors import ImageError
from seg.labels import IGNORE
from seg.losses import FOCAL_GAMMA, build_loss, median_frequency_weights


@dataclass(frozen=True)
class LossMaps:
    """One loss of one picture.

    value: the loss; pixels: float32 (h, w), what each pixel adds to it before the mean is taken, None for a loss that
    is no mean over pixels (Dice, Tversky, Lovász measure the whole mask); gradient: float32 (h, w), |d loss / d logits|
    summed over the classes. Both are NaN where the truth is ignored.
    """

    value: float
    pixels: np.ndarray | None
    gradient: np.ndarray


def loss_maps(name: str, logits: np.ndarray, truth: np.ndarray) -> LossMaps:
    """The loss called `name` of logits (C, h, w) against truth uint8 (H, W), which is reduced to their size.

    Class weights are those of this picture. Raises OptionError for an unknown loss, ImageError for a truth that is
    ignored everywhere.
    """
    z = torch.from_numpy(np.asarray(logits, np.float32))[None].requires_grad_()
    target = _at_size(truth, logits.shape[-2:])
    if (target == IGNORE).all():
        raise ImageError("The truth of this picture is ignored everywhere, so it has no loss.")
    pixels = torch.bincount(target[target != IGNORE], minlength=z.shape[1])
    loss = build_loss(name, pixels, pixels.sum())(z, target)
    (gradient,) = torch.autograd.grad(loss, z)
    ignored = (target[0] == IGNORE).numpy()
    added = _added(name, z.detach(), target, median_frequency_weights(pixels, pixels.sum()))
    return LossMaps(
        float(loss.detach()),
        None if added is None else np.where(ignored, np.nan, added.numpy()).astype(np.float32),
        np.where(ignored, np.nan, gradient[0].abs().sum(dim=0).numpy()).astype(np.float32),
    )


@dataclass(frozen=True)
class Say:
    """How much of a loss of one picture is each class's, float64 (C,), 0 for a class that is not in it.

    pixels: of cross-entropy, a mean over pixels: its share of them. classes: of the Dice loss, a mean over the classes
    in the picture: each the same. The loss counts no pixel where the truth is ignored.
    """

    pixels: np.ndarray
    classes: np.ndarray

    @classmethod
    def of(cls, truth: np.ndarray, num_classes: int) -> "Say":
        """truth: uint8 (H, W). Raises ImageError where it is ignored everywhere."""
        counts = np.bincount(truth[truth < num_classes], minlength=num_classes)
        if not counts.any():
            raise ImageError("The truth of this picture is ignored everywhere, so it has no loss.")
        return cls(counts / counts.sum(), (counts > 0) / (counts > 0).sum())

    @property
    def rarest(self) -> int:
        """The class in the picture with the fewest pixels."""
        return int(np.where(self.pixels > 0, self.pixels, np.inf).argmin())


def _at_size(truth: np.ndarray, size: tuple[int, int]) -> torch.Tensor:
    """Int64 (1, h, w), nearest pixels."""
    batch = torch.from_numpy(truth.copy())[None, None]
    return F.interpolate(batch, size=tuple(size), mode="nearest-exact")[0].long()


def _added(name: str, z: torch.Tensor, target: torch.Tensor, weights: torch.Tensor) -> torch.Tensor | None:
    """(h, w): what each pixel adds, 0 where ignored; its mean over what counts is the loss."""
    if name in ("ce", "wce"):
        weight = weights if name == "wce" else None
        return F.cross_entropy(z, target, weight=weight, ignore_index=IGNORE, reduction="none")[0]
    if name == "focal":
        right = F.one_hot(target.where(target != IGNORE, 0), z.shape[1]).movedim(-1, 1).float()
        q = torch.where(right > 0, z.sigmoid(), 1 - z.sigmoid())
        log_q = -F.binary_cross_entropy_with_logits(z, right, reduction="none")
        return (-((1 - q) ** FOCAL_GAMMA) * log_q).mean(dim=1)[0]
    return None
