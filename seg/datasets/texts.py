"""Text and JSON files of data folders: read whole, of bounded size, and a sentence where they cannot be."""

import json
from pathlib import Path
from typing import Any

from seg.datasets.files import read_bytes
from seg.errors import DataError

MAX_JSON = 1 << 30
"""Bytes of a JSON file at most: that of COCO's 118,000 training photos has 450 million."""

MAX_TEXT = 1 << 26
"""Bytes of a list of names at most."""


def read_text(path: Path, most: int = MAX_TEXT) -> str:
    """A UTF-8 text file. Raises DataError with its name and what is wrong."""
    if path.is_file() and (size := path.stat().st_size) > most:
        raise DataError(f"{path} has {size / 2**20:,.0f} MB, more than the {most >> 20:,} MB that are read: split it.")
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no UTF-8 text: save it as UTF-8.") from error


def lines_of(path: Path) -> list[str]:
    """Its lines that hold anything, without the space around them. Raises DataError."""
    return [stripped for line in read_text(path).splitlines() if (stripped := line.strip())]


def read_json(path: Path) -> Any:
    """Raises DataError with the file's name for what is no JSON."""
    text = read_text(path, MAX_JSON)
    try:
        return json.loads(text)
    except RecursionError as error:
        raise DataError(f"{path} is nested too deeply for an annotation file: export it anew.") from error
    except ValueError as error:
        raise DataError(f"{path} is damaged, it is not JSON ({error}): export or copy it again.") from error
