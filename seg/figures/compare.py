"""Plotly figures: data in, Figure out. Colours and fonts come from the app's theme."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from seg.figures.common import COLOURS, SYMBOLS, as_text, framed, heat_map

MAP_HEIGHT = 420
"""Of `disagreement_map`, in pixels."""


def dice_by_class(dice: np.ndarray, classes: Sequence[str], networks: Sequence[str]) -> go.Figure:
    """One row a class, one mark a network: float (C, N) Dice, NaN where a class is in neither truth nor prediction.

    Classes are ordered by their best score, the hardest at the bottom.
    """
    classes, networks = [as_text(name) for name in classes], [as_text(name) for name in networks]
    seen = [c for c in range(len(classes)) if np.isfinite(dice[c]).any()]
    order = sorted(seen, key=lambda c: np.nanmax(dice[c]))
    marks = [
        {
            "type": "scatter",
            "x": dice[order, n],
            "y": [classes[c] for c in order],
            "mode": "markers",
            "name": network,
            "marker": {"size": 10, "symbol": SYMBOLS[n % len(SYMBOLS)], "color": COLOURS[n % len(COLOURS)]},
            "hovertemplate": f"{network}<br>%{{y}}: Dice %{{x:.3f}}<extra></extra>",
        }
        for n, network in enumerate(networks)
    ]
    spans = [
        {
            "type": "line",
            "x0": np.nanmin(dice[c]),
            "x1": np.nanmax(dice[c]),
            "y0": classes[c],
            "y1": classes[c],
            "line": {"width": 2, "color": "rgba(128,128,128,.35)"},
            "layer": "below",
        }
        for c in order
    ]
    # All at once: plotly goes through what it has for each that is added.
    figure = go.Figure({"data": marks, "layout": {"shapes": spans}})
    figure.update_xaxes(title="Dice", range=[-0.03, 1.03], zeroline=False)
    figure.update_yaxes(type="category", categoryorder="array", categoryarray=[classes[c] for c in order])
    return framed(figure, height=110 + 32 * len(classes))


def agreement_matrix(matrix: np.ndarray, networks: Sequence[str]) -> go.Figure:
    """Mean Dice of each network's mask against each other's: float (N, N) in [0, 1]."""
    networks = [as_text(name) for name in networks]
    hover = "%{y} against %{x}: mean Dice %{z:.3f}<extra></extra>"
    figure = heat_map(matrix, networks, networks, "{:.2f}".format, hover)
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
