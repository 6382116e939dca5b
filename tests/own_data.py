"""A small set of rendered fruit, written to disk in every layout that own data may have, with the same truth in all."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from typer.testing import CliRunner

from seg.cli.main import app

NAMES = ("background", "apple", "plum")
DISK_COLOURS = ((0, 0, 0), (200, 30, 30), (70, 20, 130))
SPLITS = {"train": 4, "val": 2}


@dataclass(frozen=True)
class Fruit:
    """A picture uint8 (H, W, 3), its truth (H, W), and the polygons that were drawn, larger ones first."""

    name: str
    image: np.ndarray
    labels: np.ndarray
    polygons: tuple[tuple[int, list[tuple[float, float]]], ...]


def fruit(seed: int, height: int = 40, width: int = 56) -> Fruit:
    """An apple and a smaller plum, which may lie on the apple."""
    rng = np.random.default_rng(seed)
    truth = Image.new("L", (width, height), 0)
    polygons = []
    for label, radius in ((1, 12), (2, 7)):
        centre = rng.uniform(0.3, 0.7, 2) * (width, height)
        angles = np.linspace(0, 2 * np.pi, 9)[:-1]
        points = [
            (round(float(centre[0] + radius * np.cos(a)), 1), round(float(centre[1] + radius * np.sin(a)), 1))
            for a in angles
        ]
        ImageDraw.Draw(truth).polygon(points, fill=label, outline=label)
        polygons.append((label, points))
    labels = np.array(truth)
    image = np.array([(150, 130, 100), (200, 40, 30), (80, 30, 140)], np.uint8)[labels]
    noise = rng.integers(-9, 9, image.shape)
    return Fruit(f"fruit {seed}", np.clip(image + noise, 0, 255).astype(np.uint8), labels, tuple(polygons))


def basket() -> Iterator[tuple[str, Fruit]]:
    """(split, picture): the whole set."""
    seed = 0
    for split, count in SPLITS.items():
        for _ in range(count):
            yield split, fruit(seed)
            seed += 1


def save(array: np.ndarray, path: Path, palette: tuple[tuple[int, int, int], ...] = ()) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(array)
    if palette:
        image.putpalette([value for colour in palette for value in colour])
    image.save(path)


def ours(folder: Path) -> None:
    for split, one in basket():
        save(one.image, folder / split / f"{one.name}.png")
        save(one.labels, folder / f"{split}annot" / f"{one.name}.png")


def side_by_side(folder: Path) -> None:
    for split, one in basket():
        save(one.image, folder / "images" / split / f"{one.name}.png")
        save(one.labels, folder / "masks" / split / f"{one.name}_mask.png")


def voc(folder: Path) -> None:
    lists: dict[str, list[str]] = {}
    for split, one in basket():
        save(one.image, folder / "JPEGImages" / f"{one.name}.png")
        save(one.labels, folder / "SegmentationClass" / f"{one.name}.png", DISK_COLOURS)
        lists.setdefault(split, []).append(one.name)
    _lists(folder, lists)
    (folder / "class_names.txt").write_text("\n".join(("_background_", *NAMES[1:])), "utf-8")


def cvat(folder: Path) -> None:
    lists: dict[str, list[str]] = {}
    for split, one in basket():
        save(one.image, folder / "JPEGImages" / f"{one.name}.png")
        save(np.array(DISK_COLOURS, np.uint8)[one.labels], folder / "SegmentationClass" / f"{one.name}.png")
        lists.setdefault(split, []).append(one.name)
    _lists(folder, lists)
    rows = [f"{name}:{','.join(map(str, colour))}::" for name, colour in zip(NAMES, DISK_COLOURS, strict=True)]
    (folder / "labelmap.txt").write_text("\n".join(("# label:color_rgb:parts:actions", *rows)), "utf-8")


def _lists(folder: Path, lists: dict[str, list[str]]) -> None:
    place = folder / "ImageSets" / "Segmentation"
    place.mkdir(parents=True)
    for split, names in {**lists, "trainval": [name for listed in lists.values() for name in listed]}.items():
        (place / f"{split}.txt").write_text("\n".join(names) + "\n", "utf-8")


def cityscapes(folder: Path) -> None:
    """An apple is a car, a plum a bus, all else road, in Cityscapes' labelIds."""
    numbers = np.array([7, 26, 28], np.uint8)
    for split, one in basket():
        name = one.name.replace(" ", "_000000_")
        save(one.image, folder / "leftImg8bit" / split / "bowl" / f"{name}_leftImg8bit.png")
        save(numbers[one.labels], folder / "gtFine" / split / "bowl" / f"{name}_gtFine_labelIds.png")
        save(one.labels, folder / "gtFine" / split / "bowl" / f"{name}_gtFine_instanceIds.png")


def coco(folder: Path) -> None:
    """The plum as a compressed RLE, the apple, which it lies on, as an uncompressed one."""
    from pycocotools import mask as rle

    files: dict[str, dict[str, list]] = {}
    for number, (split, one) in enumerate(basket()):
        content = files.setdefault(split, {"images": [], "annotations": [], "categories": []})
        height, width = one.labels.shape
        save(one.image, folder / split / f"{one.name}.png")
        content["images"].append({"id": number, "file_name": f"{one.name}.png", "height": height, "width": width})
        for label, points in reversed(one.polygons):
            drawn = Image.new("L", (width, height), 0)
            ImageDraw.Draw(drawn).polygon(points, fill=1, outline=1)
            inside = np.array(drawn)
            packed = rle.encode(np.asfortranarray(inside))
            given = {"size": [height, width], "counts": packed["counts"].decode("ascii")}
            if label == 1:
                given["counts"] = runs(inside)
            entry = {"id": 10 * number + label, "image_id": number, "category_id": 5 * label, "segmentation": given}
            content["annotations"].append({**entry, "area": int(inside.sum()), "bbox": [0, 0, 1, 1], "iscrowd": 0})
    for split, content in files.items():
        content["categories"] = [{"id": 5, "name": "apple"}, {"id": 10, "name": "plum"}]
        path = folder / "annotations" / f"instances_{split}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content), "utf-8")


def runs(inside: np.ndarray) -> list[int]:
    """COCO's uncompressed RLE of a mask: runs of 0 and 1 in turn, column by column."""
    flat = inside.ravel(order="F")
    edges = np.flatnonzero(np.diff(flat)) + 1
    lengths = np.diff([0, *edges, flat.size]).tolist()
    return [0, *lengths] if flat[0] else lengths


def labelme(folder: Path) -> None:
    for split, one in basket():
        save(one.image, folder / split / f"{one.name}.png")
        height, width = one.labels.shape
        shapes = [
            {"label": NAMES[label], "points": points, "group_id": None, "shape_type": "polygon", "flags": {}}
            for label, points in one.polygons
        ]
        content = {"version": "5.4.1", "flags": {}, "shapes": shapes, "imagePath": f"{one.name}.png"}
        packed = base64.b64encode((folder / split / f"{one.name}.png").read_bytes()).decode("ascii")
        content |= {"imageData": packed, "imageHeight": height, "imageWidth": width}
        (folder / split / f"{one.name}.json").write_text(json.dumps(content), "utf-8")


LAYOUTS = {write.__name__: write for write in (ours, side_by_side, voc, cvat, cityscapes, coco, labelme)}


MARKUP = ("<img src=x onerror=alert(1)>", 'a "quoted"\n# name', "<b>_bold_</b> $x$ &lt;")
"""Class names that are more than text to whoever does not take care."""


def trained(folder: Path, names: tuple[str, ...] = MARKUP) -> Path:
    """Train four small networks on classes of these names; returns the folder of their weights."""
    side_by_side(folder / "bowl")
    (folder / "bowl" / "dataset.toml").write_text(f"classes = {json.dumps(names)}", "utf-8")
    for model, loss in (("conv_stack", "wce"), ("fcn8s", "wce"), ("fcn8s", "ce"), ("unet", "wce")):
        words = f"train --data {folder / 'bowl'} --model {model} --loss {loss} --out {folder / 'out'}".split()
        result = CliRunner().invoke(app, [*words, "--base", "4", "--scale", "40", "--epochs", "1", "--batch", "2"])
        assert result.exit_code == 0, result.output
    return folder / "out"
