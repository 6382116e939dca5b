"""The kernels under gcc's sanitizers: a harness runs each on odd shapes, in buffers as long as they need to be."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from seg.inference.engines.native import kernels

HARNESSES = ("kernels", "labels")

FLAGS = ["-std=gnu11", "-O2", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-pthread"]

VECTORS = {"DEFAULT": [], "AVX2": ["-march=x86-64-v3"], "AVX512": ["-march=x86-64-v4"]}
"""What gcc may use of a CPU that PyTorch calls so, from the least on."""

pytestmark = pytest.mark.skipif(
    not os.environ.get("CI") and (sys.platform != "linux" or shutil.which("gcc") is None),
    reason="gcc, which brings the sanitizers, is missing",
)


@pytest.mark.parametrize("harness", HARNESSES)
@pytest.mark.parametrize("capability", VECTORS)
def test_the_kernels_stay_within_their_buffers_and_are_right(capability, harness, tmp_path):
    longer = list(VECTORS)[list(VECTORS).index(capability) :]
    if capability != "DEFAULT" and torch.backends.cpu.get_cpu_capability() not in longer:
        pytest.skip("this CPU has shorter vectors")
    source = Path(__file__).with_name(f"{harness}_harness.c")
    program, folder = tmp_path / "harness", kernels.SOURCES[0].parent
    command = ["gcc", *FLAGS, *VECTORS[capability], f"-I{folder}", str(source), "-o", str(program), "-lm"]
    subprocess.run(command, check=True)
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:3000]
