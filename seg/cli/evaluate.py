"""Scores on labelled pictures."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from seg.cli.options import Detail, Device, EngineName, IdsFrom, JsonFile, Weights, WeightsFolder, White, write


def evaluate(
    weights: Weights,
    data: Annotated[Path | None, typer.Option(help="folder of SPLIT/ and SPLITannot/; rendered sets need none")] = None,
    split: str = "val",
    json_file: JsonFile = None,
    limit: Annotated[int | None, typer.Option(help="only the first N pictures", min=1)] = None,
    device: Device = "auto",
    engine: EngineName = "auto",
    detail: Detail = 1,
    ids_from: IdsFrom = None,
    white: White = None,
    folder: WeightsFolder = None,
) -> None:
    """Score a weight set on labelled pictures.

    Pictures that cannot be scored are listed at the end, and the exit status is 1. Masks that can be read in two ways
    are not scored at all, exit status 2, until --ids-from or --white says which.
    """
    from seg.catalogue.store import folder_of
    from seg.inference.segmenter import Segmenter
    from seg.pictures.masks import Reading
    from seg.scores.evaluation import Account, samples_for
    from seg.scores.evaluation import evaluate as measure

    segmenter = Segmenter.load(weights, device, engine, folder or folder_of(weights))
    reading = Reading.of(segmenter.record.class_map, ids_from, white)
    samples = samples_for(segmenter.record, data, split, reading)
    length, account = min(limit or len(samples), len(samples)), Account()
    with typer.progressbar(account.scored(samples, length), length=length, label=weights, file=sys.stderr) as bar:
        scores = measure(segmenter, bar, split, detail, account)
    text = json.dumps(scores, indent=1, ensure_ascii=False)
    print(text)
    if json_file:
        write(json_file, f"{text}\n".encode())
    for line in account.said():
        print(line, file=sys.stderr)
    if account.left_out:
        print(f"{len(account.left_out)} of {length} pictures were left out:", file=sys.stderr)
        print("\n".join(account.left_out), file=sys.stderr)
        raise typer.Exit(1)
