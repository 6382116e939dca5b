"""What an evaluation has scored so far, on disk: a line a picture, so that one that was cut off goes on."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from seg.datasets import Samples
from seg.errors import DataError
from seg.inference.segmenter import Segmenter
from seg.scores.counts import Row


def identity(segmenters: Sequence[Segmenter], samples: Samples, **choices: Any) -> str:
    """Tells an evaluation from others: networks, pictures by name, and whatever else was chosen."""
    networks = [[segmenter.record.name, segmenter.record.sha256] for segmenter in segmenters]
    names = [sample.name for sample in samples] if isinstance(samples, list) else getattr(samples, "names", [])
    about = json.dumps([networks, [len(samples), *names], choices], default=str)
    return hashlib.sha256(about.encode()).hexdigest()


class Journal:
    """The rows of an evaluation, kept in a file while it runs. Used in a `with` statement."""

    def __init__(self, path: Path | None = None, of: str = "", resume: bool = False):
        """path: None keeps them in memory alone; of: see `identity`; resume: whether to go on from what the file holds,
        rather than write it anew.

        Raises DataError for the file of another evaluation, and for a place where none can be written.
        """
        self.path = path
        self.rows: list[Row] = _read(path, of) if path and resume and path.exists() else []
        self._file: IO[str] | None = None
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("w", encoding="utf-8")
        except OSError as error:
            raise DataError(f"{path} cannot be written: {error.strerror}. Choose another place.") from error
        self._write({"evaluation": of})
        for row in self.rows:
            self._write(row.as_json())

    def add(self, row: Row) -> None:
        """Keep a row, at once."""
        self.rows.append(row)
        self._write(row.as_json())

    def _write(self, values: dict[str, Any]) -> None:
        if self._file:
            self._file.write(json.dumps(values, ensure_ascii=False) + "\n")
            self._file.flush()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """The file goes once all is done."""
        if self._file:
            self._file.close()
        if self.path and error is None:
            self.path.unlink(missing_ok=True)


def _read(path: Path, of: str) -> list[Row]:
    """The rows of a journal; its last line may be cut off."""
    try:
        first, *lines = path.read_text("utf-8").split("\n")
        about = json.loads(first)["evaluation"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is no evaluation that could go on: remove it.") from error
    if about != of:
        raise DataError(
            f"{path} is of another evaluation, of other networks, pictures or options: remove it, or write elsewhere."
        )
    rows = []
    for line in lines:
        try:
            rows.append(Row.from_json(json.loads(line)))
        except (ValueError, KeyError, TypeError):
            break
    return rows
