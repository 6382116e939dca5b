"""Tables that Streamlit draws on a canvas, and that a handout takes along in words."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any, cast

import streamlit as st

from seg.app import take_along
from seg.reports.handout import MOST_COLUMNS

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler

NOTHING = "–"
"""Stands where there is no value."""


def dataframe(data: "pd.DataFrame | Styler", alt: str, **settings: Any) -> None:
    """`st.dataframe` with these settings; its columns go along as they are called and formatted there."""
    frame = cast("pd.DataFrame", getattr(data, "data", data))
    config = settings.get("column_config", {})
    names = [name for name in settings.get("column_order") or frame.columns if name in frame.columns]
    head = [_label(config.get(name), str(name)) for name in names]
    rows = [
        [_words(value, config.get(name)) for name, value in zip(names, row, strict=True)]
        for row in frame[names].itertuples(index=False, name=None)
    ]
    if not settings.get("hide_index"):
        head = [str(frame.index.name or ""), *head]
        rows = [[str(label), *row] for label, row in zip(frame.index, rows, strict=True)]
    take_along.table(alt, head, rows)
    with st.container(gap=None):
        st.dataframe(data, alt=alt, placeholder=NOTHING, **settings)
        on_paper(alt, head, rows)


def on_paper(alt: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """The table for whoever prints the page: a canvas holds no more lines than are seen, and is cut."""
    cells = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row[:MOST_COLUMNS])}</tr>" for row in rows)
    heads = "".join(f"<th>{escape(name)}</th>" for name in head[:MOST_COLUMNS])
    st.html(f'<table class="seg-paper" aria-label="{escape(alt)}"><thead><tr>{heads}</tr></thead>{cells}</table>')


def _label(config: Any, name: str) -> str:
    label = config if isinstance(config, str) else (config or {}).get("label")
    return label or name


def _words(value: Any, config: Any) -> str:
    """As its column has it."""
    if value is None or value != value:
        return NOTHING
    pattern = config.get("type_config", {}).get("format") if isinstance(config, dict) else None
    if pattern == "localized":
        return f"{value:,.10g}"
    if pattern and "%" in pattern:
        return pattern % value
    return f"{value:.3f}" if isinstance(value, float) else str(value)
