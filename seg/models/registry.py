"""`build_model`: a dictionary from an architecture's name to what builds it."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from .blocks import Network
from .conv_stack import ConvStack
from .efficientnet import BASE, LiteEncoderDecoder, LiteFCN, LiteUNet
from .encoder_decoder import EncoderDecoder
from .fc_densenet import GROWTH, LAYERS, FCDenseNet
from .fcn import FCN
from .lite_head import LiteHead
from .names import BACKBONES, HEAD, KNOWN, ON_BACKBONE, SMP, TRANSFORMERS
from .unet import UNet

Options = dict  # what the caller chose; a builder takes out what it knows, build_model refuses the rest


def _conv_stack(num_classes: int, in_channels: int, slim: bool, chosen: Options) -> Network:
    base, norm = chosen.pop("base", 16 if slim else 64), chosen.pop("norm", slim)
    return ConvStack(num_classes, in_channels, base, _levels(chosen, 7, most=64), norm)


def _levels(chosen: Options, usual: int, most: int) -> int:
    """How often to halve the resolution (conv_stack: how many layers): as the paper does, or what was chosen."""
    levels = chosen.pop("levels", usual)
    if not 1 <= levels <= most:
        raise ValueError(f"levels={levels} is out of range: choose 1 to {most}.")
    return levels


def _encoder_decoder(num_classes: int, in_channels: int, slim: bool, chosen: Options) -> Network:
    base, norm = chosen.pop("base", 16 if slim else 64), chosen.pop("norm", True)
    upsampling = chosen.pop("upsampling", "unpool")
    return EncoderDecoder(num_classes, in_channels, base, _levels(chosen, 5, most=5), norm, upsampling)


def _fcn(stride: int, num_classes: int, in_channels: int, slim: bool, chosen: Options) -> Network:
    base, norm = chosen.pop("base", 16 if slim else 64), chosen.pop("norm", slim)
    fc, dropout = (256, 0.2) if slim else (4096, 0.5)
    return FCN(num_classes, in_channels, stride, base, fc, norm, dropout)


def _unet(num_classes: int, in_channels: int, slim: bool, chosen: Options) -> Network:
    base, norm = chosen.pop("base", 16 if slim else 64), chosen.pop("norm", slim)
    return UNet(num_classes, in_channels, base, _levels(chosen, 4, most=8), norm)


def _fc_densenet(variant: str, num_classes: int, in_channels: int, slim: bool, chosen: Options) -> Network:
    base = chosen.pop("base", 24 if slim else 48)
    growth = round(GROWTH[variant] * base / 48)
    layers = LAYERS[variant][: _levels(chosen, 5, most=5) + 1]
    return FCDenseNet(num_classes, in_channels, base, growth, layers, dropout=0.0 if slim else 0.2)


def _on_lite(name: str, backbone: str, num_classes: int, in_channels: int, chosen: Options) -> Network:
    if name == "encoder_decoder":
        if (upsampling := chosen.pop("upsampling", "bilinear")) != "bilinear":
            raise ValueError(
                f"{name} on {backbone} cannot go up by {upsampling!r}: this encoder has no pooling indices, "
                "choose 'bilinear'."
            )
        return LiteEncoderDecoder(backbone, num_classes, in_channels, chosen.pop("base", BASE))
    if name == HEAD:
        return LiteHead(backbone, num_classes, in_channels)
    if name == "unet":
        return LiteUNet(backbone, num_classes, in_channels, chosen.pop("base", BASE))
    return LiteFCN(backbone, num_classes, in_channels, stride=int(name.removeprefix("fcn").removesuffix("s")))


def _smp(backbone: str | None, num_classes: int, in_channels: int, options: Mapping[str, Any]) -> Network:
    from .smp import Smp  # brings smp and timm, which most networks never need

    arch, slash, encoder = (backbone or "").partition("/")
    if not (arch and slash and encoder):
        raise ValueError(
            f"{SMP} needs a backbone that names an architecture and an encoder, such as 'fpn/resnet18', "
            f"not {backbone!r}."
        )
    return Smp(arch, encoder, num_classes, in_channels, **options)


def _transformers(num_classes: int, in_channels: int, options: Mapping[str, Any]) -> Network:
    from .transformers import Transformer  # brings a library that need not be installed

    return Transformer(num_classes, in_channels, options)


def _on_backbone(name: str, backbone: str | None, num_classes: int, in_channels: int, chosen: Options) -> Network:
    if name == SMP:
        return _smp(backbone, num_classes, in_channels, chosen.pop("options", {}))
    if name not in (*ON_BACKBONE, HEAD):
        raise ValueError(f"{name} has no option backbone={backbone!r}: choose one of {', '.join(ON_BACKBONE)}.")
    if backbone is None or backbone not in BACKBONES:
        raise ValueError(f"Unknown backbone {backbone!r}: choose one of {', '.join(BACKBONES)}.")
    return _on_lite(name, backbone, num_classes, in_channels, chosen)


_BUILDERS: dict[str, Callable[[int, int, bool, Options], Network]] = {
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
    options: Mapping[str, Any] | None = None,
) -> Network:
    """Build an architecture with fresh weights.

    name: one of `KNOWN`, `TRANSFORMERS`, or `HEAD`, which needs a backbone.
    width: "paper" for the paper's layers and channel counts, "slim" for the same layers with fewer channels. A network
        on a backbone has one width, which goes by "slim".
    base: channels of the first layer, instead of the width's own; of encoder/decoder and U-Net on a backbone those of
        the decoder's last level.
    levels: how often the resolution is halved (conv_stack: how many layers), instead of the paper's.
    backbone: one of `BACKBONES`, for the architectures in `ON_BACKBONE`; for "smp", "architecture/encoder".
    upsampling: encoder_decoder only, one of `UPSAMPLING`; on a backbone "bilinear" only.
    norm: batch norm after each convolution, instead of the width's own choice.
    options: further arguments of smp's architecture; for "transformers", all of the network's configuration.

    Raises ValueError with a sentence for an unknown name, width, or an option this architecture does not have.
    """
    if name not in (*KNOWN, TRANSFORMERS, HEAD):
        raise ValueError(f"Unknown architecture {name!r}: choose one of {', '.join(KNOWN)}.")
    if width not in ("slim", "paper"):
        raise ValueError(f"Unknown width {width!r}: choose 'slim' or 'paper'.")
    given = {"base": base, "levels": levels, "upsampling": upsampling, "norm": norm, "options": options}
    chosen = {key: value for key, value in given.items() if value is not None}
    described = name
    if name == TRANSFORMERS:
        model = _transformers(num_classes, in_channels, chosen.pop("options", {}))
    elif name in (SMP, HEAD) or backbone is not None:
        described = name if name == SMP else f"{name} on {backbone}"
        if width == "paper":
            chosen["width"] = width
        model = _on_backbone(name, backbone, num_classes, in_channels, chosen)
    else:
        model = _BUILDERS[name](num_classes, in_channels, width == "slim", chosen)
    if chosen:
        raise ValueError(f"{described} has no option {', '.join(f'{k}={v!r}' for k, v in chosen.items())}.")
    return model
