"""Masks of pictures, written beside each other."""

import io
import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from glob import glob, has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seg.cli.options import Detail, Device, EngineName, Tta, Weights, WeightsFolder, write
from seg.errors import OptionError, SegError

if TYPE_CHECKING:
    import numpy as np

    from seg.inference.segmenter import Prediction, Segmenter


class Kind(StrEnum):
    """What can be written of a picture."""

    IDS = "ids"
    OVERLAY = "overlay"
    CONFIDENCE = "confidence"
    PROBABILITIES = "probabilities"


def predict(
    images: Annotated[
        list[str], typer.Argument(help="picture files, folders of them, and patterns: 'photos/**/*.jpg'")
    ],
    weights: Weights,
    out: Annotated[Path, typer.Option(help="folder for the masks")],
    write_kinds: Annotated[
        list[Kind] | None, typer.Option("--write", help="what is written; may be repeated [default: ids, overlay]")
    ] = None,
    device: Device = "auto",
    engine: EngineName = "auto",
    detail: Detail = 1,
    tta: Tta = False,
    folder: WeightsFolder = None,
) -> None:
    """Write NAME-ids.png (class ids, coloured palette) and NAME-overlay.png for every picture.

    confidence: NAME-confidence.png, grey, 255 for 1. probabilities: NAME-probabilities.npz, float16 (C, H, W) called
    probabilities, and the names of the classes. Pictures of the same name keep their folders below --out.
    """
    from seg.catalogue.store import folder_of
    from seg.datasets.files import read_bytes
    from seg.inference.segmenter import Segmenter
    from seg.pictures.decode import decode

    found, kinds = [path for text in images for path in matching(text)], write_kinds or [Kind.IDS, Kind.OVERLAY]
    pictures = pictures_of(found, out)
    below = any(path.is_dir() for path in found) or any("**" in text for text in images)
    names = result_names(pictures, keep_folders=below)
    if any(name.parent != Path() for name in names):
        print(f"The results keep the folders of their pictures below {out}.", file=sys.stderr)
    segmenter = Segmenter.load(weights, device, engine, folder or folder_of(weights), tta=tta)
    failed = 0
    for path, name in zip(pictures, names, strict=True):
        try:
            picture = decode(read_bytes(path), str(path))
            prediction = segmenter(picture.pixels, detail)
            for kind in dict.fromkeys(kinds):
                suffix = "npz" if kind is Kind.PROBABILITIES else "png"
                write(out / f"{name}-{kind}.{suffix}", encoded(kind, segmenter, picture.pixels, prediction, detail))
        except OptionError:
            raise
        except SegError as error:
            print(error if str(path) in str(error) else f"{path}: {error}", file=sys.stderr)
            failed += 1
            continue
        for note in (*picture.notes, *prediction.notes):
            print(f"{path}: {note}", file=sys.stderr)
        print(
            f"{path}: {prediction.seconds * 1000:.0f} ms on {prediction.device}, "
            f"mean confidence {prediction.mean_confidence:.2f}"
        )
    if failed:
        raise typer.Exit(1)


def matching(text: str) -> list[Path]:
    """The files of a pattern, for shells that leave it as it is; what is no pattern, and what exists, is itself.

    Raises OptionError for a pattern that nothing fits.
    """
    if not has_magic(text) or Path(text).exists():
        return [Path(text)]
    found = [Path(path) for path in sorted(glob(text, recursive=True))]
    if not found:
        raise OptionError(f"Nothing is named like {text}.")
    return found


def encoded(kind: Kind, segmenter: "Segmenter", image: "np.ndarray", prediction: "Prediction", detail: int) -> bytes:
    """The file of one kind."""
    import numpy as np

    from seg.pictures.drawing import encode_ids, encode_png, overlay

    class_map = segmenter.record.class_map
    if kind is Kind.IDS:
        return encode_ids(prediction.labels, class_map)
    if kind is Kind.OVERLAY:
        return encode_png(overlay(image, prediction.labels, class_map, 0.5))
    if kind is Kind.CONFIDENCE:
        return encode_png((prediction.confidence.astype(np.float32) * 255).round().astype(np.uint8))
    file = io.BytesIO()
    probabilities = segmenter.probabilities(image, detail)
    np.savez_compressed(file, probabilities=probabilities, classes=np.array(class_map.names))
    return file.getvalue()


def pictures_of(paths: Sequence[Path], out: Path) -> list[Path]:
    """The picture files named, and those in the folders named and below, except results in `out`; each one once.

    What systems leave beside pictures is ignored. Raises OptionError with a sentence where no picture is left.
    """
    from seg.datasets.files import SUFFIXES, is_junk, pictures_in

    found: dict[str, Path] = {}
    for path in paths:
        files = [] if is_junk(path.name) else [path]
        if path.is_dir():
            files = [file for file in pictures_in(path) if out.absolute() not in file.absolute().parents]
            if not files:
                raise OptionError(f"{path} holds no picture whose name ends with one of {', '.join(sorted(SUFFIXES))}.")
        found.update((os.path.abspath(file), file) for file in files)
    if not found:
        raise OptionError(f"{paths[0]} is no picture but what a system leaves beside pictures: name the pictures.")
    return list(found.values())


def result_names(pictures: Sequence[Path], keep_folders: bool = False) -> list[Path]:
    """What the results of each picture are called, below the output folder and without what is appended.

    The picture's name without its ending; with `keep_folders`, or where two names would be the same, below the folders
    that lead there from the one that all pictures share; where two would still be the same, the ending is kept too.
    """
    shared = os.path.commonpath([os.path.abspath(picture.parent) for picture in pictures])
    below = [Path(os.path.relpath(picture, shared)) for picture in pictures]
    without_ending = [path.with_suffix("") for path in below]
    for names in ([] if keep_folders else [Path(path.name) for path in without_ending], without_ending):
        # A file system may not tell upper from lower case.
        if names and len({str(name).casefold() for name in names}) == len(names):
            return names
    return below
