"""One bound over all that is held: whoever holds something says how large it is and how it can be let go."""

import ctypes
import math
import os
import re
import sys
import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

T = TypeVar("T")

MOST = 2_000_000_000
"""Bytes held unless SEG_MEMORY says otherwise, or half of the machine's memory is less."""

LEAST = 64_000_000
"""Bytes below which nothing could be shown."""

OVERHEAD = 500
"""Bytes of anything that is held, beside what it holds."""

UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "KI": 2**10, "MI": 2**20, "GI": 2**30}

CONTAINERS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where version 2 and version 1 of control groups say how much memory a container may take."""


CACHES = 32
"""A cache that can be trimmed keeps this share of the bound: little work is lost with it, but for every page drawn."""

GIVE_BACK_SECONDS = 1.0
"""Between two times that what was let go is given back to the system."""

BESIDE = 450_000_000
"""Bytes that Python and its libraries take beside all that is held; what is more has been let go, or is worked in."""

MALLOC_OPTIONS = {-3: 16 * 2**20, -1: 64 * 2**20, -8: 4}
"""Of glibc's mallopt: M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, M_ARENA_MAX. A block of 16 MB or more, as a large picture's,
is the system's again as soon as it is let go, and leaves no hole between smaller ones. What a tile's maps take stays
below: to ask for that anew would cost a network half of its time."""


class Visitor:
    """Somebody with a page. What it shows is held until it is released, or until this object is gone.

    is_here: says whether the page is still open.
    """

    def __init__(self, is_here: Callable[[], bool] = lambda: True):
        self.is_here = is_here


@dataclass(frozen=True)
class Share:
    """What one kind of things takes."""

    count: int
    bytes: int


NONE = Share(0, 0)


@dataclass
class Holding:
    """Something held. kind: what it is called in the ledger; bytes: how much it takes; let_go: called to let go of it,
    None for what cannot be; shrink: called to hold it in less, which may be done to what pages show, too: returns the
    bytes that it takes then."""

    kind: str
    bytes: int
    let_go: Callable[[], object] | None = None
    shrink: Callable[[], int] | None = None


class Memory:
    """A ledger of what is held, least recently used first, that comes to no more than `limit` bytes if that can be.

    What does not fit makes room for itself: first everything shrinks that can, then goes what no page shows; of caches,
    what is more than their share goes before that, and the rest after it. Safe on many threads; what it calls back may
    call it.
    """

    def __init__(self, limit: int | None = None):
        self.limit = bound()[0] if limit is None else limit
        self._lock, self._clearing = threading.RLock(), threading.RLock()
        self._held: OrderedDict[Hashable, Holding] = OrderedDict()
        self._whole: OrderedDict[Hashable, Holding] = OrderedDict()
        """Of these what can shrink, in the same order: nobody goes through thousands that have, for each one more."""
        self._sum = 0
        self._kinds: dict[str, Share] = {}
        self._given_back = -math.inf
        self._watched: WeakKeyDictionary[Any, tuple[str, Callable[[Any], int], Callable[[Any, int], object] | None]]
        self._watched = WeakKeyDictionary()
        self._shown: WeakKeyDictionary[Visitor, set[Hashable]] = WeakKeyDictionary()
        self._making: defaultdict[Hashable, threading.Lock] = defaultdict(threading.Lock)

    def hold(self, key: Hashable, holding: Holding) -> None:
        """Enter it, or how large it is now, as what was used last; others make room."""
        with self._lock:
            self.forget(key)
            self._held[key] = holding
            if holding.shrink is not None:
                self._whole[key] = holding
            self._count(holding.kind, 1, holding.bytes)
        self.make_room(but=key)

    def touch(self, key: Hashable) -> None:
        """Note that it is used now."""
        with self._lock:
            for held in (self._held, self._whole):
                if key in held:
                    held.move_to_end(key)

    def forget(self, key: Hashable) -> None:
        """It is not held any more."""
        with self._lock:
            self._whole.pop(key, None)
            if (held := self._held.pop(key, None)) is not None:
                self._count(held.kind, -1, -held.bytes)

    def holds(self, key: Hashable) -> bool:
        """Whether it is held now."""
        with self._lock:
            return key in self._held

    def watch(
        self, kind: str, of: T, bytes_now: Callable[[T], int], trim: Callable[[T, int], object] | None = None
    ) -> None:
        """Count what `of` holds by itself as long as it is there. trim: called with how many bytes it may hold at most
        where there is no room for more."""
        with self._lock:
            self._watched[of] = kind, bytes_now, trim

    def show(self, visitor: Visitor, key: Hashable) -> None:
        """It stays until the visitor's page is drawn anew."""
        with self._lock:
            self._shown.setdefault(visitor, set()).add(key)

    def release(self, visitor: Visitor) -> None:
        """The visitor's page is drawn anew: what it showed is held no longer than the rest."""
        with self._lock:
            self._shown.pop(visitor, None)

    def kept(
        self,
        kind: str,
        key: Hashable,
        make: Callable[[], T],
        visitor: Visitor | None = None,
        bytes_of: Callable[[T], int] | None = None,
    ) -> T:
        """What `make` gives, made by one thread and held for the next who asks; none may change it.

        visitor: whose page shows it. bytes_of: how large it is, found out by looking unless given.
        """
        if visitor is not None:
            self.show(visitor, key)
        with self._lock:
            making = self._making[key]
        try:
            with making:
                with self._lock:
                    held = self._held.get(key)
                if isinstance(held, _Value):
                    self.touch(key)
                    return held.value
                value = make()
                self.hold(key, _Value(kind, OVERHEAD + (bytes_of or size_of)(value), lambda: None, None, value))
                return value
        finally:
            with self._lock:
                self._making.pop(key, None)

    def make_room(self, wanted: int = 0, but: Hashable = None) -> bool:
        """Whether there is room for so many bytes more; what can be let go for it is. but: what stays in any case."""
        if self._fits(wanted):
            return True
        made = self._make_room(wanted, but)
        self.give_back()
        return made

    def give_back(self) -> None:
        """Give the system what was let go, unless that has just been done."""
        now = time.monotonic()
        if now - self._given_back > GIVE_BACK_SECONDS and (malloc_trim := _of_glibc("malloc_trim")) is not None:
            self._given_back = now
            malloc_trim(0)

    def _make_room(self, wanted: int, but: Hashable) -> bool:
        with self._clearing:
            lacking = self._lacking(wanted)
            lacking -= self._shrink(lacking, but)
            lacking -= self._trim(lacking, self.limit // CACHES)
            lacking -= self._let_go(lacking, but)
            lacking -= self._trim(lacking, 0)
        # What others have brought meanwhile is theirs to make room for.
        return lacking <= 0 or self._fits(wanted)

    @property
    def bytes(self) -> int:
        """All that is held."""
        with self._lock:
            return self._sum + sum(bytes_now(owner) for owner, (_, bytes_now, _) in self._watched.items())

    def ledger(self) -> Mapping[str, Share]:
        """Kind → how many there are, and what they take; the largest first."""
        with self._lock:
            shares = dict(self._kinds)
            watched = [(kind, owner, bytes_now) for owner, (kind, bytes_now, _) in self._watched.items()]
        for kind, owner, bytes_now in watched:
            before = shares.get(kind, NONE)
            shares[kind] = Share(before.count + 1, before.bytes + bytes_now(owner))
        return dict(sorted(shares.items(), key=lambda item: -item[1].bytes))

    def _count(self, kind: str, count: int, size: int) -> None:
        """So many more of a kind are held, and so many bytes; found as it changes, since every page says it."""
        self._sum += size
        before = self._kinds.get(kind, NONE)
        now = Share(before.count + count, before.bytes + size)
        if now.count:
            self._kinds[kind] = now
        else:
            del self._kinds[kind]

    def _trim(self, lacking: int, share: int) -> int:
        """Take what lacks of the caches that are larger than their share. Returns the bytes that are free by it."""
        with self._lock:
            watched = list(self._watched.items())
        freed = 0
        for owner, (_, bytes_now, trim) in watched:
            size = bytes_now(owner)
            if trim is not None and freed < lacking and size > share:
                trim(owner, max(share, size - (lacking - freed)))
                freed += max(0, size - bytes_now(owner))  # others may have brought more meanwhile
        return freed

    def _shrink(self, lacking: int, but: Hashable) -> int:
        """Shrink what was used longest ago until so much is free. Returns the bytes that are free by it."""
        freed = 0
        while freed < lacking:
            with self._lock:
                key = next((key for key in self._whole if key != but), None)
                held = None if key is None else self._whole.pop(key)
            if held is None or held.shrink is None:
                break
            size = held.shrink()
            with self._lock:
                if self._held.get(key) is held:
                    freed += held.bytes - size
                    self._count(held.kind, 0, size - held.bytes)
                    held.bytes = size
        return freed

    def _let_go(self, lacking: int, but: Hashable) -> int:
        """Let go of what was used longest ago and no page shows until so much is free. Returns the bytes that are free
        by it."""
        freed = 0
        while freed < lacking and (oldest := self._oldest(lacking - freed, but)):
            for key, held, let_go in oldest:
                with self._lock:
                    if self._held.get(key) is not held:  # somebody has just used it
                        continue
                    self.forget(key)
                let_go()
                freed += held.bytes
        return freed

    def _oldest(self, lacking: int, but: Hashable) -> list[tuple[Hashable, Holding, Callable[[], object]]]:
        """What may go, as much as is lacking."""
        found, size = [], 0
        with self._lock:
            shown = self._on_pages()
            for key, held in self._held.items():
                if size >= lacking:
                    break
                if key != but and held.let_go is not None and key not in shown:
                    found.append((key, held, held.let_go))
                    size += held.bytes
        return found

    def _lacking(self, wanted: int) -> int:
        """How many bytes more are held than leave room for so many; found once, since every holder is asked."""
        return self.bytes + wanted - self.limit

    def _fits(self, wanted: int) -> bool:
        return self._lacking(wanted) <= 0

    def _on_pages(self) -> set[Hashable]:
        with self._lock:
            return set[Hashable]().union(*self._shown.values())


@dataclass
class _Value(Holding):
    value: Any = None


@cache
def _of_glibc(name: str) -> Callable[..., int] | None:
    """A function of glibc's malloc, which keeps freed memory for later, in each thread's own heap; None elsewhere."""
    try:
        return getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):
        return None


def keep_little(memory: Memory) -> None:
    """From now on, for the whole process, let malloc keep no more of what was let go than saves time."""
    if (mallopt := _of_glibc("mallopt")) is None:
        return
    for option, value in MALLOC_OPTIONS.items():
        mallopt(option, value)
    threading.Thread(target=_give_back, args=(memory,), name="seg-memory", daemon=True).start()


def _give_back(memory: Memory) -> None:
    while True:
        time.sleep(GIVE_BACK_SECONDS)
        if process_bytes() > memory.bytes + BESIDE:
            memory.give_back()


def process_bytes() -> int:
    """What this process alone has in memory, without the files of libraries that lie there, too; 0 but on Linux."""
    try:
        _, resident, shared, *_ = Path("/proc/self/statm").read_text("ascii").split()
    except OSError:
        return 0
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")


def bound() -> tuple[int, str]:
    """What SEG_MEMORY says, as '800M', '2G' or a number of bytes, else the smaller of 2 GB and half of the machine's or
    the container's memory; and a sentence if what it says cannot be."""
    usual = min(MOST, machine_bytes() // 2)
    said = os.environ.get("SEG_MEMORY", "").strip()
    if not said:
        return usual, ""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMG]I?)?B?", said.upper())
    asked = round(float(found[1]) * UNITS[found[2] or ""]) if found else 0
    if asked >= LEAST:
        return asked, ""
    return usual, (
        f"SEG_MEMORY is {said!r}, which is no amount of at least {LEAST // 10**6} MB: say 800M or 2G. Until then it is "
        f"{usual / 1e9:.1f} GB."
    )


def machine_bytes() -> int:
    """The machine's memory, or the container's where that is less."""
    limits = [sys.maxsize]
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for file in CONTAINERS:
        try:
            limits.append(int(file.read_text("ascii")))
        except (OSError, ValueError):  # there is none, or it says 'max'
            continue
    return min(limits)


def size_of(value: Any) -> int:
    """Bytes of an array, a text, or what is made of such, without what Python itself needs for small things."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, bytes | bytearray | str):
        return len(value)
    if is_dataclass(value) and not isinstance(value, type):
        return sum(size_of(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, Mapping):
        return sum(size_of(key) + size_of(one) for key, one in value.items())
    return sum(map(size_of, value)) if isinstance(value, tuple | list | set | frozenset) else 8
