"""An evaluation on Ray: workers score parts of the pictures, and their rows come in order.

A worker that is lost is replaced, and what it was at is done again: nothing is lost, and nothing counts twice.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seg.errors import SegError
from seg.inference.on_ray import connect
from seg.inference.segmenter import Segmenter
from seg.pictures.masks import AS_FILED, AmbiguousMask, Reading
from seg.scores.counts import Row
from seg.scores.evaluation import Account, samples_for, score_pictures

BATCH = 8
"""Pictures that a worker takes at a time."""

MOST_BATCHES = 20_000
"""More pictures make larger ones: the cluster keeps account of each."""


@dataclass(frozen=True)
class Work:
    """What is scored, by what: whatever a worker needs to begin, on any machine that sees the same folders.

    weights: (name, folder) of each set; data, split, reading: as `samples_for` takes them.
    """

    weights: tuple[tuple[str, Path], ...]
    data: Path | None
    split: str
    reading: Reading = AS_FILED
    detail: int = 1
    device: str = "auto"
    engine: str = "auto"
    tta: bool = False


class Scorer:
    """A worker, with its networks loaded."""

    def __init__(self, work: Work):
        self.segmenters = [
            Segmenter.load(name, work.device, work.engine, folder, tta=work.tta) for name, folder in work.weights
        ]
        self.samples = samples_for(self.segmenters[0].record, work.data, work.split, work.reading)
        self.detail = work.detail

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        account = Account()
        try:
            places = batch["item"].tolist()
            rows = list(score_pictures(self.segmenters, self.samples, account, self.detail, pictures=places))
            answer: Any = rows, account
        except AmbiguousMask as error:  # whatever else goes wrong, Ray tells
            answer = error
        answers = np.empty(1, object)
        answers[0] = answer
        return {"answer": answers}


def score_on_ray(address: str, work: Work, pictures: Sequence[int], account: Account) -> Iterator[Row]:
    """`seg.scores.evaluation.score_pictures` by a worker for each GPU of the cluster, or for each core where it has
    none.

    address: as `connect` takes it. Raises what `score_pictures` does, and OptionError without Ray.
    """
    connect(address)
    import ray
    import ray.data

    try:
        context = ray.data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        there = ray.cluster_resources()
        gpus, cores = int(there.get("GPU", 0)), int(there.get("CPU", 1))
        batches = max(1, min(MOST_BATCHES, math.ceil(len(pictures) / BATCH)))
        scored = ray.data.from_items(list(pictures), override_num_blocks=batches).map_batches(
            Scorer,
            fn_constructor_args=(work,),
            batch_size=None,
            concurrency=min(gpus or cores, batches),
            num_gpus=1 if gpus else 0,
            num_cpus=1,
        )
        for found in scored.iter_rows():
            if isinstance(found["answer"], SegError):
                raise found["answer"]
            rows, said = found["answer"]
            account.left_out += said.left_out
            for note, files in said.notes.items():
                account.notes[note] += files
            yield from rows
    finally:
        ray.shutdown()
