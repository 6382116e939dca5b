"""How `Likeness` is fitted: on training pictures of each data set, on drawn ones of no set, and on scraps of photos."""

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from seg.catalogue.store import sha256
from seg.datasets import DATASETS, TRAINING_SEEDS
from seg.datasets.files import pictures_in
from seg.errors import DataError
from seg.likeness.drawn import draw
from seg.likeness.features import Features
from seg.likeness.likeness import KINDS, Likeness
from seg.pictures.decode import decode

PICTURES = 900
"""Of a data set, evenly spaced over its training pictures; of few, more is made by changing them."""

RENDERED = 40
"""Scenes beside the pictures of a folder, where the data set has a renderer."""

DRAWINGS = 2400
SCRAPS = 240
"""Of photos, so small that no thing is seen whole: textures; and as many photos cut up and shuffled."""

OTHERS = 20
"""Descriptions of each class that are kept for telling own data sets from all else."""

DECAY = 1e-4
SPREAD = 0.05
"""Added to the standard deviation of each number, some of which hardly vary."""


def changed(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """The picture cropped, in grey, as a poor JPEG, or doubled, by chance."""
    picture = Image.fromarray(image).convert("RGB")
    way = int(rng.integers(0, 4))
    if way == 0:
        return crop(rng, image, rng.uniform(0.5, 0.9))
    if way == 1:
        return np.asarray(picture.convert("L"))
    if way == 2:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=int(rng.integers(20, 60)))
        return np.asarray(Image.open(file))
    return np.asarray(picture.resize((2 * picture.width, 2 * picture.height), Image.Resampling.BICUBIC))


def crop(rng: np.random.Generator, image: np.ndarray, share: float) -> np.ndarray:
    """A part of the picture, whose sides are `share` of its own."""
    height, width = (max(int(side * share), 1) for side in image.shape[:2])
    top, left = (
        int(rng.integers(0, side - part + 1)) for side, part in zip(image.shape, (height, width), strict=False)
    )
    return image[top : top + height, left : left + width]


def shuffled(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """The picture cut into 16 to 64 tiles, in another order."""
    count = int(rng.choice([4, 5, 8]))
    side = 320 // count
    picture = Image.fromarray(image).convert("RGB").resize((side * count, side * count))
    tiles = np.asarray(picture).reshape(count, side, count, side, 3).swapaxes(1, 2).reshape(-1, side, side, 3)
    tiles = tiles[rng.permutation(len(tiles))].reshape(count, count, side, side, 3).swapaxes(1, 2)
    return tiles.reshape(side * count, side * count, 3)


def training_pictures(name: str, folder: Path | None) -> Iterator[np.ndarray]:
    """At most `PICTURES` training pictures of a data set: from its folder, or rendered where it is only rendered.

    Raises DataError for a data set that needs a folder and has none, or whose folder holds no pictures.
    """
    dataset = DATASETS[name]
    if folder is None and dataset.only_rendered:
        yield from (sample.image for sample in dataset.rendered(PICTURES // 4, *dataset.size, TRAINING_SEEDS))
        return
    files = pictures_in(folder / "train") if folder else []
    if not files:
        raise DataError(f"There are no training pictures of {name}: name its folder by --data {name}=FOLDER.")
    if dataset.render:
        yield from (sample.image for sample in dataset.rendered(RENDERED, *dataset.size, TRAINING_SEEDS))
    for index in np.linspace(0, len(files), min(len(files), PICTURES), endpoint=False).astype(int):
        yield decode(files[index].read_bytes(), str(files[index])).pixels


def examples(folders: Mapping[str, Path]) -> Iterator[tuple[str, np.ndarray]]:
    """(data set or one of `KINDS`, picture): all that is fitted on, the same each time."""
    rng = np.random.default_rng(0)
    for name in DATASETS:
        pictures = list(training_pictures(name, folders.get(name)))
        for round_ in range(max(PICTURES // (2 * len(pictures)), 1)):
            for image in pictures:
                if round_ == 0:
                    yield name, image
                yield name, changed(rng, image)
        if name == "everyday":
            for image in pictures[:: max(len(pictures) // SCRAPS, 1)]:
                yield "texture", crop(rng, image, rng.uniform(0.08, 0.22))
                yield "texture", shuffled(rng, image)
    for seed in range(DRAWINGS):
        yield draw(seed)


def fit(features: Features, folders: Mapping[str, Path]) -> Likeness:
    """Fit on the training pictures of all data sets; folders: name → the folder of train/, but for rendered sets."""
    classes = [*DATASETS, *KINDS]
    found, truth = [], []
    for name, image in examples(folders):
        found.append(features.describe(image))
        truth.append(classes.index(name))
    x, y = torch.stack(found), torch.tensor(truth)
    mean, std = x.mean(0), x.std(0) + SPREAD
    scale = std * x.shape[1] ** 0.5 / 4
    weight, bias = regression((x - mean) / scale, y, len(classes))
    weight = weight / scale
    kept = [torch.nonzero(y == c)[:, 0] for c in range(len(classes))]
    others = torch.cat([x[rows[:: max(len(rows) // OTHERS, 1)][:OTHERS]] for rows in kept])
    return Likeness(features, DATASETS, weight, bias - weight @ mean, mean, std, others)


def regression(x: Tensor, y: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """Regularised multinomial logistic regression: float32 (N, D) and int64 (N,) → weight (C, D) and bias (C,). Rare
    classes count for more, by the root of their number."""
    weight = torch.zeros(classes, x.shape[1], requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    each = torch.bincount(y, minlength=classes).clamp(min=1).rsqrt()
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = F.cross_entropy(x @ weight.T + bias, y, weight=each) + DECAY * weight.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    return weight.detach(), bias.detach()


def write(likeness: Likeness, file: Path) -> None:
    """The encoder in half precision, everything else in single; what `Likeness.load` reads, and its checksum beside it,
    which `Likeness.verify` does."""
    names = ("weight", "bias", "mean", "std")
    tensors = {f"features.{name}": _half(tensor) for name, tensor in likeness.features.state_dict().items()}
    tensors |= {name: getattr(likeness, name).contiguous() for name in names}
    tensors["others"] = likeness.others.half()
    save_file(tensors, file, {"sets": json.dumps(likeness.sets)})
    file.with_suffix(".sha256").write_text(f"{sha256(file)}  {file.name}\n", "utf-8")


def _half(tensor: Tensor) -> Tensor:
    return (tensor.half() if tensor.is_floating_point() else tensor).contiguous()
