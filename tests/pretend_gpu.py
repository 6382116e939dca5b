"""A GPU made of this machine's memory, for tests where there is none.

Its tensors say that they are on "cuda:0" and hold their numbers on the CPU. What fails on a GPU fails here: a tensor of
the other device among an operation's arguments, and, while a CUDA graph is recorded, anything that moves data between
devices or waits for it. A recorded graph is replayed into the memory it was recorded with. Convolutions in half
precision sum up in single precision, as cuDNN's do. It says nothing about speed.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

aten = torch.ops.aten


class There(Tensor):
    """A tensor on the pretended GPU."""

    @staticmethod
    def __new__(cls, inner: Tensor):
        return Tensor._make_wrapper_subclass(
            cls, inner.shape, inner.stride(), inner.storage_offset(), dtype=inner.dtype, device=torch.device("cuda:0")
        )

    def __init__(self, inner: Tensor):
        self.inner = inner

    def __deepcopy__(self, memo: dict) -> Tensor:
        copied = There(self.inner.clone())
        return torch.nn.Parameter(copied, self.requires_grad) if isinstance(self, torch.nn.Parameter) else copied

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        raise AssertionError(f"{func} outside the pretended GPU")


def _inner(value: Any) -> Any:
    return value.inner if isinstance(value, There) else value


def _is_cuda(device: Any) -> bool:
    return device is not None and torch.device(device).type == "cuda"


def _convolution(x: Tensor, weight: Tensor, bias: Tensor | None, *how: Any) -> Tensor:
    """Sums in single precision; the bias is added to what was rounded."""
    result = aten.convolution(x.float(), weight.float(), None, *how).to(x.dtype)
    return result if bias is None else result + bias.view(1, -1, 1, 1)


def _norm(*given: Any) -> tuple[Tensor, ...]:
    return *aten.native_batch_norm(*given), torch.empty(0)


INSTEAD: dict[Any, Callable] = {aten.convolution.default: _convolution, aten.cudnn_batch_norm.default: _norm}


class PretendGPU(TorchDispatchMode):
    """Runs every operation on the numbers held; see the module's docstring.

    copied: what came back from it, in bytes, by type. recorded: how many graphs were.
    """

    def __init__(self) -> None:
        super().__init__()
        self.copied: Counter[torch.dtype] = Counter()
        self.recorded = 0
        self.recording: Graph | None = None

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        tensors = [value for value in tree_flatten((args, kwargs))[0] if isinstance(value, Tensor)]
        there = [t for t in tensors if isinstance(t, There)]
        here = [t for t in tensors if not isinstance(t, There)]
        target = kwargs.get("device")
        if func in (aten._to_copy.default, aten.copy_.default):
            return self._copy(func, args, kwargs)
        if func is aten._local_scalar_dense.default and there:
            self._moves(args[0])
        if there and any(t.dim() for t in here):
            raise RuntimeError(f"Expected all tensors to be on the same device: {func}")
        if not there and not _is_cuda(target):
            return func(*args, **kwargs)
        if "device" in kwargs:
            kwargs = {**kwargs, "device": torch.device("cpu")}
        kwargs = {key: value for key, value in kwargs.items() if key != "pin_memory"}
        return self._run(func, args, kwargs)

    def _run(self, func, args, kwargs) -> Any:
        if func is aten.convolution.default and not torch.backends.cudnn.enabled:
            raise AssertionError("a convolution without cuDNN, several times slower")
        plain, named = tree_map(_inner, (args, kwargs))
        work = INSTEAD.get(func, func)
        result = work(*plain, **named)
        if self.recording is not None:
            self.recording.steps.append((work, plain, named, result))
        if func._schema.is_mutable:
            return kwargs.get("out", args[0])
        return tree_map(lambda value: There(value) if isinstance(value, Tensor) else value, result)

    def _copy(self, func, args, kwargs) -> Tensor:
        if func is aten.copy_.default:
            into, source = args[0], args[1]
            if isinstance(into, There) != isinstance(source, There):
                self._moves(source)
                _inner(into).copy_(_inner(source))
                return into
            return self._run(func, args, kwargs) if isinstance(into, There) else func(*args, **kwargs)
        source = args[0]
        goes = _is_cuda(kwargs["device"]) if kwargs.get("device") is not None else isinstance(source, There)
        kwargs = {key: value for key, value in kwargs.items() if key not in ("device", "pin_memory")}
        if goes == isinstance(source, There):
            return self._run(func, args, kwargs) if goes else func(*args, **kwargs)
        self._moves(source)
        moved = func(_inner(source), **kwargs)
        moved = moved.clone() if moved.data_ptr() == _inner(source).data_ptr() else moved
        return There(moved) if goes else moved

    def _moves(self, source: Tensor) -> None:
        if self.recording is not None:
            raise RuntimeError("operation not permitted when stream is capturing")
        if isinstance(source, There):
            self.copied[source.dtype] += source.numel() * source.element_size()


class Graph:
    """What torch.cuda.CUDAGraph is."""

    def __init__(self) -> None:
        self.steps: list[tuple[Callable, tuple, dict, Any]] = []

    def replay(self) -> None:
        for work, args, kwargs, result in self.steps:
            for old, new in zip(tree_flatten(result)[0], tree_flatten(work(*args, **kwargs))[0], strict=True):
                if isinstance(old, Tensor) and old.data_ptr() != new.data_ptr():
                    old.copy_(new)


@contextmanager
def pretend_gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[PretendGPU]:
    """CUDA is there within this block."""
    gpu = PretendGPU()

    @contextmanager
    def record(graph: Graph, **_: Any) -> Iterator[None]:
        gpu.recording = graph
        gpu.recorded += 1
        try:
            yield
        finally:
            gpu.recording = None

    class Stream:
        def __init__(self, *_: Any) -> None: ...
        def wait_stream(self, other: "Stream") -> None: ...

    def enter(mode: torch.inference_mode) -> None:  # tensors made so cannot be wrapped
        mode.before = torch.is_grad_enabled()
        torch.set_grad_enabled(not mode.mode)

    def leave(mode: torch.inference_mode, *_: Any) -> None:
        torch.set_grad_enabled(mode.before)

    monkeypatch.setattr(torch.inference_mode, "__enter__", enter)
    monkeypatch.setattr(torch.inference_mode, "__exit__", leave)
    for name, stand_in in {
        "is_available": lambda: True,
        "_lazy_init": lambda: None,
        "synchronize": lambda *_: None,
        "empty_cache": lambda: None,
        "current_stream": lambda *_: Stream(),
        "Stream": Stream,
        "stream": lambda _: nullcontext(),
        "CUDAGraph": Graph,
        "graph_pool_handle": lambda: None,
        "graph": record,
    }.items():
        monkeypatch.setattr(torch.cuda, name, stand_in)
    tensor = torch.tensor
    monkeypatch.setattr(torch, "tensor", lambda *given, device=None, **how: tensor(*given, **how).to(device or "cpu"))
    monkeypatch.setattr(Tensor, "pin_memory", lambda tensor: tensor)
    torch._C._ensureCUDADeviceGuardSet()
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    try:
        with gpu:
            yield gpu
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(False)
