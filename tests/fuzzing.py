"""Damage by the thousand: whatever reads a file or an address gives a result or a sentence, and soon.

SEG_FUZZ says how many damaged ones of each kind; `make fuzz` asks for 5,000. Each is made from its number alone, so
that the one that a failure names comes again.
"""

import copy
import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import pytest

from seg.errors import SegError

TIMES = int(os.environ.get("SEG_FUZZ", "200"))

LONGEST = 20
"""Seconds of the processor after which a reader hangs."""

EXTREMES = (b"\0", b"\xff", b"\x7f", b"\x80", b"\0" * 4, b"\xff" * 4, b"\xff\xff\xff\x7f", b"\xff" * 8)

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 3, 255, 256, 2**31, 2**53, 2**70, -(2**63), 0.5, 1e300, -1e300, float("nan"),
    float("inf"), "", " ", "x", "x\0", "\ud800", "é" * 300, "a.png", "../../etc/passwd", "<b>", "#ffffff", "ignore",
    "street", [], [1], [[]], [[1, 2, 3]], {}, {"a": 1}, {"": None},
)  # fmt: skip
"""What stands where something else should."""

Case = TypeVar("Case")


def results(read: Callable[[Case], Any], make: Callable[[np.random.Generator], Case], times: int = TIMES) -> int:
    """How many of so many made cases are read; all others are a SegError of one sentence, and none takes for ever."""
    read_well = 0
    for number in range(times):
        case = make(np.random.default_rng(number))
        try:
            with _in_time(number):
                read(case)
        except SegError as error:
            said = str(error)
            if not said.strip().endswith((".", "?")):
                pytest.fail(f"case {number} ends in what is no sentence: {said!r}")
        except Exception as error:
            raise AssertionError(f"case {number} ends in {type(error).__name__}: {str(error)[:200]}") from error
        else:
            read_well += 1
    return read_well


@contextmanager
def _in_time(number: int) -> Iterator[None]:
    def hangs(*_) -> None:
        raise AssertionError(f"case {number} takes more than {LONGEST} s")

    before = signal.signal(signal.SIGPROF, hangs)
    signal.setitimer(signal.ITIMER_PROF, LONGEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def of_bytes(rng: np.random.Generator, corpus: Sequence[bytes], first: int = 0) -> bytes:
    """One of a corpus, up to five times damaged: bytes changed, overwritten by extremes, cut, taken twice, or replaced
    by a part of another. first: where most of the damage is to lie, in bytes from the beginning; 0 for anywhere."""
    data = bytearray(corpus[rng.integers(len(corpus))])
    for _ in range(min(rng.geometric(0.5), 5)):
        within = min(first, len(data)) if first and rng.random() < 0.7 else len(data)
        place = int(rng.integers(within + 1))
        length = int(rng.integers(1, 40))
        match rng.integers(7):
            case 0 | 1:
                data[place : place + 1] = rng.bytes(1)
            case 2:
                extreme = EXTREMES[rng.integers(len(EXTREMES))]
                data[place : place + len(extreme)] = extreme
            case 3:
                del data[place : place + length]
            case 4:
                data[place:place] = data[place : place + length]
            case 5:
                other = corpus[rng.integers(len(corpus))]
                start = int(rng.integers(len(other) + 1))
                data[place : place + length] = other[start : start + length]
            case _ if rng.random() < 0.3:
                del data[place:]
    return bytes(data)


def of_values(rng: np.random.Generator, value: Any, odd: Sequence[Any] = ODD) -> Any:
    """A JSON value, of which up to four parts are others, gone, twice there, or another part of it."""
    value = copy.deepcopy(value)
    for _ in range(min(rng.geometric(0.6), 4)):
        places = list(_places(value))
        if not places:
            return odd[rng.integers(len(odd))]
        holder, key = places[rng.integers(len(places))]
        match rng.integers(6):
            case 0:
                del holder[key]
            case 1:
                other, theirs = places[rng.integers(len(places))]
                holder[key] = copy.deepcopy(other[theirs])
            case 2 if isinstance(holder, list):
                holder.insert(key, copy.deepcopy(holder[key]))
            case _:
                holder[key] = copy.deepcopy(odd[rng.integers(len(odd))])
    return value


def of_json(rng: np.random.Generator, value: Any) -> bytes:
    """The text of a JSON value that `of_values` has damaged, or a good one's that `of_bytes` has."""
    if rng.random() < 0.2:
        return of_bytes(rng, [json.dumps(value).encode()])
    return json.dumps(of_values(rng, value)).encode()


def of_address(rng: np.random.Generator, good: dict[str, str]) -> dict[str, str | list[str]]:
    """Some words of an address, each as it was, damaged, or said twice."""
    said: dict[str, str | list[str]] = {}
    for name, value in good.items():
        if rng.random() < 0.5:
            texts = [of_bytes(rng, [text.encode() for text in good.values()]).decode("latin-1") for _ in range(2)]
            said[name] = [value, texts[0], texts][rng.integers(3)]
    return said


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """(what holds it, key) of everything inside a JSON value."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])
