"""Answers for many visitors: one worker a device, each network loaded once, each result computed once and kept."""

import threading
import time
from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from seg.catalogue.store import SHIPPED, Record
from seg.errors import ServiceError
from seg.inference.engines import choose_device
from seg.inference.segmenter import Segmenter
from seg.inference.worker import Worker
from seg.service.questions import PREDICT, Question

ERROR_SECONDS = 20
"""How long a failure is remembered before the next request tries again."""

MAX_NETWORKS = 32

MAX_WAITING = 256
"""Requests that wait at most, each with its picture."""


@dataclass(frozen=True)
class Request:
    """A picture (known by its digest), a weight set, how to run it and what to ask: what makes two results the same."""

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


class PredictionService:
    """Results are futures, shared by all who ask for the same request and kept, least recently used out first.

    max_bytes bounds the finished results held. `runs` counts how often a network has been run, `loads` how often one
    has been loaded.
    """

    def __init__(self, max_bytes: int = 1_000_000_000):
        self.max_bytes = max_bytes
        self.runs = 0
        self.loads = 0
        self._lock = threading.Lock()
        self._futures: OrderedDict[Request, Future[Any]] = OrderedDict()
        self._failed_at: dict[Request, float] = {}
        self._networks: OrderedDict[tuple, Segmenter] = OrderedDict()
        self._workers: dict[str, Worker] = {}

    def request(self, wanted: Request, image: np.ndarray) -> Future[Any]:
        """The future of an answer (a `Prediction` unless something else is asked): finished, in work, waiting, or
        failed with the error that the network raised, or since too many wait already."""
        wanted = replace(wanted, device=_place(wanted.device))
        with self._lock:
            self._forget_old_failure(wanted)
            if wanted not in self._futures:
                if sum(not future.done() for future in self._futures.values()) >= MAX_WAITING:
                    return _refused()
                worker = self._workers.setdefault(wanted.device, Worker(f"seg-{wanted.device}"))
                self._futures[wanted] = worker.submit(self._answer, wanted, image)
            self._futures.move_to_end(wanted)
            return self._futures[wanted]

    @property
    def busy(self) -> bool:
        """Whether anybody waits for an answer."""
        with self._lock:
            return any(not future.done() for future in self._futures.values())

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

    def _answer(self, wanted: Request, image: np.ndarray) -> Any:
        try:
            answer = wanted.question(self._network(wanted), image, wanted.detail)
        except BaseException:
            with self._lock:
                self._failed_at[wanted] = time.monotonic()
            raise
        with self._lock:
            self.runs += 1
            self._shrink(answer)
        return answer

    def _network(self, wanted: Request) -> Segmenter:
        """Only a device's one worker comes here, so a network is never loaded twice."""
        key = (wanted.folder, wanted.record_name, wanted.checksum, wanted.device, wanted.engine)
        if key not in self._networks:
            network = Segmenter.load(wanted.record_name, wanted.device, wanted.engine, wanted.folder)
            with self._lock:
                self.loads += 1
                self._networks[key] = network
                while len(self._networks) > MAX_NETWORKS:
                    self._networks.popitem(last=False)
        return self._networks[key]

    def _forget_old_failure(self, wanted: Request) -> None:
        failed_at = self._failed_at.get(wanted)
        if failed_at is not None and time.monotonic() - failed_at > ERROR_SECONDS:
            del self._failed_at[wanted], self._futures[wanted]

    def _shrink(self, newest: Any) -> None:
        """Let go of the least recently used finished results until the newest fits."""
        held = _bytes(newest)
        for key, future in reversed(list(self._futures.items())):
            if not future.done() or future.cancelled() or future.exception():
                continue
            held += _bytes(future.result())
            if held > self.max_bytes:
                del self._futures[key]


def _place(device: str) -> str:
    """What a wish for a device comes to, so that whoever wishes for the same one shares its worker; a wish that cannot
    be met stays as it is, for the worker to say so."""
    try:
        return str(choose_device(device))
    except ValueError:
        return device


def _refused() -> Future[Any]:
    refused: Future[Any] = Future()
    refused.set_exception(ServiceError("Too many pictures are waiting already: try again in a minute."))
    return refused


def _bytes(answer: Any) -> int:
    """What the arrays of an answer hold: an array, or a dataclass or tuple of them."""
    if isinstance(answer, np.ndarray):
        return answer.nbytes
    if is_dataclass(answer):
        return sum(_bytes(getattr(answer, field.name)) for field in fields(answer))
    return sum(map(_bytes, answer)) if isinstance(answer, tuple) else 0
