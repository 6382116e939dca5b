"""Long work in the background, one visitor's after another: it says how far it is, can be stopped, and goes on where it
was."""

import atexit
import logging
import threading
import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from contextlib import closing

from seg.errors import SegError

log = logging.getLogger(__name__)

WAITING, RUNNING, PAUSED = "waiting", "running", "paused"
DONE, STOPPED, FAILED = "done", "stopped", "failed"
OVER = (DONE, STOPPED, FAILED)

GRACE = 30.0
"""Seconds for which its visitor may be away before work is stopped."""


class Job(ABC):
    """One visitor's work. Read by pages while a thread does it.

    things: what `done` and `total` count. state: one of the six above; error: what it failed by. alive: says whether
    its visitor is still there.
    """

    things = "pictures"

    def __init__(self, alive: Callable[[], bool] = lambda: True):
        self.alive = alive
        self.state = WAITING
        self.error: BaseException | None = None
        self._began = time.monotonic()
        self._missed: float | None = None
        self._before = 0

    @property
    @abstractmethod
    def total(self) -> int:
        """How many things there are."""

    @property
    @abstractmethod
    def done(self) -> int:
        """How many of them are done."""

    @abstractmethod
    def steps(self) -> Generator[None]:
        """Do the work from where it is; it may be left after every step."""

    @property
    def share(self) -> float:
        """How much of the work is done, 0 to 1."""
        return min(self.done / max(self.total, 1), 1.0)

    @property
    def seconds_left(self) -> float | None:
        """At the pace since it was last begun; None while that is not known."""
        new = self.done - self._before
        if self.state != RUNNING or new <= 0:
            return None
        return (time.monotonic() - self._began) / new * (self.total - self.done)

    def begin(self) -> None:
        """Called when its turn has come."""
        self._began, self._missed = time.monotonic(), None
        self._before = self.done

    @property
    def is_abandoned(self) -> bool:
        """Whether its visitor has been away for `GRACE` since he was first missed: between two looks he may have been
        there, however long they are apart."""
        try:
            here = self.alive()
        except Exception:  # whoever cannot be asked after counts as gone
            here = False
        now = time.monotonic()
        self._missed = None if here else now if self._missed is None else self._missed
        return self._missed is not None and now - self._missed >= GRACE


class Turns:
    """Does jobs in the order in which they were started, in a thread that ends when none is left, or the program
    does."""

    def __init__(self) -> None:
        self._queue: list[Job] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        atexit.register(self.close)

    def start(self, job: Job) -> None:
        """Put a job, or one that was paused or stopped or has failed, at the end of the queue."""
        with self._lock:
            if job in self._queue:
                return
            job.state, job.error = WAITING, None
            self._queue.append(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="seg-jobs", daemon=True)
                self._thread.start()

    def stop(self, job: Job) -> None:
        """Leave it after the step that it is at; `start` lets it go on."""
        self._leave(job, STOPPED)

    def pause(self, job: Job) -> None:
        """The same, but its visitor means to go on: others come first until then."""
        self._leave(job, PAUSED)

    def ahead(self, job: Job) -> int:
        """How many others come first."""
        with self._lock:
            return self._queue.index(job) if job in self._queue else 0

    def close(self) -> None:
        """Stop them all and wait for the step that is being done."""
        with self._lock:
            thread, queue = self._thread, list(self._queue)
        for job in queue:
            self.stop(job)
        if thread is not None:
            thread.join()

    def _leave(self, job: Job, state: str) -> None:
        with self._lock:
            if job in self._queue:
                self._queue.remove(job)
                job.state = state

    def _next(self) -> Job | None:
        with self._lock:
            if not self._queue:
                self._thread = None
                return None
            self._queue[0].state = RUNNING
            return self._queue[0]

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                self._do(job)
            except BaseException as error:  # whatever it is, others wait for their turn
                if not isinstance(error, SegError):
                    log.warning("a job failed:\n%s", traceback.format_exc())
                # Its frames would hold what it was at as long as the job is kept.
                error.__traceback__ = error.__cause__ = error.__context__ = None
                job.error = error
                self._leave(job, FAILED)
            del job  # what it holds is not held until the next one comes

    def _do(self, job: Job) -> None:
        job.begin()
        with closing(job.steps()) as steps:
            for _ in steps:
                if job.state != RUNNING:
                    return
                self._give_up()
        self._leave(job, DONE)

    def _give_up(self) -> None:
        """Stop all jobs, the one being done and those that wait, whose visitors have gone."""
        with self._lock:
            queue = list(self._queue)
        for job in queue:
            if job.is_abandoned:
                self.stop(job)
