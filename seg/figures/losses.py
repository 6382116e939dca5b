"""Plotly figures of the Losses page: data in, Figure out."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from seg.figures.common import COLOURS, FAINT, SYMBOLS, as_text, draw_diagonal, framed


def dice_by_share(shares: np.ndarray, dice: Mapping[str, np.ndarray], classes: Sequence[str]) -> go.Figure:
    """Dice of each class, the rarest on the left: shares of the pixels (C,), one line of (C,) Dice a loss."""
    classes = [as_text(name) for name in classes]
    order = [c for c in np.argsort(shares) if shares[c] > 0]
    figure = go.Figure()
    for n, (loss, values) in enumerate(dice.items()):
        figure.add_scatter(
            x=[f"{classes[c]} · {shares[c]:.1%}" for c in order],
            y=values[order],
            mode="lines+markers",
            name=loss,
            line={"width": 1.5, "color": COLOURS[n % len(COLOURS)]},
            marker={"size": 8, "symbol": SYMBOLS[n % len(SYMBOLS)]},
            hovertemplate=f"{loss}<br>%{{x}} of the pixels: Dice %{{y:.3f}}<extra></extra>",
        )
    figure.update_xaxes(type="category", tickangle=-60, title="class, and its share of the pixels", title_standoff=8)
    figure.update_yaxes(title="Dice", range=[-0.03, 1.03], zeroline=False)
    return framed(figure, height=430)


def reliability_curves(bins: Mapping[str, np.ndarray]) -> go.Figure:
    """How often right where so and so sure, one line a network: name → (15, 3) calibration bins."""
    figure = go.Figure()
    draw_diagonal(figure)
    for n, (name, counts) in enumerate(bins.items()):
        pixels, confidence, right = counts.T
        used = pixels > pixels.sum() / 2000  # fewer say more about chance than about the network
        figure.add_scatter(
            x=confidence[used] / pixels[used],
            y=right[used] / pixels[used],
            mode="lines+markers",
            name=name,
            line={"width": 1.5, "color": COLOURS[n % len(COLOURS)]},
            marker={"size": 7, "symbol": SYMBOLS[n % len(SYMBOLS)]},
            customdata=pixels[used] / pixels.sum(),
            hovertemplate=f"{name}<br>sure %{{x:.1%}}, right %{{y:.1%}}<br>%{{customdata:.1%}} of the pixels"
            "<extra></extra>",
        )
    figure.update_xaxes(title="how sure", range=[0, 1.02], tickformat=".0%", zeroline=False)
    figure.update_yaxes(title="how often right", range=[0, 1.02], tickformat=".0%", zeroline=False)
    return framed(figure, height=430)


def against_share(
    shares: Sequence[float], values: Mapping[str, Sequence[float]], now: float, unit: str, log: bool = False
) -> go.Figure:
    """One line a loss over the share of the picture that the disc covers; a dotted line marks the share `now`."""
    figure = go.Figure()
    for n, (name, line) in enumerate(values.items()):
        figure.add_scatter(
            x=list(shares),
            y=list(line),
            mode="lines+markers",
            name=name,
            line={"width": 2, "color": COLOURS[n % len(COLOURS)]},
            marker={"size": 7, "symbol": SYMBOLS[n % len(SYMBOLS)]},
            hovertemplate=f"{name}: %{{y:.3g}} at %{{x:.2%}}<extra></extra>",
        )
    figure.add_vline(x=now, line={"dash": "dot", "color": FAINT})
    figure.update_xaxes(
        type="log",
        title="share of the picture (log scale)",
        tickvals=[0.5, 0.1, 0.02, 0.005, 0.001],  # clear of each other on a phone
        tickformat="~%",
        autorange="reversed",
    )
    figure.update_yaxes({"type": "log", "dtick": 1} if log else {"rangemode": "tozero"}, title=unit)
    return framed(figure, height=380)
