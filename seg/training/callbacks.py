"""What happens beside the steps of a training: its checkpoints, and a line an epoch where nobody watches a bar."""

import os
import sys
import time
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np

CHECKPOINT_SECONDS = 120.0
"""Between two checkpoints within an epoch, at least."""


class Checkpoint(L.Callback):
    """Writes last.ckpt after every epoch, and within one every few minutes, atomically: a kill leaves the old one or
    the new one."""

    def __init__(self, path: Path):
        self.path = path
        self.written = time.monotonic()

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        module: Any = pl_module
        if module.position(trainer.current_epoch + 1)[1] and time.monotonic() - self.written < CHECKPOINT_SECONDS:
            return
        self.written = time.monotonic()
        temporary = self.path.with_suffix(".partial")
        try:
            trainer.save_checkpoint(temporary, weights_only=False)
            os.replace(temporary, self.path)
        finally:
            temporary.unlink(missing_ok=True)


class Report(L.Callback):
    """Says a line an epoch, for a training that nobody watches: loss, validation mean IoU, time left."""

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        module: Any = pl_module
        epoch, part, _ = module.position(trainer.current_epoch + 1)
        if part:
            return
        spent = module.spent + time.monotonic() - module.started
        score = ""
        if module.curve and module.curve[-1]["epoch"] == epoch:
            score = f", validation mean IoU {module.curve[-1]['val_mean_iou']:.3f}"
        print(
            f"{module.recipe.name}: epoch {epoch} of {module.epochs}, loss {np.mean(module.epoch_losses):.4f}{score}, "
            f"{_duration(spent / max(module.progress, 1e-6) - spent)} left",
            file=sys.stderr,
            flush=True,
        )


def _duration(seconds: float) -> str:
    """'40 s', '12 minutes', '3.5 hours'."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
