"""The weight sets of a folder: one safetensors file and one record a set, checked before anything is loaded."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock
from safetensors import SafetensorError

from seg.catalogue.record import ONNX, Record, as_written, read_records
from seg.errors import WeightsError
from seg.models import HEAD, KNOWN, TRANSFORMERS

if TYPE_CHECKING:  # loaded where tensors are touched
    from torch import nn

    from seg.models.blocks import Network

HOME = Path(os.environ.get("SEG_HOME") or Path(__file__).parents[2]).expanduser().resolve()
"""Where the program's weights/ lie: SEG_HOME, else the checkout that it runs from. A wheel brings none."""

SHIPPED = HOME / "weights"
"""The folder of the weight sets that come with the program."""

OWN = "SEG_WEIGHTS"
"""The environment variable that names folders of one's own sets, as PATH does. They stand beside the shipped ones:
where both have a set of one name, the app shows both and the command line takes one's own."""

MAX_INDEX = 32 * 2**20
"""An index.json of more bytes than this is none."""


class WeightIndex:
    """The weight sets of one folder: `index.json` and the files it names."""

    def __init__(self, folder: str | Path = SHIPPED):
        self.folder = Path(folder)

    @property
    def path(self) -> Path:
        return self.folder / "index.json"

    def records(self) -> dict[str, Record]:
        """Name → record, in the order of the index, which is read again when it has changed.

        Raises WeightsError with a sentence if index.json is missing or damaged.
        """
        try:
            return dict(_records(self.path, *_version(self.path)))
        except (FileNotFoundError, NotADirectoryError) as error:
            advice = " Name a folder of weights with --weights-dir, or set SEG_HOME to a checkout of the project."
            advice = advice if self.folder == SHIPPED else ""
            raise WeightsError(f"There are no weights in {self.folder}: index.json is missing.{advice}") from error
        except OSError as error:
            raise WeightsError(f"{self.path} cannot be opened: {error.strerror}.") from error

    def networks(self) -> dict[str, Record]:
        """The records whose files are kept."""
        return {name: record for name, record in self.records().items() if not record.scores_alone}

    def record(self, name: str) -> Record:
        """Raises WeightsError, naming what is like it, else what there is, for an unknown name."""
        records = self.records()
        if name not in records:
            like = [known for known in records if name in known] or get_close_matches(name, records) or records
            raise WeightsError(f"There is no weight set {name!r}: choose one of {', '.join(like) or 'none'}.")
        return records[name]

    def file(self, record: Record) -> Path:
        return self.folder / f"{record.name}.{'safetensors' if record.is_module else 'onnx'}"

    def verify(self, record: Record) -> None:
        """Raises WeightsError if the network is none that this version can build, or its file is missing or is not the
        one that the record describes. A file is read for that only once, unless it changes."""
        check(record)
        path = self.file(record)
        if record.scores_alone:
            raise WeightsError(
                f"Of {record.name} only the scores are kept: train it anew with "
                f"`seg grid recipes/{record.dataset}.toml --only {record.name}`."
            )
        try:
            found = _sha256(path, *_version(path))
        except OSError as error:
            raise WeightsError(
                f"The weights {record.name} are missing: {path} cannot be read ({error.strerror})."
            ) from error
        if found != record.sha256:
            raise WeightsError(
                f"The weights {record.name} are damaged: {path} does not match its checksum in the index."
            )

    def check_fit(self, record: Record) -> None:
        """Raises WeightsError as `load` does, but makes no room for the numbers of a network as large as its record
        claims."""
        import torch
        from safetensors import safe_open

        self.verify(record)
        try:
            with torch.device("meta"):
                wanted = build(record).state_dict()
        except RuntimeError as error:
            raise WeightsError(f"Weight set {record.name} cannot be built: it would be far too large.") from error
        try:
            with safe_open(self.file(record), "pt") as file:
                shapes = {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError) as error:
            raise WeightsError(self._damaged(record)) from error
        if misfit := _misfit({key: tuple(tensor.shape) for key, tensor in wanted.items()}, shapes):
            raise WeightsError(
                f"The weights {record.name} do not fit {record.model} as its record describes it: {misfit}."
            )

    def load(self, record: Record) -> "Network":
        """The trained network in eval mode, fp32, on the CPU. Raises WeightsError if anything does not fit, and for an
        ONNX file, which is no module."""
        from safetensors.torch import load_file

        if not record.is_module:
            raise WeightsError(f"{record.name} is an ONNX file: PyTorch cannot open it.")
        model = build(record)
        self.verify(record)
        try:
            tensors = load_file(self.file(record))
        except (OSError, SafetensorError) as error:
            raise WeightsError(self._damaged(record)) from error
        wanted, found = (
            {key: tuple(tensor.shape) for key, tensor in some.items()} for some in (model.state_dict(), tensors)
        )
        if misfit := _misfit(wanted, found):
            raise WeightsError(
                f"The weights {record.name} do not fit {record.model} as its record describes it: {misfit}."
            )
        model.load_state_dict(
            {key: tensor.float() if tensor.is_floating_point() else tensor for key, tensor in tensors.items()}
        )
        return model.eval()

    def _damaged(self, record: Record) -> str:
        return f"The weights {record.name} are damaged: {self.file(record)} holds no tensors."

    def write_tensors(self, name: str, model: "nn.Module", half: bool = True) -> tuple[int, str]:
        """Write the model's tensors, as fp16 or as they are, atomically; returns the file's bytes and SHA-256."""
        from safetensors.torch import save_file

        path = self.folder / f"{name}.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        tensors = {
            key: (tensor.half() if half and tensor.is_floating_point() else tensor.clone()).contiguous().cpu()
            for key, tensor in model.state_dict().items()
        }
        temporary = path.with_suffix(".partial")
        save_file(tensors, temporary)
        os.replace(temporary, path)
        return path.stat().st_size, sha256(path)

    def write_onnx(self, name: str, file: Path) -> tuple[int, str]:
        """Copy an ONNX file, atomically; returns its bytes and SHA-256."""
        path = self.folder / f"{name}.onnx"
        _copy(file, path)
        return path.stat().st_size, sha256(path)

    def take(self, record: Record, other: "WeightIndex") -> None:
        """Copy a set of another folder, in place of one of the same name."""
        _copy(other.file(record), self.file(record))
        self.add(record)

    def add(self, record: Record) -> None:
        """Put the record into index.json, in place of one of the same name; atomic, and safe beside other writers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / ".index.lock"):
            records = read_records(self.path.read_bytes(), self.path) if self.path.exists() else {}
            records[record.name] = record
            write_atomically(self.path, index_text(records))


def _copy(file: Path, path: Path) -> None:
    """Atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".partial")
    shutil.copyfile(file, temporary)
    os.replace(temporary, path)


def own_folders(also: str = "") -> list[Path]:
    """The folders that SEG_WEIGHTS names, and those that `also` does, which is written alike; each once."""
    parts = os.pathsep.join((os.environ.get(OWN) or "", also)).split(os.pathsep)
    folders = (Path(os.path.abspath(os.path.expanduser(part.strip()))) for part in parts if part.strip())
    return list(dict.fromkeys(folders))


def folder_of(name: str) -> Path:
    """The first of one's own folders that has a set of this name, else SHIPPED.

    Raises WeightsError for an own folder whose index is missing or damaged.
    """
    return next((folder for folder in own_folders() if name in WeightIndex(folder).records()), SHIPPED)


def index_text(records: Mapping[str, Record]) -> str:
    """An index.json of the records: data set by data set, architectures in the order of their history."""

    def sort_key(record: Record) -> tuple[str, int, str]:
        return record.dataset, KNOWN.index(record.model) if record.model in KNOWN else len(KNOWN), record.name

    entries = [as_written(record) for record in sorted(records.values(), key=sort_key)]
    return json.dumps(entries, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def check(record: Record) -> None:
    """Raises WeightsError for an architecture that this version does not know, and for a network that tells another
    number of classes apart than the record names."""
    if record.model not in (*KNOWN, HEAD, TRANSFORMERS, ONNX):
        raise WeightsError(
            f"Weight set {record.name} is for the architecture {record.model!r}, which this version does not know: "
            "update the program or remove the set."
        )
    outputs = record.arguments.num_classes
    if outputs != len(record.classes):
        raise WeightsError(
            f"Weight set {record.name} tells {outputs} classes apart, but its record names {len(record.classes)}: "
            "name the classes that it was trained on, or remove the set."
        )


def build(record: Record) -> "Network":
    """The network with fresh weights. Raises WeightsError for an unknown architecture or bad arguments."""
    from seg.models import build_model

    check(record)
    try:
        return build_model(record.model, **asdict(record.arguments))
    except ValueError as error:
        raise WeightsError(f"Weight set {record.name} cannot be built: {error}") from error


def write_atomically(path: Path, text: str) -> None:
    """Write a text file so that a reader sees the old one or the new one, never half of it."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        file.write(text)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def half_precision(model: "nn.Module") -> "nn.Module":
    """The same model with every number rounded to fp16 and back: what a written file will hold."""
    import torch

    with torch.no_grad():
        for tensor in (*model.parameters(), *(b for b in model.buffers() if b.is_floating_point())):
            tensor.copy_(tensor.half().float())
    return model


def _misfit(wanted: Mapping[str, tuple[int, ...]], given: Mapping[str, tuple[int, ...]]) -> str:
    """What keeps a file's tensors from being a network's, by their shapes, or ''."""
    if lacking := wanted.keys() - given.keys():
        return f"the file lacks {min(lacking)}"
    if unknown := given.keys() - wanted.keys():
        return f"the file has {min(unknown)}, the network has not"
    for name, shape in wanted.items():
        if given[name] != shape:
            found, expected = ("×".join(map(str, one)) for one in (given[name], shape))
            return f"{name} is {found} in the file and {expected} in the network"
    return ""


def _version(path: Path) -> tuple[int, int, int]:
    """Equal as long as nobody writes the file. Raises OSError if there is none."""
    status = path.stat()
    return status.st_mtime_ns, status.st_size, status.st_ino


@lru_cache(maxsize=64)
def _records(path: Path, modified: int, size: int, file: int) -> dict[str, Record]:
    if size > MAX_INDEX:
        raise WeightsError(f"{path} is far too large for an index of weight sets.")
    return read_records(path.read_bytes(), path)


@lru_cache(maxsize=1024)
def _sha256(path: Path, modified: int, size: int, file: int) -> str:
    return sha256(path)
