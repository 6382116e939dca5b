"""Plotly figures: data in, Figure out. Colours and fonts come from the app's theme."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#8C7A00", "#7F7F7F")
"""Okabe and Ito's colours, told apart by colour-blind people; with `SYMBOLS` as a second cue."""

MAP_HEIGHT = 420
"""Of `disagreement_map`, in pixels."""

SYMBOLS = ("circle", "square", "diamond", "cross", "x", "triangle-up", "star", "hexagon")


def dice_by_class(dice: np.ndarray, classes: Sequence[str], networks: Sequence[str]) -> go.Figure:
    """One row a class, one mark a network: float (C, N) Dice, NaN where a class is in neither truth nor prediction.

    Classes are ordered by their best score, the hardest at the bottom.
    """
    seen = [c for c in range(len(classes)) if np.isfinite(dice[c]).any()]
    order = sorted(seen, key=lambda c: np.nanmax(dice[c]))
    figure = go.Figure()
    for c in order:
        low, high = np.nanmin(dice[c]), np.nanmax(dice[c])
        figure.add_shape(
            type="line",
            x0=low,
            x1=high,
            y0=classes[c],
            y1=classes[c],
            line={"width": 2, "color": "rgba(128,128,128,.35)"},
            layer="below",
        )
    for n, network in enumerate(networks):
        figure.add_scatter(
            x=dice[order, n],
            y=[classes[c] for c in order],
            mode="markers",
            name=network,
            marker={"size": 10, "symbol": SYMBOLS[n % len(SYMBOLS)], "color": COLOURS[n % len(COLOURS)]},
            hovertemplate=f"{network}<br>%{{y}}: Dice %{{x:.3f}}<extra></extra>",
        )
    figure.update_xaxes(title="Dice", range=[-0.03, 1.03], zeroline=False)
    figure.update_yaxes(categoryorder="array", categoryarray=[classes[c] for c in order])
    return framed(figure, height=110 + 32 * len(classes))


def agreement_matrix(matrix: np.ndarray, networks: Sequence[str]) -> go.Figure:
    """Mean Dice of each network's mask against each other's: float (N, N) in [0, 1]."""
    text = [[f"{value:.2f}" for value in row] for row in matrix]
    figure = go.Figure(
        go.Heatmap(
            z=matrix,
            x=list(networks),
            y=list(networks),
            text=text,
            texttemplate="%{text}",
            zmin=0,
            zmax=1,
            colorscale="Cividis",
            showscale=False,
            xgap=2,
            ygap=2,
            hovertemplate="%{y} against %{x}: mean Dice %{z:.3f}<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed")
    return framed(figure, height=matrix_height(len(networks)))


def matrix_height(networks: int) -> int:
    """Of `agreement_matrix`, in pixels, known before there is one."""
    return 120 + 42 * networks


def disagreement_map(counts: np.ndarray, networks: int) -> go.Figure:
    """How many of the networks do not say the most frequent class: uint8 (h, w)."""
    figure = go.Figure(
        go.Heatmap(
            z=counts,
            zmin=0,
            zmax=networks - 1,
            colorscale="Cividis",
            colorbar={"title": {"text": "dissenters"}, "thickness": 12, "dtick": 1},
            hovertemplate="x %{x}, y %{y}: %{z} of " + f"{networks} differ<extra></extra>",
        )
    )
    figure.update_xaxes(visible=False, constrain="domain")
    figure.update_yaxes(visible=False, autorange="reversed", scaleanchor="x", constrain="domain")
    return framed(figure, height=MAP_HEIGHT)


def framed(figure: go.Figure, height: int) -> go.Figure:
    """What all figures share: no margins, the legend above, no dragging on a page that scrolls."""
    return figure.update_layout(
        height=height,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0},
        dragmode=False,
    )
