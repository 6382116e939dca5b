"""What is made once, however many ask for it at the same moment."""

import threading
from collections.abc import Callable
from functools import lru_cache, update_wrapper
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Once(Generic[P, T]):
    """A function whose last value is kept, as `functools.lru_cache` of one keeps it, and which one thread runs while
    others wait for what it makes: `lru_cache` lets each that comes meanwhile make one of its own."""

    def __init__(self, make: Callable[P, T]):
        self._made = lru_cache(maxsize=1)(make)
        self._lock = threading.RLock()
        update_wrapper(self, make)

    def __call__(self, *args: P.args, **more: P.kwargs) -> T:
        with self._lock:
            return self._made(*args, **more)

    def cache_clear(self) -> None:
        """The next call makes it anew."""
        self._made.cache_clear()
