"""Scores on labelled pictures."""

import json
import shlex
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from seg.cli.options import Detail, Device, EngineName, IdsFrom, Tta, WeightsFolder, White, write
from seg.errors import OptionError


def evaluate(
    weights: Annotated[list[str], typer.Option(help="a set's name, see `weights`; may be repeated")],
    data: Annotated[
        Path | None,
        typer.Option(help="folder of SPLIT/ and SPLITannot/, or own data, see `data check`; rendered sets need none"),
    ] = None,
    split: str = "val",
    json_file: Annotated[
        Path | None, typer.Option("--json", help="write all scores there; - prints them instead of the table")
    ] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="write each picture's scores there")] = None,
    report_file: Annotated[
        Path | None, typer.Option("--report", help="write one HTML file there to read, print and pass on")
    ] = None,
    resume: Annotated[bool, typer.Option(help="go on with the evaluation that was cut off")] = False,
    limit: Annotated[int | None, typer.Option(help="only the first N pictures", min=1)] = None,
    device: Device = "auto",
    engine: EngineName = "auto",
    detail: Detail = 1,
    tta: Tta = False,
    ids_from: IdsFrom = None,
    white: White = None,
    folder: WeightsFolder = None,
    ray: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="score on a Ray cluster: local, auto or HOST:PORT")
    ] = None,
) -> None:
    """Score weight sets on labelled pictures, each with intervals, and pair by pair.

    Pictures that cannot be scored are listed at the end, and the exit status is 1. Masks that can be read in two ways
    are not scored at all, exit status 2, until --ids-from or --white says which. While it runs, what is scored is kept
    beside the first file that it writes, as FILE.partial; --resume goes on from there.
    """
    from seg.catalogue.comparisons import WeightSet, sets_in_words
    from seg.catalogue.store import folder_of
    from seg.datasets.own import OwnSamples
    from seg.inference.engines import callers_on, choose_device
    from seg.inference.segmenter import Segmenter
    from seg.pictures.masks import Reading
    from seg.reports.evaluation import examples, report
    from seg.scores import tables
    from seg.scores.evaluation import Account, samples_for, score_pictures, totals_of
    from seg.scores.journal import Journal, identity
    from seg.scores.on_ray import Work, score_on_ray

    as_text = json_file == Path("-")
    written = [file for file in (csv_file, None if as_text else json_file, report_file) if file]
    if resume and not written:
        raise OptionError("--resume goes on from FILE.partial, beside the file of --csv, --json or --report: name it.")
    callers = callers_on(choose_device(device))
    segmenters = [
        Segmenter.load(name, device, engine, folder or folder_of(name), callers, tta, at_once=True)
        for name in dict.fromkeys(weights)
    ]
    record = segmenters[0].record
    reading = Reading.of(record.class_map, ids_from, white)
    samples = samples_for(record, data, split, reading)
    for note in samples.notes if isinstance(samples, OwnSamples) else ():
        print(note, file=sys.stderr)
    label = segmenters[0].record.name if len(segmenters) == 1 else f"{len(segmenters)} networks"
    length, account = min(limit or len(samples), len(samples)), Account()
    about = identity(segmenters, samples, split=split, detail=detail, tta=tta, ids_from=ids_from, white=white)
    kept = Journal(written[0].with_name(f"{written[0].name}.partial"), about, resume) if written else Journal()
    start = time.monotonic()
    with kept as journal:
        done = {row.index for row in journal.rows}
        pictures = [index for index in range(length) if index not in done]
        if ray is None:
            rows = score_pictures(segmenters, samples, account, detail, pictures)
        else:
            sets = tuple(
                (segmenter.record.name, folder or folder_of(segmenter.record.name)) for segmenter in segmenters
            )
            work = Work(sets, data and data.absolute(), split, reading, detail, device, engine, tta)
            rows = score_on_ray(ray, work, pictures, account)
        with typer.progressbar(rows, length=length - len(done), label=label, file=sys.stderr) as bar:
            for row in bar:
                journal.add(row)
        totals = totals_of(segmenters, journal.rows, account)
        if csv_file:
            write(csv_file, tables.pictures_csv(totals).encode())
        text = json.dumps(tables.as_json(totals, split), indent=1, ensure_ascii=False)
        if json_file and not as_text:
            write(json_file, f"{text}\n".encode())
        if report_file:
            records = [segmenter.record for segmenter in segmenters]
            in_words = replace(totals, networks=tuple(sets_in_words(map(WeightSet, records)).values()))
            shown = examples(in_words.networks, segmenters, samples, journal.rows, detail)
            called = data.resolve().name if data else f"rendered {record.dataset}"
            command = shlex.join(["seg", *sys.argv[1:]])
            write(report_file, report(in_words, records, called, split, shown, command, account.left_out).encode())
    print(text if as_text else tables.printed(totals))
    if new := len(journal.rows) - len(done):
        print(f"{new / (time.monotonic() - start):.1f} pictures a second.", file=sys.stderr)
    for line in account.said():
        print(line, file=sys.stderr)
    if account.left_out:
        print(f"{len(account.left_out)} of {length} pictures were left out:", file=sys.stderr)
        print("\n".join(account.left_out), file=sys.stderr)
        raise typer.Exit(1)
