"""The first two threads that run a network do not wait for each other."""

import subprocess
import sys

import pytest

from seg.inference.engines.openvino.compiling import problem
from tests.imports import ROOT

pytestmark = pytest.mark.skipif(bool(problem()), reason="OpenVINO cannot run here")

TRIES = 8
"""Without a run before them, the threads of one process in five waited for ever."""

CODE = """
import threading
import numpy as np
from seg.inference.engines.openvino.compiling import core
core()
import openvino
from openvino import opset13
given = opset13.parameter([1, 4, 4, 3], np.float32)
compiled = openvino.Core().compile_model(openvino.Model([opset13.relu(given)], [given]), "CPU", {"NUM_STREAMS": 2})
start = threading.Barrier(3)
def run():
    request = compiled.create_infer_request()
    start.wait()
    request.infer([np.zeros((1, 4, 4, 3), np.float32)], share_inputs=True)
    request.get_output_tensor(0).data
threads = [threading.Thread(target=run) for _ in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def test_the_first_threads_at_once_all_get_an_answer():
    for _ in range(TRIES):
        assert subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, timeout=60).returncode == 0
