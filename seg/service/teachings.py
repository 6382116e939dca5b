"""Networks that a few painted photos teach as work in the background, and why that works."""

from collections.abc import Callable, Generator, Mapping, Sequence

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
from seg.training.why import from_scratch, growth

NEEDED_BYTES = 100_000_000
"""That must be free for a lesson: the encoder, what it makes of the photos, and what a head learns in."""


class Teaching(Job):
    """One lesson.

    teacher: asked for when its turn has come; watched: pictures whose masks are shown and nothing more. progress: what
    there is to show, None before it has begun; record: of the weight set that it is written as, under `name` in
    `index`, once it is done.
    """

    things = "steps"

    def __init__(
        self,
        teacher: Callable[[], Teacher],
        class_map: ClassMap,
        paintings: Sequence[Painting],
        watched: Sequence[Painting],
        index: WeightIndex,
        name: str,
        alive: Callable[[], bool] = lambda: True,
    ):
        super().__init__(alive)
        self.class_map = class_map
        self.paintings, self.watched = tuple(paintings), tuple(watched)
        self.progress: Progress | None = None
        self.record: Record | None = None
        self.index = index
        self._teacher, self._name = teacher, name

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
        return _sentence(self.error)

    def steps(self) -> Generator[None]:
        for progress in self._teacher().teach(self.paintings, watched=self.watched):
            self.progress = progress
            if progress.taught is not None:
                self.record = progress.taught.write(self.index, self._name)
            yield


class Reasons(Job):
    """Why a lesson could do with so few photos: the same from scratch in the same time, and the Dice by their number.

    scratch: how far the network from scratch is, None before it has begun; grown: photos learned from → the Dice on the
    others of each of a few groups, None until it is known, and of a single photo.
    """

    things = "parts"

    def __init__(self, lesson: Teaching, teacher: Callable[[], Teacher], alive: Callable[[], bool] = lambda: True):
        super().__init__(alive)
        assert lesson.taught is not None
        self.lesson = lesson
        self.seconds = lesson.taught.computed + lesson.taught.learned
        self.scratch: Progress | None = None
        self.grown: Mapping[int, tuple[float, ...]] | None = None
        self._teacher = teacher
        self._counted: Progress | None = None

    @property
    def total(self) -> int:
        return 200

    @property
    def done(self) -> int:
        return sum(100 * one.done // max(one.total, 1) for one in (self.scratch, self._counted) if one)

    @property
    def said(self) -> str:
        """A sentence on what it failed by, '' while it has not."""
        return _sentence(self.error)

    def steps(self) -> Generator[None]:
        teacher = self._teacher()
        for progress in from_scratch(teacher, self.lesson.paintings, self.seconds, self.lesson.watched):
            self.scratch = progress
            yield
        if len(self.lesson.paintings) > 1:
            for progress in self._count(teacher):
                self._counted = progress
                yield

    def _count(self, teacher: Teacher) -> Generator[Progress]:
        self.grown = yield from growth(teacher, self.lesson.paintings)


def _sentence(error: BaseException | None) -> str:
    if error is None:
        return ""
    if is_out_of_memory(error):
        return "There is not enough memory: teach with fewer or smaller photos."
    return in_a_sentence(error, "Teaching", "try again, or take away the photo that came last")
