"""Losses: what each teaches the same network, where it looks, and why rare classes are lost."""

import streamlit as st

from seg.app import controls, entry, take_along
from seg.app.parts import gallery, losses

entry.required()
sets = controls.weight_sets()

st.header("The same network, taught by each loss")
st.markdown(
    "What does each find, and what does it give up? Only the loss differs between these networks: same start, same "
    "pictures, same schedule."
)
comparison = losses.choose(sets)
if comparison:
    class_map = comparison.entries[0].record.class_map
    take_along.of(entry.record for entry in comparison.entries)
    exhibit = gallery.choose(class_map)
    losses.on_this_picture(exhibit, comparison, class_map)
    controls.link("pages/compare.py", "See their masks side by side", {f"topic-{class_map.dataset}": "losses"})
    losses.over_validation(comparison, class_map)

    st.header("Where is the loss?")
    losses.where(exhibit, comparison, class_map, sets)

st.header("Why is cross-entropy content with nothing?")
losses.rare()

controls.link("pages/training.py", "Train networks with two losses, now")

st.header("The formulas")
losses.formulas()
