"""Replays: the label maps a network gave, while it was trained, of one rendered picture at a dozen moments."""

import io
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from seg.catalogue.record import Record, Replay
from seg.datasets import DATASETS, Dataset, Sample
from seg.errors import WeightsError
from seg.labels import IGNORE
from seg.pictures.resize import normalise, resize_to, to_channels, to_tensor

MOMENTS = (0.0, 0.01, 0.02, 0.04, 0.07, 0.11, 0.17, 0.25, 0.36, 0.5, 0.7, 0.85, 1.0)
"""Shares of the schedule done; a network learns most at first."""


class Recorder:
    """Takes the label maps during a run. Its state is plain data, for checkpoints."""

    def __init__(self, dataset: Dataset, enlargement: float, mean: tuple[float, ...], std: tuple[float, ...]):
        """enlargement: training scale over the size of the data set's own pictures."""
        self.number, self.kept = dataset.replay.number, dataset.replay.size
        self.scene = dataset.replay.open(self.number)
        self.is_own = dataset.name not in DATASETS
        picture = to_channels(to_tensor(self.scene.image), len(mean))
        seen = [max(1, round(side * enlargement)) for side in picture.shape[-2:]]
        self.input = normalise(resize_to(picture, seen)[None], mean, std)
        self.frames: list[Tensor] = []
        self.steps: list[int] = []
        self.epochs: list[float] = []

    def due(self, share: float) -> bool:
        """Whether a moment has come, at this share of the schedule; the last one is taken when training has ended."""
        return len(self.frames) < len(MOMENTS) - 1 and share >= MOMENTS[len(self.frames)]

    @torch.no_grad()
    def take(self, model: nn.Module, step: int, epoch: float) -> None:
        """Label the picture with the network as it is now, in eval mode, fp32; the network's mode is put back."""
        training = model.training
        device = next(model.parameters()).device
        logits = model.eval()(self.input.to(device)).float()
        model.train(training)
        labels = F.interpolate(logits, self.kept, mode="bilinear", align_corners=False)[0].argmax(0)
        self.frames.append(labels.to(torch.uint8).cpu())
        self.steps.append(step)
        self.epochs.append(round(epoch, 3))

    def state(self) -> dict:
        return {"frames": self.frames, "steps": self.steps, "epochs": self.epochs}

    def restore(self, state: dict) -> None:
        self.frames, self.steps, self.epochs = (list(state[key]) for key in ("frames", "steps", "epochs"))

    def write(self, folder: Path, name: str) -> Replay:
        """Write folder/replays/NAME.png, the maps below each other; returns the record's `replay`.

        Of an own data set, which nobody else can open, the picture and its truth are written beside it.
        """
        file = path(folder, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(torch.cat(self.frames).numpy())
        image.putpalette([level for grey in range(256) for level in (grey, grey, grey)])
        image.save(file, optimize=True)
        if self.is_own:
            scene = _reduced(self.scene, self.kept)
            Image.fromarray(scene.image).save(file.with_suffix(".picture.png"), optimize=True)
            Image.fromarray(scene.labels).save(file.with_suffix(".truth.png"), optimize=True)
        height, width = self.kept
        return Replay(self.number, height, width, tuple(self.steps), tuple(self.epochs))


def path(folder: Path, name: str) -> Path:
    return Path(folder) / "replays" / f"{name}.png"


def shown(record: Record) -> Replay:
    """What a set's replay shows. Raises WeightsError with a sentence for a set without one."""
    if record.replay is None:
        raise WeightsError(f"{record.name} has no replay: it was trained before replays were kept.")
    return record.replay


def frames(folder: str | Path, record: Record) -> np.ndarray:
    """The label maps, oldest first: uint8 (N, h, w).

    Raises WeightsError with a sentence if the set has none, or its file is missing or damaged.
    """
    about, file = shown(record), path(Path(folder), record.name)
    try:
        strip = np.asarray(Image.open(io.BytesIO(file.read_bytes())))
    except FileNotFoundError as error:
        raise WeightsError(f"The replay of {record.name} is missing: {file} does not exist.") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise WeightsError(f"The replay of {record.name} is damaged: restore {file}.") from error
    height, width, count = about.height, about.width, len(about.steps)
    if strip.shape != (count * height, width) or strip.max() >= len(record.classes):
        raise WeightsError(f"The replay of {record.name} is damaged: {file} does not fit its record.")
    return strip.reshape(count, height, width)


def picture(folder: str | Path, record: Record) -> Sample:
    """The picture that the replay labels, with its truth, reduced to the size of the maps.

    Raises WeightsError for a set without a replay, and for one of own data whose picture is missing or damaged.
    """
    about = shown(record)
    size = about.height, about.width
    if record.dataset in DATASETS:
        return _reduced(DATASETS[record.dataset].replay.open(about.seed), size)
    file = path(Path(folder), record.name)
    try:
        image, labels = (np.array(Image.open(file.with_suffix(f".{kind}.png"))) for kind in ("picture", "truth"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise WeightsError(
            f"The replay of {record.name} cannot be shown: its picture, of the data set {record.dataset}, is missing "
            f"or damaged beside {file}."
        ) from error
    fits = image.shape[:2] == labels.shape == size and image.dtype == labels.dtype == np.uint8
    if not fits or (labels[labels != IGNORE] >= len(record.classes)).any():
        raise WeightsError(f"The replay of {record.name} cannot be shown: the picture beside {file} is not its own.")
    return Sample(record.dataset, image, labels)


def _reduced(scene: Sample, size: tuple[int, int]) -> Sample:
    image = resize_to(to_tensor(scene.image), size).permute(1, 2, 0).numpy()
    labels = F.interpolate(torch.from_numpy(scene.labels.copy())[None, None].float(), size, mode="nearest-exact")
    return Sample(scene.name, image.squeeze(-1) if image.shape[2] == 1 else image, labels[0, 0].to(torch.uint8).numpy())
