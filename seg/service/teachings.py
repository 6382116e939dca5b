"""Networks that a few painted photos teach as work in the background, and why that works."""

from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from seg.catalogue.record import Record
from seg.catalogue.store import WeightIndex
from seg.errors import in_a_sentence
from seg.inference.engines.pytorch import is_out_of_memory
from seg.labels import ClassMap
from seg.service.jobs import Job
from seg.training.lesson import Progress
from seg.training.paintings import Painting
from seg.training.taught import Taught
from seg.training.teacher import Teacher


class Teaching(Job):
    """One lesson.

    teacher: asked for when its turn has come; watched: pictures whose masks are shown and nothing more. progress: what
    there is to show, None before it has begun; record: of the weight set that it is written as, under `name` in
    `folder`, once it is done.
    """

    things = "steps"

    def __init__(
        self,
        teacher: Callable[[], Teacher],
        class_map: ClassMap,
        paintings: Sequence[Painting],
        watched: Sequence[Painting],
        folder: Path,
        name: str,
        alive: Callable[[], bool] = lambda: True,
    ):
        super().__init__(alive)
        self.class_map = class_map
        self.paintings, self.watched = tuple(paintings), tuple(watched)
        self.progress: Progress | None = None
        self.record: Record | None = None
        self._teacher, self._folder, self._name = teacher, folder, name

    @property
    def total(self) -> int:
        return self.progress.total if self.progress else 1

    @property
    def done(self) -> int:
        return self.progress.done if self.progress else 0

    @property
    def taught(self) -> Taught | None:
        return self.progress.taught if self.progress else None

    @property
    def said(self) -> str:
        """A sentence on what it failed by, '' while it has not."""
        if self.error is None:
            return ""
        if is_out_of_memory(self.error):
            return "There is not enough memory: teach with fewer or smaller photos."
        return in_a_sentence(self.error, "Teaching", "try again, or take away the photo that came last")

    def steps(self) -> Generator[None]:
        for progress in self._teacher().teach(self.paintings, watched=self.watched):
            self.progress = progress
            if progress.taught is not None:
                self.record = progress.taught.write(WeightIndex(self._folder), self._name)
            yield
