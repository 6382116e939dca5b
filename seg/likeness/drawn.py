"""Pictures of what no network here knows, drawn by chance.

Only likeness is fitted on them: what is measured is drawn by others, see tests/benchmarks/measure_likeness.py.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from seg.likeness import scenes, written

Kind = Callable[[np.random.Generator, int, int], np.ndarray]

DRAWN: tuple[tuple[str, Kind], ...] = (
    ("page", written.page),
    ("page", written.table),
    ("page", written.handwriting),
    ("chart", written.chart),
    ("chart", written.heat_map),
    ("screen", written.screen),
    ("screen", written.code),
    ("map", written.street_map),
    ("map", scenes.from_above),
    ("scan", scenes.x_ray),
    ("scan", scenes.tissue),
    ("scan", scenes.eyeground),
    ("sky", scenes.sky),
    ("texture", scenes.grain),
    ("texture", scenes.blades),
    ("texture", scenes.pattern),
    ("row", scenes.objects_on_a_plain),
    ("flat", scenes.plain),
)
"""Which of `seg.likeness.likeness.KINDS` it is, and what draws it."""


def draw(seed: int) -> tuple[str, np.ndarray]:
    """A kind and a picture of it, uint8 (H, W, 3). The same seed gives the same picture."""
    rng = np.random.default_rng(seed)
    name, kind = DRAWN[seed % len(DRAWN)]
    long, aspect = int(rng.integers(280, 460)), float(rng.choice([1.0, 0.75, 0.7, 0.56]))
    height, width = (long, int(long * aspect)) if rng.random() < 0.5 else (int(long * aspect), long)
    return name, _developed(rng, kind(rng, height, width))


def _developed(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """As a scanner, a camera or a screen would leave it: a little blur, noise and another tone."""
    picture = Image.fromarray(image)
    if rng.random() < 0.3:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.4)))
    values = np.asarray(picture, np.float32)
    if rng.random() < 0.3:
        values = values + rng.normal(0, rng.uniform(2, 14), values.shape)
    if rng.random() < 0.2:
        values = 255 - values
    if rng.random() < 0.3:
        values = values * rng.uniform(0.6, 1.0, 3) + rng.uniform(0, 40, 3)
    return values.clip(0, 255).astype(np.uint8)
