"""Networks made elsewhere, read: folders of segmentation_models.pytorch and transformers, state dicts, ONNX files."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from pydantic import ValidationError

from seg.catalogue.onnx import CHANNELS, read_onnx
from seg.catalogue.record import ONNX, Arguments
from seg.catalogue.tensors import as_named_in, load_into, read_tensors, sizes
from seg.errors import OptionError, WeightsError
from seg.labels import IGNORE
from seg.models import ARCHITECTURES, BACKBONES, SMP, TRANSFORMERS, UPSAMPLING, build_model

if TYPE_CHECKING:
    from seg.models.blocks import Network

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Mean and std of its pictures, red, green and blue from 0 to 1."""

PICKLES = (".pth", ".pt", ".bin", ".ckpt", ".tar")
"""How files of torch.save are called."""

HUB_ID = re.compile(r"^[\w-][\w.-]*/[\w-][\w.-]*(@[\w-][\w./-]*)?$")
"""A repository, and after an @ the branch, tag or commit that is wanted of it."""

HUB_FILES = ["config.json", "preprocessor_config.json", "*.safetensors", "*.safetensors.index.json"]

HUB_PATIENCE = 10
"""Seconds in which the hub must begin to answer."""

NO_ARGUMENTS = ("encoder_name", "encoder_weights", "in_channels", "classes", "activation", "aux_params")
"""Of a configuration of segmentation_models.pytorch, what is said otherwise, or makes no part of the logits."""

MAX_CONFIG = 2**24
"""A config.json of more bytes than this is none."""


@dataclass(frozen=True)
class Foreign:
    """A network made elsewhere, as far as its files tell.

    source: what it was, in words. model, arguments: as in a `Record`. content: the module with its weights, or the
    ONNX file. classes: their names; mean, std: of pictures from 0 to 1; size: the short side of the
    pictures that it learned from; each empty or None where the files do not say. tile: the one height and width it
    takes, None for any. whole_numbers: whether it takes bytes as they are. notes: sentences about how it was read.
    """

    source: str
    model: str
    arguments: Arguments
    content: "Network | Path"
    classes: tuple[str, ...] = ()
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    size: int | None = None
    tile: tuple[int, int] | None = None
    whole_numbers: bool = False
    labels_only: bool = False
    parameters: int = 0
    notes: tuple[str, ...] = field(default=())


def read(source: str, arch: str = "", encoder: str = "") -> Foreign:
    """Read a network from a file, a folder or the hub, where `source` says.

    arch, encoder: what a state dict is of, an architecture and encoder of segmentation_models.pytorch, or one of this
    package's. Raises WeightsError or OptionError with a sentence for whatever cannot be read.
    """
    path = Path(source).expanduser()
    if path.is_dir():
        return _folder(path)
    if not path.exists():
        if path.suffix in (".onnx", ".safetensors", *PICKLES) or not HUB_ID.match(source):
            raise WeightsError(f"There is no file or folder {source}.")
        return _folder(_from_hub(source), source)
    if path.suffix == ".onnx":
        return _onnx(path)
    if path.suffix in (".safetensors", *PICKLES):
        return _of_tensors(path, arch, encoder)
    raise WeightsError(
        f"{path} is none of the files that can be adopted: a folder that save_pretrained wrote, .safetensors, .pth "
        "with a state dict, or .onnx."
    )


def _from_hub(name: str) -> Path:
    """Where the files of a repository of the hub lie. Raises WeightsError if it does not give them."""
    from huggingface_hub import snapshot_download

    repository, _, revision = name.partition("@")
    wanted = {"revision": revision or None, "allow_patterns": HUB_FILES, "etag_timeout": HUB_PATIENCE}
    try:
        return Path(snapshot_download(repository, **wanted))  # nosec B615 # which revision, whoever adopts says
    except Exception as error:  # whatever network and hub do
        raise WeightsError(
            f"{name} is no file or folder here, and the Hugging Face hub did not give it ({type(error).__name__}): "
            "check the name and the connection, or name the folder that it was downloaded to."
        ) from error


def _folder(folder: Path, called: str = "") -> Foreign:
    called = called or folder.name
    if not (folder / "config.json").is_file():
        raise WeightsError(f"{folder} is no network that save_pretrained wrote: config.json is missing.")
    config = _json(folder / "config.json")
    if "encoder_name" in config:
        return _smp_folder(folder, called, config)
    if "model_type" in config:
        return _transformers_folder(folder, called, config)
    raise WeightsError(
        f"{folder / 'config.json'} describes neither a network of segmentation_models.pytorch (encoder_name) nor one "
        "of transformers (model_type)."
    )


def _json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_CONFIG:
            raise WeightsError(f"{path} is far too large for a configuration.")
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"{path} is damaged, it is not JSON: copy it again.") from error
    if not isinstance(found, dict):
        raise WeightsError(f"{path} is damaged, it holds no settings: copy it again.")
    return found


def _smp_folder(folder: Path, called: str, config: Mapping[str, Any]) -> Foreign:
    arch, encoder = str(config.get("_model_class", "")).lower(), str(config["encoder_name"])
    if not arch:
        raise WeightsError(
            f"{folder / 'config.json'} does not say which architecture it is (_model_class): write it anew with "
            "save_pretrained, or adopt its model.safetensors with --arch."
        )
    options = {key: value for key, value in config.items() if key not in NO_ARGUMENTS and not key.startswith("_")}
    outputs = config.get("classes", 1)
    arguments = _arguments(
        folder / "config.json",
        num_classes=2 if outputs == 1 else outputs,
        in_channels=config.get("in_channels", 3),
        backbone=f"{arch}/{encoder}",
        options=options or None,
    )
    found = _smp(_tensors(folder), f"{called}, saved by segmentation_models.pytorch", arguments, folder)
    return _as_encoder_expects(found, encoder, config.get("encoder_weights"))


def _smp(tensors: Mapping[str, Any], source: str, arguments: Arguments, file: Path) -> Foreign:
    network = _built(file, SMP, arguments)
    tensors = _with_both_classes(as_named_in(network.state_dict(), tensors))
    note = load_into(network, tensors, str(arguments.backbone).replace("/", " on "), file)
    return Foreign(source, SMP, arguments, network, parameters=_count(network), notes=(note,) if note else ())


def _with_both_classes(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A head with one output becomes one with two: the first's logit is 0, so that their softmax is its sigmoid."""
    head = {name: tensor for name, tensor in tensors.items() if name.startswith("head.") and len(tensor) == 1}
    return tensors | {name: torch.cat([torch.zeros_like(tensor), tensor]) for name, tensor in head.items()}


def _as_encoder_expects(found: Foreign, encoder: str, weights: str | None) -> Foreign:
    """With mean and std of the pictures that the encoder's first weights were trained on, as far as that is known
    without a connection."""
    from segmentation_models_pytorch.encoders import encoders, get_preprocessing_params

    with suppress(Exception):  # unknown, or not kept here
        if encoder.startswith("tu-"):
            settings = get_preprocessing_params(encoder) if weights else {}
        else:
            from huggingface_hub import hf_hub_download

            at = encoders[encoder]["pretrained_settings"][weights]
            kept = hf_hub_download(at["repo_id"], "config.json", revision=at["revision"], local_files_only=True)
            settings = _json(Path(kept))
        largest = max(settings.get("input_range", [0, 1]))
        mean, std = (tuple(float(v) / largest for v in settings[key]) for key in ("mean", "std"))
        if settings.get("input_space", "RGB") == "RGB" and len(mean) == found.arguments.in_channels:
            return replace(found, mean=mean, std=std)
    return found


def _transformers_folder(folder: Path, called: str, config: Mapping[str, Any]) -> Foreign:
    names = config.get("id2label") or {"0": "LABEL_0", "1": "LABEL_1"}
    if not isinstance(names, dict) or not all(str(key).isdecimal() for key in names):
        raise WeightsError(f"{folder / 'config.json'} is damaged: its id2label names no classes by their numbers.")
    classes = tuple(str(names[key]) for key in sorted(names, key=int))
    arguments = _arguments(
        folder / "config.json",
        num_classes=len(classes),
        in_channels=config.get("num_channels", 3),
        options=dict(config),
    )
    from seg.models.transformers import Transformer

    try:
        network = Transformer.saved_in(folder, arguments.num_classes, arguments.in_channels, config)
    except ValueError as error:
        raise WeightsError(f"{folder} cannot be read: {error}") from error
    found = Foreign(
        f"{called}, saved by transformers",
        TRANSFORMERS,
        arguments,
        network,
        () if all(re.fullmatch(r"LABEL_\d+", name) for name in classes) else classes,
        parameters=_count(network),
    )
    return _as_processor_says(found, folder / "preprocessor_config.json")


def _as_processor_says(found: Foreign, path: Path) -> Foreign:
    """With mean, std and size as the folder's image processor has them, if there is one."""
    if not path.is_file():
        return found
    settings = _json(path)
    channels = found.arguments.in_channels
    try:
        mean, std = (0.0,) * channels, (1.0,) * channels
        if settings.get("do_normalize", True):
            mean, std = (tuple(float(v) for v in settings[key]) for key in ("image_mean", "image_std"))
        if not settings.get("do_rescale", True):
            mean, std = (tuple(v / 255 for v in values) for values in (mean, std))
        size = settings.get("size")
        if isinstance(size, dict):
            size = size.get("shortest_edge") or min(size["height"], size["width"])
        return replace(found, mean=mean, std=std, size=int(size) if size else None)
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{path} is damaged: mean, std and size cannot be read from it.") from error


def _tensors(folder: Path) -> dict[str, torch.Tensor]:
    """Those of a folder that save_pretrained wrote."""
    found = [folder / name for name in ("model.safetensors", "pytorch_model.bin") if (folder / name).is_file()]
    if not found:
        raise WeightsError(f"{folder} holds no weights: model.safetensors is missing.")
    return read_tensors(found[0])


def _of_tensors(path: Path, arch: str, encoder: str) -> Foreign:
    """A state dict of a network that `arch` and `encoder` name."""
    given, arch = read_tensors(path), arch.lower()
    if not arch:
        raise OptionError(
            f"{path} holds tensors alone: say what they are of, by --arch unet --encoder resnet34 for a network of "
            f"segmentation_models.pytorch, or by --arch and one of {', '.join(ARCHITECTURES)}."
        )
    if encoder and encoder not in BACKBONES:

        def build(classes: int, channels: int) -> "Network":
            return build_model(SMP, classes, channels, backbone=f"{arch}/{encoder}")

        try:
            outputs, channels = sizes(build, given)
        except ValueError as error:
            raise OptionError(str(error)) from error
        backbone, classes = f"{arch}/{encoder}", 2 if outputs == 1 else outputs
        arguments = _arguments(path, num_classes=classes, in_channels=channels, backbone=backbone)
        return _smp(given, f"the state dict {path.name}", arguments, path)
    if arch not in ARCHITECTURES:
        raise OptionError(
            f"Unknown architecture {arch!r}: choose one of {', '.join(ARCHITECTURES)}, or name an --encoder, such as "
            "resnet34, for one of segmentation_models.pytorch. Any other network can be adopted as an ONNX file."
        )
    arguments = _ours(path, arch, encoder, given)
    network = _built(path, arch, arguments)
    note = load_into(network, given, arch, path)
    source = f"the state dict {path.name}"
    return Foreign(source, arch, arguments, network, parameters=_count(network), notes=(note,) if note else ())


def _ours(path: Path, arch: str, encoder: str, given: Mapping[str, torch.Tensor]) -> Arguments:
    """The arguments of one of this package's architectures that fit the tensors best."""

    def build(classes: int, channels: int, **options: Any) -> "Network":
        with torch.device("meta"):
            return build_model(arch, classes, channels, **options)

    found: dict[int, dict[str, Any]] = {}
    for options in [{"backbone": encoder}] if encoder else _ways_to_build(arch, build(2, 3).state_dict(), given):
        try:
            classes, channels = sizes(partial(build, **options), given)
            wanted = build(classes, channels, **options).state_dict()
        except ValueError:  # an option that the architecture does not have, or a number out of its range
            continue
        renamed = as_named_in(wanted, given)
        misfit = len(wanted.keys() ^ renamed.keys()) + sum(
            tensor.shape != renamed[name].shape for name, tensor in wanted.items() if name in renamed
        )
        found.setdefault(misfit, {"num_classes": classes, "in_channels": channels, **options})
        if not misfit:
            break
    if not found:
        raise OptionError(f"{arch} has no {encoder}: choose another architecture.")
    return _arguments(path, **found[min(found)])


def _ways_to_build(
    arch: str, usual: Mapping[str, torch.Tensor], given: Mapping[str, torch.Tensor]
) -> Iterator[dict[str, Any]]:
    """Options of `build_model` that the tensors may be of, the most usual first."""
    renamed = as_named_in(usual, given)
    first = next(name for name, tensor in usual.items() if tensor.ndim == 4)
    base = len(renamed[first]) if first in renamed else None
    norm = None if arch.startswith("fc_densenet") else any(name.endswith("running_mean") for name in given)
    ways = UPSAMPLING if arch == "encoder_decoder" else (None,)
    for levels, width, way in product((None, *range(1, 9)), ("slim", "paper"), ways):
        yield {"width": width, "norm": norm, "base": base, "upsampling": way, "levels": levels}


def _onnx(path: Path) -> Foreign:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}.") from error
    network = read_onnx(content, str(path))
    outputs = 2 if network.outputs == 1 else network.outputs
    return Foreign(
        f"the ONNX file {path.name}",
        ONNX,
        # How many labels there are, only who names them knows.
        _arguments(path, num_classes=outputs or 1, in_channels=network.channels),
        path,
        classes=network.classes,
        tile=network.size,
        size=min(network.size) if network.size else None,
        whole_numbers=network.whole_numbers,
        labels_only=network.gives == "labels",
        parameters=network.parameters,
    )


def _arguments(path: Path, **given: Any) -> Arguments:
    """Raises WeightsError for arguments that are none."""
    try:
        arguments = Arguments(**given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise WeightsError(
            f"{path} is damaged: its {'.'.join(map(str, first['loc']))} is {first['input']!r}."
        ) from error
    if arguments.num_classes > IGNORE:
        raise WeightsError(f"{path} tells {arguments.num_classes} classes apart: {IGNORE} are the most.")
    if arguments.in_channels not in CHANNELS:
        raise WeightsError(f"{path} takes {arguments.in_channels} channels: pictures have one or three.")
    return arguments


def _built(path: Path, model: str, arguments: Arguments) -> "Network":
    try:
        return build_model(model, **asdict(arguments)).eval()
    except ValueError as error:
        raise WeightsError(f"{path} cannot be built: {error}") from error


def _count(network: "Network") -> int:
    return sum(parameter.numel() for parameter in network.parameters())
