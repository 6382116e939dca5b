"""Who waits for a device: visitors take turns, picture by picture."""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any
from weakref import ref

from seg.service.memory import Visitor

Asker = Callable[[], Visitor | None]
"""A visitor who waits, known weakly; `ANYBODY` for whoever has no page."""


def ANYBODY() -> None:
    """Asks without a page, and never leaves."""


def asker(visitor: Visitor | None) -> Asker:
    """Equal for the same visitor."""
    return ANYBODY if visitor is None else ref(visitor)


def is_gone(one: Asker) -> bool:
    """Whether a visitor has closed his page."""
    if one is ANYBODY:
        return False
    visitor = one()
    return visitor is None or not visitor.is_here()


@dataclass(eq=False)
class Ticket:
    """A question that waits.

    picture: what it is about; network: who answers it; units: how much work it is; seconds: how long it may take; work:
    answers it, called with its line and itself; cancel: called where nobody waits any more; shares: whether the network
    answers others that share it at the same time; askers: who waits for it, in the order in which they came;
    lonely_since: when the last of them left; comes_between: whether a large one gives way to it.
    """

    picture: Hashable
    network: Hashable
    units: float
    seconds: float
    work: Callable[["Line", "Ticket"], Any]
    cancel: Callable[[], Any]
    shares: Callable[[], bool] = bool
    askers: list[Asker] = field(default_factory=list)
    lonely_since: float | None = None
    comes_between: bool = False


class Line:
    """Tickets for one device, which as many as `workers` are worked at at once, a network at one of them.

    Whoever comes, and whoever has had his turn, goes to the end; a turn is all that waits about one picture.
    """

    def __init__(self, workers: int = 1) -> None:
        self.workers = workers
        self._lock = threading.Condition()
        self._rota: list[Asker] = []
        self._tickets: dict[Asker, list[Ticket]] = {}
        self._turn: tuple[Asker, Hashable] | None = None
        self._at_work: dict[Ticket, float] = {}
        """Since when."""

    def join(self, ticket: Ticket, one: Asker, is_new: bool = True) -> None:
        """Wait for a ticket, one that is new or that others wait for already."""
        with self._lock:
            ticket.lonely_since = None
            if one in ticket.askers:
                return
            if is_new or self._waits(ticket):
                self._tickets.setdefault(one, []).append(ticket)
                if one not in self._rota and (self._turn is None or self._turn[0] != one):
                    self._rota.append(one)
            ticket.askers.append(one)
            self._lock.notify_all()

    def leave(self, one: Asker) -> None:
        """He waits for nothing any more: what nobody else waits for is cancelled. He keeps his place for what he asks
        next, until it comes up."""
        with self._lock:
            unwanted = self._take_leave(one)
        _cancel(unwanted)

    def next(self) -> Ticket | None:
        """Whose turn it is, taken out of the line and at work until it is `done`; None if nobody waits.

        Where all that wait are for networks at work, it waits for one of these.
        """
        unwanted: list[Ticket] = []
        try:
            with self._lock:
                while True:
                    unwanted += self._let_the_gone_leave()
                    order = self._order()
                    if not order:
                        return None
                    free = [(one, ticket) for one, ticket in order if self._is_free(ticket)]
                    if free:
                        break
                    self._lock.wait()
                one, ticket = free[0]
                first, before = order[0]
                self._take_out(ticket)
                if (one, ticket.picture) == (first, before.picture) != self._turn:
                    self._begin_turn(one, ticket.picture)
                self._at_work[ticket] = time.monotonic()
                return ticket
        finally:
            _cancel(unwanted)

    def next_beside(self, large: Ticket, units: float, last: Ticket | None = None) -> Ticket | None:
        """One of at most so many units that others than those of `large` wait for, taken out of the line and at work,
        on the thread that is at `large`, until it is `done`.

        last: the one before it in the same turn: what follows is about the same picture for the same visitor.
        """
        with self._lock:
            unwanted = self._let_the_gone_leave()
        _cancel(unwanted)
        with self._lock:
            small = [
                (one, ticket)
                for one, ticket in self._order()
                if ticket.units <= units
                and not set(ticket.askers) & set(large.askers)
                and (last is None or (ticket.picture == last.picture and one in last.askers))
                and self._is_free(ticket, large)
            ]
            if not small:
                return None
            one, ticket = small[0]
            self._take_out(ticket)
            self._rota = [other for other in self._rota if other != one]
            if self._tickets.get(one):
                self._rota.append(one)
            ticket.comes_between = True
            self._at_work[ticket] = time.monotonic()
            return ticket

    def done(self, ticket: Ticket) -> None:
        """It is worked at no more."""
        with self._lock:
            del self._at_work[ticket]
            self._lock.notify_all()

    def before(self, wanted: list[Ticket]) -> tuple[int, float]:
        """How many turns come before the first of some tickets, and after how many seconds, about, the last of them is
        done."""
        with self._lock:
            order, at_work = self._order(), dict(self._at_work)
        now = time.monotonic()
        rest = {ticket: max(ticket.seconds - (now - since), 0.0) for ticket, since in at_work.items()}
        mine = {(one, ticket.picture) for ticket in wanted for one in ticket.askers}
        of_work = [[(one, ticket.picture) for one in ticket.askers] or [(ANYBODY, ticket.picture)] for ticket in rest]
        turns = list(dict.fromkeys(shared[0] for shared in of_work if not mine & set(shared)))
        reached = any(ticket in rest for ticket in wanted)
        left = [ticket for ticket in wanted if ticket not in rest]
        if not left:
            return 0, max(rest[ticket] for ticket in wanted)
        ahead, seconds, count = 0 if reached else len(turns), sum(rest.values()), len(rest)
        for one, ticket in order:
            if not left:
                break
            turn = one, ticket.picture
            if ticket in left:
                left.remove(ticket)
                reached, ahead = True, ahead if reached else len(turns)
            elif turn not in turns and not reached:
                turns.append(turn)
            seconds, count = seconds + ticket.seconds, count + 1
        return ahead, seconds / min(self.workers, count)

    def those(self, tickets: list[Ticket]) -> list[Ticket]:
        """The ones that wait here, or are worked at."""
        with self._lock:
            return [ticket for ticket in tickets if ticket in self._at_work or self._waits(ticket)]

    def _waits(self, ticket: Ticket) -> bool:
        return any(ticket in tickets for tickets in self._tickets.values())

    def _is_free(self, ticket: Ticket, beside: Ticket | None = None) -> bool:
        """Whether its network is, or is at what gives way to it."""
        return not any(
            other.network == ticket.network and other is not beside and not (ticket.shares() and other.shares())
            for other in self._at_work
        )

    def _take_leave(self, one: Asker) -> list[Ticket]:
        """What nobody waits for any more: to be cancelled without the line's lock, since whoever is told of it may be
        about to join the line."""
        waiting = self._tickets.pop(one, [])
        waiting += [ticket for ticket in self._at_work if one in ticket.askers]
        for ticket in waiting:
            ticket.askers.remove(one)
            if not ticket.askers:
                ticket.lonely_since = time.monotonic()
        self._lock.notify_all()
        return [ticket for ticket in waiting if not ticket.askers and ticket not in self._at_work]

    def _let_the_gone_leave(self) -> list[Ticket]:
        """What nobody waits for any more."""
        unwanted: list[Ticket] = []
        for one in [one for one in self._rota if is_gone(one)]:
            unwanted += self._take_leave(one)
            self._rota.remove(one)
        return unwanted

    def _take_out(self, ticket: Ticket) -> None:
        for tickets in self._tickets.values():
            if ticket in tickets:
                tickets.remove(ticket)

    def _begin_turn(self, one: Asker, picture: Hashable) -> None:
        """Those before him have nothing any more, and who had the last turn goes to the end."""
        last = self._turn[0] if self._turn is not None else None
        if one in self._rota:
            self._rota = self._rota[self._rota.index(one) + 1 :]
        if last is not None and last != one and self._tickets.get(last):
            self._rota.append(last)
        self._turn = one, picture

    def _order(self) -> list[tuple[Asker, Ticket]]:
        """All that wait, each with the visitor in whose turn it comes."""
        waiting = {one: list(tickets) for one, tickets in self._tickets.items() if tickets}
        turn = self._turn
        last = [] if turn is None or turn[0] in self._rota else [turn[0]]
        rota = [one for one in (*self._rota, *last) if one in waiting]
        order: list[tuple[Asker, Ticket]] = []
        taken: set[Ticket] = set()

        def take(one: Asker, picture: Hashable) -> None:
            for ticket in [ticket for ticket in waiting.get(one, ()) if ticket.picture == picture]:
                waiting[one].remove(ticket)
                if ticket not in taken:
                    taken.add(ticket)
                    order.append((one, ticket))

        if turn is not None:
            take(*turn)
        while rota:
            one = rota.pop(0)
            if waiting[one]:
                take(one, waiting[one][0].picture)
            if waiting[one]:
                rota.append(one)
        return order


def _cancel(tickets: list[Ticket]) -> None:
    for ticket in tickets:
        ticket.cancel()
