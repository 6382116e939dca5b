"""Photos and masks that came together as single files, told apart by their names and opened like a folder of them."""

import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import IO

from seg.datasets.archive import KEPT
from seg.datasets.files import SUFFIXES, is_junk
from seg.datasets.own import OwnData, open_data
from seg.datasets.pairing import Pictures, says_mask
from seg.errors import DataError

_LOSSY = {".jpg", ".jpeg", ".jpe", ".jfif"}
"""Of files in which no class ids can be kept."""


def open_loose(files: Mapping[str, IO[bytes]], name: str = "upload") -> OwnData:
    """An own data set of single files, by their names: photos and masks, or photos with labelme's JSON.

    Raises DataError with a sentence where the names tell no mask from the photos.
    """
    wanted = [file for file in files if not is_junk(file)]
    pictures = [file for file in wanted if PurePosixPath(file).suffix.lower() in SUFFIXES]
    masks = set(masks_among(pictures))
    is_described = any(file.lower().endswith(".json") for file in wanted)
    if not is_described and not masks:
        raise DataError(
            f"No name among {len(pictures):,} pictures says that it is a mask: call the masks like their photos, with "
            "_mask behind, as in a.jpg and a_mask.png, or pack a ZIP with images/ and masks/."
        )
    with tempfile.TemporaryFile(prefix="seg-upload-") as packed:
        with zipfile.ZipFile(packed, "w") as archive:
            for file in wanted:
                folder = "" if is_described or file not in pictures else "masks/" if file in masks else "images/"
                with archive.open(f"{folder}{file}", "w") as target:
                    while chunk := files[file].read(1 << 20):
                        target.write(chunk)
        packed.seek(0)
        found = open_data(packed, name)
    others = [file for file in wanted if PurePosixPath(file).suffix.lower() not in KEPT]
    return replace(found, problems=(*(f"{file} is nothing that data sets hold." for file in others), *found.problems))


def masks_among(names: Sequence[str]) -> list[str]:
    """The names that are those of masks: they say so, or are a photo's in a format that keeps class ids where the
    photo's does not ('a.png' beside 'a.jpg'), and there is a photo that they fit."""
    lossy = [name for name in names if PurePosixPath(name).suffix.lower() in _LOSSY]
    stems = {PurePosixPath(name).stem for name in lossy}
    said = [name for name in names if name not in set(lossy) and (says_mask(name) or PurePosixPath(name).stem in stems)]
    photos = Pictures([name for name in names if name not in set(said)])
    fitting = [name for name in said if photos.partners(name, loosely=True)]
    return said if fitting else []
