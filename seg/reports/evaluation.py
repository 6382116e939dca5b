"""The report of an evaluation: data, networks, scores with intervals, worst and best pictures, how to do it again."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from PIL import Image

from seg import __version__
from seg.catalogue.record import Record
from seg.datasets import Samples
from seg.inference.segmenter import Segmenter
from seg.labels import ClassMap
from seg.pictures.drawing import fit, fit_labels, overlay
from seg.reports import charts
from seg.reports.document import Cell, Document
from seg.scores.counts import Row
from seg.scores.tables import differences
from seg.scores.totals import MEASURES, Totals

SIDE = 320
"""Longest side of a picture in the report, pixels."""

SHOWN = 3
"""Pictures of each kind that are shown."""

CONFUSIONS = 8
"""The largest confusions that are listed."""


@dataclass(frozen=True)
class Example:
    """A picture shown: JPEG files, each with what it is."""

    row: Row
    pictures: tuple[tuple[bytes, str], ...]


def examples(
    networks: Sequence[str], segmenters: Sequence[Segmenter], samples: Samples, rows: Sequence[Row], detail: int = 1
) -> dict[str, list[Example]]:
    """What to look at → pictures, segmented once more for it. networks: what the segmenters are called."""
    ordered = sorted(rows, key=lambda row: np.nanmean(row.dice))
    kinds = {"Worst": ordered[:SHOWN], "Best": ordered[SHOWN:][-SHOWN:][::-1]}
    if len(segmenters) > 1:
        doubted = sorted((row for row in rows if row.doubt), key=lambda row: -(row.doubt or 0))
        kinds["All networks agree against the truth: is it right?"] = doubted[:SHOWN]
    return {
        kind: [_example(networks, segmenters, samples, row, detail) for row in found]
        for kind, found in kinds.items()
        if found
    }


def _example(
    networks: Sequence[str], segmenters: Sequence[Segmenter], samples: Samples, row: Row, detail: int
) -> Example:
    sample, class_map = samples[row.index], segmenters[0].record.class_map
    photo = fit(sample.image, SIDE)

    def drawn(labels: np.ndarray) -> bytes:
        return _jpeg(overlay(photo, fit_labels(labels, SIDE), class_map, 0.7))

    pictures = [(_jpeg(photo), row.name), (drawn(sample.labels), "truth")]
    for name, segmenter, dice in zip(networks, segmenters, row.dice, strict=True):
        pictures.append((drawn(segmenter(sample.image, detail).labels), f"{name}, Dice {dice:.2f}"))
    return Example(row, tuple(pictures))


def _jpeg(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).convert("RGB").save(file, "JPEG", quality=88)
    return file.getvalue()


def report(
    totals: Totals,
    records: Sequence[Record],
    data: str,
    split: str,
    shown: dict[str, list[Example]],
    command: str,
    left_out: Sequence[str] = (),
) -> str:
    """The HTML file. data: what the pictures are called; command: what was typed."""
    count = len(totals.rows)
    document = Document(
        f"{_several(len(records), 'network')} on {data}",
        f"{_several(count, 'picture')} of the split {split}, {date.today():%d %B %Y}, seg {__version__}.",
    )
    _scores(document, totals)
    _per_class(document, totals, records[0].class_map)
    _confused(document, totals)
    for kind, found in shown.items():
        document.heading(f"{kind} pictures" if kind in ("Worst", "Best") else kind)
        for example in found:
            document.pictures(example.pictures)
    document.heading("Networks")
    document.table(
        ["network", "name for the command line", "parameters", "short side seen", "checksum"],
        [
            [name, r.name, f"{r.parameters:,}", f"{r.scale} px", r.sha256[:12]]
            for name, r in zip(totals.networks, records, strict=True)
        ],
    )
    document.heading("How to do it again")
    document.code(command)
    document.paragraph(
        "All pixels of all pictures are counted together, so that a picture counts by its labelled pixels; pixels "
        "without a label count nowhere. Intervals hold 95 of 100 draws of as many pictures, with replacement; the same "
        "draws for all networks, so that differences are paired. Boundary F1 takes outlines within 2 pixels as found."
    )
    if left_out:
        document.heading(f"{_several(len(left_out), 'picture')} left out")
        document.points(left_out)
    return document.html()


def _scores(document: Document, totals: Totals) -> None:
    document.heading("Scores")
    best = {measure: np.nanmax(totals.measured[measure]) for measure in MEASURES}
    rows: list[list[Cell | str]] = []
    for k, name in enumerate(totals.networks):
        cells: list[Cell | str] = [name]
        for measure in MEASURES:
            one = totals.interval(measure, k)
            is_best = len(totals.networks) > 1 and one.value == best[measure]
            cells.append(Cell(f"{one.value:.3f}", f"{one.low:.3f} to {one.high:.3f}", is_best))
        rows.append(cells)
    document.table(["network", *MEASURES.values()], rows)
    found = [totals.interval("mean_dice", k) for k in range(len(totals.networks))]
    document.figure(charts.intervals(totals.networks, found, "mean Dice"), "Mean Dice, with its 95 % interval.")
    if said := differences(totals):
        document.points(said)


def _per_class(document: Document, totals: Totals, class_map: ClassMap) -> None:
    document.heading("Class by class")
    dice, pixels = totals.measured["dice"], totals.confusion[0].sum(axis=1)
    rows: list[list[Cell | str]] = []
    for c, name in enumerate(totals.classes):
        colour = "#" + bytes(class_map.colours[c]).hex()
        cells: list[Cell | str] = [Cell(name, colour=colour), f"{pixels[c] / pixels.sum():.1%}"]
        best = np.nanmax(dice[:, c]) if np.isfinite(dice[:, c]).any() else None
        for value in dice[:, c]:
            text = f"{value:.3f}" if np.isfinite(value) else "–"
            cells.append(Cell(text, best=len(totals.networks) > 1 and value == best))
        rows.append(cells)
    document.table(["class", "pixels", *(f"Dice, {name}" for name in totals.networks)], rows)
    drawn = charts.classes(totals.classes, totals.networks, dice, "Dice")
    document.figure(drawn, "Dice of each class, over all pictures. A class that no picture holds has none.")


def _confused(document: Document, totals: Totals) -> None:
    """The largest confusions of the best network."""
    k = int(np.nanargmax(totals.measured["mean_dice"]))
    confusion = totals.confusion[k].astype(float)
    truth = confusion.sum(axis=1)
    np.fill_diagonal(confusion, 0)
    largest = [divmod(int(i), len(confusion)) for i in np.argsort(confusion, axis=None)[::-1][:CONFUSIONS]]
    rows = [
        [f"{totals.classes[t]} taken for {totals.classes[s]}", f"{confusion[t, s] / truth[t]:.1%}"]
        for t, s in largest
        if confusion[t, s]
    ]
    if rows:
        document.heading(f"What {totals.networks[k]} confuses most")
        document.table(["confusion", "of the class's pixels"], rows)


def _several(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
