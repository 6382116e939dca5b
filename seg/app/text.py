"""Text made ready for sentences: lists, and what comes from outside made safe for Streamlit's Markdown."""

import re
from collections.abc import Sequence


def listed(names: Sequence[str]) -> str:
    """'a, b and c'."""
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1]


def ordinal(number: int) -> str:
    """'first', 'second', … and '11th' after the tenth."""
    words = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
    if number <= len(words):
        return words[number - 1]
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def plain(text: str) -> str:
    """`text`, on one line, with everything escaped that Markdown would read as more than text: a file or a class may be
    called anything."""
    text = re.sub(r"\s*[\n\r]\s*", " ", text)
    return re.sub(r"([\\`*_\[\]$~<])|:(?=\w)|&(?=\w+;|#)", lambda found: "\\" + found[0], text)
