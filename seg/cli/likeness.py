"""Which data set pictures look like."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from seg.errors import OptionError, SegError


def likeness(
    images: Annotated[list[Path] | None, typer.Argument(help="picture files")] = None,
    fit: Annotated[Path | None, typer.Option(metavar="FILE", help="fit it anew and write this file")] = None,
    data: Annotated[
        list[str] | None, typer.Option(metavar="NAME=FOLDER", help="where --fit finds train/ of a data set, for each")
    ] = None,
) -> None:
    """Say which data set each picture looks like, or that it is like none.

    It was fitted by `seg likeness --fit weights/likeness.safetensors --data street=CAMVID --data membranes=… --data
    everyday=…`, which needs the ImageNet weights of requirements-train.txt.
    """
    from seg.datasets.files import read_bytes
    from seg.likeness.likeness import shipped
    from seg.pictures.decode import decode

    if fit:
        _fit(fit, data or [])
        return
    if not images:
        raise OptionError("Name the pictures, or with --fit the file to write.")
    failed, look = False, shipped()
    for path in images:
        try:
            answer = look(decode(read_bytes(path), str(path)).pixels)
        except SegError as error:
            print(f"{error}", file=sys.stderr)
            failed = True
            continue
        print(f"{path}: {answer.dataset or f'like no data set, {answer.reason}'} ({answer.share:.0%})")
    if failed:
        raise typer.Exit(1)


def _fit(file: Path, data: list[str]) -> None:
    from seg.likeness import fitting
    from seg.likeness.features import Features
    from seg.training.start import load_head, load_start

    if wrong := [one for one in data if "=" not in one]:
        raise OptionError(f"--data {wrong[0]} names no data set: write street=FOLDER, say.")
    features = Features().eval()
    load_start(features, "efficientnet_lite0")
    load_head(features.head)
    folders = {name: Path(folder) for name, _, folder in (one.partition("=") for one in data)}
    fitting.write(fitting.fit(features, folders), file)
