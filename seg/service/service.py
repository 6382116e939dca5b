"""Answers for many visitors: one worker a device, each network loaded once, each result computed once and kept."""

import logging
import threading
import time
import traceback
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from seg.catalogue.store import SHIPPED, Record
from seg.errors import OptionError, SegError, ServiceError
from seg.inference.activity import ACTIVITY
from seg.inference.engines import choose_device
from seg.inference.scaling import SCALED
from seg.inference.segmenter import Segmenter
from seg.inference.worker import Worker
from seg.service.memory import OVERHEAD, Holding, Memory, Visitor
from seg.service.questions import PREDICT, Predict, Question
from seg.service.results import Answer

log = logging.getLogger(__name__)

ERROR_SECONDS = 20
"""How long a failure is remembered before the next request tries again."""

MAX_WAITING = 256
"""Requests that wait at most, each with its picture."""

PIXEL_BYTES = 3
"""Of a `Prediction` for each pixel of its picture, a label and a confidence. No other answer grows with the picture."""


@dataclass(frozen=True)
class Request:
    """A picture (known by its digest), a weight set, how to run it and what to ask."""

    digest: str
    record_name: str
    checksum: str
    folder: Path = SHIPPED
    device: str = "auto"
    engine: str = "auto"
    detail: int = 1
    question: Question = PREDICT

    @classmethod
    def of(cls, digest: str, record: Record, **how) -> "Request":
        return cls(digest, record.name, record.sha256, **how)

    @property
    def network_key(self) -> Hashable:
        """What tells the network from others."""
        return self.folder, self.record_name, self.checksum, self.device, self.engine

    def answer_key(self, size: tuple[int, int]) -> Hashable:
        """What tells the answer about a picture of `size`, (H, W), from others: requests that share it share it."""
        return self.network_key, self.question, self.question.depends_on(self.digest, size, self.detail)


class Later(NamedTuple):
    """A picture that is decoded when its turn has come. pixels: gives it, uint8 of `shape`."""

    shape: tuple[int, ...]
    pixels: Callable[[], np.ndarray]


class PredictionService:
    """Answers are futures, shared by all who ask for the same and held, least recently used out first, as are networks.

    memory: bounds both, and whatever else is held there. What a page shows is not let go, lest it ask for it without
    end: an answer that finds no room beside it is refused. `runs` counts how often a network has been run, `loads` how
    often one has been loaded.
    """

    def __init__(self, memory: Memory | None = None):
        self.memory = memory or Memory()
        self.memory.watch("pictures as networks see them", SCALED, lambda scaled: scaled.held_bytes, type(SCALED).clear)
        self.runs = 0
        self.loads = 0
        self._lock = threading.Lock()
        self._answers: dict[Hashable, Answer] = {}
        self._waiting: set[Hashable] = set()
        self._failed: dict[Hashable, float] = {}
        """When each failed, oldest first."""
        self._networks: dict[Hashable, Segmenter] = {}
        self._at_work = Visitor()
        """Shows the network used last, which so is held whatever its size."""
        self._workers: dict[str, Worker] = {}

    def request(self, wanted: Request, image: np.ndarray | Later, visitor: Visitor | None = None) -> Future[Any]:
        """The future of an answer (a `Prediction` unless something else is asked): finished, in work, waiting, or
        failed with the error that the network raised, or since too many wait already, or for lack of memory.

        visitor: whose page shows the answer, None for one that is only read.
        """
        wanted = replace(wanted, device=_resolved(wanted.device))
        height, width = image.shape[:2]
        key, expected = wanted.answer_key((height, width)), _expected_bytes(wanted.question, height * width)
        self._forget_old_failures()
        if visitor is not None:
            self.memory.show(visitor, key)
        with self._lock:
            answer, crowded = self._answers.get(key), len(self._waiting) >= MAX_WAITING
        if answer is not None:
            self.memory.touch(key)
            return answer
        if crowded:
            return _refused("Too many pictures are waiting already: try again in a minute.")
        if not self.memory.make_room(expected):
            return _refused(
                f"There is no memory for another result of {expected / 1e6:.0f} MB: choose fewer networks or a "
                "smaller picture."
            )
        with self._lock:
            if key in self._answers:  # another visitor was faster
                return self._answers[key]
            answer = self._answers[key] = Answer(partial(self._hold, key))
            self._waiting.add(key)
            worker = self._workers.setdefault(wanted.device, Worker(f"seg-{wanted.device}"))
        self.memory.hold(key, Holding("results on their way", expected))
        done = worker.submit(self._answer, key, answer, wanted, image)
        done.add_done_callback(lambda done: answer.cancel() if done.cancelled() else None)
        return answer

    def release(self, visitor: Visitor) -> None:
        """The visitor's page is drawn anew: what it showed is held no longer than other answers."""
        self.memory.release(visitor)

    @property
    def busy(self) -> bool:
        """Whether anybody waits for an answer."""
        with self._lock:
            return bool(self._waiting)

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

    def _answer(self, key: Hashable, answer: Answer, wanted: Request, image: np.ndarray | Later) -> None:
        if not answer.set_running_or_notify_cancel():
            return
        try:
            with ACTIVITY.during():
                network = self._network(wanted)
                pixels = image.pixels() if isinstance(image, Later) else image
                found = wanted.question(network, pixels, wanted.detail)
        except BaseException as error:
            if not isinstance(error, SegError):
                # As text: a record of the error itself would hold the picture.
                log.warning("%s failed:\n%s", wanted.record_name, traceback.format_exc())
            with self._lock:
                self._waiting.discard(key)
                self._failed[key] = time.monotonic()
            self.memory.forget(key)
            # Its frames would hold what it was at as long as the future is kept.
            error.__traceback__ = error.__cause__ = error.__context__ = None
            answer.set_exception(error)
            return
        with self._lock:
            self.runs += 1
            self._waiting.discard(key)
        answer.finish(found)
        self._hold(key, answer)
        self._hold_network(wanted.network_key, network)  # the engine may have made more of it

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
        """Only a device's one worker comes here, so a network is never loaded twice."""
        key = wanted.network_key
        with self._lock:
            network = self._networks.get(key)
        if network is None:
            network = Segmenter.load(wanted.record_name, wanted.device, wanted.engine, wanted.folder)
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
        self.memory.release(self._at_work)
        self.memory.show(self._at_work, key)
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


def _expected_bytes(question: Question, pixels: int) -> int:
    return OVERHEAD + (PIXEL_BYTES * pixels if isinstance(question, Predict) else 0)
