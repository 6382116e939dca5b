"""Networks that learn as work in the background, while a visitor watches."""

import threading
from collections.abc import Callable, Generator, Mapping

from seg.catalogue.store import Record, WeightIndex
from seg.datasets import Sample
from seg.errors import TrainingError, in_a_sentence
from seg.inference.engines.pytorch import is_out_of_memory
from seg.service.jobs import Job
from seg.training.learner import SHOWN, Learner, Progress
from seg.training.recipe import Recipe

MOST = 3
"""Networks in one training."""

PICTURES_BYTES = 8_000_000
"""Of the pictures that all of them learn from, and are scored on."""

NEEDED_BYTES = 100_000_000
"""That must be free for one to begin: its networks, and what they work in."""


class Training(Job):
    """One visitor's networks, which learn in step. Read by pages while a thread works: each field is replaced whole.

    recipes: of each network, by its name; of_each: how many steps each takes.
    """

    things = "steps"

    def __init__(self, recipes: Mapping[str, Recipe], of_each: int, alive: Callable[[], bool] = lambda: True):
        super().__init__(alive)
        self.recipes, self.of_each = recipes, of_each
        self.progress: tuple[Progress, ...] = ()
        self.samples: tuple[Sample, ...] = ()
        self._learners: list[Learner] = []
        self._busy = threading.Lock()

    @property
    def total(self) -> int:
        return self.of_each * len(self.recipes)

    @property
    def done(self) -> int:
        return sum(progress.step for progress in self.progress)

    @property
    def said(self) -> str:
        """A sentence on what it failed by, '' while it has not."""
        return "" if self.error is None else _sentence(self.error, "The training")

    def steps(self) -> Generator[None]:
        if not self._learners:
            self._prepare()
            yield
        while self.done < self.total:
            self._advance()
            yield

    def save_as_sets(self, index: WeightIndex) -> list[Record]:
        """Write its networks as weight sets of the folder, once the thread has let go of them.

        Raises TrainingError with a sentence if that fails.
        """
        try:
            with self._busy:
                return [learner.write(index) for learner in self._learners]
        except Exception as error:
            raise TrainingError(_sentence(error, "Keeping the networks")) from error

    @property
    def held_bytes(self) -> int:
        """What it takes until it is gone: its networks, and the pictures that they learn from."""
        learners = self._learners
        return sum(learner.held_bytes for learner in learners) + (PICTURES_BYTES if learners else 0)

    def _prepare(self) -> None:
        from seg.training.data import Data  # and with it 80 MB, which a page that shows no training need not wait for

        data = Data(next(iter(self.recipes.values())), None)
        self.samples = tuple(data.val_samples[i] for i in range(min(SHOWN, len(data.val_samples))))
        self._learners = [Learner(name, recipe, data, self.of_each) for name, recipe in self.recipes.items()]
        self.progress = tuple(learner.progress for learner in self._learners)

    def _advance(self) -> None:
        """A few steps of the network that is furthest behind."""
        learner = min(self._learners, key=lambda one: one.progress.step)
        with self._busy:
            learner.learn()
        self.progress = tuple(one.progress for one in self._learners)


def _sentence(error: BaseException, what: str) -> str:
    if is_out_of_memory(error):
        return "There is not enough memory: train fewer networks at once."
    return in_a_sentence(error, what, "try again, or choose other networks and settings")
