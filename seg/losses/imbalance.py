"""A disc on an empty ground that shrinks from half the picture to a few pixels, and what each loss says of it.

Sudre et al., 'Generalised Dice Overlap as a Deep Learning Loss Function for Highly Unbalanced Segmentations', 2017,
describe the effect: where a class is rare, a mean over pixels hardly changes whether the class is found or not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from seg.losses import LOSSES, build_loss

SIDE = 64
"""Of the picture, in pixels."""
SURE = 4.0
"""By how much the logit of the class chosen exceeds the other: a softmax probability of 0.98."""
ANSWERS = ("all background", "half found", "shifted", "right")
SHARES = tuple(float(share) for share in np.geomspace(4 / SIDE**2, 0.5, 12))
"""Of the picture that the disc covers, from 4 pixels to half of it."""


def disc(share: float) -> np.ndarray:
    """Bool (SIDE, SIDE): the pixels nearest to the middle, as many as make up `share` of the picture, one at least."""
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    order = np.argsort((y**2 + x**2).ravel(), kind="stable")
    found = np.zeros(SIDE * SIDE, bool)
    found[order[: max(1, round(share * SIDE * SIDE))]] = True
    return found.reshape(SIDE, SIDE)


def answers(truth: np.ndarray, shift: int) -> dict[str, np.ndarray]:
    """The four masks of `ANSWERS`, bool like `truth`: nothing, its upper half, it moved right by `shift`, it itself."""
    rows = np.flatnonzero(truth.any(axis=1))
    half = truth.copy()
    half[rows[0] + (len(rows) + 1) // 2 :] = False
    moved = np.zeros_like(truth)
    moved[:, shift:] = truth[:, : truth.shape[1] - shift]
    return dict(zip(ANSWERS, (np.zeros_like(truth), half, moved, truth), strict=True))


@dataclass(frozen=True)
class LossOfMask:
    """What a loss says of one mask. gradient: |d loss / d logits| of the disc's pixels together."""

    value: float
    gradient: float


def loss_of_mask(loss: str, mask: np.ndarray, truth: np.ndarray) -> LossOfMask:
    """The loss of a sure `mask` against `truth`, both bool (h, w); class weights are those of this picture.

    Raises OptionError for an unknown loss.
    """
    both = np.stack([~mask, mask]).astype(np.float32) * SURE
    logits = torch.from_numpy(both)[None].requires_grad_()
    target = torch.from_numpy(truth.astype(np.int64))[None]
    pixels = torch.bincount(target.ravel(), minlength=2)
    value = build_loss(loss, pixels, pixels.sum())(logits, target)
    (gradient,) = torch.autograd.grad(value, logits)
    return LossOfMask(float(value.detach()), float(gradient[0].abs().sum(dim=0)[torch.from_numpy(truth)].sum()))


def curves(shift: int, shares: Sequence[float] = SHARES) -> dict[tuple[str, str], list[LossOfMask]]:
    """(loss, answer) → what the loss says at all `shares`, for all losses and `ANSWERS`."""
    found = {(loss, answer): [] for loss in LOSSES for answer in ANSWERS}
    for share in shares:
        truth = disc(share)
        for answer, mask in answers(truth, shift).items():
            for loss in LOSSES:
                found[loss, answer].append(loss_of_mask(loss, mask, truth))
    return found
