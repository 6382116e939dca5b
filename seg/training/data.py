"""What a run trains and validates on: crops that depend on seed, epoch and index alone, held where the network is."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler
from torchvision import tv_tensors
from torchvision.transforms import v2

from seg.datasets import Folder, Sample, rendered, validation_scenes
from seg.errors import DataError
from seg.labels import CLASS_MAPS, IGNORE
from seg.pictures.resize import resize_short_side, to_tensor
from seg.training.recipe import Recipe
from seg.training.start import expected_normalisation

SCALE_RANGE = (0.8, 1.5)
WITHOUT_UP_AND_DOWN = ("membranes", "shapes")
"""Datasets whose pictures are as likely turned any way."""


class EpochOrder(Sampler):
    """(epoch, index) of `length` crops, shuffled by seed and epoch. The trainer calls `set_epoch`."""

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
    """Samples, and one random crop of each for every (epoch, index): scale, turn, crop, flip, colour.

    Indices beyond the number of samples begin anew with other crops. The crop depends on seed, epoch and index alone,
    so that a resumed run sees what an uninterrupted one would.
    """

    def __init__(self, samples: Sequence[Sample], recipe: Recipe, crop: tuple[int, int]):
        """Pictures are held at the largest scale that a crop is taken at. crop: (height, width), pixels."""
        largest = SCALE_RANGE[1] if recipe.jitter else 1
        self.pairs = [_pair(sample, round(recipe.scale * largest)) for sample in samples]
        self.seed = recipe.seed
        fill = {tv_tensors.Image: 0, tv_tensors.Mask: IGNORE}
        turns = [v2.RandomApply([v2.RandomRotation((90, 90), expand=True)]), v2.RandomVerticalFlip()]
        reach = (recipe.scale, round(recipe.scale * _aspect(samples)))
        self.transform = v2.Compose(
            [
                *([v2.ScaleJitter(reach, SCALE_RANGE, antialias=True)] if recipe.jitter else []),
                *(turns if recipe.dataset in WITHOUT_UP_AND_DOWN else []),
                v2.RandomCrop(crop, pad_if_needed=True, fill=fill),
                v2.RandomHorizontalFlip(),
                *([v2.ColorJitter(0.4, 0.4, 0.3)] if recipe.jitter else []),
            ]
        )

    def to(self, device: torch.device) -> None:
        """Hold the pictures on the device, where they are cropped too."""
        self.pairs = [(image.to(device), mask.to(device)) for image, mask in self.pairs]

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, place: tuple[int, int]) -> tuple[Tensor, Tensor]:
        epoch, index = place
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed((self.seed * 10_007 + epoch) * 1_000_003 + index)
            image, mask = self.transform(*self.pairs[index % len(self.pairs)])
        return image.as_subclass(Tensor), mask.as_subclass(Tensor).long()


def _aspect(samples: Sequence[Sample]) -> float:
    height, width = samples[0].labels.shape
    return max(height, width) / min(height, width)


def _pair(sample: Sample, short_side: int) -> tuple[tv_tensors.Image, tv_tensors.Mask]:
    """Uint8 (C, h, w) and (h, w), reduced to `short_side` but never enlarged."""
    image = to_tensor(sample.image)
    mask = torch.from_numpy(sample.labels.copy())[None]
    short_side = min(short_side, *image.shape[-2:])
    image = resize_short_side(image, short_side)
    mask = v2.functional.resize(mask, list(image.shape[-2:]), v2.InterpolationMode.NEAREST_EXACT)
    return tv_tensors.Image(image), tv_tensors.Mask(mask[0])


class Validation(Dataset):
    """Pictures at training scale, uint8 (C, h, w), with labels at their own size, uint8 (H, W)."""

    def __init__(self, samples: Sequence[Sample], scale: int):
        self.pairs = [
            (resize_short_side(to_tensor(sample.image), scale), torch.from_numpy(sample.labels.copy()))
            for sample in samples
        ]

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.pairs[index]


class Data:
    """What a run trains and validates on, and what is computed from it: tile, mean, std, pixels per class."""

    def __init__(self, recipe: Recipe, folder: str | Path | None):
        """folder: the real frames; None for a dataset that is only rendered.

        Raises ValueError for an unknown dataset, DataError for a bad folder.
        """
        if recipe.dataset not in CLASS_MAPS:
            raise ValueError(f"Unknown dataset {recipe.dataset!r}: choose one of {', '.join(CLASS_MAPS)}.")
        self.class_map = CLASS_MAPS[recipe.dataset]
        if folder is None:
            samples, self.val_samples = self._only_rendered(recipe)
        else:
            samples = list(Folder(folder, "train", self.class_map))
            self.val_samples = Folder(folder, "val", self.class_map)
        height, width = samples[0].labels.shape
        self.enlargement = recipe.scale / min(height, width)
        self.tile = tile_for(recipe.scale, height, width)
        expected = expected_normalisation(recipe.backbone) if recipe.backbone and recipe.pretrained else None
        self.mean, self.std = _for_channels(expected, samples) or mean_and_std(samples)
        counts = sum(np.bincount(s.labels.ravel(), minlength=256)[: len(self.class_map)] for s in samples)
        self.pixels = torch.from_numpy(counts)
        if folder is not None:
            ratio = min(1.0, self.enlargement * (SCALE_RANGE[1] if recipe.jitter else 1))
            samples = samples + rendered(recipe.dataset, recipe.rendered, round(height * ratio), round(width * ratio))
        self.crops = Augmented(samples, recipe, recipe.crop or self.tile)
        self.whole = Augmented(samples, recipe, self.tile) if recipe.finetune_epochs else self.crops
        self.validation = Validation(self.val_samples, recipe.scale)

    @staticmethod
    def _only_rendered(recipe: Recipe) -> tuple[list[Sample], list[Sample]]:
        if recipe.dataset != "shapes":
            raise DataError(f"Training on {recipe.dataset} pictures needs a folder of them: name it with --data.")
        scenes = rendered(recipe.dataset, recipe.rendered, recipe.scale, recipe.scale, rarity=recipe.rarity)
        return scenes, validation_scenes(recipe.dataset, recipe.scale, recipe.scale, rarity=recipe.rarity)


def tile_for(scale: int, height: int, width: int) -> tuple[int, int]:
    """The landscape tile of a dataset whose pictures are (height, width): its short side is `scale`."""
    long = round(scale * max(height, width) / min(height, width))
    return scale, long


def mean_and_std(samples: Sequence[Sample]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Per channel, of pictures in [0, 1]."""
    thinned = [np.atleast_3d(s.image)[::7, ::7] for s in samples]
    pixels = np.concatenate([t.reshape(-1, t.shape[2]) for t in thinned]) / 255
    return tuple(pixels.mean(axis=0).round(4).tolist()), tuple(pixels.std(axis=0).round(4).tolist())


def _for_channels(expected, samples: Sequence[Sample]):
    """A backbone's mean and std, averaged for grey pictures."""
    if expected is None or samples[0].image.ndim == 3:
        return expected
    return tuple((round(float(np.mean(values)), 4),) for values in expected)
