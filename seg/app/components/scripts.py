"""The JavaScript of a component: plain modules, joined into the one script that Streamlit takes."""

import re
from collections.abc import Iterable
from pathlib import Path


def joined(modules: Iterable[Path]) -> str:
    """The modules as one script: in the given order, imports dropped, only the default export kept.

    Streamlit sends the script with every run, so comments and indentation stay behind.
    """
    parts = []
    for path in modules:
        text = re.sub(r"^import\b[^;]*;\n", "", path.read_text("utf-8"), flags=re.MULTILINE)
        text = re.sub(r"^export (?!default)", "", text, flags=re.MULTILINE)
        text = re.sub(r"^\s*/\*\*(?:(?!\*/).)*\*/\n", "", text, flags=re.MULTILINE | re.DOTALL)
        parts.append(re.sub(r"^(?:\s+|\s*//.*\n)+", "", text, flags=re.MULTILINE))
    return "\n".join(parts)
