"""Engines: how tiles run through a network. What becomes of the logits is none of their business."""

import os
from collections.abc import Callable

import torch

from seg.errors import OptionError
from seg.inference.engines.base import Blueprint, Engine
from seg.inference.engines.cuda import CudaEngine
from seg.inference.engines.native import kernels
from seg.inference.engines.native.engine import NativeEngine
from seg.inference.engines.openvino import compiling
from seg.inference.engines.openvino.engine import OpenVINOEngine
from seg.inference.engines.pytorch import TorchEngine
from seg.models.blocks import Network
from seg.models.fc_densenet import LAYERS as DENSE

__all__ = [
    "DEVICES",
    "ENGINES",
    "Blueprint",
    "Engine",
    "TorchEngine",
    "build_engine",
    "callers_on",
    "choose_device",
    "choose_engine",
]

DEVICES = ("auto", "cpu", "cuda", "mps")
ENGINES = ("auto", "torch", "openvino")


def choose_device(wish: str = "auto") -> torch.device:
    """The device for a wish: one of `DEVICES`, or one with an index such as "cuda:1".

    "auto" takes CUDA, then MPS, then the CPU. Raises OptionError with a sentence for a device that is not there.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wish == "auto":
        wish = next(device for device, available in there.items() if available)
    if not there.get(wish.split(":")[0], False):
        usable = ", ".join(device for device, available in there.items() if available)
        raise OptionError(f"The device {wish!r} is not available here: choose auto or one of {usable}.")
    return torch.device(wish)


def callers_on(device: str | torch.device) -> int:
    """As how many callers networks are loaded there, where several pictures are at hand: on the CPU, with a core for
    each of two pictures no core waits for another, as it does where both are at one; on many cores each picture has
    four, which is less to hold."""
    threads = torch.get_num_threads()
    return min(threads, max(2, threads // 4)) if str(device) == "cpu" else 1


def choose_engine(device: torch.device, wish: str = "auto", architecture: str = "") -> tuple[str, str]:
    """The engine for a wish, one of `ENGINES`, on a device; and a sentence if it is not the usual one.

    "auto" is what SEG_ENGINE says, if it is set. Else it is PyTorch on a GPU; on the CPU "native", this package's own
    kernels, for an FC-DenseNet, and OpenVINO for all others, where it is installed. Raises OptionError with a sentence
    for an unknown word and for an engine that cannot run there.
    """
    if wish not in ENGINES:
        raise OptionError(f"Unknown engine {wish!r}: choose one of {', '.join(ENGINES)}.")
    asked = os.environ.get("SEG_ENGINE", "auto") if wish == "auto" else wish
    if asked == "torch" or (asked == "auto" and device.type != "cpu"):
        return "torch", ""
    slower = kernels.problem() if asked == "auto" and architecture in DENSE else ""
    if asked == "auto" and architecture in DENSE and not slower:
        return "native", ""
    problem = compiling.problem() if device.type == "cpu" else f"OpenVINO runs on the CPU, not on {device.type}."
    if problem and wish == "openvino":
        raise OptionError(problem)
    return ("torch", problem) if problem else ("openvino", slower)


def build_engine(
    network: Network | Callable[[], Network],
    device: str = "auto",
    engine: str = "auto",
    key: str = "",
    blueprint: Blueprint | None = None,
    callers: int = 1,
    at_once: bool = False,
) -> Engine:
    """The engine for a network, or what loads it when needed, on a device; key names its weights for what is kept on
    disk, '' keeps nothing; blueprint: what `build_model` made it of, None if it did not; callers: threads that would
    ask it at once, which only OpenVINO lets them.

    Asked for by name or `at_once`, OpenVINO answers from the first picture on; else PyTorch answers until it is ready,
    and goes on if it is faster for one caller. Raises OptionError with a sentence for unknown words.
    """
    where = choose_device(device)
    chosen, slower = choose_engine(where, engine, blueprint.architecture if blueprint else "")
    if chosen == "native":
        return NativeEngine(network)
    if chosen == "torch":
        return (CudaEngine if where.type == "cuda" else TorchEngine)(network, where)
    at_once = at_once or engine == "openvino"
    built = OpenVINOEngine(network, key, blueprint, at_once, race=not at_once and callers == 1, callers=callers)
    if slower:
        built.note(slower)
    return built
