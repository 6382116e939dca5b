"""Text from outside, made safe to stand in Streamlit's Markdown."""

import re


def plain(text: str) -> str:
    """`text`, on one line, with everything escaped that Markdown would read as more than text: a file or a class may be
    called anything."""
    text = re.sub(r"\s*[\n\r]\s*", " ", text)
    return re.sub(r"([\\`*_\[\]$~<])|:(?=\w)|&(?=\w+;|#)", lambda found: "\\" + found[0], text)
