"""The table of scored pictures, one line each, and the linked viewer on the one chosen."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from seg.app import address, frames, resources
from seg.app.components.viewer import Panel
from seg.app.parts import runs
from seg.app.parts.exhibits import Exhibit
from seg.app.parts.runs import Run
from seg.app.parts.scored import PERCENT
from seg.app.text import plain
from seg.catalogue.comparisons import Comparison, Entry
from seg.catalogue.words import without_shared
from seg.errors import SegError
from seg.labels import IGNORE
from seg.pictures.decode import Picture
from seg.scores.counts import Row
from seg.scores.listing import (
    DIFFERENCE,
    DISAGREEMENT,
    DOUBT,
    WORST,
    confused_pixels,
    holding,
    in_order,
    largest_confusions,
    worst_class,
)
from seg.scores.metrics import Scores
from seg.scores.totals import Totals
from seg.service.evaluations import Evaluation

ORDERS = {
    WORST: "worst first",
    DISAGREEMENT: "most disagreement",
    DIFFERENCE: "two networks differ most",
    DOUBT: "labels in doubt",
}
"""What the pictures may be ordered by → its name."""

SHOWN = 1000
"""Lines of the table at most, the first in its order."""

PRINTED = 100
"""Of them on paper."""

HEIGHT, LINE = 420, 44
"""Of the table and of its lines, pixels."""

LARGEST = 6
"""Confusions that are offered by name."""

_TRUTH, _SAID, _BY, _CHOSEN = "your-data-truth", "your-data-said", "your-data-by", "your-data-largest"
_PICTURE = "your-data-picture"
"""The address's word for the number of the picture chosen."""
_EXHIBIT, _FILTER = "your-data-exhibit", "your-data-filter"


@dataclass(frozen=True)
class Confusion:
    """A cell of a network's confusion matrix: class ids."""

    network: int
    truth: int
    said: int


def show(evaluation: Evaluation, totals: Totals) -> None:
    """The table with its orders and filters, and below it the picture chosen. It is drawn anew without the page."""
    st.fragment(_show)(evaluation, totals)


def _show(evaluation: Evaluation, totals: Totals) -> None:
    resources.SERVICE.release(resources.visitor())  # what the picture before has shown
    by, pair = _order(totals)
    cell = _confusion(totals)
    if cell is None:
        places = in_order(totals, by, pair)
    else:
        places = holding(totals, cell.network, cell.truth, cell.said)
        st.markdown(_how_many(totals, cell, len(places)))
    if not places:
        return
    key = f"pictures-{id(evaluation)}-{len(totals.rows)}-{by}-{pair}-{cell}"
    shown = [str(totals.rows[place].index) for place in places[:SHOWN]]
    if address.is_new(_PICTURE):
        asked = address.said(_PICTURE)
        _choose(key, shown.index(asked) if asked in shown else 0)
    line = _table(evaluation, totals, places[:SHOWN], cell, key)
    address.say(_PICTURE, shown[line] if line or st.query_params.get(_PICTURE) else None)
    if len(places) > SHOWN:
        st.caption(f"The first {SHOWN:,} of {len(places):,} in this order.")
    chosen = totals.rows[places[line]]
    _walk(chosen.name, line, len(places[:SHOWN]), key)
    _picture(evaluation, chosen, totals, cell)


def _order(totals: Totals) -> tuple[str, tuple[int, int]]:
    if len(totals.networks) == 1:
        return WORST, (0, 0)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = address.choice("your-data-order", ORDERS, WORST)
        st.segmented_control(
            "Order", list(ORDERS), format_func=ORDERS.__getitem__, required=True, key="your-data-order", wrap=True
        )
        pair, pairs = (0, 1), list(combinations(range(len(totals.networks)), 2))
        if by == DIFFERENCE and len(pairs) > 1:
            key = f"your-data-pair-{len(totals.networks)}"
            address.choice(key, pairs, pair)
            names = {two: plain(" and ".join(totals.networks[k] for k in two)) for two in pairs}
            pair = st.selectbox("Which two", pairs, format_func=names.__getitem__, key=key)
    if by == DOUBT:
        st.markdown(
            "May the label be wrong? Here all networks say the same, and the truth says otherwise: in percent of the "
            "labelled pixels. Networks that learned from the same labels share their faults, so look before you mend."
        )
    return by, pair


def _confusion(totals: Totals) -> Confusion | None:
    """The cell of a confusion matrix whose pictures alone are shown, None for all."""
    network = address.choice(_BY, range(len(totals.networks)), 0)
    cells = largest_confusions(totals.confusion[network], LARGEST)
    classes = range(len(totals.classes))
    chosen = tuple(address.choice(key, [None, *classes], None) for key in (_TRUTH, _SAID))
    st.session_state[_CHOSEN] = chosen if chosen in cells else None
    st.session_state.setdefault(_FILTER, None not in chosen)

    def named(cell: tuple[int, int]) -> str:
        return plain(f"{totals.classes[cell[0]]} → {totals.classes[cell[1]]}")

    with st.expander("Only pictures with one confusion", icon=":material/filter_alt:", key=_FILTER, on_change="rerun"):
        if cells:
            st.pills(
                "The largest: truth → what it is taken for",
                cells,
                format_func=named,
                key=_CHOSEN,
                on_change=_take_largest,
                wrap=True,
            )
        with st.container(horizontal=True):
            if len(totals.networks) > 1:
                st.selectbox(
                    "By", range(len(totals.networks)), format_func=lambda k: plain(totals.networks[k]), key=_BY
                )
            for label, key in (("Truth", _TRUTH), ("Taken for", _SAID)):
                st.selectbox(
                    label,
                    classes,
                    format_func=lambda c: plain(totals.classes[c]),
                    key=key,
                    placeholder="any",
                )
    truth, said = st.session_state[_TRUTH], st.session_state[_SAID]
    if truth is None or said is None or truth == said:
        return None
    return Confusion(network, truth, said)


def choose_confusion(network: int, truth: int, said: int) -> None:
    """Called back: show the pictures alone in which a network takes one class for another; all, for what is right."""
    address.choose(_BY, network)
    address.choose(_TRUTH, None if truth == said else truth)
    address.choose(_SAID, None if truth == said else said)
    st.session_state[_FILTER] = True


def _take_largest() -> None:
    truth, said = st.session_state[_CHOSEN] or (None, None)
    address.choose(_TRUTH, truth)
    address.choose(_SAID, said)


def _how_many(totals: Totals, cell: Confusion, count: int) -> str:
    name, truth, said = totals.networks[cell.network], totals.classes[cell.truth], totals.classes[cell.said]
    pictures = f"{count:,} of {len(totals.rows):,} pictures"
    return f"In {pictures} {plain(name)} takes {plain(truth)} for {plain(said)}: those with most such pixels first."


def _table(evaluation: Evaluation, totals: Totals, places: Sequence[int], cell: Confusion | None, key: str) -> int:
    """Draw the lines of the pictures at these places; returns the line chosen."""
    several, thumbnails = len(totals.networks) > 1, evaluation.thumbnails
    rows, dice = [totals.rows[place] for place in places], totals.dice_of_each[places]
    worst = [worst_class(totals, place) for place in places]
    columns: dict[str, Any] = {
        "Photo": [_as_address(thumbnails.get(row.index)) for row in rows],
        "Picture": [row.name for row in rows],
        **{f"Dice {name}": dice[:, k] for k, name in enumerate(totals.networks)},
        "Worst class": [f"{totals.classes[c]} {value:.2f}" for c, value in worst],
    }
    if several:
        columns |= {
            "Disagreement": [100 * (row.disagreement or 0) for row in rows],
            "Label in doubt": [100 * (row.doubt or 0) for row in rows],
        }
    if cell is not None:
        columns["Pixels"] = [confused_pixels(row, cell.network, cell.truth, cell.said) for row in rows]
    config = st.column_config

    def take_line() -> None:
        """A click anywhere in a line chooses it."""
        if cells := st.session_state[key].selection.cells:
            _choose(key, cells[0][0])

    chosen = st.dataframe(
        pd.DataFrame(columns),
        hide_index=True,
        height=min(HEIGHT, 40 + LINE * len(rows)),
        row_height=LINE,
        placeholder=frames.NOTHING,
        key=key,
        on_select=take_line,
        selection_mode=["single-row-required", "single-cell"],
        column_config={
            "Photo": config.ImageColumn(pinned=True, width=60),
            "Picture": config.TextColumn(pinned=True, width=150),
            **{
                f"Dice {name}": config.ProgressColumn(
                    short, help=f"Mean Dice of {plain(name)}", min_value=0, max_value=1, format="%.3f", width=110
                )
                for name, short in zip(totals.networks, without_shared(totals.networks), strict=True)
            },
            "Worst class": config.TextColumn(help="Of the network with the lowest Dice here, and its Dice."),
            "Disagreement": config.NumberColumn(
                format=PERCENT, width=100, help="Labelled pixels on which not all networks say the same."
            ),
            "Label in doubt": config.NumberColumn(
                format=PERCENT, width=100, help="Labelled pixels on which all networks agree, and not with the truth."
            ),
            "Pixels": config.NumberColumn(format="localized", help="That are confused so."),
        },
        alt="Every picture with each network's Dice, its worst class and how much the networks disagree",
    )
    names = [name for name in columns if name != "Photo"]
    printed = islice(zip(*(columns[name] for name in names), strict=True), PRINTED)
    frames.on_paper("Pictures", names, [[_printed(value) for value in line] for line in printed])
    lines = chosen["selection"]["rows"]
    return lines[0] if lines and lines[0] < len(rows) else 0


def _printed(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _choose(key: str, line: int) -> None:
    """Called back: let this be the line chosen in the table of the key."""
    st.session_state[key] = {"selection": {"rows": [line], "columns": [], "cells": []}}


def _as_address(thumbnail: bytes | None) -> str | None:
    return None if thumbnail is None else f"data:image/jpeg;base64,{base64.b64encode(thumbnail).decode()}"


def _walk(name: str, line: int, count: int, key: str) -> None:
    """The name of the picture chosen, with the way to the ones before and after it."""
    with st.container(horizontal=True, vertical_alignment="center", key="your-data-walk"):
        for label, to in (("Previous", line - 1), ("Next", line + 1)):
            icon = ":material/arrow_back:" if to < line else ":material/arrow_forward:"
            is_there = 0 <= to < count
            st.button(label, icon=icon, on_click=_choose, args=(key, to), disabled=not is_there, key=f"{label}-picture")
        st.markdown(f"**{plain(name)}** · {line + 1:,} of {count:,}", width="stretch")


def _picture(evaluation: Evaluation, row: Row, totals: Totals, cell: Confusion | None) -> None:
    """The linked viewer on one picture, with the truth; the pixels of a confusion in a panel of their own."""
    try:
        exhibit = _exhibit(evaluation, row)
    except SegError as error:
        st.error(plain(evaluation.task.said(str(error))), icon=":material/error:")
        return
    sets, class_map = evaluation.task.sets, evaluation.task.sets[0].record.class_map
    entries = tuple(map(Entry, without_shared(totals.networks), sets))
    work = runs.start(exhibit, Comparison(class_map.dataset, "own runs", {}, entries), shown=True)
    runs.show(exhibit, work, class_map, paints=False, also=cell and confused(exhibit, totals, cell))


def _exhibit(evaluation: Evaluation, row: Row) -> Exhibit:
    """The picture, read anew unless it is the one shown last. Raises DataError."""
    known = st.session_state.get(_EXHIBIT)
    if known is None or known[0] is not row:
        sample = evaluation.task.samples[row.index]
        picture = Picture.of(np.ascontiguousarray(sample.image), row.name)
        known = st.session_state[_EXHIBIT] = row, Exhibit(picture, sample.labels)
    return known[1]


def confused(exhibit: Exhibit, totals: Totals, cell: Confusion) -> Callable[[Run], Panel | None]:
    """What gives the panel of the pixels that the network of the cell confuses so, and None for other networks."""

    titles = without_shared(totals.networks)
    nothing = Scores(np.zeros((len(totals.classes),) * 2, np.int64))  # what is no network's mask has no score

    def panel(run: Run) -> Panel | None:
        if run.twin or run.entry.title != titles[cell.network]:
            return None
        hit = (exhibit.truth == cell.truth) & (run.prediction.labels == cell.said)
        labels = np.where(hit, np.uint8(cell.said), np.uint8(IGNORE))
        name = f"{totals.classes[cell.truth]} taken for {totals.classes[cell.said]}"
        return Panel(name, f"{np.count_nonzero(hit):,} pixels, by {run.entry.title}", labels, scores=nothing)

    return panel
