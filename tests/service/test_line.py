"""Visitors take turns, picture by picture, and who leaves waits for nothing."""

import gc

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
        ticket = Ticket(name[:2], units, 2.0, lambda *_: name, lambda: self.cancelled.append(name))
        self.line.join(ticket, asker(self.visitor(name[0])))
        return ticket

    def leave(self, name: str) -> None:
        self.line.leave(asker(self.visitors[name]))

    def served(self, count: int = 99) -> list[str]:
        found = []
        while len(found) < count and (ticket := self.line.next()) is not None:
            found.append(ticket.work(self.line, ticket))
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
    ticket = Ticket("1", 1.0, 1.0, lambda *_: "anybody's", lambda: None)
    queue.ask("a1x"), queue.line.join(ticket, ANYBODY), queue.ask("a2x")
    assert queue.served() == ["a1x", "anybody's", "a2x"]


def test_small_questions_of_others_come_between_in_turns_of_theirs(queue):
    large = queue.ask("a1x", units=40)
    for name, units in {"a2x": 1, "b1x": 30, "b2x": 1, "c1x": 1, "c1y": 1, "b2y": 1}.items():
        queue.ask(name, units)
    queue.line.running = queue.line.next()
    assert queue.line.running is large
    first = queue.line.next_beside(large, 10)
    assert first.work(queue.line, first) == "c1x"  # b's turn begins with his first picture, which is large
    second = queue.line.next_beside(large, 10, first)
    assert second.work(queue.line, second) == "c1y"
    assert queue.line.next_beside(large, 10, second) is None
    third = queue.line.next_beside(large, 10)
    assert third.work(queue.line, third) == "b2x"
    assert queue.served() == ["b1x", "a2x", "b2y"]


def test_everybody_is_told_how_many_come_before_him_and_when_it_is_done(queue):
    a, b = queue.ask("a1x"), [queue.ask("b1x"), queue.ask("b1y")]
    c, later = queue.ask("c1x"), queue.ask("c2x")
    assert queue.line.before([a]) == (0, 2.0)
    assert queue.line.before(b) == (1, 6.0)
    assert queue.line.before([c]) == (2, 8.0)
    assert queue.line.before([later]) == (3, 10.0)
    queue.line.running, queue.line.began = queue.line.next(), -1e9  # it takes longer than it was thought to
    assert queue.line.before(b) == (1, 4.0)
    assert queue.line.before([c]) == (2, 6.0)


def test_a_running_question_knows_since_when_nobody_waits_for_it(queue):
    ticket = queue.ask("a1x")
    queue.line.running = queue.line.next()
    queue.leave("a")
    assert ticket.lonely_since is not None
    assert queue.cancelled == []
    queue.line.join(ticket, asker(queue.visitor("b")), is_new=False)
    assert ticket.lonely_since is None
