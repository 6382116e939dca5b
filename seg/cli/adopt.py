"""Networks made elsewhere become weight sets."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from seg.cli.options import IdsFrom, TrainingOut, White
from seg.errors import OptionError


def adopt(
    source: Annotated[str, typer.Argument(help="a folder of save_pretrained or NAME@REVISION on the hub, or a file")],
    name: Annotated[str, typer.Option(help="the set's name: orchard/unet-r34, say")],
    out: TrainingOut,
    arch: Annotated[str, typer.Option(help="what a state dict is of: unet, fcn8s …")] = "",
    encoder: Annotated[str, typer.Option(help="on which encoder, of segmentation_models.pytorch: resnet34")] = "",
    classes: Annotated[str, typer.Option(help="a dataset.toml, or a data set's name, that lists them")] = "",
    class_names: Annotated[str, typer.Option(metavar="A,B,C", help="their names, in the order of the outputs")] = "",
    mean: Annotated[str, typer.Option(metavar="R,G,B", help="of values from 0 to 1, or 255 with --scale-255")] = "",
    std: Annotated[str, typer.Option(metavar="R,G,B", help="in the network's order, as the mean")] = "",
    scale_255: Annotated[bool, typer.Option("--scale-255", help="it takes values from 0 to 255")] = False,
    bgr: Annotated[bool, typer.Option("--bgr", help="it takes blue first")] = False,
    size: Annotated[int | None, typer.Option(help="the short side of a picture as it learned it", min=32)] = None,
    data: Annotated[Path | None, typer.Option(help="labelled pictures to try it on, as `evaluate` takes them")] = None,
    split: str = "val",
    ids_from: IdsFrom = None,
    white: White = None,
    force: Annotated[bool, typer.Option("--force", help="even where another input gives better masks")] = False,
) -> None:
    """Make a network from elsewhere a weight set, beside those that were trained here.

    It comes from a folder or hub name of segmentation_models.pytorch or transformers, a state dict (.safetensors, .pth)
    or an ONNX file. With --data, other ways to give it pictures are tried: exit status 2 where one is much better.
    """
    from seg.datasets.own import class_map_in
    from seg.scores import adoption
    from seg.scores.inputs import Preparation, numbers

    if classes and class_names:
        raise OptionError("--classes and --class-names exclude each other.")
    found = adoption.adopt(
        source,
        name,
        out,
        arch,
        encoder,
        class_map_in(classes) if classes else class_names.split(",") if class_names else None,
        Preparation(numbers(mean), numbers(std), scale_255, bgr),
        size,
        adoption.Labelled(data, split, ids_from, white) if data else None,
        force,
        say=lambda sentence: print(sentence, file=sys.stderr, flush=True),
    )
    for note in found.notes:
        print(note, file=sys.stderr)
    for title, dice in found.tried.items():
        print(f"mean Dice {dice:.3f} with {title}")
    record = found.record
    names = ", ".join(record.class_map.names)
    print(f"{record.name} from {record.source}: {record.parameters:,} parameters, the classes {names}.")
