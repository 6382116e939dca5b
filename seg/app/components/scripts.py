"""The JavaScript of a component: plain modules, joined into the one script that Streamlit takes."""

import re
from pathlib import Path

_IMPORT = re.compile(r'^import\b[^;]*from "([^"]+)";\n', re.MULTILINE)


def modules(*entries: Path) -> list[Path]:
    """The entries and all that they import, each behind what it imports itself."""
    order: list[Path] = []

    def add(path: Path) -> None:
        if path in order:
            return
        for name in _IMPORT.findall(path.read_text("utf-8")):
            add((path.parent / name).resolve())
        order.append(path)

    for entry in entries:
        add(entry.resolve())
    return order


def joined(*entries: Path) -> str:
    """The entries and all that they import as one script: imports dropped, only the default export kept.

    Streamlit sends the script with every run, so comments and indentation stay behind.
    """
    parts = []
    for path in modules(*entries):
        text = _IMPORT.sub("", path.read_text("utf-8"))
        text = re.sub(r"^export (?!default)", "", text, flags=re.MULTILINE)
        text = re.sub(r"^\s*/\*\*(?:(?!\*/).)*\*/\n", "", text, flags=re.MULTILINE | re.DOTALL)
        parts.append(re.sub(r"^(?:\s+|\s*//.*\n)+", "", text, flags=re.MULTILINE))
    return "\n".join(parts)
