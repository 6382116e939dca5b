"""PASCAL VOC: JPEGImages/, SegmentationClass/ and lists in ImageSets/Segmentation/; CVAT's, too, with labelmap.txt.

Everingham et al., 'The PASCAL Visual Object Classes Challenge: A Retrospective', IJCV 2015.
"""

import re
from pathlib import Path

from seg.datasets.files import pictures_in
from seg.datasets.layouts.layout import ALL, Classes, Layout, Pair, by_split, one_of, split_of
from seg.datasets.texts import lines_of
from seg.errors import DataError
from seg.labels import IGNORE, Colour

TITLE, CVAT = "PASCAL VOC", "CVAT segmentation mask 1.1"

NAMES = (
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)

_OF_VOC = re.compile(r"\d{4}_\d{6}|\d{6}")
"""How the challenges name their pictures: only theirs have its classes without saying so."""

_NAMES = ("class_names.txt", "classes.txt", "labels.txt")

_UNIONS = {"trainval": ("train", "val"), "all": ()}
"""Lists that hold what others do."""


def find(folder: Path) -> Layout | None:
    truth = one_of(folder, ["SegmentationClass", "SegmentationClassPNG", "SegmentationClassRaw"])
    lists = one_of(one_of(folder, ["ImageSets"]) or folder, ["Segmentation"])
    pictures = one_of(folder, ["JPEGImages", "images"])
    if truth is None or (pictures is None and lists is None):
        return None
    labels = folder / "labelmap.txt"
    classes = labelmap(labels) if labels.is_file() else _named(folder)
    title = CVAT if labels.is_file() else TITLE
    shown = _by_stem(pictures) if pictures else {}
    masks = _by_stem(truth)
    found: list[tuple[str, Pair]] = []
    problems: list[str] = []
    for split, names in _splits(lists, masks, problems):
        for name in names:
            mask = masks.get(name)
            if name in shown:
                found.append((split, Pair(name, shown[name], mask)))
            else:
                problems.append(f"{(pictures or folder / 'JPEGImages') / name}.jpg is missing, which {split} lists.")
    used = {pair.name for _, pair in found}
    problems += [f"{path} is the label of no picture in the lists." for name, path in masks.items() if name not in used]
    if classes is None and found and all(_OF_VOC.fullmatch(pair.name) for _, pair in found):
        classes = Classes(NAMES, ids={**{place: place for place in range(len(NAMES))}, IGNORE: IGNORE})
    return Layout(title, by_split(found), classes, problems=problems)


def _by_stem(folder: Path) -> dict[str, Path]:
    """The pictures of a folder by their names below it, without ending, as the lists have them."""
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in pictures_in(folder)}


def _splits(lists: Path | None, masks: dict[str, Path], problems: list[str]) -> list[tuple[str, list[str]]]:
    """Split → names, from the lists; all that have a mask where there are none."""
    files = sorted(lists.glob("*.txt")) if lists else []
    stems = {path.stem for path in files}
    kept = [path for path in files if not (len(files) > 1 and stems.issuperset(_UNIONS.get(path.stem, ("",))))]
    found = []
    for path in kept:
        try:
            lines = lines_of(path)
        except DataError as error:
            problems.append(str(error))
            continue
        names = [line.replace("\\", "/") for line in lines]
        found.append((split_of(path.stem) or (ALL if len(kept) == 1 else path.stem), names))
    return found or [(ALL, list(masks))]


def _named(folder: Path) -> Classes | None:
    """From the list of names that labelme's converter and others write beside the folders."""
    names = next((lines_of(folder / name) for name in _NAMES if (folder / name).is_file()), None)
    if not names:
        return None
    names = [name for name in names if name != "__ignore__"]
    plain = tuple("background" if name == "_background_" else name for name in names)
    return Classes(plain, ids={**{place: place for place in range(len(plain))}, IGNORE: IGNORE})


def labelmap(path: Path) -> Classes:
    """CVAT's list of lines 'label:red,green,blue:parts:actions'. Raises DataError with file and line."""
    names: list[str] = []
    colours: list[Colour] = []
    for number, line in enumerate(lines_of(path), 1):
        if line.startswith("#"):
            continue
        match = re.match(r"(.+?):(\d{1,3}),(\d{1,3}),(\d{1,3})(:|$)", line)
        if not match or max(colour := (int(match[2]), int(match[3]), int(match[4]))) > 255:
            raise DataError(
                f"{path}, line {number}: {line[:60]!r} is no class: write label:red,green,blue::, as CVAT does."
            )
        names.append(match[1].strip())
        colours.append(colour)
    if not names:
        raise DataError(f"{path} names no class: export it anew.")
    return Classes(tuple(names), colours=tuple(colours))
