"""What the drawn pictures are made with: colours and noise."""

from collections.abc import Sequence

import numpy as np
from PIL import Image


def colour(rng: np.random.Generator, low: int = 0, high: int = 256) -> tuple[int, int, int]:
    """Red, green and blue, each in [low, high)."""
    red, green, blue = rng.integers(low, high, 3).tolist()
    return red, green, blue


def cloud(
    rng: np.random.Generator, height: int, width: int, coarsest: float = 0.3, falling: float = 0.55
) -> np.ndarray:
    """Noise of many scales, float32 (H, W) in [0, 1]: `falling` is how much weaker each finer one is."""
    total, weight, cell = np.zeros((height, width), np.float32), 1.0, max(coarsest * min(height, width), 2)
    while cell >= 1.5:
        small = rng.random((max(int(height / cell), 2), max(int(width / cell), 2)), np.float32)
        total += weight * np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))
        weight, cell = weight * falling, cell / 2
    return (total - total.min()) / (np.ptp(total) + 1e-6)


def grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns from −1 to 1 along the short side, float32 (H, W)."""
    yy, xx = np.mgrid[:height, :width].astype(np.float32)
    half = min(height, width) / 2
    return (yy - height / 2) / half, (xx - width / 2) / half


def tinted(values: np.ndarray, *colours: Sequence[float]) -> np.ndarray:
    """Values from 0 to 1 as colours from the first to the last: uint8 (H, W, 3)."""
    stops, table = np.linspace(0, 1, len(colours)), np.array(colours, np.float32)
    return np.stack([np.interp(values, stops, table[:, c]) for c in range(3)], -1).clip(0, 255).astype(np.uint8)
