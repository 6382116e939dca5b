"""Compare: one picture, many networks, side by side."""

import streamlit as st

from seg.app import controls, entry, take_along
from seg.app.parts import compare as results
from seg.app.parts import gallery, runs

entry.required()
sets = controls.weight_sets()

pictures, bar = st.container(), st.container(horizontal=True, horizontal_alignment="distribute", key="bar")
with bar, st.container(horizontal=True, vertical_alignment="center", width="content"):
    comparison, class_map = controls.choose(sets)
    with st.container(key="newcomer", width="content"):
        controls.link("pages/start.py", "New here?")
with pictures:
    exhibit = gallery.choose(class_map, bar)
take_along.of(entry.record for entry in comparison.entries)
work = runs.start(exhibit, comparison, shown=True)
runs.show(exhibit, work, class_map, below=lambda: results.show(exhibit, work, comparison, class_map))
st.header("What to look at")
controls.lesson(comparison, sets.values())
