"""The losses a network can be trained with, by name, and what they see. Nothing here trains.

Logits are (N, C, H, W), truth int64 (N, H, W) with IGNORE.

In the formulas N is the number of pixels that count (ignored ones are left out of every sum), t their true classes,
z the logits, p their softmax and y the one-hot truth.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seg.catalogue.comparisons import LOSS_TITLES
from seg.errors import OptionError
from seg.labels import IGNORE

WEIGHT_RANGE = (0.4, 4.0)
TVERSKY_MISSES = 0.7
FOCAL_GAMMA = 2.0

Loss = Callable[[Tensor, Tensor], Tensor]


def median_frequency_weights(pixels: Tensor, presence: Tensor) -> Tensor:
    """Class weights, float (C,): the median frequency over the class's own, clipped to `WEIGHT_RANGE`.

    pixels: how many of the training set each class has, (C,). presence: how many labelled pixels the pictures have that
    hold the class, (C,), or () where there is one picture. A class's frequency is its pixels over its presence; the
    median of an even number of classes is the mean of the middle two. A class without a pixel does not count in it;
    without any pixel all weights are NaN.

    Eigen, Fergus, 'Predicting Depth, Surface Normals and Semantic Labels…', ICCV 2015, section 6.3.2; clipped, because
    a class of a few pixels would otherwise drown the rest.
    """
    frequency = pixels.double() / presence.clamp(min=1)
    return (frequency.where(frequency > 0, torch.nan).nanquantile(0.5) / frequency).clamp(*WEIGHT_RANGE).float()


def _cross_entropy(class_weights: Tensor) -> Loss:
    return nn.CrossEntropyLoss(ignore_index=IGNORE)


def _weighted_cross_entropy(class_weights: Tensor) -> Loss:
    return nn.CrossEntropyLoss(weight=class_weights, ignore_index=IGNORE)


def _dice(class_weights: Tensor) -> Loss:
    import segmentation_models_pytorch as smp

    return smp.losses.DiceLoss("multiclass", ignore_index=IGNORE)


def _cross_entropy_and_dice(class_weights: Tensor) -> Loss:
    overlap = _dice(class_weights)
    return lambda logits, truth: F.cross_entropy(logits, truth, ignore_index=IGNORE) + overlap(logits, truth)


def _focal(class_weights: Tensor) -> Loss:
    import segmentation_models_pytorch as smp

    return smp.losses.FocalLoss("multiclass", gamma=FOCAL_GAMMA, ignore_index=IGNORE)


def _tversky(class_weights: Tensor) -> Loss:
    import segmentation_models_pytorch as smp

    return smp.losses.TverskyLoss("multiclass", ignore_index=IGNORE, alpha=1 - TVERSKY_MISSES, beta=TVERSKY_MISSES)


def _lovasz(class_weights: Tensor) -> Loss:
    import segmentation_models_pytorch as smp

    return smp.losses.LovaszLoss("multiclass", ignore_index=IGNORE)


@dataclass(frozen=True)
class LossKind:
    """One way to say how wrong a mask is.

    title: its name; formula: LaTeX, as implemented here; paper: where it comes from; build: from class weights (C,),
    which only one takes, the loss, a function of logits and truth.
    """

    title: str
    formula: str
    paper: str
    build: Callable[[Tensor], Loss]


PRESENT = r"\mathcal{C}\ \text{the classes in the batch's truth}"


def _lines(*formulas: str) -> str:
    """One below the other, so that they fit a phone."""
    return r"\begin{gathered}" + r"\\ ".join(formulas) + r"\end{gathered}"


LOSSES: dict[str, LossKind] = {
    "ce": LossKind(
        LOSS_TITLES["ce"],
        r"-\frac{1}{N}\sum_i \log p_{i,t_i}",
        "Long, Shelhamer, Darrell, 'Fully Convolutional Networks for Semantic Segmentation', CVPR 2015",
        _cross_entropy,
    ),
    "wce": LossKind(
        LOSS_TITLES["wce"],
        _lines(
            r"-\frac{\sum_i w_{t_i}\log p_{i,t_i}}{\sum_i w_{t_i}}",
            rf"w_c = \operatorname{{clip}}\!\left(\frac{{\operatorname{{median}}_k f_k}}{{f_c}}, {WEIGHT_RANGE[0]:g}, "
            rf"{WEIGHT_RANGE[1]:g}\right)",
            r"f_c = \frac{\text{pixels of class}\ c}{\text{pixels of the pictures that hold it}}",
        ),
        "Eigen, Fergus, 'Predicting Depth, Surface Normals and Semantic Labels with a Common Multi-Scale Convolutional "
        "Architecture', ICCV 2015",
        _weighted_cross_entropy,
    ),
    "dice": LossKind(
        LOSS_TITLES["dice"],
        _lines(
            r"\frac{1}{C}\sum_{c\in\mathcal{C}}"
            r"\left(1-\frac{2\sum_i p_{i,c}\,y_{i,c}}{\sum_i p_{i,c}+\sum_i y_{i,c}}\right)",
            PRESENT,
        ),
        "Milletari, Navab, Ahmadi, 'V-Net', 3DV 2016",
        _dice,
    ),
    "ce_dice": LossKind(
        LOSS_TITLES["ce_dice"],
        r"\mathcal{L}_\text{cross-entropy}+\mathcal{L}_\text{Dice}",
        "Isensee et al., 'nnU-Net', Nature Methods 2021",
        _cross_entropy_and_dice,
    ),
    "focal": LossKind(
        LOSS_TITLES["focal"],
        _lines(
            rf"-\frac{{1}}{{NC}}\sum_{{i,c}} (1-q_{{i,c}})^{{{FOCAL_GAMMA:g}}}\log q_{{i,c}}",
            r"q_{i,c}=\begin{cases}\sigma(z_{i,c})& c=t_i\\1-\sigma(z_{i,c})& c\neq t_i\end{cases}",
        ),
        "Lin et al., 'Focal Loss for Dense Object Detection', ICCV 2017 (one sigmoid a class, without its α)",
        _focal,
    ),
    "tversky": LossKind(
        LOSS_TITLES["tversky"],
        _lines(
            r"\frac{1}{C}\sum_{c\in\mathcal{C}}\left(1-\frac{\mathrm{TP}_c}{\mathrm{TP}_c+"
            rf"{1 - TVERSKY_MISSES:.1f}\,\mathrm{{FP}}_c+{TVERSKY_MISSES:g}\,\mathrm{{FN}}_c}}\right)",
            r"\mathrm{TP}_c=\sum_i p_{i,c}y_{i,c}",
            r"\mathrm{FP}_c=\sum_i p_{i,c}(1-y_{i,c})",
            r"\mathrm{FN}_c=\sum_i (1-p_{i,c})y_{i,c}",
            PRESENT,
        ),
        "Salehi, Erdogmus, Gholipour, 'Tversky Loss Function for Image Segmentation', MLMI 2017",
        _tversky,
    ),
    "lovasz": LossKind(
        LOSS_TITLES["lovasz"],
        _lines(
            r"\frac{1}{|\mathcal{C}|}\sum_{c\in\mathcal{C}}\overline{\Delta_{J_c}}(m_c)",
            r"m_{i,c}=|y_{i,c}-p_{i,c}|",
            PRESENT,
        ),
        "Berman, Triki, Blaschko, 'The Lovász-Softmax Loss', CVPR 2018",
        _lovasz,
    ),
}


def build_loss(name: str, pixels: Tensor, presence: Tensor) -> Loss:
    """The loss called `name`; pixels and presence of the training set as `median_frequency_weights` takes them.

    Raises OptionError for an unknown name.
    """
    if name not in LOSSES:
        raise OptionError(f"Unknown loss {name!r}: choose one of {', '.join(LOSSES)}.")
    return LOSSES[name].build(median_frequency_weights(pixels, presence))
