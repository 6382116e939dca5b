"""Charts as SVG, for paper and for screens: no script, no font of their own."""

from collections.abc import Sequence
from html import escape

import numpy as np

from seg.catalogue.words import in_lines
from seg.scores.totals import Interval

WIDTH, LABELS, LINE, LEADING = 720, 220, 34, 14
"""Of a chart, and of the names at its left; the height of a line, and of one of a name's. Pixels."""
LETTERS = 32
"""Of a name, on one line."""

INK, QUIET, RULE = "#1b1f24", "#4a5560", "#e3e7eb"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a7a7a")
"""Okabe and Ito's, which all common colour visions tell apart; the yellow is left out on white."""

MARKS = ("●", "■", "▲", "◆", "▼", "✚", "✖")
"""So that networks are told apart without colour, too."""


def intervals(names: Sequence[str], found: Sequence[Interval], title: str, zero: bool = False) -> str:
    """A dot and a whisker for each name, on one scale; zero: which holds 0, drawn as a line."""
    values = [v for one in found for v in (one.value, one.low, one.high) if np.isfinite(v)] + ([0.0] if zero else [])
    low, high = _range(values)
    height = LINE * len(names) + 44
    parts = [_axis(low, high, height, title)]
    if zero:
        at = _x(0, low, high)
        parts.append(_line(at, 6, at, height - 34, INK))
    for i, (name, one) in enumerate(zip(names, found, strict=True)):
        y = LINE * i + 21
        parts.append(_name(name, y))
        if not np.isfinite(one.value):
            continue
        left, here, right = (_x(v, low, high) for v in (one.low, one.value, one.high))
        parts.append(
            f'<line x1="{left:.1f}" y1="{y}" x2="{right:.1f}" y2="{y}" stroke="{COLOURS[0]}" stroke-width="3"/>'
        )
        parts.append(f'<circle cx="{here:.1f}" cy="{y}" r="5" fill="{COLOURS[0]}"/>')
    return _svg(height, title, parts)


def classes(names: Sequence[str], networks: Sequence[str], values: np.ndarray, title: str) -> str:
    """A mark for each network on each class's line, from 0 to 1: values (networks, classes), NaN is not drawn."""
    shown = min(len(networks), len(MARKS))
    keys = 24 * ((shown + 1) // 2) + 8
    height = LINE * len(names) + 44 + keys
    parts = [_axis(0, 1, height, title, top=keys)]
    for k in range(shown):
        x, y = 8 + (k % 2) * WIDTH / 2, 18 + 24 * (k // 2)
        parts.append(_mark(k, x + 6, y))
        parts.append(f'<text x="{x + 20:.0f}" y="{y + 4}" fill="{INK}">{escape(networks[k])}</text>')
    for c, name in enumerate(names):
        y = keys + LINE * c + 21
        parts.append(_name(name, y))
        parts += [_mark(k, _x(values[k, c], 0, 1), y) for k in range(shown) if np.isfinite(values[k, c])]
    return _svg(height, title, parts)


def _mark(k: int, x: float, y: float) -> str:
    return f'<text x="{x:.1f}" y="{y + 5}" text-anchor="middle" font-size="15" fill="{COLOURS[k]}">{MARKS[k]}</text>'


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    room = (high - low or 0.1) * 0.08
    return low - room, high + room


def _x(value: float, low: float, high: float) -> float:
    return LABELS + (value - low) / (high - low) * (WIDTH - LABELS - 20)


def _axis(low: float, high: float, height: int, title: str, top: int = 0) -> str:
    step = next(s for s in (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2) if (high - low) / s <= 7 or s == 2)
    ticks = np.arange(np.ceil(low / step - 1e-9) * step, high + step * 1e-6, step)
    digits = 3 if step < 0.01 else 2
    lines = []
    for tick in ticks:
        x = _x(tick, low, high)
        lines += [_line(x, top + 6, x, height - 34, RULE), _small(f"{tick + 0:.{digits}f}", x, height - 18)]
    return "".join([*lines, _small(title, (LABELS + WIDTH - 20) / 2, height - 2)])


def _line(x1: float, y1: float, x2: float, y2: float, stroke: str, width: int = 1) -> str:
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{stroke}" stroke-width="{width}"/>'


def _small(text: str, x: float, y: float) -> str:
    return f'<text x="{x:.1f}" y="{y:.0f}" text-anchor="middle" fill="{QUIET}" font-size="12">{escape(text)}</text>'


def _name(name: str, y: float) -> str:
    """On two lines, if it is long."""
    lines = in_lines(name, LETTERS)
    first, rest = lines[0], ", ".join(lines[1:])
    parts = [_cut(part) for part in (first, rest) if part]
    top = y + 4 - LEADING * (len(parts) - 1) / 2
    spans = "".join(
        f'<tspan x="{LABELS - 12}" y="{top + LEADING * i:.1f}">{escape(part)}</tspan>' for i, part in enumerate(parts)
    )
    return f'<text text-anchor="end" fill="{INK}"><title>{escape(name)}</title>{spans}</text>'


def _cut(text: str) -> str:
    return text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…"


def _svg(height: float, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" role="img" '
        f'aria-label="{escape(title)}" font-family="system-ui, sans-serif" font-size="13">{"".join(parts)}</svg>'
    )
