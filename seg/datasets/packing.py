"""Labelled pictures as a ZIP that `seg.datasets.own` opens again: pictures, ids as PNG, and what they mean."""

import io
import re
import zipfile
from collections.abc import Iterable

import numpy as np
from PIL import Image

from seg.datasets.description import FILE, written
from seg.datasets.layouts import Classes
from seg.datasets.sample import Sample
from seg.labels import IGNORE, ClassMap


def packed(samples: Iterable[Sample], class_map: ClassMap, name: str) -> bytes:
    """A ZIP of images/, masks/ and dataset.toml. Pictures are PNG, so that no pixel changes; masks are PNG of class
    ids, `seg.labels.IGNORE` where nothing is known.

    name: of the data set: letters, digits, '.', '_' and '-'. Two samples of one name get a number.
    """
    numbered = {place: place for place in range(len(class_map))}
    classes = Classes(class_map.names, (), {**numbered, IGNORE: IGNORE}, {n: i for i, n in enumerate(class_map.names)})
    file, taken = io.BytesIO(), set[str]()
    with zipfile.ZipFile(file, "w") as archive:
        drawn = dict(zip(class_map.names, class_map.colours, strict=True))
        archive.writestr(FILE, written(name, classes, drawn))
        for sample in samples:
            stem = _stem(sample.name, taken)
            archive.writestr(f"images/{stem}.png", _png(sample.image))
            archive.writestr(f"masks/{stem}.png", _png(sample.labels))
    return file.getvalue()


def _stem(name: str, taken: set[str]) -> str:
    """A file's name that none of those taken has, in any case of letters; it is then taken."""
    stem = re.sub(r"[^\w.-]+", "_", re.sub(r"\.\w{2,4}$", "", name)).strip("._") or "photo"
    found, number = stem, 1
    while found.casefold() in taken:
        number += 1
        found = f"{stem}-{number}"
    taken.add(found.casefold())
    return found


def _png(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(array)).save(file, "png")
    return file.getvalue()
