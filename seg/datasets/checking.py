"""An own data set looked through: every picture and mask is read once, and what they hold is added up."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from seg.datasets.own import OwnData
from seg.datasets.sample import Sample
from seg.errors import SegError
from seg.labels import IGNORE
from seg.pictures.masks import AmbiguousMask


@dataclass
class Report:
    """What a data set holds.

    pictures: split → how many were read. pixels: int64 (C + 1,), of each class, and last the unlabelled; presence: int
    (C,), the pictures that hold each class. sizes: (height, width) → pictures. notes: how files were read → the files.
    problems: a sentence for each file that cannot be used, among them those known before a picture was read.
    """

    pixels: np.ndarray
    presence: np.ndarray
    pictures: Counter = field(default_factory=Counter)
    sizes: Counter = field(default_factory=Counter)
    notes: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    problems: list[str] = field(default_factory=list)

    @property
    def shares(self) -> np.ndarray:
        """Of the labelled pixels, each class's, float (C,); of all pixels, last, the unlabelled."""
        labelled, total = self.pixels[:-1].sum(), self.pixels.sum()
        return np.append(self.pixels[:-1] / max(labelled, 1), self.pixels[-1] / max(total, 1))


def read_all(data: OwnData) -> Iterator[tuple[str, Sample | str]]:
    """(split, picture), or (split, why it cannot be used), for every picture of the set."""
    for split, samples in data.splits.items():
        for index in range(len(samples)):
            try:
                yield split, samples[index]
            except AmbiguousMask as error:
                first, second = data.class_map.names[:2]
                yield split, f'{error.what} Say it in dataset.toml, map = {{0 = "{first}", 255 = "{second}"}}, say.'
            except SegError as error:
                yield split, str(error)


def checked(data: OwnData, read: Iterable[tuple[str, Sample | str]]) -> Report:
    """What `read_all` gives, added up."""
    count = len(data.class_map)
    report = Report(np.zeros(count + 1, np.int64), np.zeros(count, np.int64), problems=list(data.problems))
    for split, sample in read:
        if isinstance(sample, str):
            report.problems.append(sample)
            continue
        counts = np.bincount(sample.labels.ravel(), minlength=256)
        report.pixels += np.append(counts[:count], counts[IGNORE])
        report.presence += counts[:count] > 0
        report.pictures[split] += 1
        report.sizes[sample.labels.shape] += 1
        if not counts[:count].any():
            report.problems.append(f"{sample.file} has no labelled pixel: there is nothing to learn or to score.")
        for note in sample.notes:
            report.notes[note].append(sample.file)
    return report
