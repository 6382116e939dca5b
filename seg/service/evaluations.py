"""Networks on labelled pictures as work in the background, and their masks as a file."""

import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from seg.catalogue.comparisons import WeightSet, sets_in_words
from seg.datasets import Sample, Samples
from seg.errors import DataError
from seg.inference.segmenter import Segmenter
from seg.pictures.drawing import encode_ids, encode_thumbnail
from seg.scores.counts import Row
from seg.scores.evaluation import Account, score_pictures
from seg.scores.totals import Totals
from seg.service.jobs import Job

SIDE = 80
"""Of a thumbnail, pixels: two for each that it is shown at."""

MOST_NETWORKS = 6
"""In one evaluation: all of them are in memory together."""

MOST_BYTES = 500_000_000
"""Of masks in one file."""


@dataclass(frozen=True)
class Task:
    """What is to be scored.

    sets: the networks; samples: with the networks' class ids; data, split: what these are called; source: where a
    command line finds them, '' where it does not; device, detail: as `Segmenter.load` and a Segmenter take them; said:
    takes the place where files lie for the time being out of a sentence.
    """

    sets: tuple[WeightSet, ...]
    samples: Samples
    data: str
    split: str
    source: str = ""
    device: str = "auto"
    detail: int = 1
    said: Callable[[str], str] = str

    @property
    def names(self) -> tuple[str, ...]:
        """Of the networks, in words."""
        words = sets_in_words(self.sets)
        return tuple(words[weights.name] for weights in self.sets)

    def networks(self) -> list[Segmenter]:
        """Loaded for this, and gone with it: for one caller, so that other visitors have their turn too.

        Raises WeightsError, OptionError.
        """
        return [Segmenter.load(w.record.name, self.device, weights=w.folder) for w in self.sets]


@dataclass
class _Watched:
    """Samples of which every one that is read leaves its thumbnail behind, and names its file as people know it."""

    samples: Samples
    said: Callable[[str], str]
    thumbnails: dict[int, bytes] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Sample:
        sample = self.samples[index]
        self.thumbnails[index] = encode_thumbnail(sample.image, SIDE)
        return replace(sample, file=self.said(sample.file))

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))


class Evaluation(Job):
    """Scores in the making. rows: one for each picture that is scored, in any order after a stop; account: of the
    pictures that could not be, and of what was done to others."""

    def __init__(self, task: Task, alive: Callable[[], bool] = lambda: True):
        super().__init__(alive)
        self.task = task
        self.rows: list[Row] = []
        self.account = Account()
        self._samples = _Watched(task.samples, task.said)
        self._totals: Totals | None = None

    @property
    def total(self) -> int:
        return len(self.task.samples)

    @property
    def done(self) -> int:
        return len(self.rows) + len(self.account.left_out)

    @property
    def thumbnails(self) -> dict[int, bytes]:
        """Place of a picture → a small square JPEG."""
        return self._samples.thumbnails

    @property
    def left_out(self) -> list[str]:
        """A sentence for each picture that could not be scored."""
        return [self.task.said(sentence) for sentence in list(self.account.left_out)]

    def steps(self) -> Generator[None]:
        scored = {row.file for row in self.rows}
        noted = {note: [f for f in files if f in scored] for note, files in self.account.notes.items()}
        self.account = Account(notes=defaultdict(list, {note: files for note, files in noted.items() if files}))
        done = {row.index for row in self.rows}
        pictures = [index for index in range(len(self._samples)) if index not in done]
        segmenters = self.task.networks()
        for row in score_pictures(segmenters, self._samples, self.account, self.task.detail, pictures):
            self.rows.append(row)
            yield

    def totals(self) -> Totals:
        """Of the rows that there are: worked out once. Raises DataError where there are none."""
        rows = list(self.rows)
        if not rows:
            raise DataError(" ".join(["No picture could be scored.", *self.left_out[:1]]))
        if self._totals is None or len(self._totals.rows) != len(rows):
            self._totals = Totals(self.task.names, self.task.sets[0].record.class_map.names, rows)
        return self._totals


class Masks(Job):
    """A ZIP of every network's masks of the pictures that were scored: class ids in the classes' colours.

    file: in the temporary folder, gone with this object; complete once the job is done.
    """

    def __init__(self, task: Task, rows: Sequence[Row], alive: Callable[[], bool] = lambda: True):
        super().__init__(alive)
        self.task, self._rows = task, tuple(rows)
        self._folder = tempfile.TemporaryDirectory(prefix="seg-masks-", ignore_cleanup_errors=True)
        self.file = Path(self._folder.name) / "masks.zip"
        self._written = 0

    @property
    def total(self) -> int:
        return len(self._rows)

    @property
    def done(self) -> int:
        return self._written

    def steps(self) -> Generator[None]:
        """Raises DataError beyond `MOST_BYTES`."""
        segmenters = self.task.networks()
        with zipfile.ZipFile(self.file, "a", zipfile.ZIP_STORED) as archive:
            for row in self._rows[self._written :]:
                image = self.task.samples[row.index].image
                for weights, segmenter in zip(self.task.sets, segmenters, strict=True):
                    labels = segmenter(image, self.task.detail).labels
                    archive.writestr(
                        f"{_inside(weights.name)}/{_inside(row.name)}.png",
                        encode_ids(labels, segmenter.record.class_map),
                    )
                self._written += 1
                if self.file.stat().st_size > MOST_BYTES:
                    raise DataError(
                        f"The masks of {self._written:,} pictures take {MOST_BYTES / 1e6:,.0f} MB already: have "
                        "`seg predict` write them, which has no such bound."
                    )
                yield


def _inside(name: str) -> str:
    """A name as a path that leads out of nothing."""
    parts = [part for part in PurePosixPath(name.replace("\\", "/").replace(":", "")).parts if part.strip("/. ")]
    return "/".join(parts) or "picture"
