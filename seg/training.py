"""Training with Lightning: deterministic by seed and epoch, so that a killed run resumes to the same end."""

import logging
import os
import time
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import lightning as L
import numpy as np
import torch
import torch.nn.functional as F
from lightning.pytorch.loggers import CSVLogger
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler
from torchvision import tv_tensors
from torchvision.transforms import v2

from seg.datasets import Folder, Sample, rendered
from seg.errors import TrainingError
from seg.evaluation import evaluate
from seg.labels import CLASS_MAPS, IGNORE
from seg.losses import build_loss
from seg.metrics import Scores, confusion_matrix
from seg.models import ARCHITECTURES, build_model
from seg.preprocessing import normalise, resize_short_side, to_tensor
from seg.segmenter import Segmenter
from seg.weights import Record, WeightIndex, half_precision

POWER = 0.9
SCALE_RANGE = (0.8, 1.5)


@dataclass(frozen=True)
class Recipe:
    """One training run. `minutes` ends it early, with the learning rate brought down by then; None trains `epochs`."""

    dataset: str
    model: str
    loss: str = "wce"
    width: str = "slim"
    base: int | None = None
    levels: int | None = None
    upsampling: str | None = None
    norm: bool | None = None
    variant: str = ""
    scale: int = 180
    epochs: int = 40
    minutes: float | None = None
    batch: int = 8
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.01
    rendered: int = 80
    seed: int = 0

    @property
    def name(self) -> str:
        return f"{self.dataset}/{self.model}-{self.loss}" + (f"-{self.variant}" if self.variant else "")


class EpochOrder(Sampler):
    """(epoch, index) of every sample, shuffled by seed and epoch. The trainer calls `set_epoch`."""

    def __init__(self, length: int, seed: int):
        self.length, self.seed, self.epoch = length, seed, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[tuple[int, int]]:
        generator = torch.Generator().manual_seed(self.seed * 100_003 + self.epoch)
        return ((self.epoch, index) for index in torch.randperm(self.length, generator=generator).tolist())


class Augmented(Dataset):
    """Samples held at 1.5 × the training scale, and one random crop of each: scale, crop, flip, colour.

    The crop depends on seed, epoch and index alone, so that a resumed run sees what an uninterrupted one would.
    """

    def __init__(self, samples: list[Sample], scale: int, crop: tuple[int, int], seed: int):
        self.pairs = [_pair(sample, round(scale * SCALE_RANGE[1])) for sample in samples]
        self.seed = seed
        geometry = [
            v2.ScaleJitter(crop, SCALE_RANGE, antialias=True),
            v2.RandomCrop(crop, pad_if_needed=True, fill={tv_tensors.Image: 0, tv_tensors.Mask: IGNORE}),
            v2.RandomHorizontalFlip(),
        ]
        self.transform = v2.Compose([*geometry, v2.ColorJitter(0.4, 0.4, 0.3)])

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, place: tuple[int, int]) -> tuple[Tensor, Tensor]:
        epoch, index = place
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed((self.seed * 10_007 + epoch) * 1_000_003 + index)
            image, mask = self.transform(*self.pairs[index])
        return image.as_subclass(Tensor), mask.as_subclass(Tensor).long()


def _pair(sample: Sample, short_side: int) -> tuple[tv_tensors.Image, tv_tensors.Mask]:
    """Uint8 (C, h, w) and (h, w), reduced to `short_side` but never enlarged."""
    image = to_tensor(sample.image)
    mask = torch.from_numpy(sample.labels.copy())[None]
    short_side = min(short_side, *image.shape[-2:])
    image = resize_short_side(image, short_side)
    mask = v2.functional.resize(mask, list(image.shape[-2:]), v2.InterpolationMode.NEAREST_EXACT)
    return tv_tensors.Image(image), tv_tensors.Mask(mask[0])


class SegmentationModule(L.LightningModule):
    """A network, its loss, AdamW with polynomial decay, and the validation mean IoU at full label size."""

    def __init__(self, recipe: Recipe, data: "Data"):
        super().__init__()
        self.recipe, self.data = recipe, data
        torch.manual_seed(recipe.seed)
        self.arguments = {
            "num_classes": len(data.class_map),
            "in_channels": len(data.mean),
            **{k: getattr(recipe, k) for k in ("width", "base", "levels", "upsampling", "norm")},
        }
        self.model = build_model(recipe.model, **self.arguments).to(memory_format=torch.channels_last)
        self.loss = build_loss(recipe.loss, data.pixels)
        self.spent = 0.0
        self.curve: list[dict[str, float]] = []

    @property
    def progress(self) -> float:
        """How much of the schedule is done, 0 to 1: of the epochs, or of the time if that runs out first."""
        done = self.trainer.global_step / max(self.trainer.num_training_batches * self.recipe.epochs, 1)
        if self.recipe.minutes:
            done = max(done, (self.spent + time.monotonic() - self.started) / (60 * self.recipe.minutes))
        return min(done, 1.0)

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=self.recipe.learning_rate, weight_decay=self.recipe.weight_decay)

    def train_dataloader(self) -> DataLoader:
        order = EpochOrder(len(self.data.train), self.recipe.seed)
        order.set_epoch(self.trainer.current_epoch)
        return DataLoader(self.data.train, min(self.recipe.batch, len(order)), sampler=order, drop_last=True)

    def val_dataloader(self) -> DataLoader:
        return DataLoader(self.data.validation, batch_size=None)

    def on_fit_start(self) -> None:
        self.started = time.monotonic()

    def on_fit_end(self) -> None:
        self.spent += time.monotonic() - self.started

    def on_train_epoch_start(self) -> None:
        self.epoch_losses: list[float] = []
        # Dropout is then the same after a resume as without one.
        torch.manual_seed(self.recipe.seed * 100_003 + self.trainer.current_epoch)

    def on_train_batch_start(self, batch, index: int) -> None:
        for group in self.optimizers().param_groups:
            group["lr"] = self.recipe.learning_rate * (1 - self.progress) ** POWER

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        images, truth = batch
        images = normalise(images, self.data.mean, self.data.std).to(memory_format=torch.channels_last)
        loss = self.loss(self.model(images).float(), truth)
        if not torch.isfinite(loss):
            raise TrainingError(
                f"The loss became {loss.item()} in epoch {self.trainer.current_epoch}: lower the learning rate "
                f"({self.recipe.learning_rate:g}) and resume from the last checkpoint."
            )
        self.epoch_losses.append(float(loss.detach()))
        self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=len(images))
        return loss

    def on_train_batch_end(self, outputs, batch, index: int) -> None:
        if self.progress >= 1:
            self.trainer.should_stop = True

    def on_validation_epoch_start(self) -> None:
        self.confusion = np.zeros((len(self.data.class_map),) * 2, dtype=np.int64)

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        image, truth = batch
        logits = self.model(normalise(image[None], self.data.mean, self.data.std)).float()
        labels = F.interpolate(logits, truth.shape[-2:], mode="bilinear", align_corners=False)[0].argmax(0)
        self.confusion += confusion_matrix(labels.cpu().numpy(), truth.cpu().numpy(), len(self.confusion))

    def on_validation_epoch_end(self) -> None:
        mean_iou = Scores(self.confusion).mean_iou
        self.log("val_mean_iou", mean_iou, prog_bar=True)
        loss = float(np.mean(self.epoch_losses))
        self.curve.append({"epoch": self.trainer.current_epoch + 1, "loss": loss, "val_mean_iou": mean_iou})

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        checkpoint["seg"] = {
            "recipe": asdict(self.recipe),
            "spent": self.spent + time.monotonic() - self.started,
            "curve": self.curve,
        }

    def on_load_checkpoint(self, checkpoint: dict) -> None:
        kept = checkpoint["seg"]
        changed = [k for k, v in asdict(self.recipe).items() if k != "minutes" and kept["recipe"].get(k) != v]
        if changed:
            raise TrainingError(
                f"The checkpoint was made with another {', '.join(changed)}: resume with the recipe it was started "
                "with, or choose another --out."
            )
        self.spent, self.curve = kept["spent"], kept["curve"]


class Validation(Dataset):
    """Pictures at training scale, uint8 (C, h, w), with labels at their own size, int64 (H, W)."""

    def __init__(self, samples: Folder | list[Sample], scale: int):
        self.samples, self.scale = samples, scale

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        sample = self.samples[index]
        image = to_tensor(sample.image)
        return resize_short_side(image, self.scale), torch.from_numpy(sample.labels.copy()).long()


class Data:
    """What a run trains and validates on, and what is computed from it: mean, std, pixels per class."""

    def __init__(self, recipe: Recipe, folder: str | Path):
        if recipe.dataset not in CLASS_MAPS:
            raise ValueError(f"Unknown dataset {recipe.dataset!r}: choose one of {', '.join(CLASS_MAPS)}.")
        if recipe.model not in ARCHITECTURES:
            raise ValueError(f"Unknown architecture {recipe.model!r}: choose one of {', '.join(ARCHITECTURES)}.")
        self.class_map = CLASS_MAPS[recipe.dataset]
        real = list(Folder(folder, "train", self.class_map))
        self.val_samples = Folder(folder, "val", self.class_map)
        height, width = real[0].labels.shape
        self.tile = tile_for(recipe.scale, height, width)
        ratio = min(1.0, recipe.scale * SCALE_RANGE[1] / min(height, width))
        scenes = rendered(recipe.dataset, recipe.rendered, round(height * ratio), round(width * ratio))
        self.mean, self.std = mean_and_std(real)
        counts = sum(np.bincount(s.labels.ravel(), minlength=256)[: len(self.class_map)] for s in real)
        self.pixels = torch.from_numpy(counts)
        self.train = Augmented(real + scenes, recipe.scale, self.tile, recipe.seed)
        self.validation = Validation(self.val_samples, recipe.scale)


def tile_for(scale: int, height: int, width: int) -> tuple[int, int]:
    """The landscape tile of a dataset whose pictures are (height, width): its short side is `scale`."""
    long = round(scale * max(height, width) / min(height, width))
    return scale, long


def mean_and_std(samples: list[Sample]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Per channel, of pictures in [0, 1]."""
    thinned = [np.atleast_3d(s.image)[::7, ::7] for s in samples]
    pixels = np.concatenate([t.reshape(-1, t.shape[2]) for t in thinned]) / 255
    return tuple(pixels.mean(axis=0).round(4).tolist()), tuple(pixels.std(axis=0).round(4).tolist())


class Checkpoint(L.Callback):
    """Writes last.ckpt after every epoch, atomically: a kill leaves the old one or the new one."""

    def __init__(self, path: Path):
        self.path = path

    def on_train_epoch_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        temporary = self.path.with_suffix(".partial")
        trainer.save_checkpoint(temporary, weights_only=False)
        os.replace(temporary, self.path)


def precision() -> str:
    """bf16 where the hardware multiplies it (CUDA, CPUs with AVX512-BF16 or AMX), else fp32."""
    capable = torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    if not torch.cuda.is_available():
        flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
        capable = "avx512_bf16" in flags or "amx_bf16" in flags
    return "bf16-mixed" if capable else "32-true"


def train(recipe: Recipe, folder: str | Path, out: str | Path, resume: bool = False, progress: bool = True) -> Record:
    """Train, write the weights and their record into `out`, and return the record.

    The run's checkpoint and log are kept in out/runs/NAME. With `resume` it goes on from its last epoch's end; what it
    had done of the next one is done again, with the same random numbers, so that the end is the same.

    Raises DataError for a bad data folder and TrainingError for a loss that is not finite.
    """
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    index = WeightIndex(out)
    run = index.folder / "runs" / recipe.name
    run.mkdir(parents=True, exist_ok=True)
    checkpoint = run / "last.ckpt"
    module = SegmentationModule(recipe, Data(recipe, folder))
    if checkpoint.exists() and not resume:
        checkpoint.unlink()
    trainer = L.Trainer(
        accelerator="auto",
        devices=1,
        precision=precision(),
        max_epochs=recipe.epochs,
        check_val_every_n_epoch=1 if recipe.minutes else max(1, recipe.epochs // 12),
        num_sanity_val_steps=0,
        callbacks=[Checkpoint(checkpoint)],
        logger=CSVLogger(run, name="log"),
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=progress,
        log_every_n_steps=1,
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        trainer.fit(module, ckpt_path=checkpoint if checkpoint.exists() else None, weights_only=True)
    return publish(module, index)


def publish(module: SegmentationModule, index: WeightIndex) -> Record:
    """Write a trained network, evaluate the written file on the validation split, and add its record to the index."""
    recipe, data = module.recipe, module.data
    model = half_precision(module.model.cpu().eval())
    size, digest = index.write_tensors(recipe.name, model)
    record = Record(
        name=recipe.name,
        dataset=recipe.dataset,
        model=recipe.model,
        arguments=module.arguments,
        loss=recipe.loss,
        scale=recipe.scale,
        mean=data.mean,
        std=data.std,
        tile=data.tile,
        classes=data.class_map.names,
        parameters=sum(p.numel() for p in model.parameters()),
        bytes=size,
        sha256=digest,
        recipe={**asdict(recipe), "seconds": round(module.spent), "curve": module.curve},
    )
    index.add(record)
    scores = evaluate(Segmenter.load(recipe.name, weights=index.folder), data.val_samples, "val")
    record = Record(**{**vars(record), "validation": scores})
    index.add(record)
    return record
