"""A folder in the layout of the public CamVid copy: pictures SPLIT/NAME.* beside labels SPLITannot/NAME.png."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from seg.datasets.sample import Sample
from seg.errors import DataError
from seg.labels import IGNORE, ClassMap

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"}


class Folder(Sequence[Sample]):
    """The labelled pictures of one split, in the order of their names, read when asked for.

    Raises DataError, naming the file, for a missing folder, a picture without label (at once), and for an unreadable
    file, a label of another size or with an id that `class_map` does not know (when it is read).
    """

    def __init__(self, root: str | Path, split: str, class_map: ClassMap):
        self.class_map = class_map
        pictures, labels = Path(root) / split, Path(root) / f"{split}annot"
        for folder in (pictures, labels):
            if not folder.is_dir():
                raise DataError(f"{folder} is not a folder: pictures belong in {split}/ and labels in {split}annot/.")
        self.files = []
        for picture in sorted(p for p in pictures.iterdir() if p.suffix.lower() in SUFFIXES):
            label = labels / f"{picture.stem}.png"
            if not label.is_file():
                raise DataError(f"{picture} has no label: {label} is missing.")
            self.files.append((picture, label))
        if not self.files:
            raise DataError(f"There are no pictures in {pictures}: put PNG, JPEG, WebP, BMP or TIFF files there.")

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Sample:
        picture, label = self.files[index]
        image, ids = _read(picture, picture=True), _read(label, picture=False)
        if image.shape[:2] != ids.shape:
            raise DataError(
                f"{label} is {ids.shape[1]} × {ids.shape[0]} pixels but {picture} is "
                f"{image.shape[1]} × {image.shape[0]}: a label must have its picture's size."
            )
        return Sample(picture.stem, image, to_inside(ids, self.class_map, label))

    def __iter__(self) -> Iterator[Sample]:
        return (self[i] for i in range(len(self)))


def to_inside(ids: np.ndarray, class_map: ClassMap, path: str | Path) -> np.ndarray:
    """Label ids as on disk → uint8 (H, W) with IGNORE where the disk says 'unlabelled'.

    Raises DataError, naming `path`, for ids that are no class.
    """
    unknown = np.setdiff1d(ids, [*range(len(class_map)), class_map.disk_ignore, IGNORE])
    if unknown.size:
        raise DataError(
            f"{path} has unknown label ids {', '.join(map(str, unknown[:5]))}: {class_map.dataset} knows 0 to "
            f"{len(class_map) - 1}, and {class_map.disk_ignore} for unlabelled."
        )
    return np.where(ids == class_map.disk_ignore, IGNORE, ids).astype(np.uint8)


def _read(path: Path, picture: bool) -> np.ndarray:
    try:
        with Image.open(path) as image:
            if picture:
                return np.asarray(image if image.mode == "L" else image.convert("RGB"))
            if image.mode not in ("L", "P", "1", "I", "I;16"):
                raise DataError(f"{path} is a colour picture: a label file holds one class id per pixel.")
            return np.asarray(image, dtype=np.int64)
    except (OSError, UnidentifiedImageError, SyntaxError, ValueError) as error:
        raise DataError(f"{path} cannot be read as a picture ({error}): replace or remove it.") from error
