"""What a run trains and validates on: crops that depend on seed, epoch and index alone, held where the network is."""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler
from torchvision import tv_tensors
from torchvision.transforms import v2

from seg.datasets import TRAINING_SEEDS, Folder, Sample, Samples, dataset_named, validation_scenes
from seg.datasets.own import OwnData, open_data
from seg.datasets.unnamed import EVERY
from seg.errors import DataError
from seg.inference.scaling import check_sample
from seg.inference.tiling import ALIGNMENT
from seg.labels import IGNORE
from seg.pictures.masks import Reading
from seg.pictures.resize import resize_short_side, to_channels, to_tensor
from seg.training.recipe import Recipe
from seg.training.start import expected_normalisation

SCALE_RANGE = (0.8, 1.5)

HELD_BYTES = 2 * 2**30
"""Of pictures and masks kept in memory; those beyond are read from disk each time they are needed."""

FITTING = 0.9
"""The share of the pictures that are no longer, for their height, than a tile."""

LONGEST = 2.0
"""Long side over short side of a tile at most."""

LEAST_STD = 1 / 255
"""A channel's standard deviation at least: pictures of one colour have none."""


@dataclass
class Summary:
    """What one pass over labelled pictures finds; those without a label are left out of everything.

    pixels: int64 (C,), labelled pixels of each class; presence: int64 (C,), labelled pixels of the pictures that hold
    it; classes: bool (N, C), which are in which picture; indices: which pictures have a label, of `count` in all.
    digest: tells names and sizes from others; content: sums of pixels and labels, too.
    channels: 3 where any picture has colours, else 1. aspects: long side over short side of each picture; upright:
    whether any stands upright, and any lies.
    """

    count: int
    channels: int
    indices: list[int]
    pixels: np.ndarray
    presence: np.ndarray
    classes: np.ndarray
    aspects: np.ndarray
    mixed: bool
    mean: tuple[float, ...]
    std: tuple[float, ...]
    digest: str = field(repr=False)
    content: str = field(repr=False)

    @classmethod
    def of(cls, samples: Samples, num_classes: int, problems: list[str] | None = None) -> "Summary":
        """Reads every sample once. Raises DataError where none has a label.

        problems: takes the sentences of those that cannot be read; without it, the first is raised.
        """
        indices, rows, shapes, colours = [], [], [], []
        digest, content, count = hashlib.sha256(), hashlib.sha256(), 0
        for index in range(len(samples)):
            try:
                sample = samples[index]
                check_sample(sample)
            except DataError as error:
                if problems is None:
                    raise
                problems.append(str(error))
                continue
            count += 1
            counts = np.bincount(sample.labels.ravel(), minlength=256)[:num_classes]
            digest.update(f"{sample.name} {sample.labels.shape}".encode())
            content.update(f"{counts.tolist()} {sample.image[::7, ::7].sum()}".encode())
            if counts.any():
                indices.append(index)
                rows.append(counts)
                shapes.append(sample.labels.shape)
                colours.append(_sums(np.atleast_3d(sample.image)))
        if not indices:
            first = f" {problems[0]}" if problems else ""
            raise DataError(
                f"None of the {len(samples)} pictures has a labelled pixel: nothing can be learned there.{first}"
            )
        table, sizes = np.stack(rows), np.array(shapes)
        channels = max(len(sums) for _, sums, _ in colours)
        mean, std = _mean_and_std(colours, channels)
        return cls(
            count=count,
            channels=channels,
            indices=indices,
            pixels=table.sum(axis=0),
            presence=((table > 0) * table.sum(axis=1, keepdims=True)).sum(axis=0),
            classes=table > 0,
            aspects=sizes.max(axis=1) / sizes.min(axis=1),
            mixed=bool((sizes[:, 0] > sizes[:, 1]).any() and (sizes[:, 0] < sizes[:, 1]).any()),
            mean=mean,
            std=std,
            digest=digest.hexdigest(),
            content=content.hexdigest(),
        )

    @property
    def unlabelled(self) -> int:
        """How many pictures have no label."""
        return self.count - len(self.indices)


def _sums(image: np.ndarray) -> tuple[int, np.ndarray, np.ndarray]:
    """Of every seventh pixel each way: how many, their sum and the sum of their squares, per channel in [0, 1]."""
    pixels = image[::7, ::7].reshape(-1, image.shape[2]) / 255
    return len(pixels), pixels.sum(axis=0), (pixels**2).sum(axis=0)


def _mean_and_std(colours: list[tuple], channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Per channel, of pictures in [0, 1]; grey ones have the same in all."""
    count = sum(number for number, *_ in colours)
    total, squares = (np.sum([np.broadcast_to(part[i], channels) for part in colours], axis=0) for i in (1, 2))
    mean = total / count
    std = np.sqrt(np.maximum(squares / count - mean**2, LEAST_STD**2))
    return tuple(mean.round(4).tolist()), tuple(std.round(4).tolist())


class EpochOrder(Sampler):
    """(epoch, index) of `length` crops, shuffled by seed and epoch.

    weights: float (N,), how often each picture is drawn for another's once; None takes each as often as the others.
    The trainer calls `set_epoch`, with the part of the epoch that is wanted.
    """

    def __init__(self, length: int, seed: int, weights: Tensor | None = None):
        self.length, self.seed, self.weights = length, seed, weights
        self.epoch, self.start, self.stop = 0, 0, length

    def set_epoch(self, epoch: int, start: int = 0, stop: int | None = None) -> None:
        self.epoch, self.start, self.stop = epoch, start, self.length if stop is None else min(stop, self.length)

    def __len__(self) -> int:
        return self.stop - self.start

    def __iter__(self) -> Iterator[tuple[int, int]]:
        generator = torch.Generator().manual_seed(self.seed * 100_003 + self.epoch)
        if self.weights is None:
            order = torch.randperm(self.length, generator=generator)
        else:
            drawn = torch.multinomial(self.weights, self.length, replacement=True, generator=generator)
            # Indices that say which crop of the picture it is, so that one drawn twice gives two.
            order = drawn + len(self.weights) * torch.arange(self.length)
        return ((self.epoch, index) for index in order[self.start : self.stop].tolist())


class Pairs:
    """Pictures and masks of samples, uint8 (C, h, w) and (h, w), reduced to a short side and never enlarged.

    Read when they are first asked for, and held while all that is held stays below `HELD_BYTES`.
    """

    def __init__(self, samples: Samples, indices: Sequence[int], short_side: int, channels: int):
        self.samples, self.indices = samples, indices
        self.short_side, self.channels = short_side, channels
        self._held: dict[int, tuple[tv_tensors.Image, tv_tensors.Mask]] = {}
        self._room = HELD_BYTES

    def read_all(self) -> None:
        """Hold what there is room for, now."""
        with ThreadPoolExecutor() as threads:
            for index, pair in enumerate(threads.map(self._read, range(len(self)))):
                if not self._hold(index, pair):
                    break

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> tuple[tv_tensors.Image, tv_tensors.Mask]:
        if index in self._held:
            return self._held[index]
        pair = self._read(index)
        self._hold(index, pair)
        return pair

    def _hold(self, index: int, pair: tuple[tv_tensors.Image, tv_tensors.Mask]) -> bool:
        """Unless there is no room."""
        self._room -= sum(part.nbytes for part in pair)
        if self._room >= 0:
            self._held[index] = pair
        return self._room >= 0

    def _read(self, index: int) -> tuple[tv_tensors.Image, tv_tensors.Mask]:
        sample = self.samples[self.indices[index]]
        image = to_channels(to_tensor(sample.image), self.channels)
        image = resize_short_side(image, min(self.short_side, *image.shape[-2:]))
        mask = torch.from_numpy(sample.labels.copy())[None]
        mask = v2.functional.resize(mask, list(image.shape[-2:]), v2.InterpolationMode.NEAREST_EXACT)
        return tv_tensors.Image(image), tv_tensors.Mask(mask[0])


class Chosen:
    """Some of the samples, read when they are asked for."""

    def __init__(self, samples: Samples, indices: Sequence[int]):
        self.samples, self.indices = samples, indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Sample:
        return self.samples[self.indices[index]]

    def __iter__(self) -> Iterator[Sample]:
        return (self.samples[index] for index in self.indices)


class Joined:
    """One sequence after the other."""

    def __init__(self, *parts: Pairs):
        self.parts = parts

    def read_all(self) -> None:
        for part in self.parts:
            part.read_all()

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def __getitem__(self, index: int):
        for part in self.parts:
            if index < len(part):
                return part[index]
            index -= len(part)
        raise IndexError(index)


class Augmented(Dataset):
    """Samples, and one random crop of each for every (epoch, index): scale, turn, crop, flip, colour.

    Indices beyond the number of samples begin anew with other crops. The crop depends on seed, epoch and index alone,
    so that a resumed run sees what an uninterrupted one would.
    """

    def __init__(self, pairs: Pairs | Joined, recipe: Recipe, crop: tuple[int, int], any_way_up: bool):
        """pairs: pictures and masks, at the largest scale that a crop is taken at. crop: (height, width), pixels."""
        self.pairs = pairs
        self.seed = recipe.seed
        turns = [v2.RandomApply([v2.RandomRotation((90, 90), expand=True)]), v2.RandomVerticalFlip()]
        sides = range(*(round(recipe.scale * share) for share in SCALE_RANGE))
        self.transform = v2.Compose(
            [
                *([v2.RandomShortestSize(list(sides), antialias=True)] if recipe.jitter else []),
                *(turns if any_way_up else []),
                v2.RandomCrop(crop, pad_if_needed=True, fill={tv_tensors.Image: 0, tv_tensors.Mask: IGNORE}),
                v2.RandomHorizontalFlip(),
                *([v2.ColorJitter(0.4, 0.4, 0.3)] if recipe.jitter else []),
            ]
        )

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, crop: tuple[int, int]) -> tuple[Tensor, Tensor]:
        epoch, index = crop
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed((self.seed * 10_007 + epoch) * 1_000_003 + index)
            image, mask = self.transform(*self.pairs[index % len(self.pairs)])
        return image.as_subclass(Tensor), mask.as_subclass(Tensor)


class Validation(Dataset):
    """Pictures at training scale, uint8 (C, h, w), with labels at their own size, uint8 (H, W)."""

    def __init__(self, samples: Samples, scale: int, channels: int):
        self.samples, self.scale, self.channels = samples, scale, channels

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        sample = self.samples[index]
        image = to_channels(to_tensor(sample.image), self.channels)
        return resize_short_side(image, self.scale), torch.from_numpy(sample.labels.copy())


class Data:
    """What a run trains and validates on, and what is computed from it: tile, mean, std, pixels per class."""

    def __init__(self, recipe: Recipe, folder: str | Path | OwnData | None):
        """folder: the real frames; None for a data set that is only rendered. Of an own data set, files that cannot be
        used are left out, and `notes` says so.

        Raises DataError for an unknown data set, a bad folder, and pictures none of which has a label.
        """
        problems: list[str] | None = None
        own = open_data(folder, looked_at=EVERY) if recipe.own and isinstance(folder, str | Path) else folder
        self.dataset = own.dataset if isinstance(own, OwnData) else dataset_named(recipe.dataset)
        self.class_map = self.dataset.class_map
        reading = Reading.of(self.class_map, recipe.ids_from, recipe.white)
        if isinstance(own, OwnData):
            problems = [*own.problems]
            samples, self.val_samples = own.for_training(reading)
        elif own is None:
            samples, self.val_samples = self._only_rendered(recipe)
        else:
            samples = Folder(own, "train", self.class_map, reading)
            self.val_samples = Folder(own, "val", self.class_map, reading)
        self.summary = summary = Summary.of(samples, len(self.class_map), problems)
        checked = Summary.of(self.val_samples, len(self.class_map), problems)
        if len(checked.indices) < len(self.val_samples):
            self.val_samples = Chosen(self.val_samples, checked.indices)
        self.notes = [*(problems or ())]
        self.notes += [
            f"{part.unlabelled} of the {part.count} {kind} pictures have no label and are left out."
            for kind, part in (("training", summary), ("validation", checked))
            if part.unlabelled
        ]
        self.enlargement = recipe.scale / min(self.dataset.size)
        self.tile = tile_for(recipe.scale, summary.aspects)
        expected = expected_normalisation(recipe.backbone) if recipe.backbone and recipe.pretrained else None
        self.mean, self.std = _for_channels(expected, summary.channels) or (summary.mean, summary.std)
        self.pixels, self.presence = torch.from_numpy(summary.pixels), torch.from_numpy(summary.presence)
        self.weights = repeat_factors(summary.classes, recipe.balance) if recipe.balance else None
        largest = round(recipe.scale * (SCALE_RANGE[1] if recipe.jitter else 1))
        pairs: Pairs | Joined = Pairs(samples, summary.indices, largest, summary.channels)
        if folder is not None and recipe.rendered:
            pairs = Joined(pairs, self._rendered(recipe, summary.channels))
            if self.weights is not None:
                self.weights = torch.cat([self.weights, torch.ones(recipe.rendered, dtype=self.weights.dtype)])
        crop = recipe.crop or ((recipe.scale, recipe.scale) if summary.mixed else self.tile)
        self.crops = Augmented(pairs, recipe, crop, self.dataset.any_way_up)
        self.whole = self.crops
        if recipe.finetune_epochs:
            self.whole = Augmented(pairs, recipe, self.tile, self.dataset.any_way_up)
        self.validation = Validation(self.val_samples, recipe.scale, summary.channels)
        self.identity = {
            "classes": list(self.class_map.names),
            "channels": summary.channels,
            "training": summary.digest,
            "validation": checked.digest,
            "content": f"{summary.content} {checked.content}",
        }
        """Tells these pictures from others: names, sizes, channels, classes, and what pixels and labels add up to."""

    def _rendered(self, recipe: Recipe, channels: int) -> Pairs:
        """Scenes mixed in with the real frames, of their proportions and at the largest scale they are taken at."""
        largest = recipe.scale * (SCALE_RANGE[1] if recipe.jitter else 1)
        height, width = (min(side, round(largest * side / min(self.dataset.size))) for side in self.dataset.size)
        scenes = self.dataset.rendered(recipe.rendered, height, width, TRAINING_SEEDS)
        return Pairs(scenes, range(len(scenes)), round(largest), channels)

    def _only_rendered(self, recipe: Recipe) -> tuple[list[Sample], list[Sample]]:
        if not self.dataset.only_rendered:
            raise DataError(f"Training on {recipe.dataset} pictures needs a folder of them: name it with --data.")
        options = {name: getattr(recipe, name) for name in self.dataset.render_options}
        size = (recipe.scale, recipe.scale)
        scenes = self.dataset.rendered(recipe.rendered, *size, TRAINING_SEEDS, **options)
        return scenes, validation_scenes(self.dataset, *size, **options)


def repeat_factors(classes: np.ndarray, threshold: float) -> Tensor:
    """How often each picture is drawn so that rare classes are seen more often: float64 (N,), 1 at least.

    classes: bool (N, C), which are in which picture. A class in a share f of the pictures, below `threshold`, has the
    factor √(threshold / f), and a picture that of its rarest class (Gupta, Dollár, Girshick, 'LVIS', CVPR 2019, 3.3).
    """
    share = classes.mean(axis=0)
    factor = np.sqrt(np.maximum(threshold / np.where(share > 0, share, np.inf), 1.0))
    return torch.from_numpy((classes * factor).max(axis=1).clip(min=1.0))


def tile_for(scale: int, aspects: np.ndarray) -> tuple[int, int]:
    """The landscape tile, (height, width), for pictures of these proportions, long side over short side, turned for
    upright ones: its short side is `scale`, and nine pictures of ten fit it.

    Where proportions differ, the long side is a multiple of 32, which all networks take as it is.
    """
    long = scale * min(float(np.quantile(aspects, FITTING)), LONGEST)
    if np.ptp(aspects) < 0.01:
        return scale, round(long)
    return scale, max(scale, round(long / ALIGNMENT) * ALIGNMENT)


def _for_channels(expected, channels: int):
    """A backbone's mean and std, averaged for grey pictures."""
    if expected is None or channels == 3:
        return expected
    return tuple((round(float(np.mean(values)), 4),) for values in expected)
