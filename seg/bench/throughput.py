"""How many pictures a second an evaluation scores, beside the networks' own speed and a plain PyTorch loop."""

import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from seg.catalogue.record import Record
from seg.catalogue.store import SHIPPED, WeightIndex
from seg.datasets import Folder, street
from seg.errors import OptionError
from seg.inference.engines import callers_on
from seg.inference.segmenter import Segmenter
from seg.labels import IGNORE
from seg.models.blocks import Network
from seg.pictures.resize import normalise, resize_short_side, to_tensor
from seg.scores.evaluation import score_pictures

BATCH = 4
"""Of the plain loop."""

SCENES = 20
"""Different pictures; more are copies of them."""

HEIGHT = 256
"""Of the pictures, pixels. They are as much wider as the network's tile is: one tile a picture."""


def throughput(
    names: Sequence[str], pictures: int, repeats: int = 3, weights: Path = SHIPPED, engine: str = "auto"
) -> dict[str, Any]:
    """Seconds a picture, medians of `repeats` in turn: `scored` by one evaluation of all these sets, files read too;
    in the `networks` alone, one tile after the other; and in `eager` loops, one a network, over a DataLoader with a
    worker a core, which read, scale, label and count a confusion matrix and nothing else. `of_networks` = networks /
    scored, `of_eager` = eager / scored.

    Raises OptionError for sets whose tiles differ.
    """
    index = WeightIndex(weights)
    records = [index.record(name) for name in names]
    record = records[0]
    if other := next((one.name for one in records if one.tile != record.tile), None):
        raise OptionError(f"{record.name} and {other} take tiles of different sizes: time them one by one.")
    segmenters = [Segmenter(one, index.load(one), "cpu", engine) for one in records]
    scorers = [Segmenter(one, index.load(one), "cpu", engine, callers_on("cpu"), at_once=True) for one in records]
    with TemporaryDirectory() as folder:
        size = HEIGHT, round(HEIGHT * record.tile[1] / record.tile[0])
        _write(Path(folder), pictures, size)
        samples = Folder(folder, "val", street.STREET)
        for segmenter in (*segmenters, *scorers):
            segmenter(samples[0].image)
            segmenter.engine.wait_until_ready()
        times: dict[str, list[float]] = {"scored": [], "networks": [], "eager": []}
        for _ in range(repeats):
            times["scored"].append(_seconds(lambda: list(score_pictures(scorers, samples))) / pictures)
            alone = [_seconds(lambda one=one: _alone(one, pictures, size)) for one in segmenters]
            eager = [_seconds(lambda one=one: _eager(index.load(one), one, Path(folder))) for one in records]
            times["networks"].append(sum(alone) / pictures)
            times["eager"].append(sum(eager) / pictures)
    medians = {key: statistics.median(values) for key, values in times.items()}
    return {
        "names": list(names),
        "pictures": pictures,
        "engines": [segmenter.engine.active for segmenter in segmenters],
        **medians,
        "of_networks": medians["networks"] / medians["scored"],
        "of_eager": medians["eager"] / medians["scored"],
    }


def _write(folder: Path, pictures: int, size: tuple[int, int]) -> None:
    for part in ("val", "valannot"):
        (folder / part).mkdir()
    scenes = [street.render(seed, *size) for seed in range(1, min(pictures, SCENES) + 1)]
    for number in range(pictures):
        photo, mask = folder / "val" / f"{number}.jpg", folder / "valannot" / f"{number}.png"
        if number < len(scenes):
            Image.fromarray(scenes[number].image).save(photo, quality=90)
            labels = scenes[number].labels
            Image.fromarray(np.where(labels == IGNORE, street.STREET.disk_ignore, labels).astype(np.uint8)).save(mask)
        else:
            os.link(folder / "val" / f"{number % len(scenes)}.jpg", photo)
            os.link(folder / "valannot" / f"{number % len(scenes)}.png", mask)


def _alone(segmenter: Segmenter, pictures: int, size: tuple[int, int]) -> None:
    record = segmenter.record
    image = street.render(1, *size).image
    scaled = resize_short_side(to_tensor(image), record.scale)[:, : record.tile[0], : record.tile[1]]
    tile = normalise(F.pad(scaled.float(), (0, record.tile[1] - scaled.shape[-1]))[None], record.mean, record.std)
    for _ in range(pictures):
        segmenter.engine.run(tile)


class _Files(Dataset):
    """Pictures and masks as a loop of one's own would read them."""

    def __init__(self, folder: Path, record: Record):
        self.files, self.record = sorted((folder / "val").iterdir()), record

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        file = self.files[index]
        image = np.array(Image.open(file).convert("RGB"))
        mask = np.array(Image.open(file.parents[1] / "valannot" / f"{file.stem}.png"))
        scaled = resize_short_side(to_tensor(image), self.record.scale)
        return normalise(scaled[None], self.record.mean, self.record.std)[0], torch.from_numpy(mask)


@torch.inference_mode()
def _eager(network: Network, record: Record, folder: Path) -> None:
    classes = record.arguments.num_classes
    confusion = torch.zeros(classes * classes, dtype=torch.long)
    for images, masks in DataLoader(_Files(folder, record), BATCH, num_workers=torch.get_num_threads()):
        logits = F.interpolate(network(images), masks.shape[-2:], mode="bilinear", align_corners=False)
        labels, truth = logits.argmax(dim=1), masks.long()
        known = truth < classes
        confusion += torch.bincount(truth[known] * classes + labels[known], minlength=classes * classes)


def _seconds(work: Any) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
