"""Labelled pictures that come with the program, for a first look at what is done with one's own."""

from collections.abc import Iterator
from dataclasses import dataclass

from seg.datasets import DATASETS, VALIDATION_SEEDS, Dataset, Sample

RENDERED = 16
"""Pictures of an example that is rendered."""


@dataclass(frozen=True)
class Example:
    """Samples that nobody was trained on, rendered or opened when they are asked for. title: what it is, in a word."""

    dataset: Dataset
    title: str
    numbers: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Sample:
        if self.dataset.render is None:
            return self.dataset.open(self.numbers[index])
        return self.dataset.render(self.numbers[index], *self.dataset.size)


def examples() -> list[Example]:
    """Rendered street scenes, and the four photographs."""
    street, everyday = DATASETS["street"], DATASETS["everyday"]
    seeds = tuple(range(VALIDATION_SEEDS, VALIDATION_SEEDS + RENDERED))
    return [
        Example(street, f"{RENDERED} street scenes", seeds),
        Example(everyday, f"{len(everyday.samples)} photographs", everyday.samples),
    ]
