"""Everyday photos: people, pets, farm animals and furniture, and four photographs with their truth to begin with."""

from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from seg.datasets.record import Dataset, Replay, register
from seg.datasets.sample import Sample
from seg.labels import IGNORE, ClassMap

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


register(
    Dataset(
        name="everyday",
        title="Everyday photos",
        order=10,
        class_map=EVERYDAY,
        size=(256, 384),
        shares=(0.7173, 0.0612, 0.0761, 0.0686, 0.0209, 0.0123, 0.0137, 0.0111, 0.012, 0.0045, 0.0021),
        samples=tuple(range(len(PHOTOS))),
        open=photo,
        replay=Replay(PHOTOS.index("astronaut"), partial(photo, short_side=256), (192, 192)),
        sentences={"training": "Choose person below: when does the whole figure stand out from the background?"},
    )
)
