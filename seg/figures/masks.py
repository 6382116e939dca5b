"""Plotly figures of the Masks page: data in, Figure out."""

import numpy as np
import plotly.graph_objects as go

from seg.figures.common import framed
from seg.labels import IGNORE, IGNORE_COLOUR, ClassMap

CELL = 38
"""Side of a number's cell, in pixels."""


def ids(patch: np.ndarray, top: int, left: int, class_map: ClassMap) -> go.Figure:
    """A patch of a mask, uint8 (h, w), as the numbers that it is, each on the colour of its class.

    top, left: the row and the column of the mask where the patch begins.
    """
    colours = {id_: class_map.colours[id_] for id_ in range(len(class_map))} | {IGNORE: IGNORE_COLOUR}
    found = sorted(set(patch.ravel().tolist()))
    places = np.searchsorted(found, patch)
    return _cells(places, patch, top, left, [colours[id_] for id_ in found])


def shades(patch: np.ndarray, top: int, left: int, colour: tuple[int, int, int] = (255, 255, 255)) -> go.Figure:
    """The same of one channel of a picture, uint8 (h, w), each number on its shade of `colour`."""
    shade = [tuple(round(part * value / 255) for part in colour) for value in range(256)]
    return _cells(patch, patch, top, left, shade)


def _cells(places: np.ndarray, written: np.ndarray, top: int, left: int, colours: list) -> go.Figure:
    """Numbers `written` (h, w) on colours[places]."""
    last = max(1, len(colours) - 1)
    scale = [(i / last, f"rgb{colour}") for i, colour in enumerate(colours)]
    rows, columns = written.shape
    figure = go.Figure(
        go.Heatmap(
            z=places,
            x=list(range(left, left + columns)),
            y=list(range(top, top + rows)),
            zmin=0,
            zmax=last,
            colorscale=scale if len(scale) > 1 else [scale[0], (1, scale[0][1])],
            showscale=False,
            xgap=1,
            ygap=1,
            customdata=written,
            hovertemplate="row %{y}, column %{x}: %{customdata}<extra></extra>",
        )
    )
    for row in range(rows):
        for column in range(columns):
            red, green, blue = colours[places[row, column]]
            bright = 0.299 * red + 0.587 * green + 0.114 * blue > 140
            figure.add_annotation(
                x=left + column,
                y=top + row,
                text=str(written[row, column]),
                showarrow=False,
                font={"color": "black" if bright else "white", "size": 13},
            )
    figure.update_xaxes(visible=False, constrain="domain", fixedrange=True)
    figure.update_yaxes(visible=False, autorange="reversed", scaleanchor="x", constrain="domain", fixedrange=True)
    return framed(figure, height=CELL * rows).update_layout(margin={"l": 0, "r": 0, "t": 0, "b": 0})
