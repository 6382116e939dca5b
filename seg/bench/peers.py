"""The engines that others run such networks with, as many as are installed: what a bench measures beside this one."""

import importlib
import logging
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor, nn

from seg.inference.engines.openvino.compiling import compile_network

log = logging.getLogger(__name__)

Runner = Callable[[], Any]


def peers(model: nn.Module, batch: Tensor) -> dict[str, Runner]:
    """Name → what runs the network once on this batch, (N, C, H, W) on the CPU, in fp32 on all threads; compiled and
    warm. An engine that is not installed, or cannot run the network, is left out, and the log says why.
    """
    ready: dict[str, Runner] = {}
    for name, prepare in PEERS.items():
        try:
            run = prepare(model, batch)
            run()
        except Exception as error:  # whatever others raise: the bench goes on without them
            log.warning("%s is not measured: %s: %s", name, type(error).__name__, str(error).partition("\n")[0])
        else:
            ready[name] = run
    return ready


def _onnxruntime(model: nn.Module, batch: Tensor) -> Runner:
    onnxruntime = importlib.import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    with TemporaryDirectory() as folder:
        file = Path(folder, "network.onnx")
        torch.onnx.export(model, (batch,), file, dynamo=False, opset_version=17)
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    given = {session.get_inputs()[0].name: batch.numpy()}
    return lambda: session.run(None, given)


def _openvino(model: nn.Module, batch: Tensor) -> Runner:
    """As OpenVINO converts and compiles the network itself, without the rewrites of `seg.inference`."""
    openvino = importlib.import_module("openvino")
    request = compile_network(openvino.convert_model(model, example_input=batch)).create_infer_request()
    array = batch.numpy()
    return lambda: request.infer([array], share_inputs=True)


def _torch_compile(model: nn.Module, batch: Tensor) -> Runner:
    compiled = torch.compile(model)
    return lambda: compiled(batch)


PEERS: dict[str, Callable[[nn.Module, Tensor], Runner]] = {
    "ONNX Runtime": _onnxruntime,
    "OpenVINO": _openvino,
    "torch.compile": _torch_compile,
}
