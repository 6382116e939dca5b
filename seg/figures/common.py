"""What the figures share: colours and symbols, the frame, heat maps, the diagonal of being as sure as right."""

from collections.abc import Callable, Sequence
from html import escape, unescape

import numpy as np
import plotly.graph_objects as go

from seg.catalogue.words import in_lines

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#8C7A00", "#7F7F7F")
"""Okabe and Ito's colours, told apart by colour-blind people; with `SYMBOLS` as a second cue."""

SYMBOLS = ("circle", "square", "diamond", "cross", "x", "triangle-up", "star", "hexagon")

LINE = 36
"""Characters on a line of a long name beside a figure."""

FAINT = "rgba(128,128,128,.6)"


def as_text(name: str) -> str:
    """A name from outside as plotly is to draw it, letter for letter: it would take <b> for bold, <a> for a link."""
    return escape(name, quote=False)


def name_in_lines(words: str) -> str:
    """A network's name as `as_text`, on lines of `LINE` characters."""
    return "<br>".join(map(as_text, in_lines(words, LINE)))


def name_of(text: str) -> str:
    """The name that `as_text` made this of."""
    return unescape(text)


def framed(figure: go.Figure, height: int) -> go.Figure:
    """What all figures share: no margins, the legend above, no dragging on a page that scrolls."""
    return figure.update_layout(
        height=height,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0},
        dragmode=False,
    )


def heat_map(
    values: np.ndarray, columns: Sequence[str], rows: Sequence[str], written: Callable[[float], str], hover: str
) -> go.Figure:
    """Values (R, C) in [0, 1], the first row on top, each value in its cell as `written`; names are `as_text`."""
    figure = go.Figure(
        go.Heatmap(
            z=values,
            x=list(columns),
            y=list(rows),
            text=[[written(value) for value in row] for row in values],
            texttemplate="%{text}",
            zmin=0,
            zmax=1,
            colorscale="Cividis",
            showscale=False,
            xgap=1,
            ygap=1,
            hovertemplate=hover,
        )
    )
    # Classes may be called 1 and 2, which are no numbers of an axis.
    return figure.update_xaxes(type="category").update_yaxes(type="category", autorange="reversed")


def draw_diagonal(figure: go.Figure) -> None:
    """Where a network that is as sure as it is right would lie, in a figure of both."""
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"dash": "dot", "width": 2, "color": FAINT},
        name="as sure as right",
        hoverinfo="skip",
    )
