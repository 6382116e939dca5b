"""The architectures, one file a paper, and `build_model`, the one way to make them.

Every network takes (N, C, H, W) float of any H and W from 1×1 up (in train mode with N ≥ 2) and returns logits
(N, num_classes, H, W). `forward(x, skips=None)` takes the names of the skip connections to keep (`skip_names`);
the others are zeroed.
"""

from collections.abc import Callable
from functools import partial

from torch import nn

from .conv_stack import ConvStack
from .encoder_decoder import UPSAMPLING, EncoderDecoder
from .fc_densenet import GROWTH, LAYERS, FCDenseNet
from .fcn import FCN
from .unet import UNet

__all__ = ["ARCHITECTURES", "TITLES", "UPSAMPLING", "build_model"]

TITLES = {
    "conv_stack": "Conv stack",
    "encoder_decoder": "Encoder/decoder",
    "fcn32s": "FCN-32s",
    "fcn16s": "FCN-16s",
    "fcn8s": "FCN-8s",
    "unet": "U-Net",
    "fc_densenet56": "FC-DenseNet56",
    "fc_densenet67": "FC-DenseNet67",
    "fc_densenet103": "FC-DenseNet103",
}
"""Architecture → the name people know it by, in the order of their history."""

ARCHITECTURES = tuple(TITLES)

Options = dict  # what the caller chose; a builder takes out what it knows, build_model refuses the rest


def _conv_stack(num_classes: int, in_channels: int, slim: bool, chosen: Options) -> nn.Module:
    base, norm = chosen.pop("base", 16 if slim else 64), chosen.pop("norm", slim)
    return ConvStack(num_classes, in_channels, base, chosen.pop("levels", 7), norm)


def _levels(chosen: Options, most: int) -> int:
    """How often to halve the resolution: all of the paper's `most` levels, or fewer."""
    levels = chosen.pop("levels", most)
    if not 1 <= levels <= most:
        raise ValueError(f"levels={levels} is out of range: choose 1 to {most}.")
    return levels


def _encoder_decoder(num_classes: int, in_channels: int, slim: bool, chosen: Options) -> nn.Module:
    base, norm = chosen.pop("base", 16 if slim else 64), chosen.pop("norm", True)
    upsampling = chosen.pop("upsampling", "unpool")
    return EncoderDecoder(num_classes, in_channels, base, _levels(chosen, 5), norm, upsampling)


def _fcn(stride: int, num_classes: int, in_channels: int, slim: bool, chosen: Options) -> nn.Module:
    base, norm = chosen.pop("base", 16 if slim else 64), chosen.pop("norm", slim)
    fc, dropout = (256, 0.2) if slim else (4096, 0.5)
    return FCN(num_classes, in_channels, stride, base, fc, norm, dropout)


def _unet(num_classes: int, in_channels: int, slim: bool, chosen: Options) -> nn.Module:
    base, norm = chosen.pop("base", 16 if slim else 64), chosen.pop("norm", slim)
    return UNet(num_classes, in_channels, base, chosen.pop("levels", 4), norm)


def _fc_densenet(variant: str, num_classes: int, in_channels: int, slim: bool, chosen: Options) -> nn.Module:
    base = chosen.pop("base", 24 if slim else 48)
    growth = round(GROWTH[variant] * base / 48)
    layers = LAYERS[variant][: _levels(chosen, 5) + 1]
    return FCDenseNet(num_classes, in_channels, base, growth, layers, dropout=0.0 if slim else 0.2)


_BUILDERS: dict[str, Callable[[int, int, bool, Options], nn.Module]] = {
    "conv_stack": _conv_stack,
    "encoder_decoder": _encoder_decoder,
    "fcn32s": partial(_fcn, 32),
    "fcn16s": partial(_fcn, 16),
    "fcn8s": partial(_fcn, 8),
    "unet": _unet,
    **{name: partial(_fc_densenet, name) for name in LAYERS},
}


def build_model(
    name: str,
    num_classes: int,
    in_channels: int = 3,
    width: str = "slim",
    base: int | None = None,
    levels: int | None = None,
    backbone: str | None = None,
    upsampling: str | None = None,
    norm: bool | None = None,
) -> nn.Module:
    """Build an architecture with fresh weights.

    name: one of `ARCHITECTURES`.
    width: "paper" for the paper's layers and channel counts, "slim" for the same layers with fewer channels.
    base: channels of the first layer, instead of the width's own.
    levels: how often the resolution is halved (conv_stack: how many layers), instead of the paper's.
    upsampling: encoder_decoder only, one of `UPSAMPLING`.
    norm: batch norm after each convolution, instead of the width's own choice.

    Raises ValueError with a sentence for an unknown name, width, or an option this architecture does not have.
    """
    if name not in _BUILDERS:
        raise ValueError(f"Unknown architecture {name!r}: choose one of {', '.join(ARCHITECTURES)}.")
    if width not in ("slim", "paper"):
        raise ValueError(f"Unknown width {width!r}: choose 'slim' or 'paper'.")
    options = {"base": base, "levels": levels, "backbone": backbone, "upsampling": upsampling, "norm": norm}
    chosen = {key: value for key, value in options.items() if value is not None}
    model = _BUILDERS[name](num_classes, in_channels, width == "slim", chosen)
    if chosen:
        raise ValueError(f"{name} has no option {', '.join(f'{k}={v!r}' for k, v in chosen.items())}.")
    return model
