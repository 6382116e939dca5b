"""Plotly figures of how networks learn: data in, Figure out. Colours and fonts come from the app's theme."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from seg.figures.common import COLOURS, SYMBOLS, as_text, framed

DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
"""As many as can be told apart; with a colour and a symbol, no two of a dozen networks look the same."""

Curve = Sequence[tuple[float, float]]
"""(epoch, value), in order."""


def learning_curves(
    curves: Mapping[str, Curve], quantity: str, relative: bool = False, unit: str = "epoch"
) -> go.Figure:
    """One line a network over its epochs, or `unit`s; with `relative`, as a share of each line's first value."""
    figure = go.Figure()
    for n, (network, curve) in enumerate(curves.items()):
        epochs, values = (np.array(column, float) for column in zip(*curve, strict=True))
        if relative:
            values = values / values[0] if values[0] else values
        figure.add_scatter(
            x=epochs,
            y=values,
            mode="lines+markers",
            name=network,
            line={"color": COLOURS[n % len(COLOURS)], "dash": DASHES[n % len(DASHES)], "width": 2},
            marker={"symbol": SYMBOLS[n % len(SYMBOLS)], "size": 8, "maxdisplayed": 8},
            hovertemplate=f"{network}, {unit} %{{x:g}}: %{{y:.3f}}<extra></extra>",
        )
    figure.update_xaxes(title=unit, rangemode="tozero", zeroline=False)
    figure.update_yaxes(title=quantity, rangemode="tozero", zeroline=False)
    return framed(figure, height=360 + 12 * len(curves)).update_layout(showlegend=True)


def found_when(
    moments: np.ndarray, shares: Sequence[float], covered: np.ndarray, classes: Sequence[str], networks: Sequence[str]
) -> go.Figure:
    """When each class is found for good: one row a class, the largest on top, one mark a network.

    moments: int (C, N), an index into `shares` of the schedule, -1 for never. covered: float (C,), how much of the
    picture each class covers; classes that are not in it are left out.
    """
    classes = [as_text(name) for name in classes]
    order = [int(c) for c in np.argsort(-covered, kind="stable") if covered[c] > 0]
    never = len(shares)
    columns = np.where(moments < 0, never, moments)
    words = [f"{100 * share:.0f} %" for share in shares] + ["never"]
    figure = go.Figure()
    for n, network in enumerate(networks):
        # On a slant within the row: many classes are found by several networks at the same moment.
        shift = (n + 0.5) / len(networks) - 0.5
        figure.add_scatter(
            x=columns[order, n] + 0.6 * shift,
            y=np.arange(len(order)) + 0.7 * shift,
            mode="markers",
            name=network,
            marker={"size": 8, "symbol": SYMBOLS[n % len(SYMBOLS)], "color": COLOURS[n % len(COLOURS)]},
            customdata=[[classes[c], words[columns[c, n]]] for c in order],
            hovertemplate=f"{network}<br>%{{customdata[0]}}: %{{customdata[1]}}<extra></extra>",
        )
    for row in range(1, len(order)):
        figure.add_hline(y=row - 0.5, line={"width": 1, "color": "rgba(128,128,128,.25)"}, layer="below")
    figure.add_vrect(x0=never - 0.5, x1=never + 0.5, fillcolor="rgba(128,128,128,.12)", line_width=0, layer="below")
    figure.update_xaxes(
        title="share of the training done",
        tickvals=list(range(never + 1)),
        ticktext=words,
        range=[-0.5, never + 0.5],
        zeroline=False,
        showgrid=False,
    )
    figure.update_yaxes(
        tickvals=list(range(len(order))),
        ticktext=[f"{classes[c]} · {_percent(covered[c])}" for c in order],
        range=[len(order) - 0.5, -0.5],
        zeroline=False,
        showgrid=False,
    )
    return framed(figure, height=130 + (20 + 3 * len(networks)) * len(order)).update_layout(showlegend=True)


def _percent(share: float) -> str:
    return "< 0.1 %" if share < 0.001 else f"{100 * share:.1f} %"
