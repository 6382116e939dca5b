"""What the Training page plays: replays read, scored against the truth and brought to common moments."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from seg.app import address, resources
from seg.app.components.player import Maps, Track, pack
from seg.app.controls import narrow
from seg.app.text import listed
from seg.catalogue.comparisons import LOSS, NETWORK, Comparison, Entry, WeightSet, comparisons, traits
from seg.catalogue.record import Record
from seg.datasets import DATASETS, Sample
from seg.errors import WeightsError
from seg.pictures.decode import digest
from seg.scores.metrics import score
from seg.training import replay

FOUND = 0.5
"""A class counts as found at this Dice."""


@dataclass(frozen=True)
class Show:
    """Everything that can be played of one comparison."""

    sample: Sample | None
    """The picture with its truth; None where there is no replay at all."""
    shares: tuple[float, ...]
    """The N moments, as shares of the schedule in [0, 1]."""
    tracks: tuple[Track, ...]
    problems: tuple[str, ...]
    """One sentence for each replay that cannot be played, or for all that are missing for one reason."""


@dataclass(frozen=True)
class _Replay:
    """One network's replay as it is on disk, scored."""

    maps: Maps
    mean_dice: tuple[float | None, ...]
    class_dice: tuple[tuple[float | None, ...], ...]
    steps: tuple[int, ...]
    epochs: tuple[float, ...]
    picture: tuple[str, int, int, int, str]
    """Data set, seed, height, width and what tells its pixels from others."""


def offered(sets: Iterable[WeightSet]) -> list[Comparison]:
    """Every comparison that the weight sets allow, those of several seeds of one network last in each data set."""
    sets = list(sets)
    found = comparisons(sets)
    datasets = list(dict.fromkeys(c.dataset for c in found))
    return sorted(found + _seeds(sets), key=lambda c: datasets.index(c.dataset))


def choose(offered: Sequence[Comparison]) -> Comparison:
    """Draw the choice, from the data set down to the single networks; those that stand in for others are left out."""
    offered = list(offered)
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        offered = narrow(offered, "Data set", lambda c: c.dataset, key="dataset")
        dataset = offered[0].dataset
        offered = narrow(offered, "Compare", lambda c: c.topic, key=f"training-topic-{dataset}")
        scope = f"{offered[0].topic}-{dataset}"
        for prop in offered[0].fixed:
            offered = narrow(offered, prop, lambda c, prop=prop: c.fixed.get(prop, ""), key=f"training-{prop}-{scope}")
    comparison = offered[0]
    titles = [entry.title for entry in comparison.entries]
    trained_alike = [entry.title for entry in comparison.entries if "not in this family" not in entry.note]
    key = f"training-networks-{comparison.title}"
    address.choices(key, titles, trained_alike)
    chosen = st.pills("Networks", titles, selection_mode="multi", key=key, wrap=True)
    kept = chosen or trained_alike or titles
    return replace(comparison, entries=tuple(entry for entry in comparison.entries if entry.title in kept))


def _seeds(sets: Sequence[WeightSet]) -> list[Comparison]:
    """Shipped sets that differ in nothing but the random numbers they were trained with."""
    groups: dict[tuple, dict[int, WeightSet]] = {}
    for weights in sets:
        record = weights.record
        seed = record.recipe.get("seed")
        if not weights.own and seed is not None and record.variant in ("", f"seed{seed}"):
            key = (record.dataset, record.scale, *traits(record).items())
            groups.setdefault(key, {}).setdefault(seed, weights)
    found = []
    for (dataset, _, *trait), members in groups.items():
        if len(members) > 1:
            fixed = {key: value for key, value in trait if key in (NETWORK, LOSS)}
            entries = tuple(Entry(f"seed {seed}", members[seed]) for seed in sorted(members))
            found.append(Comparison(dataset, "seeds", fixed, entries))
    return found


def show(entries: Sequence[Entry]) -> Show:
    """The replays of `entries`, and a sentence about each that there is not."""
    found: dict[str, tuple[Entry, _Replay]] = {}
    without, problems = [], []
    for entry in entries:
        if entry.record.replay is None:
            without.append(entry.title)
            continue
        try:
            found[entry.title] = entry, _read(entry.weights)
        except WeightsError as error:
            problems.append(str(error))
    if without:
        were = "was" if len(without) == 1 else "were"
        problems.append(f"No replay of {listed(without)}, which {were} trained before replays were kept.")
    if not found:
        return Show(None, (), (), tuple(problems))
    picture = Counter(r.picture for _, r in found.values()).most_common(1)[0][0]
    if others := [title for title, (_, r) in found.items() if r.picture != picture]:
        problems.append(f"The replay of {listed(others)} shows another picture, so it cannot be played beside these.")
    alike = {title: pair for title, pair in found.items() if title not in others}
    shares = _common_shares([r for _, r in alike.values()])
    tracks = tuple(_track(entry, taken, shares) for entry, taken in alike.values())
    return Show(_picture(next(iter(alike.values()))[0].weights), shares, tracks, tuple(problems))


# One replay


def _read(weights: WeightSet) -> _Replay:
    """Raises WeightsError with a sentence."""
    file = replay.path(weights.folder, weights.record.name)
    try:
        modified = file.stat().st_mtime_ns
    except OSError:
        modified = 0
    return _scored(weights.name, str(file), weights.record.sha256, modified, weights)


@resources.kept("replays")
def _scored(name: str, file: str, sha256: str, modified: int, _weights: WeightSet) -> _Replay:
    record, about = _weights.record, replay.shown(_weights.record)
    maps = replay.frames(_weights.folder, record)
    sample = _picture(_weights)
    truth = sample.labels
    scores = [score(labels, truth, len(record.classes)) for labels in maps]
    return _Replay(
        maps=pack(maps),
        mean_dice=tuple(_known(s.mean_dice) for s in scores),
        class_dice=tuple(tuple(_known(value) for value in s.dice) for s in scores),
        steps=about.steps,
        epochs=about.epochs,
        picture=(record.dataset, about.seed, about.height, about.width, digest(sample.image)),
    )


def _picture(weights: WeightSet) -> Sample:
    about = replay.shown(weights.record)
    own = (
        "" if weights.record.dataset in DATASETS else f"{weights.folder} {weights.record.name} {weights.record.sha256}"
    )
    return _opened(weights.record.dataset, own, about.seed, about.height, about.width, weights)


@resources.kept("replays")
def _opened(dataset: str, own: str, seed: int, height: int, width: int, _weights: WeightSet) -> Sample:
    return replay.picture(_weights.folder, _weights.record)


def _known(value: float) -> float | None:
    return round(float(value), 4) if math.isfinite(value) else None


# Common moments


def _common_shares(replays: Sequence[_Replay]) -> tuple[float, ...]:
    """The moments that replays are taken at, or those of the longest replay there is."""
    longest = max(replays, key=lambda r: len(r.steps))
    return replay.MOMENTS if len(longest.steps) == len(replay.MOMENTS) else _shares(longest)


def _shares(taken: _Replay) -> tuple[float, ...]:
    return tuple(step / max(taken.steps[-1], 1) for step in taken.steps)


def _track(entry: Entry, taken: _Replay, shares: Sequence[float]) -> Track:
    own = _shares(taken)
    if len(own) == len(shares):
        frames = tuple(range(len(own)))
    else:
        frames = tuple(min(range(len(own)), key=lambda i: abs(own[i] - share)) for share in shares)
    curve = curve_of(entry.record, "val_mean_iou")
    end = max([taken.epochs[-1], *(epoch for epoch, _ in curve)]) or 1.0
    return Track(
        name=entry.title,
        maps=taken.maps,
        frames=frames,
        moments=tuple(_words(taken.steps[i], taken.epochs[i]) for i in frames),
        mean_dice=tuple(taken.mean_dice[i] for i in frames),
        class_dice=tuple(taken.class_dice[i] for i in frames),
        curve=tuple((epoch / end, value) for epoch, value in curve),
        marks=tuple((taken.epochs[i] / end, _on(curve, taken.epochs[i])) for i in frames),
        note=entry.note,
    )


def _words(step: int, epoch: float) -> str:
    return f"epoch {epoch:.1f} · step {step:,}" if step else "before the first step"


def _on(curve: Sequence[tuple[float, float]], epoch: float) -> float | None:
    """The height of the curve at `epoch`; None before it begins."""
    if not curve or epoch < curve[0][0]:
        return None
    epochs, values = zip(*curve, strict=True)
    return float(np.interp(epoch, epochs, values))


# Learning curves


def curve_of(record: Record, quantity: str) -> tuple[tuple[float, float], ...]:
    """(epoch, value) of 'loss' or 'val_mean_iou', in order, where it was measured."""
    points = [(point.epoch, getattr(point, quantity)) for point in record.curve]
    return tuple(sorted((epoch, value) for epoch, value in points if value is not None))


def curves(entries: Sequence[Entry], quantity: str) -> dict[str, tuple[tuple[float, float], ...]]:
    """Title → `curve_of` for the entries that have one."""
    found = {entry.title: curve_of(entry.record, quantity) for entry in entries}
    return {title: curve for title, curve in found.items() if curve}


def found_at(tracks: Sequence[Track], classes: int) -> np.ndarray:
    """The moment from which each class is found for good, int (C, tracks): its Dice stays at `FOUND` or more.

    -1 where that never comes.
    """
    moments = np.full((classes, len(tracks)), -1)
    for t, track in enumerate(tracks):
        dice = np.array([[np.nan if v is None else v for v in row] for row in track.class_dice])
        for c in range(classes):
            lasting = np.logical_and.accumulate((dice[:, c] >= FOUND)[::-1])[::-1]
            if lasting.any():
                moments[c, t] = int(lasting.argmax())
    return moments


def class_shares(sample: Sample, classes: int) -> np.ndarray:
    """How much of the labelled picture each class covers, float (C,) in [0, 1]."""
    counts = np.bincount(sample.labels.ravel(), minlength=256)[:classes]
    return counts / max(counts.sum(), 1)
