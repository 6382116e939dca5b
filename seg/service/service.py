"""Answers for many visitors: one worker a device, each network loaded once, each result computed once and kept."""

import logging
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Hashable
from concurrent.futures import Future
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from seg.catalogue.store import SHIPPED, Record
from seg.errors import OptionError, SegError, ServiceError
from seg.inference.activity import ACTIVITY
from seg.inference.engines import choose_device
from seg.inference.segmenter import Segmenter
from seg.inference.worker import Worker
from seg.service.questions import PREDICT, Predict, Question

log = logging.getLogger(__name__)

ERROR_SECONDS = 20
"""How long a failure is remembered before the next request tries again."""

MAX_WAITING = 256
"""Requests that wait at most, each with its picture."""

PIXEL_BYTES = 3
"""Of a `Prediction` for each pixel of its picture, a label and a confidence. No other answer grows with the picture."""

ANSWER_BYTES = 2_000
"""Of any answer, beside its arrays."""

PARAMETER_BYTES = 4


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


class Visitor:
    """Somebody with a page. What it shows is held until it is released, or until this object is gone."""


class PredictionService:
    """Answers are futures, shared by all who ask for the same and kept, least recently used out first.

    max_bytes bounds the finished answers. Those that a page shows are never let go, lest it ask for them without end:
    one that does not fit beside them is refused. max_network_bytes bounds the networks' parameters; the one used last
    is held whatever its size. `runs` counts how often a network has been run, `loads` how often one has been loaded.
    """

    def __init__(self, max_bytes: int = 1_000_000_000, max_network_bytes: int = 600_000_000):
        self.max_bytes, self.max_network_bytes = max_bytes, max_network_bytes
        self.runs = 0
        self.loads = 0
        self._lock = threading.Lock()
        self._futures: OrderedDict[Hashable, Future[Any]] = OrderedDict()
        self._finished: dict[Hashable, int] = {}
        """Bytes of each answer."""
        self._failed: dict[Hashable, float] = {}
        """When each failed, oldest first."""
        self._shown: WeakKeyDictionary[Visitor, dict[Hashable, int]] = WeakKeyDictionary()
        """The answers on each visitor's page, and the bytes that each is expected to take."""
        self._networks: OrderedDict[Hashable, Segmenter] = OrderedDict()
        self._workers: dict[str, Worker] = {}

    def request(self, wanted: Request, image: np.ndarray, visitor: Visitor | None = None) -> Future[Any]:
        """The future of an answer (a `Prediction` unless something else is asked): finished, in work, waiting, or
        failed with the error that the network raised, or since too many wait already.

        visitor: whose page shows the answer, None for one that is only read. What is shown may be refused, too: for
        lack of memory.
        """
        wanted = replace(wanted, device=_resolved(wanted.device))
        key, expected = wanted.answer_key(image.shape[:2]), _expected_bytes(wanted.question, image)
        with self._lock:
            self._forget_old_failures()
            if visitor is not None and not self._room_for(key, expected):
                return _refused(
                    f"There is no memory for another result of {expected / 1e6:.0f} MB: choose fewer networks or a "
                    "smaller picture."
                )
            if key not in self._futures:
                if self._unfinished >= MAX_WAITING:
                    return _refused("Too many pictures are waiting already: try again in a minute.")
                worker = self._workers.setdefault(wanted.device, Worker(f"seg-{wanted.device}"))
                self._futures[key] = worker.submit(self._answer, key, wanted, image)
            self._futures.move_to_end(key)
            if visitor is not None:
                self._shown.setdefault(visitor, {})[key] = expected
            return self._futures[key]

    def release(self, visitor: Visitor) -> None:
        """The visitor's page is drawn anew: what it showed is held no longer than other answers."""
        with self._lock:
            self._shown.pop(visitor, None)

    @property
    def busy(self) -> bool:
        """Whether anybody waits for an answer."""
        with self._lock:
            return self._unfinished > 0

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

    @property
    def _unfinished(self) -> int:
        return len(self._futures) - len(self._finished) - len(self._failed)

    def _answer(self, key: Hashable, wanted: Request, image: np.ndarray) -> Any:
        try:
            with ACTIVITY.during():
                answer = wanted.question(self._network(wanted), image, wanted.detail)
        except BaseException as error:
            if not isinstance(error, SegError):
                # As text: a record of the error itself would hold the picture.
                log.warning("%s failed:\n%s", wanted.record_name, traceback.format_exc())
            with self._lock:
                self._failed[key] = time.monotonic()
            raise
        with self._lock:
            self.runs += 1
            self._finished[key] = ANSWER_BYTES + _bytes(answer)
            self._shrink(key)
        return answer

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
            self._networks.move_to_end(key)
            held = sum(PARAMETER_BYTES * one.record.parameters for one in self._networks.values())
            while held > self.max_network_bytes and len(self._networks) > 1:
                _, unused = self._networks.popitem(last=False)
                held -= PARAMETER_BYTES * unused.record.parameters
        return network

    def _forget_old_failures(self) -> None:
        for key, when in list(self._failed.items()):
            if time.monotonic() - when <= ERROR_SECONDS:
                break
            del self._failed[key], self._futures[key]

    def _on_pages(self) -> dict[Hashable, int]:
        """The bytes that each answer on somebody's page takes or will take."""
        shown = {key: expected for page in self._shown.values() for key, expected in page.items()}
        return {key: self._finished.get(key, expected) for key, expected in shown.items() if key not in self._failed}

    def _room_for(self, key: Hashable, expected: int) -> bool:
        """Whether all that pages show fits with one more."""
        shown = self._on_pages()
        return key in shown or sum(shown.values()) + expected <= self.max_bytes

    def _shrink(self, newest: Hashable) -> None:
        """Let go of the least recently used answers that no page shows until the newest fits."""
        over = sum(self._finished.values()) - self.max_bytes
        kept = {newest, *self._on_pages()} if over > 0 else {}
        for key in [key for key in self._futures if key in self._finished and key not in kept]:
            if over <= 0:
                break
            over -= self._finished.pop(key)
            del self._futures[key]


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


def _expected_bytes(question: Question, image: np.ndarray) -> int:
    pixels = image.shape[0] * image.shape[1] if isinstance(question, Predict) else 0
    return ANSWER_BYTES + PIXEL_BYTES * pixels


def _bytes(answer: Any) -> int:
    """What the arrays of an answer hold: an array, or a dataclass or tuple of them."""
    if isinstance(answer, np.ndarray):
        return answer.nbytes
    if is_dataclass(answer):
        return sum(_bytes(getattr(answer, field.name)) for field in fields(answer))
    return sum(map(_bytes, answer)) if isinstance(answer, tuple) else 0
