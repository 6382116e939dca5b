"""Scores on labelled pictures."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from seg.cli.options import Detail, Device, EngineName, JsonFile, Weights, WeightsFolder, write


def evaluate(
    weights: Weights,
    data: Annotated[Path | None, typer.Option(help="folder of SPLIT/ and SPLITannot/; rendered sets need none")] = None,
    split: str = "val",
    json_file: JsonFile = None,
    limit: Annotated[int | None, typer.Option(help="only the first N pictures", min=1)] = None,
    device: Device = "auto",
    engine: EngineName = "auto",
    detail: Detail = 1,
    folder: WeightsFolder = None,
) -> None:
    """Score a weight set on labelled pictures."""
    from itertools import islice

    from seg.catalogue.store import folder_of
    from seg.inference.segmenter import Segmenter
    from seg.scores import evaluation

    segmenter = Segmenter.load(weights, device, engine, folder or folder_of(weights))
    samples = evaluation.samples_for(segmenter.record, data, split)
    length = min(limit or len(samples), len(samples))
    with typer.progressbar(islice(samples, length), length=length, label=weights, file=sys.stderr) as bar:
        scores = evaluation.evaluate(segmenter, bar, split, detail)
    text = json.dumps(scores, indent=1, ensure_ascii=False)
    print(text)
    if json_file:
        write(json_file, f"{text}\n".encode())
