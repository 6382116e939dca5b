"""What training asks of the machine: how many processes read pictures, and in what precision it multiplies."""

import os
from pathlib import Path
from typing import Literal

import torch


def loaders() -> int:
    """Processes that read and crop beside the one that keeps a GPU busy; without a GPU that one does it."""
    if not torch.cuda.is_available():
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(8, cores - 1))


def precision() -> Literal["bf16-mixed", "32-true"]:
    """bf16 where the hardware multiplies it (CUDA, CPUs with AVX512-BF16 or AMX), else fp32."""
    capable = torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    if not torch.cuda.is_available():
        flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
        capable = "avx512_bf16" in flags or "amx_bf16" in flags
    return "bf16-mixed" if capable else "32-true"
