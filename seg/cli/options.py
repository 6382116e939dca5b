"""The options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

from seg.errors import OptionError

AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]
JsonFile = Annotated[Path | None, typer.Option("--json", help="write them here, too")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps")]
EngineName = Annotated[str, typer.Option("--engine", help="auto, torch or openvino")]
Detail = Annotated[int, typer.Option(help="times the training scale", min=1, max=4)]
Tta = Annotated[
    bool,
    typer.Option("--tta", help="test-time augmentation: mirrored and at two scales, in five to ten times the time"),
]
Weights = Annotated[str, typer.Option(help="a set's name, see `weights`")]
WeightsFolder = Annotated[
    Path | None, typer.Option("--weights-dir", help="this folder of weights alone; SEG_WEIGHTS names some beside ours")
]
IdsFrom = Annotated[
    int | None,
    typer.Option(help="in masks of ids, 0: the first class is 0; 1: it is 1, and 0 is unlabelled", min=0, max=1),
]
White = Annotated[
    str | None, typer.Option(metavar="CLASS", help="of two classes, the one that is white in black-and-white masks")
]
TrainingData = Annotated[
    Path | None,
    typer.Option(
        help="folder with train/, trainannot/, val/, valannot/, or an own data set, see `data check`; rendered data "
        "sets need none"
    ),
]
TrainingOut = Annotated[Path, typer.Option(help="where the weights, index.json and runs/ go")]


def write(path: Path, data: bytes) -> None:
    """Write a file and the folders that lead to it. Raises OptionError with a sentence where that cannot be done."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise OptionError(f"{path} cannot be written: {error.strerror}. Choose another place.") from error


def as_score(value: float | None) -> str:
    """As tables print it."""
    return "–" if value is None else f"{value:.3f}"
