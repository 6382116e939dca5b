"""One bound over all that is held."""

import gc
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from seg.service import memory as module
from seg.service.memory import (
    CACHES,
    OVERHEAD,
    Holding,
    Memory,
    Share,
    Visitor,
    bound,
    machine_bytes,
    process_bytes,
    size_of,
)


class Things:
    """Things of ten bytes each that a memory holds."""

    def __init__(self, limit: int):
        self.memory, self.gone = Memory(limit), []

    def hold(self, *names: str, **how) -> None:
        for name in names:
            self.memory.hold(name, Holding("things", 10, lambda name=name: self.gone.append(name), **how))


class Cache(list):
    """Numbers of five bytes each that nobody else holds."""

    __hash__ = object.__hash__

    def bytes_now(self) -> int:
        return 5 * len(self)

    def trim(self, most: int) -> None:
        while self.bytes_now() > most:
            del self[0]


def test_what_was_used_longest_ago_goes_first():
    things = Things(30)
    things.hold("a", "b", "c")
    things.memory.touch("a")
    things.hold("d", "e")
    assert things.gone == ["b", "c"]
    assert things.memory.ledger() == {"things": Share(3, 30)}


def test_what_a_page_shows_stays_until_it_is_drawn_anew():
    things, visitor = Things(20), Visitor()
    things.hold("a", "b")
    things.memory.show(visitor, "a")
    things.hold("c")
    assert things.gone == ["b"]
    things.memory.release(visitor)
    things.hold("d")
    assert things.gone == ["b", "a"]


def test_what_a_visitor_saw_goes_with_him():
    things, visitor = Things(10), Visitor()
    things.hold("a")
    things.memory.show(visitor, "a")
    assert not things.memory.make_room(1)
    del visitor
    gc.collect()
    assert things.memory.make_room(1)


def test_all_that_can_shrinks_before_anything_goes_and_what_is_shown_shrinks_too():
    things, visitor = Things(30), Visitor()
    things.hold("a", "b", "c", shrink=lambda: 4)
    things.memory.show(visitor, "a")
    things.hold("d")
    assert (things.gone, things.memory.bytes) == ([], 28)  # two of them were enough
    things.hold("e")
    assert (things.gone, things.memory.bytes) == (["b"], 28)


def test_there_is_no_room_for_what_does_not_fit_beside_what_cannot_be_let_go():
    memory = Memory(20)
    memory.hold("work", Holding("work", 15))
    assert memory.make_room(5)
    assert not memory.make_room(6)
    assert memory.bytes == 15


def test_what_holds_things_by_itself_counts_as_long_as_it_is_there_and_is_trimmed_before_anything_goes():
    things, cache = Things(30), Cache([1, 2])
    things.memory.watch("numbers", cache, Cache.bytes_now, Cache.trim)
    things.hold("a", "b", shrink=lambda: 5)
    assert things.memory.ledger() == {"things": Share(2, 20), "numbers": Share(1, 10)}
    things.hold("c")
    assert (list(cache), things.gone) == ([1, 2], [])
    assert things.memory.make_room(5)
    assert (list(cache), things.gone) == ([2], [])  # no more of it than was lacking
    things.hold("d")
    assert (list(cache), things.gone) == ([], [])
    del cache
    gc.collect()
    assert "numbers" not in things.memory.ledger()


def test_a_cache_keeps_its_share_until_all_has_gone_that_no_page_shows():
    things, cache, visitor = Things(CACHES * 10), Cache(range(12)), Visitor()
    things.memory.watch("numbers", cache, Cache.bytes_now, Cache.trim)
    things.hold("old", "shown")
    things.memory.show(visitor, "shown")
    assert things.memory.make_room(CACHES * 10 - 30)
    assert (list(cache), things.gone) == ([10, 11], [])
    assert things.memory.make_room(CACHES * 10 - 20)
    assert (list(cache), things.gone) == ([10, 11], ["old"])
    assert things.memory.make_room(CACHES * 10 - 15)
    assert list(cache) == [11]
    assert not things.memory.make_room(CACHES * 10 - 5)
    assert things.gone == ["old"]


def test_room_that_was_made_is_there_though_others_take_some_meanwhile():
    memory, others = Memory(30), ThreadPoolExecutor()

    def let_go():
        others.submit(memory.hold, "theirs", Holding("things", 10))
        while not memory.holds("theirs"):
            time.sleep(0.01)

    for key in ("first", "second", "third"):
        memory.hold(key, Holding("things", 10, let_go if key == "first" else lambda: None))
    assert memory.make_room(10)
    others.shutdown()
    assert memory.bytes <= 30


def test_a_value_is_made_once_for_all_who_ask_at_the_same_time_and_again_once_it_was_let_go():
    memory, made, together = Memory(1500), [], threading.Barrier(8)

    def ask(_):
        together.wait()
        return memory.kept("maps", "a map", lambda: made.append(1) or np.zeros(900, np.uint8))

    with ThreadPoolExecutor(8) as visitors:
        values = list(visitors.map(ask, range(8)))
    assert all(value is values[0] for value in values)
    assert memory.ledger() == {"maps": Share(1, OVERHEAD + 900)}
    memory.kept("maps", "another", lambda: np.zeros(900, np.uint8))
    memory.kept("maps", "a map", lambda: made.append(1) or np.zeros(900, np.uint8))
    assert len(made) == 2


def test_a_value_that_cannot_be_made_is_tried_again():
    memory = Memory(1000)
    with pytest.raises(ZeroDivisionError):
        memory.kept("maps", "a map", lambda: 1 // 0)
    assert memory.kept("maps", "a map", lambda: 1) == 1


def test_many_threads_never_leave_more_than_the_bound():
    things = Things(100)

    def work(thread: int) -> None:
        for number in range(200):
            things.hold(f"{thread}-{number % 7}", shrink=lambda: 6)
            things.memory.touch(f"{thread}-{(number + 3) % 7}")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    assert things.memory.make_room()
    assert things.memory.bytes == sum(share.bytes for share in things.memory.ledger().values()) <= 100


@pytest.mark.parametrize(
    ("said", "bytes_"),
    [("800M", 800_000_000), ("2GB", 2_000_000_000), ("1.5 G", 1_500_000_000), ("1GiB", 2**30), ("100000000", 10**8)],
)
def test_the_bound_is_what_is_said(monkeypatch, said, bytes_):
    monkeypatch.setenv("SEG_MEMORY", said)
    assert bound() == (bytes_, "")


@pytest.mark.parametrize("said", ["much", "-2G", "0", "12", "2T", "G"])
def test_a_bound_that_cannot_be_is_said_and_the_usual_one_stands(monkeypatch, said):
    monkeypatch.delenv("SEG_MEMORY", raising=False)
    usual, nothing = bound()
    monkeypatch.setenv("SEG_MEMORY", said)
    found, sentence = bound()
    assert (found, nothing) == (usual, "")
    assert sentence.startswith(f"SEG_MEMORY is {said!r}, which is no amount of at least 64 MB: say 800M or 2G.")


@pytest.mark.parametrize(("contents", "least"), [("1000000000\n", 10**9), ("max\n", None), (None, None)])
def test_a_container_may_have_less_than_the_machine(monkeypatch, tmp_path: Path, contents, least):
    monkeypatch.setattr(module, "CONTAINERS", ())
    machine = machine_bytes()
    file = tmp_path / "memory.max"
    if contents:
        file.write_text(contents, "ascii")
    monkeypatch.setattr(module, "CONTAINERS", (file,))
    monkeypatch.delenv("SEG_MEMORY", raising=False)
    assert machine_bytes() == (least or machine)
    assert bound() == (min(2_000_000_000, (least or machine) // 2), "")


LARGE_AND_SMALL = """
import sys
import numpy as np
from seg.service.memory import Memory, keep_little, process_bytes
if sys.argv[1] == "little":
    keep_little(Memory(10**9))
before, large, small = process_bytes(), [np.ones(20_000_000, np.uint8)], []
large.clear()
for turn in range(12):
    for _ in range(6):
        large.append(np.ones(17_000_000 + 100_000 * turn, np.uint8))
        small.append(np.ones(100_000, np.uint8))
    large.clear()
print(process_bytes() - before - 100_000 * len(small))
"""


@pytest.mark.skipif(not process_bytes(), reason="Linux says what a process has in memory")
def test_what_large_pictures_have_taken_is_given_back_however_small_things_lie_between():
    command = [sys.executable, "-c", LARGE_AND_SMALL]
    usual, little = (
        int(subprocess.run([*command, word], capture_output=True, text=True, check=True).stdout)
        for word in ("usual", "little")
    )
    assert little < 10_000_000
    assert usual > 50_000_000


def test_what_has_been_let_go_is_given_back_unless_that_has_just_been_done(monkeypatch):
    trimmed = []
    monkeypatch.setattr(module, "_of_glibc", lambda name: lambda padding: trimmed.append(name))
    memory = Memory(100)
    for _ in range(3):
        memory.give_back()
    assert trimmed == ["malloc_trim"]


def test_sizes_are_those_of_arrays_and_texts_however_they_are_held_together():
    assert size_of({"a": (np.zeros(10, np.float32), b"12345"), "bc": [None]}) == 1 + 40 + 5 + 2 + 8


def test_making_room_asks_what_the_watched_take_a_few_times_and_not_for_each_thing_held():
    memory, asked, owner = Memory(1000), [], Visitor()
    memory.watch("numbers", owner, lambda _: asked.append("how much?") or 100)
    for number in range(800):
        memory.hold(number, Holding("things", 1))
    asked.clear()
    memory.hold("large", Holding("things", 500, lambda: None))
    assert 0 < len(asked) < 10
