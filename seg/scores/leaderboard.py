"""The leaderboard: the scores of every weight set side by side, and which differences are more than noise.

Every number comes from the records of index.json. What was not measured is NaN.
"""

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from seg.catalogue.comparisons import LOSS_ORDER, LOSS_TITLES, SCRATCH, WeightSet, set_in_words, start_of, title_of
from seg.catalogue.record import Record, Timing, Validation
from seg.catalogue.words import told_apart
from seg.datasets import DATASETS
from seg.models import ARCHITECTURES

SCORES = {"mean_iou": "mean IoU", "mean_dice": "mean Dice", "boundary_f1": "boundary F1"}
COSTS = {"parameters": "parameters", "gflops": "GFLOPs", "milliseconds": "milliseconds"}

BEST, REFERENCE, BETTER, WORSE, NOISE = "best", "reference", "better", "worse", "within noise"
OTHER_PICTURES, NO_INTERVAL = "other pictures", "no interval"

BASELINE = "fcn8s"
"""What a better decoder must beat: U-Net and the FC-DenseNets are compared with it."""

OF_ONE_RUN = ("seed", "variant")
"""What may differ in the recipes of two runs that differ in the seed alone."""


@dataclass(frozen=True)
class Row:
    """One line of the board: a weight set, or several of one recipe that differ in the seed alone."""

    sets: tuple[WeightSet, ...]

    @property
    def record(self) -> Record:
        return self.sets[0].record

    @property
    def name(self) -> str:
        """The set's name, marked if it is an own one; for several seeds the part of it that they share."""
        return self.sets[0].name if len(self.sets) == 1 else self.sets[0].mark + _stem(self.record)

    @property
    def words(self) -> str:
        """What a person calls it, see `set_in_words`; for several seeds without them."""
        return set_in_words(self.sets[0], with_seed=len(self.sets) == 1)

    @property
    def _base(self) -> str:
        return f"{self.record.model}-{self.record.loss}"

    @property
    def network(self) -> str:
        return title_of(self.record)

    @property
    def loss(self) -> str:
        return LOSS_TITLES.get(self.record.loss, self.record.loss) or "not known"

    @property
    def start(self) -> str:
        return start_of(self.record)

    def score(self, key: str) -> float:
        """A score of the validation split, the mean over the seeds; NaN where it was not measured."""
        return _mean(self._scores(key))

    def spread(self, key: str) -> float:
        """The standard deviation of a score over the seeds; NaN for a single set."""
        values = self._scores(key)
        return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan

    def _scores(self, key: str) -> list[float]:
        return [_number(getattr(validation, key)) for validation in self._validations]

    @property
    def _validations(self) -> list[Validation]:
        return [weights.record.validation for weights in self.sets]

    def interval(self, key: str) -> tuple[float, float]:
        """The 95 % interval of a score, over all seeds: from the lowest end of theirs to the highest. Only mean IoU has
        one: NaN for another score, and where it was not measured."""
        if key != "mean_iou":
            return math.nan, math.nan
        ends = [[*map(_number, v.mean_iou_interval or (None, None))] for v in self._validations]
        lows, highs = zip(*ends, strict=True)
        return float(np.min(lows)), float(np.max(highs))

    def cost(self, key: str) -> float:
        """One of `COSTS`: parameters, GFLOPs of one tile at the training scale, measured milliseconds for one tile."""
        if key == "milliseconds":
            return _mean(timing.milliseconds for timing in self._timings)
        return _mean(_number(getattr(w.record, key)) for w in self.sets)

    @property
    def device(self) -> str:
        """Where the milliseconds were measured, or ''."""
        return "; ".join(dict.fromkeys(f"{t.device}, {t.threads or '?'} threads" for t in self._timings))

    @property
    def _timings(self) -> list[Timing]:
        return [w.record.timing for w in self.sets if w.record.timing is not None]

    @property
    def seconds(self) -> float:
        """Training time, the mean over the seeds."""
        return _mean(_number(w.record.seconds) for w in self.sets)

    @cached_property
    def pictures(self) -> tuple:
        """What the scores were measured on: equal for rows whose scores can be compared."""
        return (self.record.dataset, *dict.fromkeys(_pictures(w) for w in self.sets))

    def dice(self, name: str) -> float:
        """Dice of one class."""
        return _mean(_number(v.per_class[name].dice) for v in self._validations if name in v.per_class)

    def confusion(self) -> np.ndarray | None:
        """Pixel counts summed over the seeds, float64 (C, C), rows truth; None where they were not recorded."""
        return _sum(v.confusion for v in self._validations)

    def calibration(self) -> np.ndarray | None:
        """Per confidence bin: pixels, sum of confidence, pixels right; float64 (15, 3), or None."""
        return _sum(v.calibration for v in self._validations)


def rows(sets: Iterable[WeightSet], each_seed: bool = False) -> list[Row]:
    """One row a recipe, or with `each_seed` one a set: data set by data set, the highest mean IoU first."""
    groups: dict[Any, list[WeightSet]] = {}
    for weights in sets:
        groups.setdefault(weights.name if each_seed else (weights.mark, *_recipe(weights.record)), []).append(weights)
    found = [Row(tuple(members)) for members in groups.values()]
    return sorted(found, key=lambda r: (*dataset_rank(r.record.dataset), -_or(r.score("mean_iou"), -1.0), r.name))


def dataset_rank(dataset: str) -> tuple[int, str]:
    """A sort key: the data sets in their usual order, others after them."""
    order = list(DATASETS)
    return (order.index(dataset) if dataset in order else len(order), dataset)


def verdict(row: Row, reference: Row, score: str = "mean_iou") -> str:
    """BETTER or WORSE than the reference, or NOISE: their 95 % intervals overlap.

    The careful side: both were measured on the same pictures, so their errors go together, and a difference can be
    real although the intervals overlap a little. OTHER_PICTURES and NO_INTERVAL where nothing can be said.
    """
    low, high = row.interval(score)
    reference_low, reference_high = reference.interval(score)
    if not np.isfinite([low, high, reference_low, reference_high]).all():
        return NO_INTERVAL
    if row.pictures != reference.pictures:
        return OTHER_PICTURES
    if low > reference_high:
        return BETTER
    return WORSE if high < reference_low else NOISE


def board(shown: Sequence[Row], reference: Row | None = None) -> pd.DataFrame:
    """The table: one line a row, the verdict against `reference`, or against the best shown on the same pictures."""
    best: dict[tuple, Row] = {}
    for row in shown:
        if math.isfinite(row.score("mean_iou")):
            best[row.pictures] = max(best.get(row.pictures, row), row, key=lambda r: r.score("mean_iou"))
    lines = []
    for row in shown:
        against = reference or best.get(row.pictures, row)
        itself = REFERENCE if reference else BEST
        low, high = row.interval("mean_iou")
        comparable = row is not against and row.pictures == against.pictures
        lines.append(
            {
                "set": row.name,
                "dataset": row.record.dataset,
                "network": row.network,
                "loss": row.loss,
                "start": row.start,
                "seeds": len(row.sets),
                "mean_iou": row.score("mean_iou"),
                "spread": row.spread("mean_iou"),
                "low": low,
                "high": high,
                "verdict": itself if row is against and row.pictures in best else verdict(row, against),
                "difference": row.score("mean_iou") - against.score("mean_iou") if comparable else math.nan,
                **{key: row.score(key) for key in ("mean_dice", "pixel_accuracy", "boundary_f1", "ece")},
                **{key: row.cost(key) for key in COSTS},
                "device": row.device,
                "training_seconds": row.seconds,
                "scale": row.record.scale,
                "own": bool(row.sets[0].own),
            }
        )
    return pd.DataFrame(lines)


def price(shown: Sequence[Row], cost: str, score: str) -> pd.DataFrame:
    """Score against cost, one line a row that has both; `front` where no other is both cheaper and better."""
    lines = []
    for row in shown:
        x, y = row.cost(cost), row.score(score)
        if math.isfinite(x) and x > 0 and math.isfinite(y):
            low, high = row.interval(score)
            traits = {"network": row.network, "model": row.record.model, "loss": row.loss, "start": row.start}
            marks = {"label": row.words, "own": bool(row.sets[0].own), **traits}
            device = row.device if cost == "milliseconds" else ""
            lines.append({**marks, "cost": x, "score": y, "low": low, "high": high, "device": device})
    frame = pd.DataFrame(lines)
    if lines:
        frame["front"] = pareto(frame["cost"].to_numpy(), frame["score"].to_numpy())
    return frame


def pareto(cost: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Whether no other point costs at most as much and scores at least as well, and one of both strictly: bool (N,)."""
    no_worse = (cost[None] <= cost[:, None]) & (score[None] >= score[:, None])
    better = (cost[None] < cost[:, None]) | (score[None] > score[:, None])
    return np.logical_not((no_worse & better).any(axis=1))


def dice_table(shown: Sequence[Row]) -> pd.DataFrame:
    """Dice of rows of one data set: one line a row that has any, one column a class, the easiest class first."""
    names = dict.fromkeys(name for row in shown for name in row.record.class_map.names)
    words = told_apart({row.name: row.words for row in shown})
    frame = pd.DataFrame({name: {words[r.name]: r.dice(name) for r in shown} for name in names}, dtype=float)
    frame = frame.dropna(how="all").dropna(how="all", axis=1)
    return frame[frame.mean().sort_values(ascending=False, kind="stable").index]


def decoders(shown: Sequence[Row]) -> pd.DataFrame:
    """U-Net and FC-DenseNet less FCN-8s, wherever both were trained with the same start, loss, scale and variant."""

    def terms(row: Row) -> tuple:
        record = row.record
        variant = _stem(record).partition(row._base)[2]
        return (row.sets[0].mark, record.dataset, row.start, record.loss, record.scale, variant)

    baselines = {terms(row): row for row in shown if row.record.model == BASELINE}
    lines = []
    for row in sorted(shown, key=_usual_order):
        baseline = baselines.get(terms(row))
        better_decoder = row.record.model == "unet" or row.record.model.startswith("fc_densenet")
        if baseline is None or not better_decoder or not math.isfinite(row.score("mean_iou")):
            continue
        said = verdict(row, baseline)
        if said == OTHER_PICTURES:
            continue
        lines.append(
            {
                "dataset": row.sets[0].titled(row.record.dataset),
                "start": row.start,
                "loss": row.loss,
                "decoder": row.network,
                **{key: row.score(key) - baseline.score(key) for key in SCORES},
                "verdict": said,
            }
        )
    return pd.DataFrame(lines)


def answer(table: pd.DataFrame) -> str:
    """What `decoders` found, in words."""
    judged = table[table["verdict"].isin((BETTER, WORSE, NOISE))]
    if judged.empty:
        return "No pair has the intervals that a verdict needs."
    count = judged["verdict"].value_counts()
    said = f"It pays in {count.get(BETTER) or 'none'} of {_plural(len(judged), 'pair')}"
    said += f", loses in {count[WORSE]}" if WORSE in count else ""
    said += f", and is within noise in {count[NOISE]}" if NOISE in count else ""
    found = judged.groupby("dataset")["verdict"].agg(frozenset)
    if len(count) > 1:
        on = "the problem" if found.nunique() > 1 else "the decoder and how it was trained"
        said += f": it depends on {on}"
    said += "."
    against = (judged["mean_iou"] * judged["boundary_f1"] < 0).sum()
    if against:
        said += f" Boundary F1, which sees the outlines alone, goes the other way than mean IoU in {against}."
    return said


def _usual_order(row: Row) -> tuple:
    """Data sets in their order, then from scratch before other starts, then losses and networks in theirs."""
    record = row.record
    orders = (((SCRATCH,), row.start), (LOSS_ORDER, record.loss), (ARCHITECTURES, record.model))
    places = (order.index(value) if value in order else len(order) for order, value in orders)
    return (*dataset_rank(record.dataset), *places)


def _plural(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _stem(record: Record) -> str:
    """The name without its seed."""
    return re.sub(r"-seed\d+$", "", record.name)


def _recipe(record: Record) -> tuple[str, ...]:
    """Equal for sets that differ in the seed alone."""
    recipe = {key: value for key, value in record.recipe.items() if key not in OF_ONE_RUN}
    fixed = (asdict(record.arguments), record.scale, recipe)
    return _stem(record), json.dumps(fixed, sort_keys=True, default=str)


def _pictures(weights: WeightSet) -> tuple:
    """The pixels of every class in the truth tell one set of pictures from another; else how many pictures."""
    validation = weights.record.validation
    if validation.confusion is not None:
        return tuple(map(sum, validation.confusion))
    return validation.split, validation.images


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _or(value: float, otherwise: float) -> float:
    return value if math.isfinite(value) else otherwise


def _mean(values: Iterable[float]) -> float:
    found = [value for value in values if math.isfinite(value)]
    return sum(found) / len(found) if found else math.nan


def _sum(tables: Iterable[Sequence[Sequence[float]] | None]) -> np.ndarray | None:
    """The sum of tables of counts, float64; None where one was not recorded."""
    tables = list(tables)
    found = [table for table in tables if table is not None]
    return np.sum(found, axis=0, dtype=float) if len(found) == len(tables) else None
