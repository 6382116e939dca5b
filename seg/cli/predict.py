"""Masks of pictures, written beside each other."""

import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from glob import glob, has_magic
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from seg.cli.options import Detail, Device, EngineName, Tta, Weights, WeightsFolder, write
from seg.errors import OptionError

LISTS = (".txt", ".parquet")
"""How the names of lists of pictures end."""


class Kind(StrEnum):
    """What can be written of a picture, see `seg.inference.writing.SUFFIX`."""

    IDS = "ids"
    OVERLAY = "overlay"
    CONFIDENCE = "confidence"
    PROBABILITIES = "probabilities"


def predict(
    images: Annotated[
        list[str],
        typer.Argument(
            help="picture files, folders of them, patterns ('photos/**/*.jpg'), addresses (s3://bucket/photos), and "
            "lists of all these: a .txt of one a line, a .parquet with a column 'path'"
        ),
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
    resume: Annotated[bool, typer.Option(help="leave out the pictures whose results are there")] = False,
    ray: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="have a Ray cluster do it: local, auto or HOST:PORT")
    ] = None,
) -> None:
    """Write NAME-ids.png (class ids, coloured palette) and NAME-overlay.png for every picture.

    confidence: NAME-confidence.png, grey, 255 for 1. probabilities: NAME-probabilities.npz, float16 (C, H, W) called
    probabilities, and the names of the classes. Pictures of the same name keep their folders below --out.
    """
    from seg.catalogue.store import folder_of
    from seg.inference import writing
    from seg.inference.on_ray import spread

    named = [path for text in images for path in (writing.listed(text) if text.endswith(LISTS) else [text])]
    found = [path for text in named if not writing.is_address(text) for path in matching(text)]
    addresses = [one for text in named if writing.is_address(text) for one in writing.at_address(text)]
    local = pictures_of(found, out) if found or not addresses else []
    pictures = [*map(str, local), *addresses]
    below = any(path.is_dir() for path in found) or any("**" in text for text in named)
    names = result_names([Path(picture) for picture in pictures], keep_folders=below)
    if any(name.parent != Path() for name in names):
        print(f"The results keep the folders of their pictures below {out}.", file=sys.stderr)
    kinds = tuple(map(str, dict.fromkeys(write_kinds or [Kind.IDS, Kind.OVERLAY])))
    order = writing.Order(
        weights, folder or folder_of(weights), out.absolute(), kinds, write, detail, device, engine, tta
    )
    wanted = list(zip(pictures, map(str, names), strict=True))
    if resume:
        wanted = [one for one in wanted if not all(file.is_file() for file in order.files(one[1]))]
    failed = 0
    writer = writing.Writer(order) if ray is None else None
    parts = (writer([one]) for one in wanted) if writer else spread(str(ray), writing.Writer, order, wanted)
    for written in chain.from_iterable(parts):
        for note in written.notes:
            print(note, file=sys.stderr)
        if written.said:
            print(written.said)
        failed += not written.said
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
