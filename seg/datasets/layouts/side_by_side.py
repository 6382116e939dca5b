"""images/ beside masks/: each with a folder a split, or each split with the two, or no splits; classes unnamed."""

from pathlib import Path

from seg.datasets.files import pictures_in
from seg.datasets.layouts.layout import ALL, Layout, Pair, by_split, folders_in, one_of, paired, split_of

TITLE = "images/ and masks/"

_PICTURES = ("images", "image", "imgs", "img", "photos", "pictures")
_MASKS = ("masks", "mask", "labels", "annotations", "segmentations", "ground_truth", "groundtruth", "gt", "truth")


def find(folder: Path) -> Layout | None:
    found: list[tuple[str, Pair]] = []
    problems: list[str] = []
    for split, pictures, masks in _places(folder):
        pairs, wrong = paired(pictures_in(pictures), pictures, pictures_in(masks), masks)
        found += [(split or _split_by_folder(pair, pictures), pair) for pair in pairs]
        problems += wrong
    return Layout(TITLE, by_split(found), problems=problems) if found else None


def _places(folder: Path) -> list[tuple[str | None, Path, Path]]:
    """Where pictures and masks lie, with the split where the folder above both says it."""
    above = [(None, folder), *((split, path) for path in folders_in(folder) if (split := split_of(path.name)))]
    both = [(split, one_of(path, _PICTURES), one_of(path, _MASKS)) for split, path in above]
    return [(split, pictures, masks) for split, pictures, masks in both if pictures and masks]


def _split_by_folder(pair: Pair, pictures: Path) -> str:
    first, *below = pair.picture.relative_to(pictures).parts
    return (split_of(first) if below else None) or ALL
