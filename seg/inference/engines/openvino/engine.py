"""OpenVINO on the CPU: each network compiled for its tile shape, converted once and kept on disk.

PyTorch answers until the compiled network is there, and wherever OpenVINO cannot: same weights, same masks.
"""

import contextlib
import copy
import logging
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seg.inference.activity import ACTIVITY
from seg.inference.engines.base import Blueprint
from seg.inference.engines.cache import cache_folder, evict_least_used, mark_used, own_folder, path_of, store
from seg.inference.engines.compiled import CompiledEngine
from seg.inference.engines.openvino.compiling import compile_network, compiled_bytes
from seg.inference.engines.openvino.converting import Converter, convert
from seg.inference.engines.pytorch import TorchEngine
from seg.models.blocks import Network

log = logging.getLogger(__name__)

CONVERTER = Converter()

QUIET = 5.0
"""Seconds in which no network is at work after which one may be converted or raced."""

PATIENCE = 30.0
"""Seconds for which quiet is waited for at most."""

SLOWER = "pytorch-is-faster"
"""A file beside a kept network that lost its last race. The next start lets them race again: what else the machine was
at may have decided it."""

RACES = 5
"""Runs of each engine before the faster one keeps a network."""


class OpenVINOEngine(CompiledEngine):
    """Runs tiles in OpenVINO as soon as the network is compiled for their shape, in PyTorch until then.

    key: names the weights, so that what was compiled for them is found again; '' keeps nothing on disk. blueprint: for
    converting it in another process; without one it is converted here, and takes this process's time.
    at_once: compile before the first answer, for measurements and tests. race: keep the faster of the two engines.
    callers: threads that may ask it at once.
    """

    name = "openvino"
    title = "OpenVINO"

    def __init__(
        self,
        network: Network | Callable[[], Network],
        key: str = "",
        blueprint: Blueprint | None = None,
        at_once: bool = False,
        race: bool = True,
        callers: int = 1,
    ):
        super().__init__(network, callers)
        self._lock = threading.Lock()
        self.key, self.blueprint, self.at_once, self.race = key, blueprint, at_once, race
        self._compiled: dict[tuple[int, ...], Future[Any]] = {}

    def _network(self, shape: tuple[int, ...]) -> Callable[[Tensor], Tensor] | None:
        with self._lock:
            if shape not in self._compiled:
                self._compiled[shape] = self._kept(shape) or self._submitted(shape)
            future = self._compiled[shape]
        if self.at_once:
            wait([future])
        return future.result() if future.done() and not future.exception() else None

    def _file(self, shape: tuple[int, ...]) -> Path | None:
        return path_of(self.key, shape) if self.key else None

    def _kept(self, shape: tuple[int, ...]) -> Future[Any] | None:
        """What an earlier start of the program has left on disk, ready at once."""
        file = self._file(shape)
        if file is None or not file.exists():
            return None
        try:
            own_folder()
        except OSError as error:
            log.warning("nothing kept is taken: %s", error)
            return None
        mark_used(file)
        try:
            compiled = _runner(compile_network(file, file.parent, self.callers))
        except (RuntimeError, OSError):
            log.info("%s is damaged and is made anew", file)
            shutil.rmtree(file.parent, ignore_errors=True)
            return None
        if self.race and (file.parent / SLOWER).exists():
            return CONVERTER.submit(self._winner, compiled, copy.deepcopy(self.module), shape)
        return _finished(compiled)

    def _submitted(self, shape: tuple[int, ...]) -> Future[Any]:
        # A copy: others may hang their hooks on the network itself meanwhile, or run it without its numbers.
        return CONVERTER.submit(self._make, copy.deepcopy(self.module), shape)

    def held_bytes(self, parameters: int) -> int:
        """Of the parameters, and an estimate for each network that is compiled."""
        ready = [shape for shape, one in list(self._compiled.items()) if one.done() and not one.exception()]
        return super().held_bytes(parameters) + sum(compiled_bytes(parameters, shape) for shape in ready)

    @property
    def active(self) -> str:
        """The engine that answers now: "openvino" once a network is compiled, if it is the faster one."""
        ready = [one for one in self._compiled.values() if one.done() and not one.exception()]
        return self.name if any(one.result() for one in ready) else "torch"

    def wait_until_ready(self) -> None:
        """Wait until nothing is being compiled; it need not be quiet for it any more."""
        self.at_once = True
        wait(list(self._compiled.values()))

    def _make(self, network: Network, shape: tuple[int, ...]) -> Callable[[Tensor], Tensor] | None:
        """The network for one tile of this shape; None if PyTorch is faster, or OpenVINO cannot."""
        try:
            self._wait_for_quiet()
            converted = self._converted(network, shape)
            file = self._file(shape)
            kept = file if file is not None and store(converted, file) else None
            if file is not None and kept is None:
                self.note(f"Compiled networks cannot be kept in {cache_folder()}, so each start makes them anew.")
            compiled = _runner(compile_network(kept or converted, kept.parent if kept else None, self.callers))
            if kept:
                evict_least_used(kept)
            return self._winner(compiled, network, shape)
        except Exception as error:
            if not CONVERTER.closing.is_set():
                self._give_up(shape, error)
            return None

    def _winner(
        self, compiled: Callable[[Tensor], Tensor], network: Network, shape: tuple[int, ...]
    ) -> Callable[[Tensor], Tensor] | None:
        """The compiled network; None if it should race and PyTorch is faster."""
        if self.race:
            self._wait_for_quiet()
        faster = not self.race or _is_faster(compiled, TorchEngine(network, self.device).forward, shape)
        file = self._file(shape)
        if file is not None and file.exists():
            with contextlib.suppress(OSError):  # what others keep for all may be ours to read alone
                (file.parent / SLOWER).unlink(missing_ok=True) if faster else (file.parent / SLOWER).touch()
        return compiled if faster else None

    def _converted(self, network: Network, shape: tuple[int, ...]) -> Any:
        if self.at_once or self.blueprint is None:
            return convert(copy.deepcopy(network), shape)
        return CONVERTER.convert(self.blueprint, network.state_dict(), shape)

    def _wait_for_quiet(self) -> None:
        """What somebody waits for comes first."""
        patience = time.monotonic() + PATIENCE
        while not self.at_once and ACTIVITY.quiet_seconds < QUIET and time.monotonic() < patience:
            if CONVERTER.closing.wait(QUIET / 10):
                return

    def _forget(self, shape: tuple[int, ...]) -> None:
        self._compiled[shape] = _finished(None)


def _finished(result: Any) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_result(result)
    return future


def _is_faster(network: Callable[[Tensor], Any], plain: Callable[[Tensor], Any], shape: tuple[int, ...]) -> bool:
    """Whether it beats PyTorch on an empty tile: the best of runs in turn, since what else is at work only adds time
    and the outcome is remembered."""
    tile = torch.zeros(1, *shape)
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(RACES):
        for taken, run in zip(times, (lambda: network(tile), lambda: plain(tile)), strict=True):
            start = time.perf_counter()
            run()
            taken.append(time.perf_counter() - start)
    return min(times[0]) <= min(times[1])


def _runner(compiled: Any) -> Callable[[Tensor], Tensor]:
    """Requests of the compiled network for each thread: (N, C, h, w) → logits, which its next run writes over; each
    tile takes one, and they run at once where the network has streams for them."""
    own = threading.local()

    def run(batch: Tensor) -> Tensor:
        requests = own.__dict__.setdefault("requests", [])
        while len(requests) < len(batch):
            requests.append(compiled.create_infer_request())
        tiles = batch.permute(0, 2, 3, 1).contiguous().numpy()
        if len(batch) == 1:
            requests[0].infer([tiles], share_inputs=True)
            return torch.from_numpy(requests[0].get_output_tensor(0).data)
        begun = list(zip(requests, tiles[:, None], strict=False))
        for request, tile in begun:
            request.start_async([tile], share_inputs=True)
        for request, _ in begun:
            request.wait()
        return torch.from_numpy(np.concatenate([request.get_output_tensor(0).data for request, _ in begun]))

    return run
