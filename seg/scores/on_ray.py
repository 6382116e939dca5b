"""An evaluation on Ray: workers score parts of the pictures, and their rows come in order.

A worker that is lost is replaced, and what it was at is done again: nothing is lost, and nothing counts twice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from seg.inference.on_ray import spread
from seg.inference.segmenter import Segmenter
from seg.pictures.masks import AS_FILED, Reading
from seg.scores.counts import Row
from seg.scores.evaluation import Account, samples_for, score_pictures


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

    def __call__(self, places: list[int]) -> tuple[list[Row], Account]:
        account = Account()
        rows = list(score_pictures(self.segmenters, self.samples, account, self.detail, pictures=places))
        return rows, account


def score_on_ray(address: str, work: Work, pictures: Sequence[int], account: Account) -> Iterator[Row]:
    """`seg.scores.evaluation.score_pictures` by the workers of a cluster. Raises what that does, and what
    `seg.inference.on_ray.spread` does."""
    for rows, said in spread(address, Scorer, work, pictures):
        account.left_out += said.left_out
        for note, files in said.notes.items():
            account.notes[note] += files
        yield from rows
