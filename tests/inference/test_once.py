"""However many come at the same moment, it is made once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from seg.inference.once import Once


def test_many_threads_get_the_one_thing_that_was_made():
    made = []

    @Once
    def thing() -> object:
        made.append(object())
        time.sleep(0.05)  # so that all others come meanwhile
        return made[-1]

    start = threading.Barrier(8)

    def ask(_: int) -> object:
        start.wait()
        return thing()

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(ask, range(8))) == {made[0]}
    assert len(made) == 1


def test_it_is_made_anew_for_other_arguments_and_once_it_is_cleared():
    made = []

    @Once
    def thing(name: str) -> int:
        made.append(name)
        return len(made)

    assert [thing("a"), thing("a"), thing("b"), thing("a")] == [1, 1, 2, 3]
    thing.cache_clear()
    assert thing("a") == 4


def test_what_fails_is_tried_again():
    tries = []

    @Once
    def thing() -> int:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("not yet")
        return 7

    with pytest.raises(OSError, match="not yet"):
        thing()
    assert thing() == 7
