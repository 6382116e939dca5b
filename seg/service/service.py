"""Answers for many visitors: each network loaded once, each result computed once and kept, and a worker a device, which
on the CPU is at several questions at once."""

import logging
import threading
import time
import traceback
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, Protocol

import numpy as np

from seg.errors import OptionError, SegError, ServiceError
from seg.inference.activity import ACTIVITY
from seg.inference.engines import callers_on, choose_device
from seg.inference.scaling import SCALED
from seg.inference.segmenter import Segmenter
from seg.inference.worker import Worker
from seg.service.line import Line, Ticket, asker, is_gone
from seg.service.memory import Holding, Memory, Visitor
from seg.service.questions import PREDICT
from seg.service.requests import Later, Request, expected_bytes, units_of
from seg.service.results import Answer

log = logging.getLogger(__name__)

ERROR_SECONDS = 20
"""How long a failure is remembered before the next request tries again."""

MAX_WAITING = 1024
"""Requests that wait at most: those of a hundred visitors, each with ten networks. The ledger bounds what they take."""

LONELY_SECONDS = 1.0
"""For which a question is worked at that nobody waits for: whoever draws his page anew asks for it again."""

SMALLER = 3
"""How many times less work a question must be to come between."""

SECONDS = 0.1
"""That a unit of work takes, before anything is known of a network."""

ON_CLUSTER = "cluster"
"""The device of what a cluster answers."""


class Place(NamedTuple):
    """In line. ahead: how many turns of others come first; seconds: until all is there, about."""

    ahead: int
    seconds: float


class _Unwanted(ServiceError):
    """What nobody waits for any more."""


class Cluster(Protocol):
    """Other machines: `seg.service.on_ray`. callers: questions that they answer at once."""

    callers: int

    def takes(self, wanted: Request) -> bool:
        """Whether they have the weight set."""
        ...

    def __call__(self, wanted: Request, pixels: np.ndarray) -> Any:
        """The answer about a picture."""
        ...


class PredictionService:
    """Answers are futures, shared by all who ask for the same and held, least recently used out first, as are networks.

    memory: bounds both, and whatever else is held there. What a page shows is not let go, lest it ask for it without
    end: an answer that finds no room beside it is refused. cluster: answers what it takes in place of networks here.
    at_once: questions that the CPU is at, in place of what `seg.inference.engines.callers_on` says.
    `runs` counts how often a network has been run, `loads` how often one has been loaded.
    """

    def __init__(self, memory: Memory | None = None, cluster: Cluster | None = None, at_once: int | None = None):
        self.memory = memory or Memory()
        self.cluster = cluster
        self.at_once = at_once
        self.memory.watch("pictures as networks see them", SCALED, lambda scaled: scaled.held_bytes, type(SCALED).trim)
        self.runs = 0
        self.loads = 0
        self._lock = threading.Lock()
        self._answers: dict[Hashable, Answer] = {}
        self._tickets: dict[Hashable, Ticket] = {}
        """Of the answers that are not there yet."""
        self._failed: dict[Hashable, float] = {}
        """When each failed, oldest first."""
        self._networks: dict[Hashable, Segmenter] = {}
        self._loading = threading.Lock()
        self._worker = threading.local()
        """Of each worker's thread, `visitor` shows the network it used last, which so is held whatever its size."""
        self._pace: dict[str, float] = {}
        """Seconds that each network takes for a unit."""
        self._lines: dict[str, Line] = {}
        self._workers: dict[str, Worker] = {}

    def request(
        self, wanted: Request, image: np.ndarray | Later, visitor: Visitor | None = None, shown: bool = True
    ) -> Future[Any]:
        """The future of an answer (a `Prediction` unless something else is asked): finished, in work, waiting, or
        failed with the error that the network raised, or since too many wait already, or for lack of memory.

        visitor: who asks, None for somebody without a page: his question is cancelled when he asks for something else.
        shown: whether his page shows the answer, and does not only read it.
        """
        on_cluster = self.cluster is not None and self.cluster.takes(wanted)
        wanted = replace(wanted, device=ON_CLUSTER if on_cluster else _resolved(wanted.device))
        height, width = image.shape[:2]
        key, expected = wanted.answer_key((height, width)), expected_bytes(wanted.question, height * width)
        self._forget_old_failures()
        if visitor is not None and shown:
            self.memory.show(visitor, key)
        if (answer := self._known(key, wanted.device, visitor)) is not None:
            return answer
        with self._lock:
            crowded = len(self._tickets) >= MAX_WAITING
        if crowded:
            return _refused("Too many pictures are waiting already: try again in a minute.")
        if not self.memory.make_room(expected):
            return _refused(
                f"There is no memory for another result of {expected / 1e6:.0f} MB: choose fewer networks or a "
                "smaller picture."
            )
        with self._lock:
            threads = self._callers(wanted.device)
            line = self._lines.setdefault(wanted.device, Line(threads))
            worker = self._workers.setdefault(wanted.device, Worker(f"seg-{wanted.device}", threads))
            fresh = Answer(partial(self._hold, key))
            answer = self._answers.setdefault(key, fresh)
            ticket = self._ticket(key, fresh, wanted, image)
            if answer is fresh:
                self._tickets[key] = ticket
        if answer is not fresh:  # another visitor was faster
            return self.request(wanted, image, visitor, shown)
        self.memory.hold(key, Holding("results on their way", expected))
        line.join(ticket, asker(visitor))
        worker.submit(self._serve, line).add_done_callback(partial(self._end, line))
        return answer

    def _ticket(self, key: Hashable, answer: Answer, wanted: Request, image: np.ndarray | Later) -> Ticket:
        units = units_of(wanted, image.shape[0], image.shape[1])
        return Ticket(
            picture=wanted.digest,
            network=wanted.network_key,
            shares=partial(self._shares, wanted),
            units=units,
            seconds=units * self._pace.get(wanted.record_name, SECONDS),
            work=partial(self._answer, key, answer, wanted, image),
            cancel=partial(self._cancel, key, answer),
        )

    def _callers(self, device: str) -> int:
        """How many questions are answered there at once."""
        if self.cluster is not None and device == ON_CLUSTER:
            return self.cluster.callers
        if device == "cpu" and self.at_once is not None:
            return self.at_once
        return callers_on(device)

    def _shares(self, wanted: Request) -> bool:
        """Whether its network answers others like it at the same time: it segments, and its engine lets it."""
        if wanted.device == ON_CLUSTER:
            return True
        network = self._networks.get(wanted.network_key)
        return wanted.question == PREDICT and network is not None and network.callers > 1

    def _known(self, key: Hashable, device: str, visitor: Visitor | None) -> Answer | None:
        """The answer, if it is there or waited for: by this visitor, too, from now on."""
        with self._lock:
            answer, ticket = self._answers.get(key), self._tickets.get(key)
            if answer is not None and ticket is not None:
                self._lines[device].join(ticket, asker(visitor), is_new=False)
        if answer is not None:
            self.memory.touch(key)
        return answer

    def release(self, visitor: Visitor) -> None:
        """The visitor's page is drawn anew, or he has left: what it showed is held no longer than other answers, and
        what nobody else waits for is cancelled. What he asks next has his place."""
        self.memory.release(visitor)
        for line in list(self._lines.values()):
            line.leave(asker(visitor))

    def place(self, futures: Iterable[Future[Any]]) -> Place:
        """Where those of some answers that are not there yet stand in line."""
        with self._lock:
            waiting = {id(self._answers[key]): ticket for key, ticket in self._tickets.items()}
        mine = [waiting[id(future)] for future in futures if id(future) in waiting]
        found = [line.before(tickets) for line in list(self._lines.values()) if (tickets := line.those(mine))]
        return Place(*max(found, default=(0, 0.0)))

    @property
    def busy(self) -> bool:
        """Whether anybody waits for an answer."""
        with self._lock:
            return bool(self._tickets)

    @property
    def notes(self) -> list[str]:
        """What went otherwise than asked for in the engines of the loaded networks, each sentence once."""
        with self._lock:
            networks = list(self._networks.values())
        return list(dict.fromkeys(note for network in networks for note in network.engine.notes))

    def close(self) -> None:
        """Stop the workers after what they are doing; waiting requests are cancelled."""
        for worker in self._workers.values():
            worker.close()

    def _serve(self, line: Line) -> None:
        """Answer whoever's turn it is: those who asked for it may have left by now."""
        if (ticket := line.next()) is not None:
            self._work(line, ticket)

    def _work(self, line: Line, ticket: Ticket) -> None:
        try:
            ticket.work(line, ticket)
        finally:
            line.done(ticket)

    def _give_way(self, line: Line, ticket: Ticket) -> None:
        """Answer what is small, and asked by others, for one visitor about one picture, before a large ticket goes on.

        Raises ServiceError if nobody has waited for that for a while.
        """
        if ticket.comes_between:
            return
        for one in filter(is_gone, list(ticket.askers)):
            line.leave(one)
        if ticket.lonely_since is not None and time.monotonic() - ticket.lonely_since > LONELY_SECONDS:
            raise _Unwanted("Nobody waits for this any more.")
        small = line.next_beside(ticket, ticket.units / SMALLER)
        while small is not None:
            self._work(line, small)
            small = line.next_beside(ticket, ticket.units / SMALLER, small)

    def _end(self, line: Line, done: Future[None]) -> None:
        """The worker was closed before it came to this."""
        if done.cancelled() and (ticket := line.next()) is not None:
            ticket.cancel()
            line.done(ticket)

    def _cancel(self, key: Hashable, answer: Answer) -> None:
        with self._lock:
            if self._answers.get(key) is not answer:
                return
            del self._answers[key], self._tickets[key]
        self.memory.forget(key)
        if answer.cancel():
            answer.set_running_or_notify_cancel()  # else whoever waits for it would go on waiting

    def _answer(
        self, key: Hashable, answer: Answer, wanted: Request, image: np.ndarray | Later, line: Line, ticket: Ticket
    ) -> None:
        if not answer.set_running_or_notify_cancel():
            return
        began = time.monotonic()
        try:
            if self.cluster is not None and wanted.device == ON_CLUSTER:
                found = self.cluster(wanted, image.pixels() if isinstance(image, Later) else image)
            else:
                with ACTIVITY.during():
                    found = self._found(wanted, image, partial(self._give_way, line, ticket))
        except BaseException as error:
            self._fail(key, answer, wanted, error)
            return
        self._note_pace(wanted.record_name, ticket, time.monotonic() - began)
        with self._lock:
            self.runs += 1
            del self._tickets[key]
        answer.finish(found)
        self._hold(key, answer)

    def _found(self, wanted: Request, image: np.ndarray | Later, give_way: Callable[[], None]) -> Any:
        """The answer of a network here."""
        network = self._network(wanted)
        loaded, network.give_way = network.give_way, give_way
        try:
            pixels = image.pixels() if isinstance(image, Later) else image
            return wanted.question(network, pixels, wanted.detail)
        finally:
            network.give_way = loaded
            self._hold_network(wanted.network_key, network)  # the engine may have made more of it

    def _fail(self, key: Hashable, answer: Answer, wanted: Request, error: BaseException) -> None:
        if not isinstance(error, SegError):
            # As text: a record of the error itself would hold the picture.
            log.warning("%s failed:\n%s", wanted.record_name, traceback.format_exc())
        with self._lock:
            del self._tickets[key]
            if isinstance(error, _Unwanted):
                del self._answers[key]
            else:
                self._failed[key] = time.monotonic()
        self.memory.forget(key)
        # Its frames would hold what it was at as long as the future is kept.
        error.__traceback__ = error.__cause__ = error.__context__ = None
        answer.set_exception(error)

    def _note_pace(self, name: str, ticket: Ticket, seconds: float) -> None:
        """What comes next may take as long: half of what is expected is what was last."""
        pace = seconds / ticket.units
        self._pace[name] = (self._pace.get(name, pace) + pace) / 2

    def _hold(self, key: Hashable, answer: Answer) -> None:
        """Enter an answer, or what it takes now, unless it has been let go meanwhile."""
        with self._lock:
            if self._answers.get(key) is not answer:
                return
        self.memory.hold(key, Holding("results", answer.bytes, partial(self._let_go, key), answer.shrink))

    def _let_go(self, key: Hashable) -> None:
        with self._lock:
            self._answers.pop(key, None)

    def _network(self, wanted: Request) -> Segmenter:
        key = wanted.network_key
        with self._loading:
            with self._lock:
                network = self._networks.get(key)
            if network is None:
                callers = self._callers(wanted.device)
                network = Segmenter.load(wanted.record_name, wanted.device, wanted.engine, wanted.folder, callers)
                self.loads += 1
                with self._lock:
                    self._networks[key] = network
        self._hold_network(key, network)
        return network

    def _hold_network(self, key: Hashable, network: Segmenter) -> None:
        def let_go() -> None:
            with self._lock:
                self._networks.pop(key, None)

        with self._lock:
            self._networks[key] = network
        if not hasattr(self._worker, "visitor"):
            self._worker.visitor = Visitor()
        self.memory.release(self._worker.visitor)
        self.memory.show(self._worker.visitor, key)
        self.memory.hold(key, Holding("networks", network.held_bytes, let_go))

    def _forget_old_failures(self) -> None:
        with self._lock:
            for key, when in list(self._failed.items()):
                if time.monotonic() - when <= ERROR_SECONDS and len(self._failed) <= MAX_WAITING:
                    break
                del self._failed[key], self._answers[key]


def _resolved(device: str) -> str:
    """The device that a wish for one comes to, so that whoever wishes for the same one shares its worker; a wish that
    cannot be met stays as it is, for the worker to say so."""
    try:
        return str(choose_device(device))
    except OptionError:
        return device


def _refused(sentence: str) -> Future[Any]:
    refused: Future[Any] = Future()
    refused.set_exception(ServiceError(sentence))
    return refused
