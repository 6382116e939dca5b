"""Networks as OpenVINO knows them: through torch.export, here or in a process of their own."""

import contextlib
import importlib
import json
import os
import subprocess  # nosec B404 # this Python, with a program that stands below
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from seg.inference.engines.base import Blueprint
from seg.inference.engines.openvino.compiling import core
from seg.inference.engines.openvino.rewrites import rewrite
from seg.inference.tracing import ALONE
from seg.inference.worker import Worker
from seg.models import build_model


class Converter(Worker):
    """Has one network converted at a time, beside those that answer, by work given to it that calls `convert`.

    The process that does it takes neither this one's time, its priority being the lowest, nor, where that runs out, its
    memory. It starts with the first network, so that what it imports is imported once, and ends when none waits.
    """

    def __init__(self):
        super().__init__("seg-convert")
        self._process: subprocess.Popen | None = None

    def rest(self) -> None:
        self._end()

    def close(self) -> None:
        with self._lock:
            self.closing.set()
            if self._process is not None:
                self._process.kill()
        super().close()
        self._end()

    def convert(self, blueprint: Blueprint, tensors: Mapping[str, Tensor], shape: tuple[int, ...]) -> Any:
        """`convert` in the other process, of a network built there from its blueprint and its state dict. Raises
        RuntimeError if it cannot, or dies of it."""
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            saved, file = Path(folder) / "network.safetensors", Path(folder) / "network.xml"
            save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, saved)
            with self._lock:
                if self.closing.is_set():
                    raise RuntimeError("the program ends")
                self._process = process = self._process or _start()
            assert process.stdout is not None  # a pipe, see `_start`
            try:
                print(json.dumps([*blueprint, str(saved), shape, str(file)]), file=process.stdin, flush=True)
                answer = process.stdout.readline()
            except OSError:
                answer = ""
            if not answer:
                raise RuntimeError(f"the converter ended with {self._end()}")
            if problem := json.loads(answer):
                raise RuntimeError(problem)
            return core().read_model(file.read_bytes(), file.with_suffix(".bin").read_bytes())

    def _end(self) -> int | None:
        """Its exit status, None if there is no process."""
        process, self._process = self._process, None
        if process is None:
            return None
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        return process.wait()


PROGRAM = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program, which then ends this process
from seg.inference.engines.openvino.converting import main
main()
"""


def _start() -> subprocess.Popen:
    path = os.pathsep.join([str(Path(__file__).parents[4]), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(  # nosec B603
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def main() -> None:
    """Answer every line of the input, JSON of a blueprint's parts, the file of the tensors, a shape (C, h, w) and the
    file to write, with one line: JSON of what went wrong, '' for nothing."""
    import openvino

    with contextlib.suppress(OSError, AttributeError):  # there is no such thing on Windows
        os.nice(19)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no answer
    for line in sys.stdin:
        architecture, arguments, builder, tensors, shape, file = json.loads(line)
        try:
            network = _built(builder, **arguments) if builder else build_model(architecture, **arguments)
            network.load_state_dict(load_file(tensors))
            converted = convert(network.eval(), tuple(shape))
            openvino.save_model(converted, file, compress_to_fp16=False)
            problem = ""
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"[:300]
        print(json.dumps(problem), file=answers, flush=True)


def _built(builder: str, **arguments: Any) -> nn.Module:
    module, name = builder.split(":")
    return getattr(importlib.import_module(module), name)(**arguments)


class _ChannelsLast(nn.Module):
    """A network for (N, h, w, C), as pictures lie in memory and as OpenVINO computes."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x.permute(0, 3, 1, 2))


def convert(model: nn.Module, shape: tuple[int, ...]) -> Any:
    """The network for exactly one tile of this shape, (C, h, w), as OpenVINO knows it, for (1, h, w, C); the one given
    is used up."""
    import openvino

    tile = torch.zeros(1, *shape[1:], shape[0])
    with ALONE, torch.no_grad():
        exported = torch.export.export(_ChannelsLast(rewrite(model)), (tile,))
    converted = openvino.convert_model(exported)
    converted.reshape(list(tile.shape))
    return converted
