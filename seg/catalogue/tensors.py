"""Tensors out of files that were made elsewhere, and which of a network's they are. Nothing is ever unpickled."""

import pickle  # nosec B403 # for the name of its error
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from seg.errors import WeightsError

if TYPE_CHECKING:
    from seg.models.blocks import Network

NESTED = ("state_dict", "model_state_dict", "model_state", "model", "net", "network", "module")
"""What checkpoints call the state dict that they hold, Lightning's the first."""

WRAPPED = re.compile(r"^(?:(?:module|_orig_mod|model|net|network)\.)+")
"""What stands before a name where the network was part of something: data-parallel, compiled, a LightningModule."""

ALIASES = {"segmentation_head.": "head."}
"""How names begin in segmentation_models.pytorch → here."""

NEVER_MISSED = "num_batches_tracked"
"""How names end that old files do not have, and that nothing but training reads."""

NAMED = 3
"""How many keys a sentence names."""

INSTEAD = (
    "where it was made, write its tensors alone, by torch.save(model.state_dict(), 'network.pth') or "
    "safetensors.torch.save_file(model.state_dict(), 'network.safetensors')"
)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The state dict of a .safetensors file, or of one that torch.save wrote, a training's checkpoint among them.

    Raises WeightsError with a sentence for a file that is missing or damaged, for TorchScript, and for a pickle of more
    than tensors and plain values.
    """
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            content = load_file(path)
        else:
            _refuse_programs(path)
            content = torch.load(path, map_location="cpu", weights_only=True)
    except WeightsError:
        raise
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or 'it is damaged'}.") from error
    except pickle.UnpicklingError as error:
        if named := re.search(r"GLOBAL ([\w.]+)", str(error)):
            raise WeightsError(
                f"{path} holds more than tensors, {named[1]}, and opening that could run a program: {INSTEAD}."
            ) from error
        raise WeightsError(f"{path} is damaged, or is no file of PyTorch: {INSTEAD}.") from error
    except Exception as error:  # whatever PyTorch meets in a damaged file
        kind = "safetensors" if path.suffix == ".safetensors" else "PyTorch"
        raise WeightsError(f"{path} is damaged, or is no file of {kind}: copy it again.") from error
    return _state_dict(content, path)


def _refuse_programs(path: Path) -> None:
    """Raises WeightsError for what is written as a program: TorchScript, or an exported one."""
    with path.open("rb") as file:
        if not zipfile.is_zipfile(file):
            return
    try:
        parts = zipfile.ZipFile(path).namelist()
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise WeightsError(f"{path} is damaged: copy it again.") from error
    if any("/code/" in part or part.endswith(("constants.pkl", "serialized_exported_program.json")) for part in parts):
        raise WeightsError(
            f"{path} is a program (TorchScript or torch.export), which is never run here: adopt an ONNX file instead, "
            "which torch.onnx.export(model, picture, 'network.onnx', external_data=False) writes where it was made."
        )


def _state_dict(content: Any, path: Path) -> dict[str, Tensor]:
    """The tensors of what a file holds. Raises WeightsError if there are none."""
    for name in NESTED:
        if isinstance(content, Mapping) and isinstance(inner := content.get(name), Mapping):
            content = inner
    tensors = content.items() if isinstance(content, Mapping) else ()
    found = {name: tensor for name, tensor in tensors if isinstance(name, str) and isinstance(tensor, Tensor)}
    if not found:
        raise WeightsError(f"{path} holds no tensors of a network: {INSTEAD}.")
    return found


def sizes(build: Callable[[int, int], "Network"], given: Mapping[str, Tensor]) -> tuple[int, int]:
    """With how many classes and channels what `build(classes, channels)` builds has the shapes of the tensors given;
    2 and 3 where these do not tell."""
    usual, other = _shapes(build(2, 3)), _shapes(build(3, 1))
    return _size(usual, other, given, 2), _size(usual, other, given, 3)


def _shapes(network: "Network") -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in network.state_dict().items()}


def _size(
    usual: Mapping[str, torch.Size], other: Mapping[str, torch.Size], given: Mapping[str, Tensor], otherwise: int
) -> int:
    """The size that the first axis has in the tensors given which is `otherwise` in `usual` and not so in `other`."""
    renamed = as_named_in(usual, given)
    for name, shape in usual.items():
        for axis, side in enumerate(shape):
            if side == otherwise != other[name][axis] and name in renamed and renamed[name].ndim == len(shape):
                return renamed[name].shape[axis]
    return otherwise


def as_named_in(wanted: Mapping[str, Any], given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors by the names that a network with the keys of `wanted` knows them by, as far as it knows them."""
    renamed = {name: tensor for name, tensor in given.items() if name in wanted}
    for name, tensor in given.items():
        plain = WRAPPED.sub("", name)
        for theirs, ours in ALIASES.items():
            if plain.startswith(theirs):
                plain = plain.replace(theirs, ours, 1)
        renamed.setdefault(name if name in wanted else plain, tensor)
    return renamed


def problems(wanted: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> list[str]:
    """What keeps tensors, named as the network's, from being its: keys missing, surplus ones within its parts, shapes
    that differ; each a part of a sentence."""
    lacking = [name for name in wanted if name not in given and not name.endswith(NEVER_MISSED)]
    unlike = [name for name, tensor in given.items() if name in wanted and wanted[name].shape != tensor.shape]
    parts = {name.split(".")[0] for name in wanted}
    surplus = [name for name in given if name not in wanted and name.split(".")[0] in parts]
    found = [f"it lacks {several(lacking)}"] if lacking else []
    found += [f"it has {several(surplus)}, which the network has not"] if surplus else []
    if unlike:
        there, here = ("×".join(map(str, shape)) for shape in (given[unlike[0]].shape, wanted[unlike[0]].shape))
        others = f", and {several(unlike[1:])} differ, too" if unlike[1:] else ""
        found.append(f"{unlike[0]} is {there or 'one number'} there and {here or 'one number'} in the network{others}")
    return found


def load_into(network: "Network", given: Mapping[str, Tensor], title: str, source: object) -> str:
    """Put tensors into a network. Returns a sentence about those left out, which belong to no part of it, or ''.

    Raises WeightsError, naming missing and surplus keys, where they are not those of the network called `title`.
    """
    wanted = network.state_dict()
    renamed = as_named_in(wanted, given)
    if misfit := problems(wanted, renamed):
        raise WeightsError(f"{source} does not fit {title}: {'; '.join(misfit)}. Name what it was built as.")
    surplus = [name for name in renamed if name not in wanted]
    network.load_state_dict(
        {name: renamed[name].to(tensor.dtype) if name in renamed else tensor for name, tensor in wanted.items()}
    )
    return f"Left out, as no part of the network: {several(surplus)}." if surplus else ""


def several(names: Sequence[str]) -> str:
    """'a, b, c and 12 more'."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
