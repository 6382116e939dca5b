"""Plotly figures of the Architectures page: data in, Figure out."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from seg.figures.common import COLOURS, SYMBOLS, as_text, framed

if TYPE_CHECKING:
    from seg.anatomy.stages import Stage


def per_stage(stages: "Sequence[Stage]") -> go.Figure:
    """Operations and memory of every stage, one above the other."""
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.08)
    names = [stage.role.title for stage in stages]
    rows = (
        ("GFLOPs", [stage.gflops for stage in stages], COLOURS[0]),
        ("MB of maps", [stage.megabytes for stage in stages], COLOURS[1]),
    )
    for row, (title, values, colour) in enumerate(rows, start=1):
        figure.add_bar(
            x=names,
            y=values,
            marker={"color": colour},
            showlegend=False,
            hovertemplate=f"%{{x}}: %{{y:.3g}} {title}<extra></extra>",
            row=row,
            col=1,
        )
        figure.update_yaxes(title=title, row=row, col=1)
    figure.update_xaxes(tickangle=-60, row=2, col=1)
    return framed(figure, height=430)


def growth(lines: Mapping[str, Sequence[tuple[float, float]]], unit: str) -> go.Figure:
    """One line a network on log axes: name → (short side of the picture in pixels, value)."""
    figure = go.Figure()
    for n, (name, points) in enumerate(lines.items()):
        sides, values = zip(*points, strict=True)
        figure.add_scatter(
            x=sides,
            y=values,
            mode="lines+markers",
            name=name,
            line={"width": 2, "color": COLOURS[n % len(COLOURS)]},
            marker={"size": 8, "symbol": SYMBOLS[n % len(SYMBOLS)]},
            hovertemplate=f"{name}, {unit} at %{{x}} px: %{{y:.3g}}<extra></extra>",
        )
    ticks = sorted({side for points in lines.values() for side, _ in points})
    figure.update_xaxes(type="log", title="short side of the picture, pixels", tickvals=ticks, ticktext=ticks)
    figure.update_yaxes(type="log", title=unit, dtick=1)
    return framed(figure, height=330)


def dice_change(before: np.ndarray, after: np.ndarray, classes: Sequence[str]) -> go.Figure:
    """What each class's Dice loses or gains: one bar a class, the largest loss on top."""
    change = {as_text(c): a - b for c, b, a in zip(classes, before, after, strict=True) if b == b and a == a}
    names = sorted(change, key=lambda c: -change[c])
    figure = go.Figure(
        go.Bar(
            x=[change[c] for c in names],
            y=names,
            orientation="h",
            marker={"color": [COLOURS[0] if change[c] >= 0 else COLOURS[4] for c in names]},
            hovertemplate="%{y}: %{x:+.3f}<extra></extra>",
        )
    )
    largest = max([0.05, *(abs(value) for value in change.values())]) * 1.1
    figure.update_xaxes(title="change of Dice", range=[-largest, largest])
    figure.update_yaxes(type="category", ticksuffix=" ")
    return framed(figure, height=90 + 26 * len(names))
