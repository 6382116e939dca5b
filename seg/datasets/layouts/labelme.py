"""labelme: a JSON file a picture, with polygons, rectangles, circles and masks, each of a label; later ones on top."""

import base64
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from seg.datasets.files import is_junk, pictures_in
from seg.datasets.layouts.layout import ALL, Classes, Layout, Pair, by_split, split_of
from seg.datasets.layouts.outlines import BACKGROUND, drawing_size, size_said, unlabelled_of, upright
from seg.datasets.texts import lines_of, read_json
from seg.errors import DataError, ImageError
from seg.labels import IGNORE
from seg.pictures.decode import Picture, open_image
from seg.pictures.masks import Mask

TITLE = "labelme JSON"

VOID, NOTHING = "__ignore__", "_background_"
"""labelme's own labels for what does not count, and for what is none of the others."""

_GLANCE = 5
"""So many JSON files are looked at to tell whether a folder is labelme's."""

_NAMES = ("labels.txt", "classes.txt", "class_names.txt")


@dataclass(frozen=True)
class Shapes:
    """The shapes of one picture, read from their file when they are drawn."""

    file: Path

    def draw(self, shown: Picture, ids: Mapping[str, int]) -> Mask:
        content = _content(self.file)
        said = size_said(content.get("imageHeight"), content.get("imageWidth"))
        height, width = drawing_size(said, shown, str(self.file))
        image = Image.new("L", (width, height), unlabelled_of(ids))
        notes: set[str] = set()
        for number, shape in enumerate(content["shapes"], 1):
            label = _label(shape, self.file)
            if label not in ids:
                raise DataError(f"{self.file} has the label {label!r} of no class: name it in dataset.toml.")
            if note := _draw(image, shape, ids[label], f"{self.file}, shape {number} ({label})"):
                notes.add(note)
        return Mask(upright(np.array(image), shown), tuple(sorted(notes)))


def _draw(image: Image.Image, shape: Mapping[str, Any], label: int, where: str) -> str:
    """Fill the shape with the class; returns why it was left out, or ''. Raises DataError for what is no shape."""
    kind = shape.get("shape_type") or "polygon"
    try:
        points = [(float(x), float(y)) for x, y in shape["points"]]
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{where} has no points: label it anew.") from error
    if not all(math.isfinite(v) and abs(v) <= 10 * max(image.size) for point in points for v in point):
        raise DataError(f"{where} has a point that is none, or lies far outside the picture: label it anew.")
    pen = ImageDraw.Draw(image)
    if kind == "mask" and len(points) == 2:
        _paste(image, shape, points, label, where)
    elif kind == "circle" and len(points) == 2:
        (x, y), edge = points
        radius = math.dist((x, y), edge)
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=label, outline=label)
    elif kind == "rectangle" and len(points) == 2:
        (left, right), (top, bottom) = (sorted(values) for values in zip(*points, strict=True))
        pen.rectangle((left, top, right, bottom), fill=label, outline=label)
    elif kind in ("polygon", "rectangle") and len(points) >= 3:
        pen.polygon(points, fill=label, outline=label)
    elif kind in ("line", "linestrip", "point", "points") or (kind == "polygon" and len(points) < 3):
        return "Points, lines and outlines of fewer than three points cover no pixels and were left out."
    else:
        raise DataError(
            f"{where}, of the type {kind!r} with {len(points)} points, is not drawn here: make it a polygon."
        )
    return ""


def _paste(
    image: Image.Image, shape: Mapping[str, Any], points: list[tuple[float, float]], label: int, where: str
) -> None:
    """Fill what a mask of labelme's covers, a small picture packed in the file, between its two corners.

    Raises DataError where there is none that fits.
    """
    try:
        _, inside, _ = open_image(base64.b64decode(shape["mask"], validate=True), where)
    except (KeyError, TypeError, ValueError, ImageError) as error:
        raise DataError(f"{where} has no mask that can be read: label it anew.") from error
    left, top = (round(min(values)) for values in zip(*points, strict=True))
    image.paste(label, (left, top), inside.convert("L").point(lambda value: 255 if value else 0))


def find(folder: Path) -> Layout | None:
    files = sorted(
        Path(above, name)
        for above, _, names in os.walk(folder)
        for name in names
        if name.endswith(".json") and not is_junk(Path(above, name).relative_to(folder))
    )
    if not any(_is_labelme(path) for path in files[:_GLANCE]):
        return None
    pictures = {os.path.abspath(path): path for path in pictures_in(folder)}
    by_stem = {path.with_suffix(""): path for path in pictures.values()}
    found: list[tuple[str, Pair]] = []
    problems: list[str] = []
    labels: set[str] = set()
    for file in files:
        try:
            content = _content(file)
            labels |= {_label(shape, file) for shape in content["shapes"]}
            picture = _picture(file, content, pictures, by_stem)
        except DataError as error:
            problems.append(str(error))
            continue
        found.append((_split(file, folder), Pair(_name(file, folder), picture, Shapes(file))))
    used = {pair.picture for _, pair in found}
    rest = sorted({*pictures.values()} - used)
    found += [(_split(path, folder), Pair(_name(path, folder), path, None)) for path in rest]
    notes = ["What lies in no shape is background; later shapes lie on top."]
    return Layout(TITLE, by_split(found), _classes(folder, labels), notes, problems)


def _is_labelme(path: Path) -> bool:
    try:
        return bool(_content(path))
    except DataError:
        return False


def _content(path: Path) -> dict[str, Any]:
    """Raises DataError for what is no file of labelme's."""
    content = read_json(path)
    if not isinstance(content, dict) or not isinstance(content.get("shapes"), list):
        raise DataError(f"{path} has no shapes: it is not of labelme.")
    return content


def _label(shape: Any, path: Path) -> str:
    if not isinstance(shape, dict) or not isinstance(label := shape.get("label"), str) or not label.strip():
        raise DataError(f"{path} has a shape without a label: give it one.")
    return label


def _picture(file: Path, content: Mapping[str, Any], pictures: Mapping[str, Path], by_stem: Mapping) -> Path:
    """The picture that a file names or is named like, among those in the folder. Raises DataError if it is missing."""
    named = str(content.get("imagePath") or "").replace("\\", "/")
    there = pictures.get(os.path.abspath(file.parent / named)) if named else None
    if picture := there or by_stem.get(file.with_suffix("")):
        return picture
    raise DataError(f"{file} is for the picture {named or file.stem!r}, which is missing: put it beside the file.")


def _classes(folder: Path, labels: set[str]) -> Classes:
    """Those of a list of names if there is one, else all labels in use, by their names; background first."""
    listed = next((lines_of(folder / name) for name in _NAMES if (folder / name).is_file()), None)
    names = [name for name in (listed or sorted(labels)) if name not in (VOID, NOTHING, BACKGROUND)]
    names = [BACKGROUND, *dict.fromkeys(names)]
    if len(names) > IGNORE:
        raise DataError(f"{folder} has {len(names)} labels, more than the {IGNORE} classes that there may be.")
    words = {name: place for place, name in enumerate(names)}
    return Classes(tuple(names), words={**words, NOTHING: 0, VOID: IGNORE})


def _split(path: Path, folder: Path) -> str:
    parts = path.relative_to(folder).parts[:-1]
    return next((split for part in parts if (split := split_of(part))), ALL)


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).with_suffix("").as_posix()
