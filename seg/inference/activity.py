"""Whether networks are at work, so that what is prepared in the background waits for a quiet moment."""

import math
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Activity:
    """Counts what is under way, on any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: Counter[int] = Counter()
        """By the thread that it is on."""
        self._ended = -math.inf

    @contextmanager
    def during(self) -> Iterator[None]:
        """Something is under way while this lasts."""
        thread = threading.get_ident()
        with self._lock:
            self._under_way[thread] += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way[thread] -= 1
                if not self._under_way[thread]:
                    del self._under_way[thread]
                self._ended = time.monotonic()

    @property
    def is_elsewhere(self) -> bool:
        """Whether anything is under way on other threads than the one that asks: the cores are not its own then."""
        with self._lock:
            return any(thread != threading.get_ident() for thread in self._under_way)

    @property
    def quiet_seconds(self) -> float:
        """For how long nothing has been: 0 while anything is, infinite before the first time."""
        with self._lock:
            return 0.0 if self._under_way else time.monotonic() - self._ended


ACTIVITY = Activity()
"""Of all networks in this process."""
