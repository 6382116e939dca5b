"""The Leaderboard page's last part: how fast the networks ran when they were last timed."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from seg.app import address
from seg.app.frames import dataframe
from seg.app.text import plain
from seg.catalogue.comparisons import WeightSet, sets_in_words
from seg.models import TITLES

TIMED = ("The papers' widths", "The weight sets")


def performance(figures: Mapping[str, Any] | None, sets: Mapping[str, WeightSet]) -> None:
    """How fast the networks ran when `python -m seg bench --record` was last run."""
    st.header("How fast does it run?")
    if not figures:
        st.info("Nothing has been timed yet: run `python -m seg bench --paper --record`.", icon=":material/timer:")
        return
    words = sets_in_words(sets.values())
    way = figures.get("app")
    if way:
        counted = f"{len(way['networks'])} networks, one photo"
        with st.container(horizontal=True, gap="medium"):
            st.metric(counted, f"{1000 * way['run']:.0f} ms", width="content")
            st.metric("Plain PyTorch takes", f"{1 / way['ratio']:.1f} × as long", width="content")
            st.metric("Reading the JPEG", f"{1000 * way['decode']:.1f} ms", width="content")
            st.metric("Writing the masks", f"{1000 * way['encode']:.0f} ms", width="content")
    with st.expander("On which machine, and what is left to gain", icon=":material/memory:"):
        machine = plain(figures["device"].upper())
        if figures.get("processor"):
            machine += f" ({plain(figures['processor'])})"
        st.markdown(
            f"What is left to gain? Here a large convolution reaches {figures['peak']:,.0f} GFLOP/s, on {machine} with "
            f"{figures['threads']} threads and torch {plain(figures['torch'])}. A "
            "network whose layers all did as well would be at 1 of the peak; above 1 it is spared operations that its "
            "layers ask for. Times are medians, measured in turn with plain eager PyTorch; the ratio is of the two."
        )
        for large in figures.get("large") or ():
            memory = f" and {large['megabytes']:.0f} MB" if large["megabytes"] else ""
            name = str(large["name"])
            network = plain(words.get(name, name))
            st.markdown(f"48 megapixels, 4 × finer, through {network}: {large['seconds']:.1f} s{memory}.")
    address.choice("leaderboard-speed", TIMED, TIMED[0])
    if st.segmented_control("Timed", TIMED, required=True, key="leaderboard-speed") == TIMED[1]:
        _speeds(figures["sets"], "Weight set", "network", words)
    elif figures.get("paper"):
        _speeds(figures["paper"], "Network", "seconds", TITLES)
        st.markdown("With random weights, on 1 × 3 × 352 × 480: time does not depend on what was learned.")
    else:
        st.markdown("Not measured: `python -m seg bench --paper --record` does.")


def _speeds(measured: Sequence[Mapping[str, Any]], title: str, time: str, words: Mapping[str, str]) -> None:
    lines = pd.DataFrame(measured)
    shown = pd.DataFrame(
        {
            title: [words.get(name, name) for name in map(str, lines["name"])],
            "Engine": lines["engine"].map({"openvino": "OpenVINO", "torch": "PyTorch", "native": "Own kernels"}),
            "Parameters": lines["parameters"],
            "GFLOPs": lines["gflops"],
            "ms": 1000 * lines[time],
            "± spread": 1000 * lines["spread"],
            "Plain PyTorch, ms": 1000 * lines["eager"],
            "Ratio": lines["ratio"],
            "Of the peak": lines["of_peak"],
            "MB": lines["megabytes"],
        }
    )
    number = st.column_config.NumberColumn
    dataframe(
        shown,
        hide_index=True,
        height=min(38 + 35 * len(shown), 420),
        column_config={
            title: st.column_config.TextColumn(pinned=True),
            "Parameters": number(format="localized"),
            **{name: number(format="%.1f") for name in ("GFLOPs", "ms", "± spread", "Plain PyTorch, ms")},
            "Ratio": number(format="%.2f", help="Time in its engine to time in plain PyTorch: less is faster."),
            "Of the peak": st.column_config.ProgressColumn(
                min_value=0,
                max_value=max(1.0, lines["of_peak"].astype(float).max()),
                format="%.2f",
                help="GFLOP/s reached, as a share of what a large convolution reaches.",
            ),
            "MB": number(format="%.0f", help="Memory that compiling and running it adds at most."),
        },
        alt=f"{title}, engine, size, time and share of the machine's peak",
    )
