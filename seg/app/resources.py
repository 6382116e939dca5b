"""What all visitors share: the prediction service, the weight records, the rendered samples. Guarded, and bounded."""

import os
import threading
from functools import lru_cache
from pathlib import Path

from seg.datasets import RENDERERS, Sample
from seg.service import PredictionService
from seg.weights import SHIPPED, Record, WeightIndex

SERVICE = PredictionService()
"""One for the whole process: a module is imported once, however many visitors come at the same moment."""

SAMPLES = {"street": (17, 15, 26, 6)}
"""Dataset → seeds of the rendered pictures that the app offers; no training run uses them."""

_rendering = threading.Lock()


def weights_folder() -> Path:
    """The folder of the weight sets: SEG_WEIGHTS if it is set, else the shipped one."""
    return Path(os.environ.get("SEG_WEIGHTS") or SHIPPED)


def records() -> dict[str, Record]:
    """Name → record, read again only when index.json changes. Raises WeightsError if it is missing or damaged."""
    index = WeightIndex(weights_folder())
    modified = index.path.stat().st_mtime_ns if index.path.exists() else 0
    return _records(index.folder, modified)


@lru_cache(maxsize=4)
def _records(folder: Path, modified: int) -> dict[str, Record]:
    return WeightIndex(folder).records()


def sample(dataset: str, seed: int) -> Sample:
    """A rendered picture with its truth; two first visitors render it once."""
    with _rendering:
        return _sample(dataset, seed)


@lru_cache(maxsize=16)
def _sample(dataset: str, seed: int) -> Sample:
    return RENDERERS[dataset](seed, 360, 480)
