"""The index of weight files: one safetensors file and one record a set, checked before anything is loaded."""

import dataclasses
import hashlib
import json
import math
import os
import tempfile
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock
from safetensors import SafetensorError

from seg.catalogue.record import Record
from seg.errors import WeightsError
from seg.models import KNOWN

if TYPE_CHECKING:
    from torch import nn

HOME = Path(os.environ.get("SEG_HOME") or Path(__file__).parents[2]).expanduser().resolve()
"""Where the program's weights/ lie: SEG_HOME, else the checkout that it runs from. A wheel brings none."""

SHIPPED = HOME / "weights"
"""The folder of the weight sets that come with the program."""


class WeightIndex:
    """The weight sets of one folder: `index.json` and the files it names."""

    def __init__(self, folder: str | Path = SHIPPED):
        self.folder = Path(folder)

    @property
    def path(self) -> Path:
        return self.folder / "index.json"

    def records(self) -> dict[str, Record]:
        """Name → record, in the order of the index. Raises WeightsError if index.json is missing or damaged."""
        try:
            entries = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            advice = " Name a folder of weights with --weights-dir, or set SEG_HOME to a checkout of the project."
            advice = advice if self.folder == SHIPPED else ""
            raise WeightsError(f"There are no weights in {self.folder}: index.json is missing.{advice}") from error
        except (OSError, ValueError) as error:
            raise WeightsError(f"{self.path} is damaged ({error}): restore it from the repository.") from error
        known = {f.name for f in dataclasses.fields(Record)}
        try:
            found = [Record(**{k: _frozen(v) for k, v in entry.items() if k in known}) for entry in entries]
        except (TypeError, AttributeError) as error:
            raise WeightsError(f"{self.path} holds a record that is not complete ({error}).") from error
        return {record.name: record for record in found}

    def record(self, name: str) -> Record:
        """Raises WeightsError, naming what is like it, else what there is, for an unknown name."""
        records = self.records()
        if name not in records:
            like = [known for known in records if name in known] or get_close_matches(name, records) or records
            raise WeightsError(f"There is no weight set {name!r}: choose one of {', '.join(like) or 'none'}.")
        return records[name]

    def file(self, record: Record) -> Path:
        return self.folder / f"{record.name}.safetensors"

    def verify(self, record: Record) -> None:
        """Raises WeightsError if the file is missing or its checksum is not the record's."""
        path = self.file(record)
        if not path.is_file():
            raise WeightsError(f"The weights {record.name} are missing: {path} does not exist.")
        if sha256(path) != record.sha256:
            raise WeightsError(
                f"The weights {record.name} are damaged: {path} does not match its checksum in the index."
            )

    def load(self, record: Record) -> "nn.Module":
        """The trained network in eval mode, fp32, on the CPU. Raises WeightsError if anything does not fit."""
        from safetensors.torch import load_file

        model = build(record)
        self.verify(record)
        try:
            tensors = load_file(self.file(record))
            model.load_state_dict(
                {key: tensor.float() if tensor.is_floating_point() else tensor for key, tensor in tensors.items()}
            )
        except (SafetensorError, RuntimeError) as error:
            raise WeightsError(f"The weights {record.name} do not fit their architecture {record.model}.") from error
        return model.eval()

    def write_tensors(self, name: str, model: "nn.Module") -> tuple[int, str]:
        """Write the model's tensors as fp16, atomically; returns the file's bytes and SHA-256."""
        from safetensors.torch import save_file

        path = self.folder / f"{name}.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        half = {
            key: (tensor.half() if tensor.is_floating_point() else tensor).contiguous().cpu()
            for key, tensor in model.state_dict().items()
        }
        temporary = path.with_suffix(".partial")
        save_file(half, temporary)
        os.replace(temporary, path)
        return path.stat().st_size, sha256(path)

    def add(self, record: Record) -> None:
        """Put the record into index.json, in place of one of the same name; atomic, and safe beside other writers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / ".index.lock"):
            records = self.records() if self.path.exists() else {}
            records[record.name] = record
            ordered = sorted(records.values(), key=lambda r: (r.dataset, KNOWN.index(r.model), r.name))
            text = json.dumps([_finite(dataclasses.asdict(r)) for r in ordered], indent=1, ensure_ascii=False)
            write_atomically(self.path, text + "\n")


def build(record: Record) -> "nn.Module":
    """The network with fresh weights. Raises WeightsError for an unknown architecture or bad arguments."""
    from seg.models import build_model

    if record.model not in KNOWN:
        raise WeightsError(
            f"Weight set {record.name} is for the architecture {record.model!r}, which this version does not know: "
            "update the program or remove the set."
        )
    try:
        return build_model(record.model, **record.arguments)
    except (TypeError, ValueError) as error:
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


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _finite(value: Any) -> Any:
    """JSON has no NaN: null instead."""
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
