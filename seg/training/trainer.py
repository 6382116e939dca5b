"""Training with Lightning: deterministic by seed and epoch, so that a killed run resumes to the same end."""

import copy
import logging
import math
import sys
import time
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
import torch.nn.functional as F
from lightning.pytorch.loggers import CSVLogger
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, Dataset

from seg.catalogue.record import Record
from seg.catalogue.store import WeightIndex, half_precision
from seg.datasets.own import OwnData
from seg.errors import OptionError, TrainingError
from seg.labels import IGNORE
from seg.losses import build_loss
from seg.models import build_model
from seg.pictures.resize import normalise
from seg.scores.metrics import Scores, confusion_matrix
from seg.training.callbacks import Checkpoint, Report
from seg.training.checkpoint import check, writing
from seg.training.data import Augmented, Data, EpochOrder
from seg.training.hardware import loaders, precision
from seg.training.publish import write_set
from seg.training.recipe import Recipe
from seg.training.replay import MOMENTS, Recorder
from seg.training.start import load_encoder, load_start

__all__ = ["Recipe", "train"]

PART = 200
"""Batches after which there may be a checkpoint."""

VALIDATIONS = 12
"""In a run, at least, if it has as many epochs."""

GLANCES = 25
"""Batches after which the losses are looked at: a GPU that is asked after every batch waits for the answer."""

DIFFERENCES = {
    "classes": "other classes",
    "channels": "grey instead of colour pictures, or colour instead of grey ones",
    "training": "other training pictures",
    "validation": "other validation pictures",
    "content": "pictures or labels of the same names, but with other content",
}
"""What a checkpoint's data may differ in, see `Data.identity`."""


def _build(model: str, arguments: dict[str, Any]) -> nn.Module:
    try:
        return build_model(model, **arguments)
    except ValueError as error:
        raise OptionError(str(error)) from error


def _check_network(recipe: Recipe, crops: int | None = None) -> None:
    """Raises OptionError for a network that cannot be built, and for batches of one picture where it needs more.

    crops: of an epoch, of which no batch has more; None while that is not known.
    """
    batches = {"batch": recipe.batch, **({"finetune_batch": recipe.finetune_batch} if recipe.finetune_epochs else {})}
    with torch.device("meta"):  # shapes alone
        network = _build(recipe.model, {"num_classes": 2, **recipe.arguments}).train()
        if crops != 1 and 1 not in batches.values():
            return
        try:
            network(torch.zeros(1, 3, *(recipe.crop or (recipe.scale, recipe.scale))))
        except ValueError as error:  # batch norm's, of one value a channel
            name = f"{recipe.model} on {recipe.backbone}" if recipe.backbone else recipe.model
            small = " and ".join(option for option, size in batches.items() if size == 1)
            advice = f"set {small} to 2 or more" if small else "give two pictures or more to learn from"
            raise OptionError(
                f"{name} normalises over the pictures of a batch, and one picture is too few: {advice}."
            ) from error


class SegmentationModule(L.LightningModule):
    """A network, its loss, its schedule, the validation mean IoU at full label size, and its replay."""

    def __init__(self, recipe: Recipe, data: Data):
        super().__init__()
        self.recipe, self.data = recipe, data
        torch.manual_seed(recipe.seed)
        channels = {"num_classes": len(data.class_map), "in_channels": len(data.mean)}
        self.arguments = {**channels, **recipe.arguments}
        self.model = _build(recipe.model, self.arguments)
        if recipe.backbone and recipe.pretrained:
            if recipe.encoder_of is None:
                load_start(self.model, recipe.backbone)
            else:
                load_encoder(self.model, recipe.encoder_of)
        self.model.to(memory_format=torch.channels_last)
        self.averaged = None
        if recipe.average is not None:
            self.averaged = AveragedModel(
                self.model, multi_avg_fn=get_ema_multi_avg_fn(recipe.average), use_buffers=True
            )
        self.loss = build_loss(recipe.loss, data.pixels, data.presence)
        self.batch_losses: list[Tensor] = []
        self.recorder = Recorder(data.dataset, data.enlargement, data.mean, data.std)
        self.spent = 0.0
        self.curve: list[dict[str, float]] = []
        self.best: dict | None = None
        self.workers = loaders()

    @property
    def learned(self) -> nn.Module:
        """The network that is validated and kept: the one in training, or the mean of what it was."""
        return self.model if self.averaged is None else self.averaged.module

    @property
    def epochs(self) -> int:
        return self.recipe.epochs + self.recipe.finetune_epochs

    def batches(self, finetuning: bool) -> int:
        """How many an epoch has, in the phase at full size or before it."""
        crops, batch = self._phase(finetuning)
        return len(crops) * self.recipe.repeats // batch

    def parts(self, finetuning: bool) -> int:
        """In how many parts an epoch is trained, since it may take long: between two of them there may be a checkpoint.
        The trainer counts parts where it speaks of epochs."""
        return math.ceil(self.batches(finetuning) / PART)

    @property
    def total_parts(self) -> int:
        """Of all epochs."""
        return self.recipe.epochs * self.parts(False) + self.recipe.finetune_epochs * self.parts(True)

    def position(self, part: int) -> tuple[int, int, bool]:
        """Of a part of the run: its epoch, its place in the epoch, and whether the epoch is of the second phase."""
        first = self.recipe.epochs * self.parts(False)
        finetuning = part >= first and self.recipe.finetune_epochs > 0
        before, past = (self.recipe.epochs, part - first) if finetuning else (0, part)
        return before + past // self.parts(finetuning), past % self.parts(finetuning), finetuning

    def _phase(self, finetuning: bool) -> tuple[Augmented, int]:
        """Crops and batch size."""
        crops, batch = self.data.crops, self.recipe.batch
        if finetuning:
            crops, batch = self.data.whole, self.recipe.finetune_batch
        return crops, min(batch, len(crops) * self.recipe.repeats)

    @property
    def finetuning(self) -> bool:
        """Whether this epoch belongs to the second phase, at full size."""
        return self.recipe.finetune_epochs > 0 and self.phase_start >= self.recipe.epochs / self.epochs

    @property
    def progress(self) -> float:
        """How much of the schedule is done, 0 to 1: of the epochs, or of the time if that runs out first."""
        epoch, part, finetuning = self.position(self.trainer.current_epoch)
        done = (epoch + (part * PART + self.batches_done) / self.batches(finetuning)) / self.epochs
        if self.recipe.minutes:
            done = max(done, (self.spent + time.monotonic() - self.started) / (60 * self.recipe.minutes))
        return min(done, 1.0)

    @property
    def learning_rate(self) -> float:
        """Rising over the warm-up, then falling, see `Recipe.rate`."""
        split = self.recipe.epochs / self.epochs
        if self.finetuning:
            share = (self.progress - split) / (1 - split)
            return self.recipe.fallen(self.recipe.finetune_rate, share, self.recipe.finetune_epochs)
        return self.recipe.rate(min(self.progress / split, 1.0))

    def configure_optimizers(self):
        kinds = {"adamw": torch.optim.AdamW, "rmsprop": torch.optim.RMSprop}
        rate, decay = self.recipe.learning_rate, self.recipe.weight_decay
        named = list(self.model.named_parameters())
        slow = [p for name, p in named if self.recipe.encoder_rate != 1 and name.startswith("encoder.")]
        others = [p for name, p in named if not any(p is one for one in slow)]
        groups = [{"params": others, "share": 1.0}, {"params": slow, "share": self.recipe.encoder_rate}]
        groups = [group for group in groups if group["params"]]
        return kinds[self.recipe.optimizer](groups, lr=rate, weight_decay=decay)

    def train_dataloader(self) -> DataLoader:
        self.batches_done = 0
        self.phase_start = self.progress
        epoch, part, _ = self.position(self.trainer.current_epoch)
        crops, batch = self._phase(self.finetuning)
        order = EpochOrder(len(crops) * self.recipe.repeats, self.recipe.seed, self.data.weights)
        order.set_epoch(epoch, part * PART * batch, min((part + 1) * PART, self.batches(self.finetuning)) * batch)
        return self._loader(crops, batch, sampler=order, drop_last=True)

    def val_dataloader(self) -> DataLoader:
        return self._loader(self.data.validation, None)

    def _loader(self, pictures: Dataset, batch: int | None, **options) -> DataLoader:
        return DataLoader(pictures, batch, num_workers=self.workers, pin_memory=self.workers > 0, **options)

    def setup(self, stage: str) -> None:
        self.started = time.monotonic()

    def on_fit_start(self) -> None:
        if self.workers:
            self.data.crops.pairs.read_all()  # once, and not by every worker

    def on_fit_end(self) -> None:
        self.spent += time.monotonic() - self.started

    def on_train_epoch_start(self) -> None:
        epoch, part, finetuning = self.position(self.trainer.current_epoch)
        if part == 0:
            self.epoch_losses: list[float] = []
        self.validate(part + 1 == self.parts(finetuning) and self._due(epoch))

    def _due(self, epoch: int) -> bool:
        """Whether this epoch ends with a validation."""
        if self.recipe.patience:
            return True
        if self.recipe.minutes:
            return self.progress >= len(self.curve) / VALIDATIONS
        return (epoch + 1) % max(1, self.recipe.epochs // VALIDATIONS) == 0

    def validate(self, due: bool) -> None:
        """Whether this part ends with a validation."""
        self.trainer.check_val_every_n_epoch = 1 if due else self.total_parts + 1

    def on_train_batch_start(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        if self.recorder.due(self.progress):
            self.recorder.take(self.model, self.trainer.global_step, self.progress * self.epochs)
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = self.learning_rate * group.get("share", 1.0)
        # Dropout is then the same after a resume as without one, whatever else has drawn random numbers.
        torch.manual_seed(self.recipe.seed * 1_000_003 + self.trainer.global_step)

    def on_before_batch_transfer(self, batch: tuple[Tensor, Tensor], dataloader_idx: int) -> tuple:
        """With whether any pixel counts, which is asked before a GPU has them."""
        return *batch, bool((batch[1] != IGNORE).any())

    def training_step(self, batch: tuple[Tensor, Tensor, bool], index: int) -> Tensor:
        images, truth, labelled = batch
        images = normalise(images, self.data.mean, self.data.std).to(memory_format=torch.channels_last)
        logits = self.model(images).float()
        # Over no pixels a mean is no number, and there is nothing to learn.
        loss = self.loss(logits, truth.long()) if labelled else 0 * logits.sum()
        self.batch_losses.append(loss.detach())
        self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=len(images))
        return loss

    def _look_at_losses(self) -> None:
        """Raises TrainingError for one that is no number, before there is a checkpoint of what it did."""
        losses = torch.stack(self.batch_losses).tolist()
        self.batch_losses = []
        if bad := [loss for loss in losses if not math.isfinite(loss)]:
            epoch, *_ = self.position(self.trainer.current_epoch)
            raise TrainingError(
                f"The loss became {bad[0]} in epoch {epoch + 1}: lower the learning rate "
                f"({self.recipe.learning_rate:g}) and resume from the last checkpoint."
            )
        self.epoch_losses += losses

    def on_train_batch_end(self, outputs, batch: tuple[Tensor, Tensor, bool], batch_idx: int) -> None:
        if self.averaged is not None:
            self.averaged.update_parameters(self.model)
        self.batches_done = batch_idx + 1
        if self.batches_done % GLANCES == 0 or self.trainer.is_last_batch or self.progress >= 1:
            self._look_at_losses()
        if self.progress >= 1:
            self.trainer.should_stop = True
            self.validate(True)

    def on_validation_epoch_start(self) -> None:
        self.confusion = np.zeros((len(self.data.class_map),) * 2, dtype=np.int64)

    def validation_step(self, batch: tuple[Tensor, Tensor, bool], index: int) -> None:
        image, truth, _ = batch
        logits = self.learned(normalise(image[None], self.data.mean, self.data.std)).float()
        labels = F.interpolate(logits, truth.shape[-2:], mode="bilinear", align_corners=False)[0].argmax(0)
        self.confusion += confusion_matrix(labels.cpu().numpy(), truth.cpu().numpy(), len(self.confusion))

    def on_validation_epoch_end(self) -> None:
        mean_iou = Scores(self.confusion).mean_iou
        self.log("val_mean_iou", mean_iou, prog_bar=True)
        loss = float(np.mean(self.epoch_losses))
        epoch, *_ = self.position(self.trainer.current_epoch)
        self.curve.append({"epoch": epoch + 1, "loss": loss, "val_mean_iou": mean_iou})
        if self.recipe.patience is not None:
            self._keep_the_best(mean_iou)

    def _keep_the_best(self, mean_iou: float) -> None:
        """Of the phase that ends the schedule; no better one for `patience` validations ends the run."""
        if self.recipe.finetune_epochs and not self.finetuning:
            return
        if self.best is None or mean_iou > self.best["val_mean_iou"]:
            weights = copy.deepcopy(self.model.state_dict())
            self.best = {"val_mean_iou": mean_iou, "validation": len(self.curve), "weights": weights}
        elif len(self.curve) - self.best["validation"] >= self.recipe.patience:
            self.trainer.should_stop = True

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        checkpoint["seg"] = {
            "recipe": asdict(self.recipe),
            "data": self.data.identity,
            "losses": self.epoch_losses,
            "spent": self.spent + time.monotonic() - self.started,
            "curve": self.curve,
            "replay": self.recorder.state(),
            "best": self.best,
        }

    def on_load_checkpoint(self, checkpoint: dict) -> None:
        kept = checkpoint["seg"]
        if changed := self.recipe.differences(kept["recipe"]):
            raise TrainingError(
                f"The checkpoint was made with another {', '.join(changed)}: resume with the recipe it was started "
                "with, or choose another --out."
            )
        # The first difference says enough; older checkpoints do not know their pictures' content.
        for what, now in self.data.identity.items():
            if kept["data"].get(what, now) != now:
                raise TrainingError(
                    f"The checkpoint was made with {DIFFERENCES[what]}: resume with the folder it was started with, or "
                    "choose another --out."
                )
        self.spent, self.curve, self.best = kept["spent"], kept["curve"], kept["best"]
        self.epoch_losses = kept["losses"]
        self.recorder.restore(kept["replay"])


def train(
    recipe: Recipe, folder: str | Path | OwnData | None, out: str | Path, resume: bool = False, progress: bool = True
) -> Record:
    """Train, write the weights, their replay and their record into `out`, and return the record.

    folder: the real frames, or the own data set; None for a dataset that is only rendered. The run's checkpoint and log
    are kept in out/runs/NAME. With `resume` it goes on from its last checkpoint; what it had done since is done again,
    with the same random numbers, so that the end is the same. Without `progress`, a bar, it says a line an epoch.

    Raises OptionError for a network that cannot be built or learn from so few pictures at once, DataError for a bad
    data folder, and TrainingError for a loss that is not finite, a full disk, and a checkpoint that is damaged or of
    another recipe; the last good one stays.
    """
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    _check_network(recipe)  # before a picture is read
    index = WeightIndex(out)
    run = index.folder / "runs" / recipe.name
    checkpoint = run / "last.ckpt"
    if resume and checkpoint.exists():
        check(checkpoint)
    data = Data(recipe, folder)
    for note in data.notes:
        print(f"{recipe.name}: {note}", file=sys.stderr)
    _check_network(recipe, len(data.crops) * recipe.repeats)
    module = SegmentationModule(recipe, data)
    with writing(run), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        run.mkdir(parents=True, exist_ok=True)
        if not resume:
            checkpoint.unlink(missing_ok=True)
        trainer = L.Trainer(
            accelerator="auto",
            devices=1,
            precision=precision(),
            benchmark=torch.cuda.is_available() and not data.summary.mixed,
            max_epochs=module.total_parts,
            num_sanity_val_steps=0,
            reload_dataloaders_every_n_epochs=1,
            callbacks=[Checkpoint(checkpoint), *([] if progress else [Report()])],
            logger=CSVLogger(run, name="log"),
            enable_checkpointing=False,
            enable_model_summary=False,
            enable_progress_bar=progress,
            log_every_n_steps=1,
        )
        trainer.fit(module, ckpt_path=checkpoint if checkpoint.exists() else None, weights_only=True)
        return publish(module, index)


def publish(module: SegmentationModule, index: WeightIndex) -> Record:
    """Write a trained network, evaluate the written file on the validation split, and add its record to the index."""
    if module.best is not None:
        module.model.load_state_dict(module.best["weights"])
    model = half_precision(module.learned.cpu().eval())
    if not all(torch.isfinite(tensor).all() for tensor in model.state_dict().values()):
        raise TrainingError(
            f"The weights became infinite or no numbers at all: lower the learning rate "
            f"({module.recipe.learning_rate:g}) and start afresh."
        )
    if len(module.recorder.frames) < len(MOMENTS):
        epoch, *_ = module.position(module.trainer.current_epoch)
        module.recorder.take(model, module.trainer.global_step, epoch)
    return write_set(
        index, model, module.recipe, module.data, module.arguments, module.recorder, module.spent, module.curve
    )
