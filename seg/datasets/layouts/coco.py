"""COCO instances: one JSON a split, which lists pictures, categories and the outlines or RLE masks of objects.

Lin et al., 'Microsoft COCO: Common Objects in Context', ECCV 2014.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from seg.datasets.files import pictures_in
from seg.datasets.layouts.layout import ALL, Classes, Layout, Pair, by_split, folders_in, one_of, split_of
from seg.datasets.layouts.outlines import BACKGROUND, drawing_size, size_said, unlabelled_of, upright
from seg.datasets.texts import read_json
from seg.errors import DataError
from seg.labels import IGNORE
from seg.pictures.decode import Picture
from seg.pictures.masks import Mask

TITLE = "COCO instances JSON"

_OTHERS = ("captions", "person_keypoints", "stuff", "panoptic", "image_info")
"""What the names of COCO's other JSON files begin with."""

_MANY = 20
"""So many JSON files beside each other are one a picture, not one a split."""

_FAR = 10
"""Points beyond so many times the picture's size are no outline of anything in it."""


@dataclass(frozen=True)
class Objects:
    """The objects of one picture. size: (height, width) as the JSON gives them; names: category id → name."""

    file: Path
    size: tuple[int, int] | None
    objects: tuple[Mapping[str, Any], ...]
    names: Mapping[Any, str]

    def draw(self, shown: Picture, ids: Mapping[str, int]) -> Mask:
        rle = _rle()
        height, width = drawing_size(self.size, shown, str(self.file))
        found: list[tuple[float, int, dict]] = []
        notes: set[str] = set()
        for entry in self.objects:
            where = f"{self.file}: object {entry.get('id', '?')!r} of {shown.name}"
            name = self.names.get(_key(entry.get("category_id")))
            if name is None:
                raise DataError(f"{where} is of the category {entry.get('category_id')!r}, which the file lists not.")
            if name not in ids:
                raise DataError(f"{where} is a {name!r}, which is none of the classes: name it in dataset.toml.")
            encoded = _encoded(entry, height, width, where, notes)
            if encoded is not None:
                found.append((float(rle.area(encoded)), ids[name], encoded))
        labels = np.full((height, width), unlabelled_of(ids), np.uint8)
        drawn = np.zeros((height, width), bool)
        for _, label, encoded in sorted(found, key=lambda one: -one[0]):
            inside = rle.decode(encoded).astype(bool)
            if (labels[inside & drawn] != label).any():
                notes.add("Objects overlap in its outlines: the smaller lies on top.")
            labels[inside] = label
            drawn |= inside
        return Mask(upright(labels, shown), tuple(sorted(notes)))


def _rle() -> Any:
    """pycocotools' run lengths, imported where there are objects to draw."""
    from pycocotools import mask

    return mask


def _encoded(entry: Mapping[str, Any], height: int, width: int, where: str, notes: set[str]) -> dict | None:
    """An object as pycocotools' RLE; None where it covers nothing. Raises DataError for what is none."""
    given = entry.get("segmentation")
    try:
        if isinstance(given, dict):
            return _checked(given, height, width, where)
        if isinstance(given, list) and given:
            parts = [_polygon(part, height, width, where) for part in given]
            whole = [part for part in parts if len(part) >= 6]
            if len(whole) < len(parts):
                notes.add("An outline of fewer than three points was left out.")
            return _rle().merge(_rle().frPyObjects(whole, height, width)) if whole else None
    except (TypeError, ValueError, IndexError, KeyError, OverflowError, AttributeError) as error:
        raise DataError(f"{where} has no outline that can be read: export the file anew.") from error
    raise DataError(f"{where} has a box but no outline, which does not say which pixels it covers: export outlines.")


def _polygon(part: Any, height: int, width: int, where: str) -> list[float]:
    points = [float(value) for value in part]
    if len(points) % 2 or not all(math.isfinite(v) and abs(v) <= _FAR * max(height, width) for v in points):
        raise DataError(f"{where} has an outline with a point that is none, or lies far outside: export it anew.")
    return points


def _checked(given: Mapping[str, Any], height: int, width: int, where: str) -> dict:
    """RLE that covers just the picture. Raises DataError, or what a list of anything else leads to."""
    if list(given["size"]) != [height, width]:
        raise DataError(f"{where} has a mask of {given['size']}, but the picture is [{height}, {width}]: export anew.")
    counts = _unpacked(given["counts"]) if isinstance(given["counts"], str) else given["counts"]
    if any(type(run) is not int or run < 0 for run in counts) or sum(counts) != height * width:
        raise DataError(f"{where} has a mask whose runs do not fill the picture: export the file anew.")
    return _rle().frPyObjects({"size": [height, width], "counts": counts}, height, width)


def _unpacked(text: str) -> list[int]:
    """The runs of a compressed RLE: five bits a character, the lowest first, less the run before the last.

    pycocotools reads the same, but does not notice runs that do not fill the picture.
    """
    runs: list[int] = []
    value = shift = 0
    for code in (byte - 48 for byte in text.encode("ascii")):
        if not 0 <= code < 64 or shift > 30:
            raise ValueError(text)
        value |= (code & 31) << shift
        shift += 5
        if not code & 32:
            value -= (1 << shift) if code & 16 else 0
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value = shift = 0
    return runs


def find(folder: Path) -> Layout | None:
    sources = list(_sources(folder))
    if not sources:
        return None
    index = _index(folder)
    found: list[tuple[str, Pair]] = []
    problems: list[str] = []
    categories: dict[Any, str] = {}
    for path, content in sources:
        names, by_picture = _names(path, content), defaultdict(list)
        categories |= names
        for entry in content["annotations"]:
            if isinstance(entry, dict):
                by_picture[_key(entry.get("image_id"))].append(entry)
        split = _split(path, folder)
        for image in content["images"]:
            try:
                picture = _picture(image, index, split, path)
            except DataError as error:
                problems.append(str(error))
                continue
            size = size_said(image.get("height"), image.get("width"))
            objects = Objects(path, size, tuple(by_picture.pop(_key(image.get("id")), ())), names)
            name = str(PurePosixPath(image["file_name"].replace("\\", "/")).with_suffix(""))
            found.append((split, Pair(name, picture, objects)))
        if by_picture:
            lost = sum(map(len, by_picture.values()))
            problems.append(f"{path} has {lost:,} objects of pictures that it does not list or that are missing.")
    names = [name for _, name in sorted(categories.items(), key=lambda item: str(item[0]).zfill(12))]
    names = list(dict.fromkeys((BACKGROUND, *names)))
    if len(names) > IGNORE:
        raise DataError(f"{folder} has {len(names)} categories, more than the {IGNORE} classes that there may be.")
    classes = Classes(tuple(names), words={name: place for place, name in enumerate(names)})
    notes = ["What no object covers is background; where objects overlap, the smaller lies on top."]
    return Layout(TITLE, by_split(found), classes, notes, problems)


def _sources(folder: Path) -> Iterator[tuple[Path, dict]]:
    """The JSON files of a folder that are COCO's. Raises DataError for one that must be, and cannot be read."""
    annotations = one_of(folder, ["annotations"])
    beside = sorted(folder.glob("*.json"))
    sure = [*(sorted(annotations.glob("*.json")) if annotations else ())]
    sure += [path for below in folders_in(folder) if (path := below / "_annotations.coco.json").is_file()]
    for path in (*sure, *(beside if len(beside) < _MANY else ())):
        if path.name.startswith(_OTHERS):
            continue
        try:
            content = read_json(path)
        except DataError:
            if path in sure or re.search("coco|instances", path.name):
                raise
            continue
        if isinstance(content, dict) and all(isinstance(content.get(k), list) for k in ("images", "annotations")):
            if not isinstance(content.get("categories"), list):
                raise DataError(f"{path} lists no categories: export it anew as COCO instances.")
            yield path, content


def _index(folder: Path) -> dict[str, list[PurePosixPath]]:
    """Name of a picture file → where below the folder such files lie."""
    index: dict[str, list[PurePosixPath]] = defaultdict(list)
    for path in pictures_in(folder):
        index[path.name].append(PurePosixPath(path.relative_to(folder).as_posix()))
    index[""] = [PurePosixPath(folder.as_posix())]
    return index


def _picture(image: Any, index: Mapping[str, list[PurePosixPath]], split: str, source: Path) -> Path:
    """The file of a listed picture, looked up among those in the folder, so that no path leads out of it."""
    if not isinstance(image, dict) or not isinstance(name := image.get("file_name"), str) or not name:
        raise DataError(f"{source} lists a picture without file_name: {str(image)[:60]}.")
    parts = PurePosixPath(name.replace("\\", "/")).parts
    alike = index.get(parts[-1], []) if parts else []
    fitting = [path for path in alike if path.parts[-len(parts) :] == parts] or alike
    if len(fitting) > 1:
        fitting = [path for path in fitting if split in map(split_of, path.parts[:-1])] or fitting
    if not fitting:
        raise DataError(f"{name} is missing, which {source} lists.")
    if len(fitting) > 1:
        several = " and ".join(map(str, fitting[:2]))
        raise DataError(f"{name} of {source} could be {several}: leave one there, or name the folder in file_name.")
    return Path(index[""][0] / fitting[0])


def _key(id_: Any) -> int | str | None:
    """An id of the file; None for what is none."""
    return id_ if isinstance(id_, int | str) else None


def _names(path: Path, content: Mapping[str, Any]) -> dict[Any, str]:
    """Category id → name. Raises DataError for a list that is none."""
    try:
        return {_key(entry["id"]): str(entry["name"]) for entry in content["categories"]}
    except (KeyError, TypeError) as error:
        raise DataError(f"{path} has a category without id or name: export it anew.") from error


def _split(path: Path, folder: Path) -> str:
    words = re.split(r"[_.\- ]", path.stem) + ([path.parent.name] if path.parent != folder else [])
    return next((split for word in words if (split := split_of(word))), ALL)
