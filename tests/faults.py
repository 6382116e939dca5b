"""What people's data folders are like: each fault written onto one labelled picture, as a split `val`."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from seg.datasets.sample import Sample
from seg.labels import IGNORE, ClassMap
from seg.pictures.drawing import encode_ids, encode_png
from tests.bad_files import deep_png, png, saved, tiff

TURNS = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM}
TURNS |= {5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE}
TURNS |= {8: Image.Transpose.ROTATE_270}
"""EXIF orientation → how a picture is stored that it brings upright."""

BACK = {6: TURNS[8], 8: TURNS[6]}
"""How that is undone."""


def write(folder: Path, photo: tuple[str, bytes], mask: tuple[str, bytes]) -> None:
    for part, (name, data) in (("val", photo), ("valannot", mask)):
        path = folder / part / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def on_disk(labels: np.ndarray, class_map: ClassMap) -> np.ndarray:
    return np.where(labels == IGNORE, class_map.disk_ignore, labels).astype(np.uint8)


def stored(array: np.ndarray, orientation: int, kind: str = "PNG", says: bool = True) -> bytes:
    """A file of pixels that EXIF brings upright; without `says`, the same pixels without the EXIF."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(array).transpose(TURNS[orientation])
    if kind == "TIFF":
        return saved(image, kind, **({"tiffinfo": exif} if says else {}))
    return saved(image, kind, **({"exif": exif} if says else {}))


def painted(labels: np.ndarray, colours: tuple, void: tuple = (0, 0, 0)) -> np.ndarray:
    table = np.full((256, 3), void, np.uint8)
    table[: len(colours)] = colours
    return table[labels]


def shuffled_palette(labels: np.ndarray, colours: tuple, order: np.ndarray, surplus: int = 0) -> bytes:
    """A palette file whose entry k is the class order[k]; then black, and as many greys that nothing uses."""
    place = np.full(256, len(colours), np.uint8)
    place[order] = np.arange(len(colours), dtype=np.uint8)
    image = Image.fromarray(place[labels])
    greys = [(k, k, k) for k in range(40, 40 + surplus)]
    image.putpalette([value for colour in [*(colours[k] for k in order), (0, 0, 0), *greys] for value in colour])
    return saved(image, "PNG")


def few_bits(labels: np.ndarray, bits: int) -> bytes:
    """A grey PNG of 2 or 4 bits; the width is a multiple of 4."""
    each = 8 // bits
    packed = sum(labels[:, k::each].astype(int) << bits * (each - 1 - k) for k in range(each)).astype(np.uint8)
    return png((labels.shape[1], labels.shape[0], bits, 0), b"".join(b"\0" + row.tobytes() for row in packed))


def as_mask(make: Callable[[np.ndarray, ClassMap], bytes], name: str = "a.png"):
    """A fault of the mask alone. make: labels as on disk → the file."""

    def apply(folder: Path, sample: Sample, class_map: ClassMap) -> None:
        write(folder, ("a.png", encode_png(sample.image)), (name, make(on_disk(sample.labels, class_map), class_map)))

    return apply


def as_photo(make: Callable[[np.ndarray], bytes], name: str = "a.png"):
    """A fault of the photo alone. make: pixels → the file."""

    def apply(folder: Path, sample: Sample, class_map: ClassMap) -> None:
        write(folder, (name, make(sample.image)), ("a.png", encode_png(on_disk(sample.labels, class_map))))

    return apply


def turned(orientation: int, kind: str = "PNG", mask: bool = True, says: bool = True):
    """Photo, and mask if so, stored turned; the mask says so or does not."""

    def apply(folder: Path, sample: Sample, class_map: ClassMap) -> None:
        disk = on_disk(sample.labels, class_map)
        truth = stored(disk, orientation, "PNG", says) if mask else encode_png(disk)
        write(folder, (f"a.{kind.lower()}", stored(sample.image, orientation, kind)), ("a.png", truth))

    return apply


def turned_mask(orientation: int, kind: str):
    """A mask that lies on its photo as it is stored, and says that it should be turned."""

    def make(disk: np.ndarray, class_map: ClassMap) -> bytes:
        return stored(np.array(Image.fromarray(disk).transpose(BACK[orientation])), orientation, kind)

    return as_mask(make, f"a.{kind.lower()}")


def named(photo: str, mask: str):
    def apply(folder: Path, sample: Sample, class_map: ClassMap) -> None:
        data = {
            name: saved(Image.fromarray(array), "TIFF" if name.endswith("tif") else "PNG")
            for name, array in ((photo, sample.image), (mask, on_disk(sample.labels, class_map)))
        }
        write(folder, (photo, data[photo]), (mask, data[mask]))

    return apply


def with_junk(name: str):
    def apply(folder: Path, sample: Sample, class_map: ClassMap) -> None:
        as_mask(lambda disk, _: encode_png(disk))(folder, sample, class_map)
        write(folder, (name, b"\0\5\x16\7Mac OS X"), (name, b"\0\5\x16\7Mac OS X"))

    return apply


def quantised(method: Image.Quantize | None, kind: str = "PNG"):
    def make(disk: np.ndarray, class_map: ClassMap) -> bytes:
        labels = np.where(disk == class_map.disk_ignore, IGNORE, disk)
        image = Image.fromarray(painted(labels, class_map.other_colours[0]))
        if method is None:
            return saved(image.convert("P", palette=Image.Palette.ADAPTIVE, colors=32), kind)
        return saved(image.quantize(64, method=method), kind)

    return as_mask(make)


def in_colours(kind: str, mode: str = "RGB"):
    def make(disk: np.ndarray, class_map: ClassMap) -> bytes:
        image = Image.fromarray(
            painted(np.where(disk == class_map.disk_ignore, IGNORE, disk), class_map.other_colours[0])
        )
        if mode == "RGBA":
            image.putalpha(Image.fromarray(np.where(disk == class_map.disk_ignore, 0, 255).astype(np.uint8)))
        return saved(image, kind, **({"lossless": True, "exact": True} if kind == "WEBP" else {}))

    return as_mask(make)


def _with_alpha(disk: np.ndarray, class_map: ClassMap, mode: str) -> bytes:
    image = Image.fromarray(disk).convert(mode.removesuffix("A"))
    image.putalpha(Image.fromarray(np.where(disk == class_map.disk_ignore, 0, 255).astype(np.uint8)))
    return saved(image, "PNG")


def _shuffled(disk: np.ndarray, class_map: ClassMap, surplus: int = 0, own: bool = False) -> bytes:
    labels = np.where(disk == class_map.disk_ignore, IGNORE, disk)
    order = np.random.default_rng(1).permutation(len(class_map))
    return shuffled_palette(labels, class_map.colours if own else class_map.other_colours[0], order, surplus)


def _grey_palette(disk: np.ndarray, class_map: ClassMap) -> bytes:
    order = np.random.default_rng(1).permutation(16).astype(np.uint8)
    image = Image.fromarray(order[disk])
    greys = np.argsort(order)
    image.putpalette(np.repeat(greys[:, None], 3, axis=1).astype(np.uint8).tobytes())
    return saved(image, "PNG")


def _own_palette(disk: np.ndarray, class_map: ClassMap, colour: Callable[[int], tuple[int, int, int]]) -> bytes:
    image = Image.fromarray(disk)
    image.putpalette([value for k in range(256) for value in colour(k)])
    return saved(image, "PNG")


def _deep_colours(disk: np.ndarray, class_map: ClassMap, times: int) -> bytes:
    labels = np.where(disk == class_map.disk_ignore, IGNORE, disk)
    return deep_png(painted(labels, class_map.other_colours[0]).astype(np.uint16) * times)


def _numbers(change: Callable[[np.ndarray], np.ndarray]):
    return as_mask(lambda disk, _: encode_png(change(disk).astype(np.uint8)))


STREET_FAULTS = {
    "nothing": as_mask(lambda disk, _: encode_png(disk)),
    **{f"photo turned, EXIF {k}": turned(k, mask=False) for k in TURNS},
    **{f"both turned, EXIF {k}": turned(k) for k in TURNS},
    **{f"both turned, EXIF {k} in the photo alone": turned(k, says=False) for k in TURNS},
    "TIFF turned": turned(6, "TIFF"),
    "TIFF turned, EXIF in the photo alone": turned(6, "TIFF", says=False),
    "mask with an EXIF that its photo lacks": turned_mask(6, "PNG"),
    "TIFF mask with an EXIF that its photo lacks": turned_mask(8, "TIFF"),
    "palette in another order": as_mask(_shuffled),
    "palette of our colours in another order": as_mask(partial(_shuffled, own=True)),
    "palette in another order and greys beside": as_mask(partial(_shuffled, surplus=60)),
    "palette of grey ids in another order": as_mask(_grey_palette),
    "adaptive palette": quantised(None),
    "GIF": quantised(None, "GIF"),
    "median cut": quantised(Image.Quantize.MEDIANCUT),
    "maximum coverage": quantised(Image.Quantize.MAXCOVERAGE),
    "octree": quantised(Image.Quantize.FASTOCTREE),
    "our own file of ids": as_mask(lambda disk, m: encode_ids(np.where(disk == m.disk_ignore, IGNORE, disk), m)),
    **{f"CamVid's colours, {kind}": in_colours(kind) for kind in ("PNG", "BMP", "TIFF", "WEBP")},
    "colours and alpha": in_colours("PNG", "RGBA"),
    "ids in three channels": as_mask(lambda disk, _: saved(Image.fromarray(disk).convert("RGB"), "PNG")),
    "ids in three channels and alpha": as_mask(partial(_with_alpha, mode="RGBA")),
    "ids and alpha": as_mask(partial(_with_alpha, mode="LA")),
    "4-bit ids": as_mask(lambda disk, _: few_bits(disk, 4)),
    "16-bit ids": as_mask(lambda disk, _: deep_png(disk.astype(np.uint16))),
    "16-bit ids, spread": as_mask(lambda disk, _: deep_png(disk.astype(np.uint16) * 257)),
    "16-bit ids in three channels": as_mask(lambda disk, _: deep_png(np.repeat(disk[..., None], 3, 2).astype("u2"))),
    "CamVid's colours, 16 bits": as_mask(partial(_deep_colours, times=257)),
    "CamVid's colours, 16 bits of which 8 are used": as_mask(partial(_deep_colours, times=1)),
    "palette of one colour": as_mask(partial(_own_palette, colour=lambda k: (0, 0, 0))),
    "palette of anybody's colours": as_mask(partial(_own_palette, colour=lambda k: (k * 37 % 256, k * 91 % 256, k))),
    "16-bit ids, TIFF": as_mask(lambda disk, _: tiff(disk.astype(np.uint16), 1), "a.tif"),
    "float ids, TIFF": as_mask(lambda disk, _: saved(Image.fromarray(disk.astype(np.float32)), "TIFF"), "a.tiff"),
    "255 for unlabelled": _numbers(lambda disk: np.where(disk == 11, 255, disk)),
    "16-bit photo": as_photo(lambda pixels: deep_png(pixels.astype(np.uint16) * 257)),
    "16-bit TIFF photo": as_photo(lambda pixels: tiff(pixels.astype(np.uint16) * 257, 2), "a.tif"),
    "photo with opaque alpha": as_photo(lambda pixels: saved(Image.fromarray(pixels).convert("RGBA"), "PNG")),
    **{
        f"{photo} and {mask}": named(photo, mask)
        for photo, mask in (
            ("a.png", "a_mask.png"), ("a.png", "a_L.png"), ("a.png", "a_labelIds.png"), ("a.png", "a-mask.png"),
            ("a.png", "a mask.png"), ("a.png", "a.mask.png"), ("a.png", "a.png.png"), ("a.png", "a_gt.tif"),
            ("a.png", "a_seg.png"), ("a.png", "mask_a.png"), ("a.png", "a_annot.PNG"), ("a.png", "a_lbl.png"),
            ("A.PNG", "a.png"), ("a.tif", "A.TIF"), ("img_07.png", "label_07.png"), ("a.png", "a_watershed.png"),
            ("x_000000_000294_leftImg8bit.png", "x_000000_000294_gtFine_labelIds.png"),
            ("x_000000_000294_leftImg8bit.png", "x_000000_000294_gtFine_labelTrainIds.png"),
            ("bonn/a.png", "bonn/a_mask.png"),
            ("e\u0301.png", "\u00e9_mask.png"), ("satImage_1.png", "gt_1.png"),
            ("My Photo.png", "my-photo-fcn8s-wce-ids.png"),
        )
    },
    **{
        f"{name} beside": with_junk(name)
        for name in ("._a.png", "Thumbs.db", "desktop.ini", ".DS_Store", "__MACOSX/._a.png", "@eaDir/a.png/x.jpg",
                     ".ipynb_checkpoints/a-checkpoint.png")
    },
}  # fmt: skip
"""What must be read as if nothing were."""


def _float_tiff(pixels: np.ndarray, scale: float) -> bytes:
    return saved(Image.fromarray((pixels * scale).astype(np.float32)), "TIFF")


def _deep_grey(pixels: np.ndarray, top: int) -> np.ndarray:
    return np.rint(pixels / 255 * top).astype(np.uint16)


MEMBRANE_FAULTS = {
    "nothing": as_mask(lambda disk, _: encode_png(disk)),
    **{f"both turned, EXIF {k} in the photo alone": turned(k, says=False) for k in TURNS},
    "16-bit photo": as_photo(lambda pixels: deep_png(_deep_grey(pixels, 65535))),
    "12-bit photo": as_photo(lambda pixels: deep_png(_deep_grey(pixels, 4095))),
    "10-bit photo": as_photo(lambda pixels: tiff(_deep_grey(pixels, 1023), 1), "a.tif"),
    "float photo": as_photo(partial(_float_tiff, scale=1 / 255), "a.tif"),
    "float photo of 0 to 255": as_photo(
        lambda pixels: saved(Image.fromarray(pixels.astype(np.float32)), "TIFF"), "a.tif"
    ),
    "32-bit photo": as_photo(lambda pixels: saved(Image.fromarray(pixels.astype(np.int32) * 70_000), "TIFF"), "a.tif"),
    "photo of three equal channels, 16 bits": as_photo(
        lambda pixels: deep_png(_deep_grey(np.repeat(pixels[..., None], 3, axis=2), 1023))
    ),
    "2-bit ids": as_mask(lambda disk, _: few_bits(disk, 2)),
    "4-bit ids": as_mask(lambda disk, _: few_bits(disk, 4)),
    "ids and alpha": as_mask(lambda disk, _: saved(Image.fromarray(disk).convert("LA"), "PNG")),
}
"""The same of grey pictures; their greys may be a little off."""


def _grouped(disk: np.ndarray) -> np.ndarray:
    """Somebody's three classes: ground, cars, all else."""
    return np.where(np.isin(disk, (3, 4)), 1, np.where(disk == 8, 2, 0))


def _cvat(disk: np.ndarray, class_map: ClassMap) -> bytes:
    """A background with two small polygons, in a palette of somebody else's."""
    height, width = disk.shape
    image = Image.new("P", (width, height))
    image.putpalette([0, 0, 0, 250, 50, 83, 51, 221, 255])
    draw = ImageDraw.Draw(image)
    draw.rectangle((width // 4, height // 2, width // 3, height * 2 // 3), fill=1)
    draw.rectangle((width // 2, height // 2, width * 5 // 9, height * 6 // 11), fill=2)
    return saved(image, "PNG")


DOUBTFUL_STREET = {
    "ids from 1": _numbers(lambda disk: np.where(disk == 11, 0, disk + 1)),
    "ids from 1, 255 for unlabelled": _numbers(lambda disk: np.where(disk == 11, 255, disk + 1)),
    "three classes": _numbers(_grouped),
    "two classes": _numbers(lambda disk: disk == 8),
    "nothing but the first": _numbers(np.zeros_like),
    "upside down": _numbers(lambda disk: disk[::-1]),
    "CVAT": as_mask(_cvat),
    "Cityscapes' ids": _numbers(lambda disk: np.array([10, 2, 5, 0, 1, 8, 7, 4, 9, 6, 3, 11])[disk]),
}
"""What nobody may score before he is asked."""


def black_and_white(kind: str, first_is_black: bool = True):
    def make(disk: np.ndarray, class_map: ClassMap) -> bytes:
        image = Image.fromarray(np.where((disk == 1) == first_is_black, 255, 0).astype(np.uint8))
        if kind == "I;16":
            return deep_png(np.array(image).astype(np.uint16) * 257)
        if kind == "GIF":
            return saved(image.convert("1"), "GIF")
        return saved(image.convert(kind), "PNG")

    return as_mask(make)


def strays(labels: np.ndarray) -> np.ndarray:
    """Black and white, and of the number 1 a few pixels that nobody meant."""
    numbers = np.where(labels == 1, 255, 0).astype(np.uint8)
    numbers[5, 3:9] = 1
    return numbers


DOUBTFUL_MEMBRANES = {
    "black and white with strays": _numbers(strays),
    "black and white with strays, three channels": as_mask(
        lambda disk, _: saved(Image.fromarray(strays(disk)).convert("RGB"), "PNG")
    ),
    "nothing but cells": _numbers(np.zeros_like),
    "nothing but membranes": _numbers(np.ones_like),
    "cells and a few strays": _numbers(lambda disk: strays(disk) == 1),
    "membranes alone, all else unlabelled": _numbers(lambda disk: np.where(disk == 1, 1, 255)),
}
"""The same of two classes of which every picture has both."""

BLACK_AND_WHITE = {
    "grey": black_and_white("L"),
    "the other way round": black_and_white("L", first_is_black=False),
    "1 bit": black_and_white("1"),
    "RGB": black_and_white("RGB"),
    "GIF": black_and_white("GIF"),
    "palette": black_and_white("P"),
    "alpha": black_and_white("LA"),
    "16 bits": black_and_white("I;16"),
}
