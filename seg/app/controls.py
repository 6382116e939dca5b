"""What to compare: a family of architectures, or one property of one architecture."""

from dataclasses import replace

import streamlit as st

from seg.app.text import plain
from seg.errors import WeightsError
from seg.families import Comparison, comparisons
from seg.labels import ClassMap
from seg.models import ARCHITECTURES
from seg.weights import Record


def choose(records: dict[str, Record]) -> tuple[Comparison, ClassMap]:
    """Draw the choice. Sets that this version cannot build are named, the others go on."""
    usable = {}
    for name, record in records.items():
        try:
            _ = record.class_map
            if record.model not in ARCHITECTURES:
                record.build()
            usable[name] = record
        except WeightsError as error:
            st.warning(plain(str(error)), icon=":material/warning:")
    offered = comparisons(usable.values())
    if not offered:
        st.error("There are no weight sets to compare: train some with `python -m seg train`.", icon=":material/error:")
        st.stop()
    titles = {c.title: c for c in offered}
    left, right = st.columns([2, 3])
    comparison = titles[left.selectbox("Compare", list(titles), key="comparison")]
    names = [entry.title for entry in comparison.entries]
    kept = right.pills(
        "Networks", names, selection_mode="multi", default=names, key=f"networks-{comparison.title}", wrap=True
    )
    class_map = comparison.entries[0].record.class_map
    entries = tuple(entry for entry in comparison.entries if entry.title in (kept or names))
    return replace(comparison, entries=entries), class_map
