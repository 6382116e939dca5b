"""How labelled pictures lie on disk: one module a layout, which finds files and classes and reads no picture."""

from collections.abc import Callable
from pathlib import Path

from seg.datasets.layouts import cityscapes, coco, labelme, ours, side_by_side, voc
from seg.datasets.layouts.layout import ALL, Classes, Drawing, Layout, Pair

__all__ = ["ALL", "KNOWN", "Classes", "Drawing", "Layout", "Pair", "recognised"]

_FINDERS: tuple[Callable[[Path], Layout | None], ...] = (
    ours.find,
    voc.find,
    cityscapes.find,
    coco.find,
    side_by_side.find,
    labelme.find,
)
"""The surest signs first."""

KNOWN = (
    f"{ours.TITLE}, {side_by_side.TITLE}, PASCAL VOC, Cityscapes, CVAT's segmentation mask 1.1, COCO instances JSON or "
    "labelme JSON"
)
"""In words."""


def recognised(folder: Path) -> Layout | None:
    """What lies in a folder, by the first layout that fits; None where none does.

    Raises DataError, naming the file, where a layout fits but what holds all of it together cannot be read.
    """
    return next((layout for find in _FINDERS if (layout := find(folder)) is not None), None)
