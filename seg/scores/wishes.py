"""Which network for whose problem: the one that the records say meets a wish best."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from seg.scores.leaderboard import Row

NEARLY = 0.9
"""Where a network is to cost little, the share of the best mean IoU that it must still have."""


@dataclass(frozen=True)
class Met:
    """The network that meets a wish best, and by what: as in 'boundary F1 0.368'."""

    row: Row
    by: str


@dataclass(frozen=True)
class Wish:
    """score: what of a row is best if largest, NaN where it was not measured; said: that of the best, in words;
    costs: whether it is a cost, so that only rows of nearly the best mean IoU are asked."""

    score: Callable[[Row], float]
    said: Callable[[Row], str]
    costs: bool = False


def rare_dice(row: Row) -> float:
    """Mean Dice of the rarest classes on the validation pictures; NaN where they were not counted."""
    return float(np.mean([row.dice(name) for name in row.record.rare])) if row.record.rare else float("nan")


WISHES: dict[str, Wish] = {
    "most of it right": Wish(lambda r: r.score("mean_iou"), lambda r: f"mean IoU {r.score('mean_iou'):.3f}"),
    "sharp outlines": Wish(lambda r: r.score("boundary_f1"), lambda r: f"boundary F1 {r.score('boundary_f1'):.3f}"),
    "rare and small things": Wish(
        rare_dice, lambda r: f"mean Dice {rare_dice(r):.3f} of what is rare here, {', '.join(r.record.rare)}"
    ),
    "few operations": Wish(lambda r: -r.cost("gflops"), lambda r: f"{r.cost('gflops'):.3g} GFLOPs for one tile", True),
    "a small file": Wish(lambda r: -r.cost("parameters"), lambda r: f"{r.cost('parameters'):,.0f} parameters", True),
}
"""What one may want → how it is measured."""


def meets(rows: Sequence[Row], wish: Wish) -> Met | None:
    """Of rows of one data set the best; None where none was measured.

    Scores of other pictures cannot be compared: the pictures that most rows were measured on count.
    """
    scored = [row for row in rows if np.isfinite(row.score("mean_iou"))]
    most = Counter(row.pictures for row in scored).most_common(1)
    alike = [row for row in scored if row.pictures == most[0][0]]
    if wish.costs:
        best = max((row.score("mean_iou") for row in alike), default=0.0)
        alike = [row for row in alike if row.score("mean_iou") >= NEARLY * best]
    measured = [row for row in alike if np.isfinite(wish.score(row))]
    if not measured:
        return None
    first = max(measured, key=wish.score)
    return Met(first, wish.said(first))
