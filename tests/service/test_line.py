"""Visitors take turns, picture by picture, and who leaves waits for nothing."""

import gc
from concurrent.futures import ThreadPoolExecutor

import pytest

from seg.service.line import ANYBODY, Line, Ticket, asker
from seg.service.memory import Visitor


class Queue:
    """A line, and the tickets in it by their names, as in 'a1: visitor a, picture 1'."""

    def __init__(self):
        self.line, self.cancelled = Line(), []
        self.visitors: dict[str, Visitor] = {}

    def visitor(self, name: str) -> Visitor:
        return self.visitors.setdefault(name, Visitor())

    def ask(self, name: str, units: float = 1.0) -> Ticket:
        ticket = Ticket(name[:2], name[2:], units, 2.0, lambda *_: name, lambda: self.cancelled.append(name))
        self.line.join(ticket, asker(self.visitor(name[0])))
        return ticket

    def leave(self, name: str) -> None:
        self.line.leave(asker(self.visitors[name]))

    def served(self, count: int = 99) -> list[str]:
        found = []
        while len(found) < count and (ticket := self.line.next()) is not None:
            found.append(ticket.work(self.line, ticket))
            self.line.done(ticket)
        return found


@pytest.fixture
def queue():
    return Queue()


def test_visitors_take_turns_picture_by_picture(queue):
    for name in ("a1x", "a1y", "a2x", "a2y", "a3x", "b1x", "b1y", "c1x", "b2x"):
        queue.ask(name)
    assert queue.served() == ["a1x", "a1y", "b1x", "b1y", "c1x", "a2x", "a2y", "b2x", "a3x"]


def test_a_turn_goes_on_with_what_is_asked_about_its_picture_meanwhile(queue):
    queue.ask("a1x"), queue.ask("b1x")
    assert queue.served(1) == ["a1x"]
    queue.ask("a1y"), queue.ask("a2x")
    assert queue.served() == ["a1y", "b1x", "a2x"]


def test_who_leaves_takes_his_questions_with_him_but_not_those_that_others_wait_for(queue):
    shared = queue.ask("a1x")
    queue.ask("a1y"), queue.ask("b1x")
    queue.line.join(shared, asker(queue.visitor("b")))
    queue.leave("a")
    assert queue.cancelled == ["a1y"]
    assert queue.served() == ["b1x", "a1x"]


def test_whose_page_is_drawn_anew_keeps_his_place(queue):
    queue.ask("a1x"), queue.ask("b1x"), queue.ask("c1x")
    queue.leave("a")
    queue.ask("a2x")
    assert queue.served() == ["a2x", "b1x", "c1x"]


@pytest.mark.parametrize("how", ["closed his page", "is no more"])
def test_who_is_gone_is_not_served(queue, how):
    queue.ask("a1x"), queue.ask("b1x")
    if how == "is no more":
        del queue.visitors["a"]
        gc.collect()
    else:
        queue.visitors["a"].is_here = lambda: False
    assert queue.served() == ["b1x"]
    assert queue.cancelled == ["a1x"]


def test_whoever_has_no_page_waits_like_one_visitor(queue):
    ticket = Ticket("1", "x", 1.0, 1.0, lambda *_: "anybody's", lambda: None)
    queue.ask("a1x"), queue.line.join(ticket, ANYBODY), queue.ask("a2x")
    assert queue.served() == ["a1x", "anybody's", "a2x"]


def test_small_questions_of_others_come_between_in_turns_of_theirs(queue):
    large = queue.ask("a1x", units=40)
    for name, units in {"a2x": 1, "b1x": 30, "b2x": 1, "c1x": 1, "c1y": 1, "b2y": 1}.items():
        queue.ask(name, units)
    assert queue.line.next() is large

    def beside(last=None):
        if (small := queue.line.next_beside(large, 10, last)) is not None:
            queue.line.done(small)
        return small, small and small.work(queue.line, small)

    first, name = beside()
    assert name == "c1x"  # b's turn begins with his first picture, which is large
    second, name = beside(first)
    assert name == "c1y"
    assert beside(second) == (None, None)
    assert beside()[1] == "b2x"
    queue.line.done(large)
    assert queue.served() == ["b1x", "a2x", "b2y"]


def test_everybody_is_told_how_many_come_before_him_and_when_it_is_done(queue, monkeypatch):
    a, b = queue.ask("a1x"), [queue.ask("b1x"), queue.ask("b1y")]
    c, later = queue.ask("c1x"), queue.ask("c2x")
    assert queue.line.before([a]) == (0, 2.0)
    assert queue.line.before(b) == (1, 6.0)
    assert queue.line.before([c]) == (2, 8.0)
    assert queue.line.before([later]) == (3, 10.0)
    monkeypatch.setattr("time.monotonic", lambda: -1e9)
    queue.line.next()  # it takes longer than it was thought to
    monkeypatch.undo()
    assert queue.line.before(b) == (1, 4.0)
    assert queue.line.before([c]) == (2, 6.0)


def test_a_running_question_knows_since_when_nobody_waits_for_it(queue):
    ticket = queue.ask("a1x")
    queue.line.next()
    queue.leave("a")
    assert ticket.lonely_since is not None
    assert queue.cancelled == []
    queue.line.join(ticket, asker(queue.visitor("b")), is_new=False)
    assert ticket.lonely_since is None


@pytest.mark.parametrize("how", ["next", "beside"])
def test_what_is_cancelled_may_look_at_the_line_on_another_thread(queue, how):
    large, gone = queue.ask("b1x", units=40), queue.ask("a1y")
    assert queue.line.next() is large
    queue.visitors["a"].is_here = lambda: False
    with ThreadPoolExecutor() as other:
        seen = []
        gone.cancel = lambda: seen.append(other.submit(queue.line.before, [large]).result(5))
        assert (queue.line.next() if how == "next" else queue.line.next_beside(large, 10)) is None
    assert len(seen) == 1


def test_two_workers_are_at_one_turn_and_never_at_one_network(queue):
    a, b, c = [queue.ask(f"a1{network}") for network in "xyz"], queue.ask("b1x"), queue.ask("c1w")
    assert [queue.line.next(), queue.line.next()] == a[:2]
    queue.line.done(a[1])
    assert queue.line.next() is a[2]
    queue.line.done(a[2])
    assert queue.line.next() is c  # b waits for x, which is at work, and keeps his place
    d = queue.ask("d1v")
    queue.line.done(a[0])
    assert [queue.line.next(), queue.line.next()] == [b, d]


def test_who_waits_for_a_network_at_work_waits_for_it_to_be_done(queue):
    first, second = queue.ask("a1x"), queue.ask("b1x")
    assert queue.line.next() is first
    with ThreadPoolExecutor() as other:
        waiting = other.submit(queue.line.next)
        with pytest.raises(TimeoutError):
            waiting.result(0.2)
        queue.line.done(first)
        assert waiting.result(5) is second


def test_networks_that_answer_several_at_once_are_given_several(queue):
    first, second = queue.ask("a1x"), queue.ask("b1x")
    first.shares = lambda: True
    assert queue.line.next() is first
    assert queue.line.next_beside(queue.ask("c1y"), 10) is None
    second.shares = lambda: True
    assert queue.line.next() is second


def test_two_workers_are_through_in_half_the_time(queue):
    queue.line.workers = 2
    a, b = [queue.ask(f"a1{network}") for network in "wxyz"], queue.ask("b1x")
    assert queue.line.before(a) == (0, 4.0)
    assert queue.line.before([b]) == (1, 5.0)
    queue.line.next(), queue.line.next()
    assert queue.line.before([b]) == (1, pytest.approx(5.0, abs=0.5))
    assert queue.line.before(a[:1])[1] == pytest.approx(2.0, abs=0.5)
