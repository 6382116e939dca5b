"""The losses a network can be trained with, by name. Logits are (N, C, H, W), truth int64 (N, H, W) with IGNORE."""

from collections.abc import Callable
from functools import partial

import segmentation_models_pytorch as smp
import torch.nn.functional as F
from torch import Tensor, nn

from seg.labels import IGNORE

Loss = Callable[[Tensor, Tensor], Tensor]

WEIGHT_RANGE = (0.25, 5.0)


def median_frequency_weights(pixels: Tensor) -> Tensor:
    """Class weights, float (C,), from the training set's pixel counts (C,): median frequency / frequency, clipped.

    Eigen, Fergus, 'Predicting Depth, Surface Normals and Semantic Labels…', ICCV 2015, section 6.3.2; clipped to
    `WEIGHT_RANGE`, because a class of a few pixels would otherwise drown the rest.
    """
    frequency = pixels.double() / pixels.sum()
    return (frequency[frequency > 0].median() / frequency).clamp(*WEIGHT_RANGE).float()


def cross_entropy(pixels: Tensor) -> Loss:
    """Plain cross-entropy, mean over the pixels that count."""
    return partial(F.cross_entropy, ignore_index=IGNORE)


def weighted_cross_entropy(pixels: Tensor) -> Loss:
    """Cross-entropy weighted by `median_frequency_weights`, divided by the sum of the weights of the pixels."""
    return nn.CrossEntropyLoss(weight=median_frequency_weights(pixels), ignore_index=IGNORE)


def dice(pixels: Tensor) -> Loss:
    """1 − soft Dice of the softmax, over the whole batch, mean over the classes present in the truth.

    Milletari et al., 'V-Net', 3DV 2016; Sudre et al., 'Generalised Dice overlap…', DLMIA 2017.
    """
    return smp.losses.DiceLoss("multiclass", ignore_index=IGNORE)


LOSSES: dict[str, Callable[[Tensor], Loss]] = {"ce": cross_entropy, "wce": weighted_cross_entropy, "dice": dice}
"""Name → a function of the training set's pixel counts per class (C,) that gives the loss."""


def build_loss(name: str, pixels: Tensor) -> Loss:
    """The loss called `name`. Raises ValueError with a sentence for an unknown name."""
    if name not in LOSSES:
        raise ValueError(f"Unknown loss {name!r}: choose one of {', '.join(LOSSES)}.")
    return LOSSES[name](pixels)
