"""Long work in the background: one after another, stopped and gone on with, and failing alone."""

import threading
import time
from collections.abc import Callable, Generator

import pytest

from seg.errors import DataError
from seg.service import jobs
from seg.service.jobs import DONE, FAILED, PAUSED, RUNNING, STOPPED, WAITING, Job, Turns

PATIENCE = 30


class Counting(Job):
    """Counts to ten, each number when it may."""

    def __init__(self, alive: Callable[[], bool] = lambda: True, breaks_at: int = 99):
        super().__init__(alive)
        self.counted: list[int] = []
        self.may = threading.Semaphore(0)
        self.breaks_at = breaks_at

    total = property(lambda self: 10)
    done = property(lambda self: len(self.counted))

    def steps(self) -> Generator[None]:
        for number in range(self.done, 10):
            assert self.may.acquire(timeout=PATIENCE)
            if number == self.breaks_at:
                raise DataError("It breaks here.")
            self.counted.append(number)
            yield


@pytest.fixture
def turns():
    turns = Turns()
    yield turns
    turns.close()


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def let(job: Counting, steps: int = 10) -> None:
    job.may.release(steps)


def test_jobs_are_done_in_turn(turns):
    first, second = Counting(), Counting()
    turns.start(first)
    turns.start(second)
    let(second)
    until(lambda: first.state == RUNNING)
    assert (turns.ahead(second), second.state, second.counted) == (1, WAITING, [])
    let(first)
    until(lambda: second.state == DONE)
    assert first.counted == second.counted == list(range(10))


def test_what_is_stopped_goes_on_where_it_was(turns):
    job = Counting()
    turns.start(job)
    let(job, 4)
    until(lambda: job.done == 4)
    turns.stop(job)
    assert job.state == STOPPED
    let(job, 1)  # the step that it is at is finished
    until(lambda: turns._thread is None)
    assert job.counted == list(range(5))
    turns.start(job)
    let(job, 5)
    until(lambda: job.state == DONE)
    assert job.counted == list(range(10))


def test_what_is_stopped_before_its_turn_is_never_begun(turns):
    first, second = Counting(), Counting()
    turns.start(first)
    turns.start(second)
    turns.stop(second)
    let(second)
    let(first)
    until(lambda: turns._thread is None)
    assert (first.state, second.state, second.counted) == (DONE, STOPPED, [])


def test_a_job_that_fails_says_why_and_the_next_one_is_done(turns):
    first, second = Counting(breaks_at=3), Counting()
    turns.start(first)
    turns.start(second)
    let(first)
    let(second)
    until(lambda: second.state == DONE)
    assert (first.state, str(first.error)) == (FAILED, "It breaks here.")
    assert first.error is not None
    assert first.error.__traceback__ is None


def test_a_job_whose_visitor_has_gone_is_stopped(turns, monkeypatch):
    monkeypatch.setattr(jobs, "GRACE", 0.0)
    job = Counting(alive=lambda: False)
    turns.start(job)
    let(job)
    until(lambda: job.state == STOPPED)
    assert job.done < 10


def test_a_visitor_who_cannot_be_found_for_a_moment_after_a_long_step_is_not_gone(turns, monkeypatch):
    monkeypatch.setattr(jobs, "GRACE", 0.2)
    looks = iter([False])
    job = Counting(alive=lambda: next(looks, True))
    turns.start(job)
    until(lambda: job.state == RUNNING)
    time.sleep(0.3)
    let(job)
    until(lambda: job.state == DONE)


def test_a_job_whose_visitor_has_gone_while_it_waits_makes_way(turns, monkeypatch):
    monkeypatch.setattr(jobs, "GRACE", 0.2)
    first, gone, last = Counting(), Counting(alive=lambda: False), Counting()
    for job in (first, gone, last):
        turns.start(job)
    assert turns.ahead(last) == 2
    let(first, 1)
    until(lambda: first.done == 1)
    time.sleep(0.3)
    let(first, 1)
    until(lambda: gone.state == STOPPED)
    assert turns.ahead(last) == 1
    let(first)
    let(last)
    until(lambda: last.state == DONE)
    assert gone.counted == []


def test_what_is_paused_makes_way_and_goes_on_when_its_turn_has_come_again(turns):
    first, second = Counting(), Counting()
    turns.start(first)
    turns.start(second)
    let(first, 3)
    until(lambda: first.done == 3)
    turns.pause(first)
    let(first, 1)  # the step that it is at is finished
    until(lambda: second.state == RUNNING)
    assert first.state == PAUSED
    assert turns.ahead(second) == 0
    turns.start(first)
    assert turns.ahead(first) == 1
    let(first)
    let(second)
    until(lambda: first.state == DONE)
    assert second.state == DONE
    assert first.counted == list(range(10))


def test_what_is_left_is_told_by_the_pace(turns):
    job = Counting()
    assert job.seconds_left is None
    turns.start(job)
    let(job, 5)
    until(lambda: job.done == 5)
    left = job.seconds_left
    assert left is not None
    assert left > 0
    let(job)
    until(lambda: job.state == DONE)
    assert job.seconds_left is None
