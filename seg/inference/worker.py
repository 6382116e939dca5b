"""A thread that does what it is given, one thing after another, or several."""

import atexit
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any


class Worker:
    """Does what it is given on a thread of its own, one thing after another, or as many at once as it has threads.

    When the program ends, it finishes what it is at and drops what waits. An executor of concurrent.futures would do
    all of it first: whoever stops a program would wait for what nobody wants any more.
    """

    def __init__(self, name: str, threads: int = 1):
        self.closing = threading.Event()
        """Set when the program ends, or `close` is called: what takes long may look."""
        self._name, self._most = name, threads
        self._orders: queue.SimpleQueue = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """The future of `work(*arguments)`, cancelled if the worker is closed before it begins."""
        future: Future[Any] = Future()
        with self._lock:
            if self.closing.is_set():
                future.cancel()
                return future
            self._orders.put((future, work, arguments))
            if len(self._threads) < self._most:
                if not self._threads:
                    atexit.register(self.close)
                # A daemon: the end of the program comes to `close`, where others would be waited for before.
                self._threads.append(threading.Thread(target=self._work, name=self._name, daemon=True))
                self._threads[-1].start()
        return future

    def rest(self) -> None:
        """Called on the thread when nothing waits."""

    def close(self) -> None:
        """Finish what it is at, cancel what waits."""
        with self._lock:
            self.closing.set()
            for _ in self._threads:
                self._orders.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (order := self._orders.get()) is not None:
            self._do(*order)
            del order  # what it holds is not held until the next one comes
            if self._orders.empty():
                self.rest()

    def _do(self, future: Future[Any], work: Callable[..., Any], arguments: tuple) -> None:
        if self.closing.is_set():
            future.cancel()
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(work(*arguments))
        except BaseException as error:
            # Its frames would hold what it was at as long as the future is kept.
            error.__traceback__ = error.__cause__ = error.__context__ = None
            future.set_exception(error)
