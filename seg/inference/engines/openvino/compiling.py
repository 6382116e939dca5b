"""OpenVINO's compiler, as it is used here: on the CPU, in full precision, all cores on one picture at a time, or shared
out among several."""

import logging
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from seg.inference.once import Once

# OpenVINO's converter reports to its makers unless this module is missing: None, as importlib documents it.
sys.modules.setdefault("openvino_telemetry", None)  # pyright: ignore[reportArgumentType]

log = logging.getLogger(__name__)


MAPS = 112
"""Of a tile's size in single precision, what a compiled network takes beside its parameters: it works in 50 to 70 of
them, and on a walk over all pages the library keeps half as much again."""


@Once
def core() -> Any:
    """OpenVINO itself, one for the process, which has run once. Raises ImportError or RuntimeError where it cannot run.

    What its Python side makes of its first tensors it makes holding Python's lock, which it lets go of meanwhile: two
    threads that came first at the same moment waited for each other for ever, and all others with them.
    """
    import openvino
    from openvino import opset13

    made = openvino.Core()
    given = opset13.parameter([1, 1], np.float32)
    network = openvino.Model([opset13.relu(given)], [given])  # pyright: ignore[reportGeneralTypeIssues]
    request = made.compile_model(network, "CPU").create_infer_request()
    tensor = np.zeros((1, 1), np.float32)
    request.infer([tensor], share_inputs=True)
    request.start_async([tensor], share_inputs=True)
    request.wait()
    np.array(request.get_output_tensor(0).data)
    return made


def problem() -> str:
    """'' if OpenVINO can run here, else why not, as a sentence."""
    try:
        if "CPU" in core().available_devices:
            return ""
        return "OpenVINO does not know this CPU, so PyTorch runs the networks."
    except Exception as error:  # whatever a broken installation raises, PyTorch goes on
        log.info("OpenVINO cannot be loaded: %s", error)
        return "OpenVINO is not installed or cannot start, so PyTorch runs the networks."


def compile_network(network: Any, kept: Path | None = None, callers: int = 1) -> Any:
    """A network of OpenVINO's, or its file, ready to run; what the compiler makes is kept in the folder `kept`.

    callers: threads that run it at once, each with a request of its own; they have the cores among them.
    """
    settings = {
        **({"NUM_STREAMS": callers} if callers > 1 else {"PERFORMANCE_HINT": "LATENCY"}),
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
    }
    if kept is not None:
        settings["CACHE_DIR"] = str(kept)
    return core().compile_model(network, "CPU", settings)


def compiled_bytes(parameters: int, shape: tuple[int, ...]) -> int:
    """An estimate of what a network compiled for tiles of this shape, (C, h, w), takes, whose parameters take so much:
    its own copy of these, and what it works in."""
    return parameters + MAPS * 4 * shape[-2] * shape[-1]
