"""Text from outside, made safe to stand in Streamlit's Markdown."""

import re


def plain(text: str) -> str:
    """`text` with everything escaped that Markdown would read as more than text: a file may be called anything."""
    return re.sub(r"([\\`*_\[\]$~<])|:(?=\w)", lambda found: "\\" + found[0], text)
