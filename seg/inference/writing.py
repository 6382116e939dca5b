"""Masks of picture files, written beside each other: by this process, or by the workers of a Ray cluster."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from glob import has_magic
from pathlib import Path, PurePosixPath

import numpy as np

from seg.datasets.files import SUFFIXES, read_bytes
from seg.errors import DataError, OptionError, SegError
from seg.inference.segmenter import Prediction, Segmenter
from seg.pictures.decode import decode
from seg.pictures.drawing import encode_ids, encode_png, overlay

SUFFIX = {"ids": "png", "overlay": "png", "confidence": "png", "probabilities": "npz"}
"""What can be written of a picture → how its file ends."""


@dataclass(frozen=True)
class Order:
    """What is written of each picture, by which network: all that a worker needs to begin.

    weights: the network's folder; out: that of the results; kinds: keys of `SUFFIX`; write: writes a file, or raises
    OptionError."""

    name: str
    weights: Path
    out: Path
    kinds: tuple[str, ...]
    write: Callable[[Path, bytes], None]
    detail: int = 1
    device: str = "auto"
    engine: str = "auto"
    tta: bool = False

    def files(self, called: str) -> list[Path]:
        """Of a picture whose results are called so, one a kind."""
        return [self.out / f"{called}-{kind}.{SUFFIX[kind]}" for kind in self.kinds]


@dataclass(frozen=True)
class Written:
    """Of one picture: what is to be said of it. notes: sentences; said: how it went, '' where it failed."""

    notes: tuple[str, ...]
    said: str = ""


class Writer:
    """A network that writes masks. Raises WeightsError and OptionError as `Segmenter.load` does."""

    def __init__(self, order: Order):
        self.order = order
        self.segmenter = Segmenter.load(order.name, order.device, order.engine, order.weights, tta=order.tta)

    def __call__(self, pictures: Sequence[tuple[str, str]]) -> list[Written]:
        """pictures: where each is, a path or an address that fsspec opens, and what its results are called.

        Raises OptionError where a file cannot be written; a picture that cannot be used has its sentence.
        """
        return [self._write(where, called) for where, called in pictures]

    def _write(self, where: str, called: str) -> Written:
        order, segmenter = self.order, self.segmenter
        try:
            picture = decode(content(where), where)
            prediction = segmenter(picture.pixels, order.detail)
            for kind, file in zip(order.kinds, order.files(called), strict=True):
                order.write(file, encoded(kind, segmenter, picture.pixels, prediction, order.detail))
        except OptionError:
            raise
        except SegError as error:
            return Written((str(error) if where in str(error) else f"{where}: {error}",))
        return Written(
            tuple(f"{where}: {note}" for note in (*picture.notes, *prediction.notes)),
            f"{where}: {prediction.seconds * 1000:.0f} ms on {prediction.device}, "
            f"mean confidence {prediction.mean_confidence:.2f}",
        )


def content(where: str) -> bytes:
    """Of a file at a path, or at an address as s3://bucket/a.jpg. Raises DataError."""
    if not is_address(where):
        return read_bytes(Path(where))
    import fsspec

    try:
        return fsspec.url_to_fs(where)[0].cat_file(where)
    except Exception as error:  # whatever a store answers, or its package that is missing
        raise DataError(f"{where} cannot be read: {error}.") from error


def is_address(where: str) -> bool:
    return "://" in where


def at_address(address: str) -> list[str]:
    """The pictures at an address: in a folder and below, those that a pattern fits, or the one itself, in order.

    Raises DataError where there is none.
    """
    import fsspec

    try:
        store, path = fsspec.url_to_fs(address)
        fits = store.glob if has_magic(path) else store.find if store.isdir(path) else lambda one: [one]
        found = fits(path)
        pictures = [store.unstrip_protocol(one) for one in found if PurePosixPath(one).suffix.lower() in SUFFIXES]
    except Exception as error:  # whatever a store answers, or its package that is missing
        raise DataError(f"{address} cannot be read: {error}.") from error
    if not pictures:
        raise DataError(f"{address} holds no picture whose name ends with one of {', '.join(sorted(SUFFIXES))}.")
    return sorted(pictures)


def listed(where: str) -> list[str]:
    """The paths and addresses in a list: a text file of one a line, or the column 'path' of a Parquet file.

    Raises DataError for what is none.
    """
    data = content(where)
    try:
        if not where.endswith(".parquet"):
            return [line.strip() for line in data.decode("utf-8-sig").splitlines() if line.strip()]
        import pandas as pd

        return [str(path) for path in pd.read_parquet(io.BytesIO(data), columns=["path"])["path"]]
    except Exception as error:  # whatever the readers meet
        raise DataError(
            f"{where} is no list of pictures: write one path a line, or a Parquet file with a column 'path'."
        ) from error


def encoded(kind: str, segmenter: Segmenter, image: np.ndarray, prediction: Prediction, detail: int) -> bytes:
    """The file of one kind."""
    class_map = segmenter.record.class_map
    if kind == "ids":
        return encode_ids(prediction.labels, class_map)
    if kind == "overlay":
        return encode_png(overlay(image, prediction.labels, class_map, 0.5))
    if kind == "confidence":
        return encode_png((prediction.confidence.astype(np.float32) * 255).round().astype(np.uint8))
    file = io.BytesIO()
    probabilities = segmenter.probabilities(image, detail)
    np.savez_compressed(file, probabilities=probabilities, classes=np.array(class_map.names))
    return file.getvalue()
