"""What an evaluation says over all pictures: totals, classes, sizes, confusions."""

from collections.abc import Callable, Sequence
from zlib import crc32

import numpy as np
import pandas as pd
import streamlit as st

from seg.app import address
from seg.app.frames import dataframe
from seg.app.text import plain
from seg.catalogue.words import without_shared
from seg.figures import your_data as figures
from seg.figures.leaderboard import confusion_heat_map
from seg.scores.listing import by_size
from seg.scores.tables import differences
from seg.scores.totals import MEASURES, Interval, Totals

CHART = {"displayModeBar": False}
PERCENT = "%.1f %%"
CONFUSION = "your-data-confusion"
LINE, HEAD = 35, 38
"""Heights of a table's lines, pixels."""


def totals(found: Totals) -> None:
    """Every network's scores with their intervals, a figure of one of them, and what is better than what."""
    count = len(found.rows)
    st.markdown(
        f"Over {count:,} picture{'' if count == 1 else 's'}, all their pixels counted together. Is a difference real? "
        "The intervals hold 95 of 100 draws of as many pictures; differences are drawn picture for picture, so they "
        "can be sure where intervals overlap."
    )
    with st.spinner("Drawing pictures anew for the intervals …", show_time=True):
        columns = {title: [_written(found.interval(m, k)) for k in _each(found)] for m, title in MEASURES.items()}
    names = without_shared(found.networks)  # a phone shows scores beside them
    table = pd.DataFrame({"Network": names, **columns})
    dataframe(
        table,
        hide_index=True,
        height=HEAD + LINE * len(table),
        alt="Every network's mean Dice, mean IoU, pixel accuracy and boundary F1 with 95 % intervals",
    )
    measure = address.choice("your-data-measure", MEASURES, "mean_dice")
    st.segmented_control(
        "Drawn",
        list(MEASURES),
        format_func=MEASURES.__getitem__,
        required=True,
        key="your-data-measure",
        label_visibility="collapsed",
        wrap=True,
    )
    values = [found.interval(measure, k) for k in _each(found)]
    st.plotly_chart(
        figures.intervals(found.networks, np.array([[v.value, v.low, v.high] for v in values]), MEASURES[measure]),
        config=CHART,
        key="your-data-intervals",
        alt=f"{MEASURES[measure]} of every network with its 95 % interval",
    )
    if said := differences(found, names):
        st.markdown("\n".join(f"- {plain(sentence)}" for sentence in said))


def choose_network(found: Totals) -> int:
    """The network that single classes are looked at of."""
    if len(found.networks) == 1:
        return 0
    best = int(np.nanargmax(found.measured["mean_dice"]))
    key = f"your-data-network-{_known_by(found.networks)}"
    address.choice(key, _each(found), best)
    return st.selectbox("Network", _each(found), format_func=lambda k: plain(found.networks[k]), key=key, width=420)


def classes(found: Totals, network: int) -> None:
    """Precision, recall, IoU and Dice of each class."""
    pixels = found.confusion[network].sum(axis=1)
    of = {measure: found.measured[measure][network] for measure in ("recall", "precision", "iou", "dice")}
    table = pd.DataFrame(
        {
            "Class": found.classes,
            "Pixels": 100 * pixels / pixels.sum(),
            "Found": 100 * of["recall"],
            "Missed": 100 * (1 - of["recall"]),
            "Invented": 100 * (1 - of["precision"]),
            "Precision": of["precision"],
            "IoU": of["iou"],
            "Dice": of["dice"],
            "Dice, 95 %": [_bounds(found.interval("dice", network, c)) for c in range(len(found.classes))],
        }
    )
    number = st.column_config.NumberColumn
    dataframe(
        table,
        hide_index=True,
        height=min(HEAD + LINE * len(table), 480),
        column_config={
            "Class": st.column_config.TextColumn(pinned=True),
            "Pixels": number(format=PERCENT, help="Share of the labelled pixels that are of the class."),
            "Found": number(format=PERCENT, help="Recall: of the class's pixels, how many are found."),
            "Missed": number(format=PERCENT, help="Of the class's pixels, how many are taken for others."),
            "Invented": number(format=PERCENT, help="Of the pixels said to be the class, how many are not."),
            "Precision": number(format="%.3f"),
            "IoU": number(format="%.3f"),
            "Dice": st.column_config.ProgressColumn(min_value=0, max_value=1, format="%.3f", width=120),
        },
        alt=f"Precision, recall, IoU and Dice of every class by {found.networks[network]}",
    )


def sizes(found: Totals) -> None:
    """Is small what is missed? Dice of one class in each picture against its share of it."""
    present = [c for c in range(len(found.classes)) if found.confusion[0][c].sum()]
    worst = int(np.nanargmin(np.nanmean(found.measured["dice"][:, present], axis=0)))
    key = f"your-data-sized-{_known_by(found.classes)}"
    address.choice(key, present, present[worst])
    c = st.selectbox(
        "Is it the small ones that are missed? Dice in each picture of",
        present,
        format_func=lambda c: plain(found.classes[c]),
        key=key,
        width=420,
    )
    shares, dice, names = by_size(found, c)
    st.plotly_chart(
        figures.dice_by_size(without_shared(found.networks), shares, dice, names),
        config=CHART,
        key="your-data-sizes",
        alt=f"Dice of {found.classes[c]} in each picture against its share of the picture",
    )


def confusion(found: Totals, network: int, choose: Callable[[int, int, int], None]) -> None:
    """What is taken for what. choose: called back with the network and the classes, truth and said, of a cell."""
    name = without_shared(found.networks)[network]
    st.markdown(
        f"**What {plain(name)} takes for what**: each row is a class of the truth, in percent of "
        "its pixels. Click a cell, and the pictures below are those that hold this confusion."
    )

    def take() -> None:
        for point in st.session_state[CONFUSION].selection.points:
            choose(network, *map(int, point["customdata"][:2]))

    st.plotly_chart(
        confusion_heat_map(found.confusion[network], found.classes, to_choose=True),
        config=CHART,
        key=CONFUSION,
        on_select=take,
        selection_mode="points",
        alt=f"Confusion matrix of {found.networks[network]}: rows truth, columns prediction",
    )


def _known_by(names: Sequence[str]) -> str:
    """Short, and the same for whoever opens a link."""
    return f"{crc32(chr(10).join(names).encode()):x}"


def _each(found: Totals) -> range:
    return range(len(found.networks))


def _written(score: Interval) -> str:
    return "–" if np.isnan(score.value) else f"{score.value:.3f} ({_bounds(score)})"


def _bounds(score: Interval) -> str:
    return "–" if np.isnan(score.low) else f"{score.low:.3f}–{score.high:.3f}"
