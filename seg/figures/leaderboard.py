"""Plotly figures of the leaderboard: data in, Figure out. Colours and fonts come from the app's theme."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from seg.catalogue.comparisons import IMAGENET, SEVEN
from seg.figures.common import COLOURS, FAINT, SYMBOLS, as_text, draw_diagonal, framed, heat_map, name_in_lines

CELL = 34
"""The side of what is clicked in a cell of a heat map, in pixels."""


def price(points: pd.DataFrame, cost: str, score: str) -> go.Figure:
    """Score against cost on a log axis, from `leaderboard.price`: intervals as error bars, the Pareto front a line.

    Colour and shape are the network, hollow for a start that is not random; sets on the front and own ones are named
    where there is room.
    """
    figure = go.Figure()
    front = points[points["front"]].sort_values("cost")
    figure.add_scatter(
        x=front["cost"],
        y=front["score"],
        mode="lines",
        line={"shape": "hv", "dash": "dot", "width": 2, "color": FAINT},
        hoverinfo="skip",
        showlegend=False,
    )
    named, middle = _with_room(points), np.sqrt(points["cost"].min() * points["cost"].max())
    for network, members in points.groupby("network", sort=False):
        hue = _hue(members["model"].iloc[0])
        figure.add_scatter(
            x=members["cost"],
            y=members["score"],
            error_y={
                "array": members["high"] - members["score"],
                "arrayminus": members["score"] - members["low"],
                "color": FAINT,
                "thickness": 1.5,
                "width": 3,
            },
            mode="markers+text",
            text=members["label"].map(name_in_lines).where(named, ""),
            textposition=["top right" if left else "top left" for left in members["cost"] < middle],
            marker={
                "size": 11,
                "color": COLOURS[hue],
                "symbol": SYMBOLS[hue] + members["start"].map(lambda start: "-open" if start == IMAGENET else ""),
                "line": {"width": 1.5},
            },
            customdata=members[["label", "device"]].map(as_text),
            hovertemplate=(
                f"%{{customdata[0]}}<br>{score} %{{y:.3f}}<br>%{{x:,.5~g}} {cost}<br>%{{customdata[1]}}<extra></extra>"
            ),
            legendgroup=network,
            showlegend=False,
            cliponaxis=False,
        )
        figure.add_scatter(
            x=[None],
            y=[None],
            mode="markers",
            marker={"size": 10, "color": COLOURS[hue], "symbol": SYMBOLS[hue]},
            name=network,
            legendgroup=network,
        )
    ends = _log_range(points["cost"])
    marks = _marks(*ends)
    figure.update_xaxes(title=cost, type="log", range=ends, tickvals=marks, ticktext=list(map(_short, marks)))
    low, high = np.nanmin(points[["low", "score"]]), np.nanmax(points[["high", "score"]])
    room = max(0.01, high - low)  # above the best for two lines of its name
    figure.update_yaxes(title=score, zeroline=False, range=[low - 0.06 * room, high + 0.14 * room])
    return framed(figure, height=520)


def dice_heat_map(dice: pd.DataFrame) -> go.Figure:
    """One row a network, one column a class, from `leaderboard.dice_table`: each cell Dice × 100."""
    values = dice.to_numpy(float)
    names = list(map(name_in_lines, dice.index))
    lines = max((1 + name.count("<br>") for name in names), default=1)
    figure = _heat_map(
        values, [as_text(name) for name in dice.columns], names, 0.0, "%{y}<br>%{x}: Dice %{z:.3f}<extra></extra>"
    )
    return framed(figure, height=100 + max(36, 18 * lines) * len(dice))


def confusion_heat_map(confusion: np.ndarray, classes: Sequence[str], to_choose: bool = False) -> go.Figure:
    """Rows truth, each row in shares of its pixels; counts under the pointer: (C, C) pixel counts.

    to_choose: cells can be selected; `customdata` of a point begins with its row and column.
    """
    with np.errstate(invalid="ignore"):
        shares = confusion / confusion.sum(axis=1, keepdims=True)
    hover = "truth %{{y}}, seen as %{{x}}<br>%{{{0}:,.0f}} pixels, %{{{1}:.1%}} of %{{y}}<extra></extra>".format
    names = [as_text(name) for name in classes]
    figure = _heat_map(shares, names, names, 0.005, hover("customdata", "z")).update_traces(customdata=confusion)
    if to_choose:
        places = list(np.ndindex(confusion.shape))
        figure.add_scatter(
            x=[names[column] for _, column in places],
            y=[names[row] for row, _ in places],
            mode="markers",
            marker={"size": CELL, "symbol": "square", "opacity": 0},
            selected={"marker": {"opacity": 0}},
            unselected={"marker": {"opacity": 0}},
            customdata=[[*place, float(confusion[place]), float(shares[place])] for place in places],
            hovertemplate=hover("customdata[2]", "customdata[3]"),
            showlegend=False,
        )
    return framed(figure, height=100 + 30 * len(classes))


def _heat_map(values: np.ndarray, columns: Sequence[str], lines: Sequence[str], least: float, hover: str) -> go.Figure:
    """Values in [0, 1], written in the cells in hundredths from `least` on; NaN is an empty cell."""

    def written(value: float) -> str:
        return f"{100 * value:.0f}" if value >= least else ""

    figure = heat_map(values, columns, lines, written, hover)
    figure.update_xaxes(side="top", tickangle=-60, dtick=1, showgrid=False)
    figure.update_yaxes(dtick=1, showgrid=False)
    return figure


def reliability(bins: np.ndarray) -> go.Figure:
    """How often the network is right, where it is so and so sure; below, how often it is: (15, 3) calibration bins."""
    pixels, confidence, right = bins.T
    used = pixels > 0
    edges = np.linspace(0, 1, len(bins) + 1)
    middle, width = (edges[:-1] + edges[1:]) / 2, 1 / len(bins)
    share = pixels / pixels.sum()
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.75, 0.25], vertical_spacing=0.06)
    draw_diagonal(figure)
    figure.add_scatter(
        x=confidence[used] / pixels[used],
        y=right[used] / pixels[used],
        mode="lines+markers",
        line={"color": COLOURS[0], "width": 2},
        marker={"size": 8},
        customdata=share[used],
        name="the network",
        hovertemplate="sure %{x:.1%}, right %{y:.1%}<br>%{customdata:.1%} of the pixels<extra></extra>",
    )
    figure.add_bar(
        x=middle,
        y=share,
        width=0.9 * width,
        marker={"color": COLOURS[0], "opacity": 0.6},
        showlegend=False,
        hovertemplate="sure about %{x:.0%}: %{y:.1%} of the pixels<extra></extra>",
        row=2,
        col=1,
    )
    figure.update_xaxes(range=[0, 1.02], tickformat=".0%", zeroline=False)
    figure.update_xaxes(title="how sure", row=2, col=1)
    figure.update_yaxes(title="how often right", range=[0, 1.02], tickformat=".0%", zeroline=False, row=1, col=1)
    figure.update_yaxes(title="pixels", tickformat=".0%", nticks=3, row=2, col=1)
    return framed(figure, height=430)


def _hue(model: str) -> int:
    """The colour of an architecture, whatever else is in the figure; the FC-DenseNets share one."""
    return next((n for n, names in enumerate(SEVEN) if model in names), len(SEVEN))


def _with_room(points: pd.DataFrame) -> pd.Series:
    """Which of the sets on the front and the own ones are named: the better first, and none over another's name."""
    wide = max(np.ptp(np.log10(points["cost"])), 0.1)
    high = max(np.ptp(points["score"]), 0.01)
    named = pd.Series(False, points.index)
    for i in points[points["front"] | points["own"]].sort_values("score", ascending=False).index:
        beside = np.abs(np.log10(points["cost"][named] / points["cost"][i])) < 0.4 * wide
        level = np.abs(points["score"][named] - points["score"][i]) < 0.08 * high
        named[i] = not (beside & level).any()
    return named


def _marks(low: float, high: float) -> list[float]:
    """Those of a log axis between two exponents: 1, 2 and 5 of each decade, all digits where there is less than one."""
    digits = (1, 2, 5) if high - low > 1 else range(1, 10)
    return [d * 10.0**k for k in range(math.floor(low), math.ceil(high)) for d in digits]


def _short(value: float) -> str:
    """'200k', '3M'."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def _log_range(values: pd.Series) -> list[float]:
    """Room on both sides for the names beside the points."""
    low, high = np.log10([values.min(), values.max()])
    room = max(0.15, 0.12 * (high - low))
    return [low - room, high + room]
