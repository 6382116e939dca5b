"""This package's own kernels, compiled when first needed, and steps for its convolutions (kernels.c) to run.

They normalise what they read, where a library writes the normalised map to memory and reads it again.
"""

import ctypes
import hashlib
import logging
import os
import platform
import subprocess  # nosec B404 # the compiler, which no shell reads
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from seg.inference.activity import ACTIVITY
from seg.inference.engines.cache import cache_folder, own_folder
from seg.inference.once import Once

log = logging.getLogger(__name__)

SOURCES = [Path(__file__).with_name(name) for name in ("kernels.c", "labels.c", "vectors.h")]
"""What is compiled, and last what it includes."""

TARGETS = {"AVX512": ["-march=x86_64_v4", "-mprefer-vector-width=512"], "AVX2": ["-march=x86_64_v3"]}
"""What the compiler may use of a CPU that PyTorch calls so."""

ANY = ["-mcpu=baseline"]
"""What it may use of others: what all of their kind have."""

FLAGS = ["-O3", "-ffp-contract=fast", "-ffreestanding", "-fno-builtin", "-shared", "-fPIC", "-nostdlib"]

SLAB, SUMS = 56 << 10, 120 << 10
"""Numbers that a core's cache holds of normalised maps and of sums, both for one strip."""

DEPTH, CHANNELS = 96, 64
"""Products that a sum takes before it is put aside, and channels that they come from, at most: as many as the innermost
cache holds."""

SAME, POOLED, DOUBLED = range(3)

WINOGRAD = torch.tensor(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ]
)
"""What makes six phases of a kernel's three rows, for four rows of the output: F(4, 3) of Lavin and Gray, CVPR 2016."""

ROWS = 4
"""Of the output, that six phases make."""

LANES = 16
"""Numbers of the longest vector."""

STEP = np.dtype(
    [(name, np.uintp) for name in ("x", "scale", "shift", "weight", "bias", "y")]
    + [(name, np.int64) for name in ("channels", "height", "width", "layers", "outputs", "y_height", "y_width")]
    + [(name, np.int64) for name in ("kind", "parity", "add", "phases", "halo")]
    + [("taps", np.int64, 2), ("rows", np.int64, (2, 4)), ("columns", np.int64, (2, 4))]
    + [(name, np.int64) for name in ("block", "chunk", "strip_rows", "strip_columns", "taken", "done")]
    + [("least", np.float32)],
    align=True,
)
"""`Step` of kernels.c."""


@dataclass(frozen=True)
class Layer:
    """A convolution of what a normalisation and ReLU make of its input, or of the input itself.

    weight: (phases, outputs, channels, taps); bias: (outputs,); taps: each one's row and column, seen from the
    output's, or the columns alone where phases take the place of rows; scale, shift: (channels,) each, None for neither
    normalisation nor ReLU.
    """

    weight: Tensor
    bias: Tensor
    taps: Sequence[tuple[int, int]]
    scale: Tensor | None = None
    shift: Tensor | None = None


def winograd(weight: Tensor) -> tuple[Tensor, list[tuple[int, int]]]:
    """Weights and taps of a 3×3 kernel, (outputs, channels, 3, 3), in phases."""
    return torch.einsum("pr,ocrx->pocx", WINOGRAD, weight), [(0, -1), (0, 0), (0, 1)]


def maps(channels: int, height: int, width: int) -> Tensor:
    """Float32 (channels, height, width), of which a step may read some numbers beyond the end."""
    size = channels * height * width
    return torch.zeros(size + library().beyond())[:size].view(channels, height, width)


class Program:
    """Steps one after the other, on all of PyTorch's threads; use from one thread at a time. Raises what `library`
    does."""

    def __init__(self):
        self._threads = torch.get_num_threads()
        self._library = library()
        self._steps: list[np.ndarray] = []
        self._ready = np.empty(0, STEP)
        self._scratch = torch.empty(0)
        self._held: list[Tensor] = []

    @property
    def bytes(self) -> int:
        """Of all that its steps read and write, maps that several share counted once."""
        storages = {one.untyped_storage().data_ptr(): one.untyped_storage().nbytes() for one in self._held}
        return sum(storages.values()) + self._scratch.nbytes

    def add(
        self, x: Tensor, y: Tensor, layers: Sequence[Layer], kind: int = SAME, parity: int = 0, add: bool = False
    ) -> None:
        """A step from x, (channels, h, w), to y, of `maps` both, by layers with equally many outputs.

        SAME: y is (layers · outputs, h, w); with `add`, it is added to what is there, without a bias. POOLED: one
        layer, y is (outputs, ⌈h / 2⌉, ⌈w / 2⌉), the largest of 2×2 pixels. DOUBLED: two layers give the even and the
        odd columns of the rows of this parity of y, (outputs, H, W), H at most 2 · h and W at most 2 · w.
        """
        first, (phases, outputs, channels, _) = layers[0], layers[0].weight.shape
        halo = int(any(offset for layer in layers for tap in layer.taps for offset in tap))
        chunk = min(channels, CHANNELS, DEPTH // max(len(layer.taps) for layer in layers))
        block = _block(outputs, self._library.largest_block())
        tensors = {
            "x": x,
            "y": y,
            "scale": torch.cat([torch.ones(channels) if layer.scale is None else layer.scale for layer in layers]),
            "shift": torch.cat([torch.zeros(channels) if layer.shift is None else layer.shift for layer in layers]),
            "weight": torch.cat(
                [_packed(layer, at, chunk, block) for at in range(0, channels, chunk) for layer in layers]
            ),
            "bias": torch.cat([layer.bias for layer in layers]),
        }
        self._held.extend(tensors.values())
        step = np.zeros((), STEP)
        for name, tensor in tensors.items():
            step[name] = tensor.data_ptr()
        step["channels"], step["height"], step["width"] = x.shape
        step["layers"], step["outputs"] = len(layers), outputs
        step["y_height"], step["y_width"] = y.shape[1:]
        step["kind"], step["parity"], step["add"], step["phases"], step["halo"] = kind, parity, add, phases, halo
        for i, layer in enumerate(layers if kind == DOUBLED else [first]):
            step["taps"][i] = len(layer.taps)
            step["rows"][i, : len(layer.taps)], step["columns"][i, : len(layer.taps)] = zip(*layer.taps, strict=True)
        step["block"], step["chunk"], step["least"] = block, chunk, -np.inf if first.scale is None else 0
        unit = ROWS if phases > 1 else 2 if kind == POOLED else 1
        area = min(SLAB // chunk, SUMS // (outputs * len(layers))) * min(unit, phases) // phases
        _, height, width = x.shape
        step["strip_rows"], step["strip_columns"] = self._strip(height, width, area, unit, block)
        self._steps.append(step)

    def _strip(self, height: int, width: int, area: int, unit: int, block: int) -> tuple[int, int]:
        """Rows, whole units, and columns of a strip of so many pixels at most, where that can be: rather whole rows."""
        if unit * width > area:
            pixels = self._library.pixels_at_once(block)
            across = -(-width // max(area // unit, pixels))
            return unit, -(-width // (across * pixels)) * pixels
        down = -(-height // (area // width // unit * unit))
        down = -(-down // self._threads) * self._threads
        return -(-height // (down * unit)) * unit, width

    def run(self) -> None:
        """Every step once."""
        if len(self._ready) < len(self._steps):
            self._ready = np.stack(self._steps)
            addresses = self._ready.ctypes.data + STEP.itemsize * np.arange(len(self._ready))
            size = max(self._library.scratch_size(int(address)) for address in addresses)
            self._scratch = torch.zeros(self._threads, -(-size // LANES) * LANES)
        self._ready["taken"] = self._ready["done"] = 0
        calls = [(self._ready.ctypes.data, len(self._ready), own.data_ptr(), _rest()) for own in self._scratch]
        # Who helps when others have the cores is waited for longer than it helps.
        helping = [] if ACTIVITY.is_elsewhere else calls[1:]
        others = [helpers().submit(self._library.run, *call) for call in helping]
        try:
            self._library.run(*calls[0])
        finally:
            wait(others)


def _block(outputs: int, largest: int) -> int:
    """How many outputs are summed at once: those that leave the least over, the most of equals."""
    return min((size for size in (8, 6, 5, 4) if size <= largest), key=lambda size: (-outputs % size, -size))


def _packed(layer: Layer, first: int, chunk: int, block: int) -> Tensor:
    """A layer's weights for a chunk of channels, as they are read: phases × blocks of outputs × channels × taps ×
    block."""
    weight = layer.weight[:, :, first : first + chunk]
    weight = F.pad(weight, (0, 0, 0, 0, 0, -weight.shape[1] % block))
    return weight.unflatten(1, (-1, block)).permute(0, 1, 3, 4, 2).flatten()


@Once
def helpers() -> ThreadPoolExecutor:
    """The threads that help the one that asks."""
    return ThreadPoolExecutor(max(1, torch.get_num_threads() - 1), thread_name_prefix="seg-kernels")


@cache
def _rest() -> int:
    """The address of the system's function that leaves the core to another thread."""
    function = ctypes.WinDLL("kernel32").SwitchToThread if sys.platform == "win32" else ctypes.CDLL(None).sched_yield
    address = ctypes.cast(function, ctypes.c_void_p).value
    assert address is not None
    return address


def problem() -> str:
    """'' if FC-DenseNet can run in them here, else why not, as a sentence."""
    try:
        library()
    except (ImportError, OSError, RuntimeError) as error:
        log.warning("the kernels cannot be used: %s", error)
        return "The kernels made for FC-DenseNet cannot be used here, so it runs slower, with the same masks."
    return ""


@Once
def library() -> ctypes.CDLL:
    """`SOURCES` for this machine, kept beside the compiled networks. Raises RuntimeError or OSError where it cannot
    be compiled or loaded or has another `STEP`, ImportError without the compiler."""
    flags = FLAGS + TARGETS.get(torch.backends.cpu.get_cpu_capability(), ANY)
    made_of = hashlib.sha256(f"{flags} {platform.machine()} {metadata.version('ziglang')}".encode())
    for source in SOURCES:
        made_of.update(source.read_bytes())
    cached = cache_folder() / f"kernels-{made_of.hexdigest()[:24]}.so"
    loaded = ctypes.CDLL(str(cached)) if _is_whole(cached) else _compiled(flags, cached)
    for function, takes, gives in (
        (loaded.run, [ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p], None),
        (loaded.scratch_size, [ctypes.c_void_p], ctypes.c_int64),
        (loaded.pixels_at_once, [ctypes.c_int64], ctypes.c_int64),
        (loaded.largest_block, [], ctypes.c_int64),
        (loaded.beyond, [], ctypes.c_int64),
        (loaded.decide, [ctypes.c_void_p, ctypes.c_void_p], None),
        (loaded.decision_scratch, [ctypes.c_void_p], ctypes.c_int64),
        (loaded.step_size, [], ctypes.c_int64),
        (loaded.step_fields, [], ctypes.c_int64),
        (loaded.step_field, [ctypes.c_int64], ctypes.c_char_p),
        (loaded.step_offset, [ctypes.c_int64], ctypes.c_int64),
    ):
        function.argtypes, function.restype = takes, gives
    _check_step(loaded)
    return loaded


def _check_step(loaded: ctypes.CDLL) -> None:
    """Raises RuntimeError if its steps lie in memory in another way than `STEP` says."""
    fields = {loaded.step_field(i).decode(): loaded.step_offset(i) for i in range(loaded.step_fields())}
    mirrored = {name: field[1] for name, field in (STEP.fields or {}).items()}
    if (loaded.step_size(), fields) != (STEP.itemsize, mirrored):
        raise RuntimeError(f"a step is {loaded.step_size()} bytes of {fields}, not {STEP.itemsize} of {mirrored}")


def _compiled(flags: Sequence[str], cached: Path) -> ctypes.CDLL:
    """Compiled anew, and kept under this name where that can be."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        made = Path(folder) / cached.name
        caches = {"ZIG_GLOBAL_CACHE_DIR": folder, "ZIG_LOCAL_CACHE_DIR": folder}
        command = [sys.executable, "-m", "ziglang", "cc", *flags, *map(str, SOURCES[:-1]), "-o", str(made)]
        environment = {**os.environ, **caches}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # nosec B603
        if done.returncode:
            raise RuntimeError(f"the compiler ended with {done.returncode}: {done.stderr[-300:]}")
        try:
            own_folder()
            _replace(_digest(cached), hashlib.sha256(made.read_bytes()).hexdigest().encode())
            _replace(cached, made.read_bytes())
        except OSError as error:
            log.info("compiled kernels cannot be kept: %s", error)
        return ctypes.CDLL(str(made))


def _digest(cached: Path) -> Path:
    return cached.with_suffix(".sha256")


def _is_whole(cached: Path) -> bool:
    try:
        own_folder()
        return hashlib.sha256(cached.read_bytes()).hexdigest() == _digest(cached).read_text(encoding="utf-8")
    except OSError:
        return False


def _replace(file: Path, content: bytes) -> None:
    """Written whole: other processes see the old file or the new one."""
    partial = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        partial.write_bytes(content)
        os.replace(partial, file)
    finally:
        partial.unlink(missing_ok=True)
