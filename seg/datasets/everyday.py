"""Everyday photos: people, pets, farm animals and furniture, and four photographs with their truth to begin with."""

from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from seg.datasets.record import Dataset, Replay, register
from seg.datasets.sample import Sample
from seg.labels import IGNORE, ClassMap, Usual

EVERYDAY = ClassMap(
    dataset="everyday",
    names=("background", "person", "cat", "dog", "horse", "cow", "sheep", "chair", "sofa", "table", "tv"),
    # Found like those of `seg.datasets.street`, the background held near a dark grey: the least difference is 15.3.
    colours=(
        (74, 64, 61),
        (212, 49, 140),
        (223, 146, 35),
        (101, 33, 89),
        (62, 81, 6),
        (204, 196, 232),
        (237, 242, 28),
        (67, 173, 129),
        (199, 114, 239),
        (75, 119, 85),
        (61, 254, 204),
    ),
    disk_ignore=11,
    # PASCAL VOC's, in which background is black.
    other_colours=(
        (
            (0, 0, 0),
            (192, 128, 128),
            (64, 0, 0),
            (64, 0, 128),
            (192, 0, 128),
            (64, 128, 0),
            (128, 64, 0),
            (192, 0, 0),
            (0, 192, 0),
            (192, 128, 0),
            (0, 64, 128),
        ),
    ),
    # Counted by `seg.pictures.plausible.usual` on the 4,480 training photos.
    usual=Usual(
        shares=(
            (0.893, 0.009, 0.02, 0.015, 0.005, 0.003, 0.004, 0.007, 0.009, 0.003, 0.001, 0.032),
            (0.785, 0.054, 0.049, 0.043, 0.011, 0.007, 0.008, 0.005, 0.007, 0, 0.002, 0.029),
            (0.569, 0.085, 0.102, 0.096, 0.033, 0.019, 0.02, 0.011, 0.013, 0.004, 0.003, 0.046),
            (0.726, 0.047, 0.063, 0.056, 0.017, 0.009, 0.011, 0.015, 0.015, 0.008, 0.001, 0.033),
        ),
        presence=(1, 0.322, 0.211, 0.249, 0.092, 0.052, 0.061, 0.092, 0.05, 0.062, 0.023),
        least=-5.06,
    ),
)

FOLDER = Path(__file__).parent / "photos"
PHOTOS = ("cat", "astronaut", "coffee", "photographer")
"""Public domain or CC0, see docs/samples.md; their truth was painted by hand, with a void band at soft edges."""


def photo(number: int, short_side: int | None = None) -> Sample:
    """One of `PHOTOS`, counted from 0, with its truth; reduced to a short side, in pixels, if one is given."""
    name = PHOTOS[number]
    image, mask = Image.open(FOLDER / f"{name}.jpg"), Image.open(FOLDER / f"{name}.png")
    if short_side:
        size = [round(side * short_side / min(image.size)) for side in image.size]
        image, mask = image.resize(size, Image.Resampling.LANCZOS), mask.resize(size, Image.Resampling.NEAREST)
    ids = np.array(mask)
    return Sample(name, np.array(image), np.where(ids == EVERYDAY.disk_ignore, IGNORE, ids).astype(np.uint8))


COINS = tuple(f"coins-{number}" for number in range(1, 5))
"""Four parts of one photograph, of things that no network here was taught; see docs/samples.md."""


def coins(number: int) -> Sample:
    """One of `COINS`, counted from 0: 1 on a coin, 0 beside it."""
    image, mask = (Image.open(FOLDER / f"{COINS[number]}.{suffix}") for suffix in ("jpg", "png"))
    return Sample(COINS[number], np.array(image.convert("RGB")), np.array(mask))


register(
    Dataset(
        name="everyday",
        title="Everyday photos",
        order=10,
        class_map=EVERYDAY,
        size=(256, 384),
        samples=tuple(range(len(PHOTOS))),
        open=photo,
        replay=Replay(PHOTOS.index("astronaut"), partial(photo, short_side=256), (192, 192)),
        thin="arms and legs, tails and ears, the legs of chairs and tables",
        looks="an everyday photo",
        terms="These networks are trained on PASCAL VOC 2012 and SBD, NYUv2 and Clothing Co-Parsing: for research and "
        "teaching, not covered by the MIT licence.",
        sentences={"training": "Choose person below: when does the whole figure stand out from the background?"},
    )
)
