"""Plotly figures of the Upsampling page: data in, Figure out."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from seg.figures.common import COLOURS, framed, name_in_lines

DIVERGING = ((0.0, "#D55E00"), (0.5, "#F7F7F7"), (1.0, "#0072B2"))
TEXT_UP_TO = 5
"""Cells along a side up to which the numbers are written into them."""


def number_grid(values: np.ndarray, scale: float | None = None, whole: bool = False, side: int = 190) -> go.Figure:
    """(h, w) numbers as coloured cells, written out where there is room. scale: the largest value the colours know.

    whole: counts, from 0 up, instead of numbers of either sign.
    """
    largest = scale or float(np.abs(values).max()) or 1.0
    written = max(values.shape) <= TEXT_UP_TO
    figure = go.Figure(
        go.Heatmap(
            z=values,
            zmin=0 if whole else -largest,
            zmax=largest,
            colorscale="Cividis" if whole else DIVERGING,
            showscale=False,
            xgap=1 if written else 0,
            ygap=1 if written else 0,
            text=[[f"{value:.3g}" for value in row] for row in values] if written else None,
            texttemplate="%{text}" if written else None,
            hovertemplate="row %{y}, column %{x}: %{z:.4g}<extra></extra>",
        )
    )
    return _square(figure, values.shape, side)


def ranking(strongest: Mapping[str, tuple[int, float]]) -> go.Figure:
    """One bar a network, the strongest pattern on top: name → (period in pixels, dB over the neighbourhood)."""
    names = sorted(strongest, key=lambda name: strongest[name][1])
    shown = list(map(name_in_lines, names))
    figure = go.Figure(
        go.Bar(
            x=[strongest[name][1] for name in names],
            y=shown,
            orientation="h",
            showlegend=False,
            marker={"color": COLOURS[0]},
            hovertemplate="%{y}: %{x:.1f} dB over its neighbourhood<extra></extra>",
        )
    )
    # Beside a bar to the left its text would stand over the names.
    figure.add_scatter(
        x=[max(0.0, strongest[name][1]) for name in names],
        y=shown,
        mode="text",
        text=[f" {round(strongest[name][1], 1) + 0:.1f} dB, every {strongest[name][0]} px" for name in names],
        textposition="middle right",
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )
    values = [energy for _, energy in strongest.values()]
    figure.update_xaxes(
        title="energy at the grid's frequencies, dB over the neighbourhood",
        range=[min(0, *values) * 1.1, max(1, *values) * 1.4],
    )
    figure.update_yaxes(ticksuffix=" ")
    return framed(figure, height=90 + 36 * len(names))


def overlap_profile(counts: Sequence[int]) -> go.Figure:
    """How many input values reach each output pixel along one axis."""
    figure = go.Figure(
        go.Bar(y=list(counts), marker={"color": COLOURS[0]}, hovertemplate="pixel %{x}: %{y}<extra></extra>")
    )
    figure.update_xaxes(title="output pixel along one axis")
    figure.update_yaxes(title="input values", rangemode="tozero")
    return framed(figure, height=230)


def _square(figure: go.Figure, shape: tuple[int, int], side: int) -> go.Figure:
    figure.update_xaxes(visible=False, constrain="domain")
    figure.update_yaxes(visible=False, autorange="reversed", scaleanchor="x", constrain="domain")
    figure = framed(figure, height=max(60, round(side * min(1.0, shape[0] / shape[1]))))
    return figure.update_layout(margin={"l": 0, "r": 0, "t": 0, "b": 0}, uniformtext={"minsize": 8, "mode": "hide"})
