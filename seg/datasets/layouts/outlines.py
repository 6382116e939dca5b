"""What layouts of outlines share: the size that a file says its picture has, and labels turned with the picture."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from seg.errors import DataError
from seg.labels import IGNORE
from seg.pictures.decode import Picture, by, turned

BACKGROUND = "background"
"""The class of what lies in no outline; without a class of this name it is unlabelled."""


def unlabelled_of(ids: Mapping[str, int]) -> int:
    """The id of what lies in no outline."""
    return ids.get(BACKGROUND, IGNORE)


def size_said(height: Any, width: Any) -> tuple[int, int] | None:
    """What a file gives as the size of its picture, None where that is none."""
    return (height, width) if isinstance(height, int) and isinstance(width, int) else None


def drawing_size(said: tuple[int, int] | None, shown: Picture, file: str) -> tuple[int, int]:
    """Height and width that outlines are drawn in: those of the upright picture, or of the picture as it is stored.

    said: what the file gives, None where it does not. Raises DataError where it is the size of another picture.
    """
    height, width = shown.pixels.shape[:2]
    stored = (width, height) if shown.orientation > 4 else (height, width)
    if said is None or said == (height, width):
        return height, width
    if said == stored:
        return stored
    raise DataError(
        f"{file} is for a picture of {by(said[::-1])} pixels, but {shown.name} has {by((width, height))}: "
        "put the picture there that was labelled, or label it anew."
    )


def upright(labels: np.ndarray, shown: Picture) -> np.ndarray:
    """Labels drawn at `drawing_size`, as the upright picture lies."""
    if labels.shape == shown.pixels.shape[:2]:
        return labels
    return np.array(turned(Image.fromarray(labels), shown.orientation))
