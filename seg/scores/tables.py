"""Evaluations as tables: for a terminal, for a spreadsheet, and as plain JSON values."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from seg.scores.evaluation import described, plain
from seg.scores.totals import MEASURES, Interval, Totals

COMPARED = "mean_dice"
"""What differences are told in."""


def printed(totals: Totals) -> str:
    """Networks with their scores and 95 % intervals, Dice class by class, and paired differences."""
    width = max(map(len, ("network", *totals.networks)))
    lines = [f"{'network':<{width}}" + "".join(f"{title:>24}" for title in MEASURES.values())]
    for k, name in enumerate(totals.networks):
        scores = (totals.interval(measure, k) for measure in MEASURES)
        lines.append(f"{name:<{width}}" + "".join(f"{_with_interval(score):>24}" for score in scores))
    heads = short_names(totals.networks)
    width = max(map(len, ("class", *totals.classes)))
    columns = [max(9, len(head) + 2) for head in heads]
    lines += [
        "",
        f"{'Dice of':<{width}}" + "".join(f"{h:>{c}}" for h, c in zip(heads, columns, strict=True)) + "    pixels",
    ]
    shares = totals.confusion[0].sum(axis=1) / totals.confusion[0].sum()
    for c, name in enumerate(totals.classes):
        values = totals.measured["dice"][:, c]
        cells = "".join(f"{_number(value):>{column}}" for value, column in zip(values, columns, strict=True))
        lines.append(f"{' '.join(name.split()):<{width}}{cells}{shares[c]:>9.1%}")
    if said := differences(totals):
        lines += ["", *said]
    return "\n".join(
        [
            *lines,
            "",
            f"{len(totals.rows)} pictures; in brackets, 95 % intervals over pictures drawn anew, the same for all.",
        ]
    )


def differences(totals: Totals, names: Sequence[str] | None = None) -> list[str]:
    """A sentence for each pair of networks, the better one first. names: what they are called in it."""
    names = totals.networks if names is None else names
    said = []
    for i, first in enumerate(names):
        for j, second in enumerate(names[:i]):
            found = totals.difference(COMPARED, i, j)
            better, worse, sign = (first, second, 1) if found.value >= 0 else (second, first, -1)
            low, high = sorted((sign * found.low, sign * found.high))
            by = f"by {abs(found.value):.3f} in {MEASURES[COMPARED]} (95 % {low:.3f} to {high:.3f})"
            said.append(
                f"{better} beats {worse} {by}." if low > 0 else f"{better} and {worse} are not told apart: {by}."
            )
    return said


def as_json(totals: Totals, split: str) -> dict[str, Any]:
    """The scores of a network alone; of several {evaluations: [theirs], differences: [of each pair]}."""
    evaluations = [described(totals, k, split) for k in range(len(totals.networks))]
    if len(evaluations) == 1:
        return evaluations[0]
    pairs = [(i, j) for i in range(len(evaluations)) for j in range(i)]
    found = [{measure: totals.difference(measure, i, j) for measure in MEASURES} for i, j in pairs]
    return {
        "evaluations": evaluations,
        "differences": [
            {
                "first": totals.networks[i],
                "second": totals.networks[j],
                **{measure: [plain(x) for x in (d.value, d.low, d.high)] for measure, d in each.items()},
            }
            for (i, j), each in zip(pairs, found, strict=True)
        ],
    }


def pictures_csv(totals: Totals) -> str:
    """A line a picture: its name, file and size, and each network's scores of it alone."""
    heads = ["picture", "file", "width", "height", "labelled pixels"]
    several = len(totals.networks) > 1
    heads += ["disagreement", "all agree against the truth"] if several else []
    per_network = ["mean Dice", "mean IoU", "pixel accuracy", "worst class", "its Dice"]
    heads += [f"{name}: {column}" for name in totals.networks for column in (*per_network, *_dice_of(totals))]
    lines: list[list[Any]] = [heads]
    for row in totals.rows:
        line: list[Any] = [row.name, row.file, row.size[1], row.size[0], int(row.counts[0].scores.pixels.sum())]
        line += [plain(row.disagreement or 0), plain(row.doubt or 0)] if several else []
        for k, one in enumerate(row.counts):
            scores, worst = one.scores, row.worst_class(k)
            line += [plain(value) for value in (scores.mean_dice, scores.mean_iou, scores.pixel_accuracy)]
            line += ["", None] if worst is None else [totals.classes[worst], plain(scores.dice[worst])]
            line += [plain(value) for value in scores.dice]
        lines.append(line)
    return _csv(lines)


def totals_csv(totals: Totals) -> str:
    """A line for each network and measure, over all classes and of each: value and 95 % interval."""
    lines: list[list[Any]] = [["network", "measure", "class", "value", "95 % from", "to"]]
    for k, name in enumerate(totals.networks):
        wanted = [(measure, title, None) for measure, title in MEASURES.items()]
        wanted += [(m, m, c) for m in ("dice", "iou", "precision", "recall") for c in range(len(totals.classes))]
        for measure, title, c in wanted:
            found = totals.interval(measure, k, c)
            of = "all" if c is None else totals.classes[c]
            lines.append([name, title, of, *(plain(x) for x in (found.value, found.low, found.high))])
    return _csv(lines)


def _dice_of(totals: Totals) -> list[str]:
    return [f"Dice of {name}" for name in totals.classes]


def _csv(lines: list[list[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([[_harmless(cell) for cell in line] for line in lines])
    return text.getvalue()


def _harmless(cell: Any) -> Any:
    """Text that a spreadsheet would take for a formula is text there, too."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _number(value: float) -> str:
    return "–" if value != value else f"{value:.3f}"


def _with_interval(score: Interval) -> str:
    return "–" if score.value != score.value else f"{score.value:.3f} ({score.low:.3f}–{score.high:.3f})"


def short_names(names: Sequence[str]) -> list[str]:
    """Of networks: without the data set, where all have the same."""
    return [name.split("/", 1)[-1] for name in names] if len({n.split("/", 1)[0] for n in names}) == 1 else list(names)
