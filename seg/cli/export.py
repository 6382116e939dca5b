"""A weight set as one file for elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

from seg.cli.options import WeightsFolder, write
from seg.errors import OptionError


def export(
    name: Annotated[str, typer.Argument(metavar="SET", help="a set's name, see `weights`")],
    out: Annotated[Path, typer.Argument(metavar="FILE", help=".onnx for other programs, .zip for 'Your own runs'")],
    folder: WeightsFolder = None,
) -> None:
    """Write a weight set as an ONNX file, or as a ZIP that another visit to the app opens."""
    from seg.catalogue.export import to_onnx
    from seg.catalogue.packing import packed_sets
    from seg.catalogue.store import WeightIndex, folder_of

    index = WeightIndex(folder or folder_of(name))
    if out.suffix == ".zip":
        write(out, packed_sets(index, [name]))
    elif out.suffix == ".onnx":
        record = index.record(name)
        write(out, to_onnx(record, index.load(record)))
    else:
        raise OptionError(f"{out} is neither an .onnx nor a .zip: name the file by what it is to be.")
