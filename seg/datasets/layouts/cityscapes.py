"""Cityscapes: leftImg8bit/SPLIT/CITY/NAME_leftImg8bit.png and gtFine/SPLIT/CITY/NAME_gtFine_labelIds.png.

Cordts et al., 'The Cityscapes Dataset for Semantic Urban Scene Understanding', CVPR 2016.
"""

import re
from pathlib import Path

from seg.datasets.files import pictures_in
from seg.datasets.layouts.layout import Classes, Layout, Pair, by_split, one_of, split_of
from seg.labels import IGNORE

TITLE = "Cityscapes"

NAMES = (
    *("road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign", "vegetation"),
    *("terrain", "sky", "person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle"),
)
"""In the order of their trainIds."""

_LABEL_IDS = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
"""The labelIds of the classes that count, by trainId; the other ids of 0 to 33 do not count."""

TRAIN_IDS = {**{place: place for place in range(len(NAMES))}, IGNORE: IGNORE}
LABEL_IDS = {**dict.fromkeys(range(34), IGNORE), **{number: place for place, number in enumerate(_LABEL_IDS)}}

_PICTURE = re.compile(r"(.+)_leftImg8bit$", re.IGNORECASE)
_MASK = re.compile(r"(.+)_gt(?:Fine|Coarse)_(labelIds|labelTrainIds)$", re.IGNORECASE)


def find(folder: Path) -> Layout | None:
    pictures, truth = one_of(folder, ["leftImg8bit"]), one_of(folder, ["gtFine", "gtCoarse"])
    if pictures is None or truth is None:
        return None
    masks: dict[str, dict[tuple[Path, str], Path]] = {"labelids": {}, "labeltrainids": {}}
    for path in pictures_in(truth):
        if match := _MASK.match(path.stem):
            masks[match[2].lower()][path.parent.relative_to(truth), match[1]] = path
    kind = max(masks, key=lambda kind: (len(masks[kind]), kind))
    found: list[tuple[str, Pair]] = []
    rest, problems = dict(masks[kind]), []
    for path in pictures_in(pictures):
        place = path.parent.relative_to(pictures)
        match = _PICTURE.match(path.stem)
        name = match[1] if match else path.stem
        split = place.parts[0] if place.parts else "all"
        found.append((split_of(split) or split, Pair(str(place / name), path, rest.pop((place, name), None))))
    problems += [f"{path} is the label of no picture: none is named like it." for path in rest.values()]
    ids = TRAIN_IDS if kind == "labeltrainids" else LABEL_IDS
    words = "trainIds" if kind == "labeltrainids" else "labelIds, by Cityscapes' own table of 19 classes"
    return Layout(TITLE, by_split(found), Classes(NAMES, ids=ids), [f"Masks are read as {words}."], problems)
