"""Networks that learn while one watches: small ones on rendered shapes, a few steps at a time."""

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from seg.catalogue.comparisons import LIVE
from seg.catalogue.store import Record, WeightIndex, half_precision
from seg.errors import TrainingError
from seg.losses import build_loss
from seg.models import build_model
from seg.pictures.resize import normalise
from seg.scores.metrics import Scores, confusion_matrix
from seg.training.recipe import Recipe
from seg.training.replay import MOMENTS, Recorder

if TYPE_CHECKING:
    from seg.training.data import Data

SHOWN = 4
"""Held-out pictures whose masks are shown."""
SCORED = 48
"""Held-out pictures behind each point of the Dice curve."""
REPORTS = 24
"""Points of the curves."""
MASKS_BYTES = 1_000_000
"""Of the masks that it has shown, at most."""
SLICE = 10
"""Steps of one network before it is the next one's turn, and before a pause is heeded."""


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
        variant=f"{LIVE}{number}",
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

    def __init__(self, name: str, recipe: Recipe, data: "Data", steps: int):
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

    @property
    def held_bytes(self) -> int:
        """Of its numbers, their gradients and the optimizer's two of each; and of what it shows."""
        return 16 * sum(parameter.numel() for parameter in self.model.parameters()) + MASKS_BYTES

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
        from seg.training.publish import write_set  # see `seg.service.trainings.Training._prepare`

        model: nn.Module = half_precision(self.model.eval())
        if len(self.recorder.frames) < len(MOMENTS):
            self.recorder.take(model, self.progress.step, self.progress.step * self.recipe.batch / len(self.data.crops))
        per_epoch = len(self.data.crops) / self.recipe.batch
        curve = [{"epoch": round(step / per_epoch, 2), "loss": loss} for step, loss in self.progress.losses]
        return write_set(index, model, self.recipe, self.data, self.arguments, self.recorder, self.seconds, curve)


def held_out(data: "Data") -> tuple[Tensor, np.ndarray]:
    """The pictures that the networks never learn from: uint8 (n, 3, h, w), and their truths, uint8 (n, h, w)."""
    pairs = [data.validation[i] for i in range(min(SCORED, len(data.validation)))]
    return torch.stack([image for image, _ in pairs]), torch.stack([truth for _, truth in pairs]).numpy()
