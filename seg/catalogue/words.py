"""Names of networks as people read them, phrases between commas: told apart, shortened, on several lines."""

from collections import Counter
from collections.abc import Mapping, Sequence


def in_lines(words: str, longest: int) -> list[str]:
    """What stands between the commas of a name, on as few lines as hold so many characters each."""
    lines: list[str] = []
    for part in words.split(", "):
        joined = f"{lines[-1]}, {part}" if lines else part
        lines[-1:] = [joined] if lines and len(joined) <= longest else [*lines[-1:], part]
    return lines


def without_shared(names: Sequence[str]) -> list[str]:
    """What tells networks apart, for where there is little room: how each name begins, and what not all say of it."""
    parts = [name.split(", ") for name in names]
    shared = set.intersection(*(set(rest) for _, *rest in parts)) if len(parts) > 1 else set()
    return [", ".join([first, *(part for part in rest if part not in shared)]) for first, *rest in parts]


def told_apart(words: Mapping[str, str]) -> dict[str, str]:
    """Name → words; where several have the same words, each is followed by its name."""
    count = Counter(words.values())
    return {name: said if count[said] == 1 else f"{said} ({name})" for name, said in words.items()}
