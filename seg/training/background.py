"""Networks that learn while one watches: small ones on rendered shapes, in the background, one training at a time.

A `Coach` has one thread. It takes the first training in its queue that may go on, lets each of its networks take a few
steps, and looks again: so a paused training makes way for the next, and all networks of one keep in step.
"""

import atexit
import logging
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor, nn

from seg.catalogue.store import Record, WeightIndex, half_precision
from seg.datasets import Sample
from seg.errors import SegError, TrainingError, in_a_sentence
from seg.inference.engines.pytorch import is_out_of_memory
from seg.losses import build_loss
from seg.models import build_model
from seg.pictures.resize import normalise
from seg.scores.metrics import Scores, confusion_matrix
from seg.training.data import Data
from seg.training.publish import write_set
from seg.training.recipe import Recipe
from seg.training.replay import MOMENTS, Recorder

log = logging.getLogger(__name__)

MOST = 3
"""Networks in one training."""
SHOWN = 4
"""Held-out pictures whose masks are shown."""
SCORED = 48
"""Held-out pictures behind each point of the Dice curve."""
REPORTS = 24
"""Points of the curves."""
SLICE = 10
"""Steps of one network before it is the next one's turn, and before a pause is heeded."""
GRACE = 30.0
"""Seconds for which nobody needs to be watching before a training is given up."""


def recipe(model: str, loss: str, rarity: float, learning_rate: float, steps: int, number: int = 1) -> Recipe:
    """The recipe of one network that learns shapes in about a minute, as `recipes/shapes.toml` trains them.

    number: tells this training's sets from those of others.
    """
    return Recipe(
        "shapes",
        model,
        loss=loss,
        base=None if model.startswith("fc_densenet") else 8,
        levels=3 if model == "encoder_decoder" else None,
        variant=f"live{number}",
        scale=64,
        jitter=False,
        rendered=240,
        rarity=rarity,
        batch=16,
        epochs=max(1, steps * 16 // 240),
        learning_rate=learning_rate,
        warmup=0.2,
    )


@dataclass(frozen=True)
class Progress:
    """What one network has come to. losses, dice: (step, value), mean Dice over held-out pictures.

    masks: uint8 (SHOWN, h, w), its labels of the held-out pictures now; rate: pictures learned from per second.
    """

    name: str
    step: int = 0
    losses: tuple[tuple[int, float], ...] = ()
    dice: tuple[tuple[int, float], ...] = ()
    masks: np.ndarray | None = None
    rate: float = 0.0


class Learner:
    """One network on its way through its recipe, a few steps at a time."""

    def __init__(self, name: str, recipe: Recipe, data: Data, steps: int):
        self.recipe, self.data, self.steps = recipe, data, steps
        torch.manual_seed(recipe.seed)
        self.arguments = {
            "num_classes": len(data.class_map),
            "in_channels": len(data.mean),
            **{key: value for key, value in recipe.arguments.items() if value is not None},
        }
        self.model = build_model(recipe.model, **self.arguments)
        self.loss = build_loss(recipe.loss, data.pixels, data.presence)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), weight_decay=recipe.weight_decay)
        self.recorder = Recorder(data.dataset, data.enlargement, data.mean, data.std)
        self.progress = Progress(name)
        self.seconds = 0.0
        self._order = torch.Generator().manual_seed(recipe.seed)
        self._recent: list[float] = []

    @property
    def done(self) -> bool:
        return self.progress.step >= self.steps

    def learn(self) -> None:
        """Take a few steps; report where a report is due. Raises TrainingError with a sentence for a loss that is not
        finite."""
        step, every = self.progress.step, -(-self.steps // REPORTS)
        until = min(step + SLICE, (step // every + 1) * every, self.steps)
        begin = time.perf_counter()
        for now in range(step, until):
            if self.recorder.due(now / self.steps):
                self.recorder.take(self.model, now, now * self.recipe.batch / len(self.data.crops))
            self._step(now)
        taken = time.perf_counter() - begin
        self.seconds += taken
        self.progress = replace(self.progress, step=until, rate=(until - step) * self.recipe.batch / max(taken, 1e-9))
        if until % every == 0 or self.done:
            self._report()

    def _report(self) -> None:
        dice, masks = self._examine()
        step = self.progress.step
        self.progress = replace(
            self.progress,
            losses=(*self.progress.losses, (step, float(np.mean(self._recent)))),
            dice=(*self.progress.dice, (step, dice)),
            masks=masks,
        )
        self._recent.clear()

    def _step(self, step: int) -> None:
        crops = self.data.crops
        picks = torch.randint(len(crops), (self.recipe.batch,), generator=self._order).tolist()
        pairs = [crops[step, pick] for pick in picks]
        images = normalise(torch.stack([image for image, _ in pairs]), self.data.mean, self.data.std)
        truth = torch.stack([mask for _, mask in pairs]).long()
        self.model.train()
        loss = self.loss(self.model(images), truth)
        if not torch.isfinite(loss):
            raise TrainingError(
                f"{self.progress.name}: the loss is no number any more in step {step}: choose a smaller learning rate."
            )
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate(step / self.steps)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self._recent.append(float(loss.detach()))

    @torch.no_grad()
    def _examine(self) -> tuple[float, np.ndarray]:
        images, truths = held_out(self.data)
        labels = self.model.eval()(normalise(images, self.data.mean, self.data.std)).argmax(dim=1).to(torch.uint8)
        total = confusion_matrix(labels.numpy(), truths, len(self.data.class_map))
        return Scores(total).mean_dice, labels[:SHOWN].numpy()

    def write(self, index: WeightIndex) -> Record:
        """Keep what it has learned as a weight set of the folder."""
        model: nn.Module = half_precision(self.model.eval())
        if len(self.recorder.frames) < len(MOMENTS):
            self.recorder.take(model, self.progress.step, self.progress.step * self.recipe.batch / len(self.data.crops))
        per_epoch = len(self.data.crops) / self.recipe.batch
        curve = [{"epoch": round(step / per_epoch, 2), "loss": loss} for step, loss in self.progress.losses]
        return write_set(index, model, self.recipe, self.data, self.arguments, self.recorder, self.seconds, curve)


def held_out(data: Data) -> tuple[Tensor, np.ndarray]:
    """The pictures that the networks never learn from: uint8 (n, 3, h, w), and their truths, uint8 (n, h, w)."""
    pairs = [data.validation[i] for i in range(min(SCORED, len(data.validation)))]
    return torch.stack([image for image, _ in pairs]), torch.stack([truth for _, truth in pairs]).numpy()


WAITING, LEARNING, PAUSED, DONE, STOPPED, FAILED = "waiting", "learning", "paused", "done", "stopped", "failed"
OVER = (DONE, STOPPED, FAILED)


@dataclass(eq=False)
class Training:
    """One visitor's networks. Read by pages while the coach's thread writes: each field is replaced whole.

    alive: says whether its visitor is still there.
    """

    recipes: dict[str, Recipe]
    steps: int
    alive: Callable[[], bool] = lambda: True
    state: str = WAITING
    error: str = ""
    progress: tuple[Progress, ...] = ()
    samples: tuple[Sample, ...] = ()
    learners: list[Learner] = field(default_factory=list)
    seen: float = field(default_factory=time.monotonic)
    busy: threading.Lock = field(default_factory=threading.Lock)

    @property
    def share(self) -> float:
        """How much of the work is done, 0 to 1."""
        return sum(p.step for p in self.progress) / (self.steps * len(self.recipes))

    def save_as_sets(self, index: WeightIndex) -> list[Record]:
        """Write its networks as weight sets of the folder, once the thread has let go of them.

        Raises TrainingError with a sentence if that fails.
        """
        try:
            with self.busy:
                return [learner.write(index) for learner in self.learners]
        except Exception as error:
            raise TrainingError(_sentence(error, "Keeping the networks")) from error

    def _prepare(self) -> None:
        data = Data(next(iter(self.recipes.values())), None)
        self.samples = tuple(data.val_samples[i] for i in range(min(SHOWN, len(data.val_samples))))
        self.learners = [Learner(name, recipe, data, self.steps) for name, recipe in self.recipes.items()]
        self.progress = tuple(learner.progress for learner in self.learners)

    def _advance(self) -> None:
        """A few steps of the network that is furthest behind."""
        learner = min(self.learners, key=lambda one: one.progress.step)
        with self.busy:
            learner.learn()
        self.progress = tuple(one.progress for one in self.learners)
        if all(one.done for one in self.learners) and self.state != STOPPED:
            self.state = DONE

    def _abandoned(self) -> bool:
        with suppress(Exception):  # whoever cannot be asked after counts as gone
            if self.alive():
                self.seen = time.monotonic()
        return time.monotonic() - self.seen > GRACE


class Coach:
    """Trains what is in its queue, one training at a time, in a thread of its own that ends when nothing is left, or
    the program does."""

    def __init__(self) -> None:
        self._queue: list[Training] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        atexit.register(self.close)

    def start(self, training: Training) -> None:
        with self._changed:
            self._queue.append(training)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="seg-coach", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def pause(self, training: Training) -> None:
        self._become(training, PAUSED)

    def resume(self, training: Training) -> None:
        self._become(training, WAITING)

    def stop(self, training: Training) -> None:
        self._become(training, STOPPED)

    def close(self) -> None:
        """Stop them all and wait for the few steps that are being made."""
        with self._changed:
            thread, queue = self._thread, list(self._queue)
        for training in queue:
            self.stop(training)
        if thread is not None:
            thread.join()

    def ahead(self, training: Training) -> int:
        """How many others are to be trained before this one goes on."""
        with self._changed:
            if training not in self._queue:
                return 0
            return sum(t.state in (WAITING, LEARNING) for t in self._queue[: self._queue.index(training)])

    def _become(self, training: Training, state: str) -> None:
        with self._changed:
            if training.state not in OVER:
                training.state = state
            self._changed.notify_all()

    def _next(self) -> Training | None:
        """The first that may go on, once there is one; None when nothing is left in the queue."""
        with self._changed:
            while True:
                for training in self._queue:
                    if training.state not in OVER and training._abandoned():
                        training.state = STOPPED
                self._queue = [t for t in self._queue if t.state not in OVER]
                if not self._queue:
                    self._thread = None
                    return None
                ready = [t for t in self._queue if t.state in (WAITING, LEARNING)]
                for training in ready[1:]:
                    training.state = WAITING
                if ready:
                    ready[0].state = LEARNING
                    return ready[0]
                self._changed.wait(timeout=GRACE / 4)

    def _work(self) -> None:
        while (training := self._next()) is not None:
            try:
                if training.learners:
                    training._advance()
                else:
                    training._prepare()
            except BaseException as error:  # whatever it is, others wait for their turn
                training.error = _sentence(error, "The training")
                training.state = FAILED


def _sentence(error: BaseException, what: str) -> str:
    if not isinstance(error, SegError):
        log.warning("%s failed:\n%s", what, traceback.format_exc())
    if is_out_of_memory(error):
        return "There is not enough memory: train fewer networks at once."
    return in_a_sentence(error, what, "try again, or choose other networks and settings")
