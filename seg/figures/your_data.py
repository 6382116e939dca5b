"""Plotly figures of an evaluation on labelled pictures: intervals, and Dice against the size of what is to be found."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from seg.figures.common import COLOURS, FAINT, SYMBOLS, as_text, framed, name_in_lines

SIZES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Shares of a picture that the axis names."""


def intervals(networks: Sequence[str], values: np.ndarray, title: str) -> go.Figure:
    """One line a network, the first on top: a dot with its 95 % interval. values: (K, 3), value, low and high."""
    figure = go.Figure()
    for k, (name, (value, low, high)) in enumerate(zip(networks, values, strict=True)):
        figure.add_scatter(
            x=[value],
            y=[name_in_lines(name)],
            error_x={
                "array": [high - value],
                "arrayminus": [value - low],
                "color": COLOURS[k % len(COLOURS)],
                "thickness": 2,
                "width": 6,
            },
            mode="markers",
            marker={"size": 12, "color": COLOURS[k % len(COLOURS)], "symbol": SYMBOLS[k % len(SYMBOLS)]},
            hovertemplate=f"%{{y}}<br>{title} %{{x:.3f}}, 95 % {low:.3f} to {high:.3f}<extra></extra>",
            showlegend=False,
        )
    figure.update_xaxes(title=title, zeroline=False)
    figure.update_yaxes(type="category", autorange="reversed", showgrid=True)
    return framed(figure, height=90 + 42 * len(networks))


def dice_by_size(networks: Sequence[str], shares: np.ndarray, dice: np.ndarray, pictures: Sequence[str]) -> go.Figure:
    """Dice of a class in each picture against the share of it that the class takes, on a log axis.

    shares: (N,); dice: (N, K), a mark a picture and network; pictures: their names, under the pointer.
    """
    figure = go.Figure()
    named = [as_text(name) for name in pictures]
    for k, name in enumerate(networks):
        figure.add_scatter(
            x=shares,
            y=dice[:, k],
            mode="markers",
            name=as_text(name),
            marker={
                "size": 8,
                "opacity": 0.75,
                "color": COLOURS[k % len(COLOURS)],
                "symbol": SYMBOLS[k % len(SYMBOLS)],
                "line": {"width": 0.5, "color": FAINT},
            },
            customdata=named,
            hovertemplate="%{customdata}<br>%{x:.2%} of the picture<br>Dice %{y:.3f}<extra></extra>",
        )
    figure.update_xaxes(
        title="share of the picture", type="log", tickvals=SIZES, ticktext=[f"{100 * size:g} %" for size in SIZES]
    )
    figure.update_yaxes(title="Dice", range=[-0.03, 1.03], zeroline=False)
    return framed(figure, height=380)
