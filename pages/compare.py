"""Compare: one picture, many networks, side by side."""

import streamlit as st

from seg.app import controls, entry
from seg.app.parts import compare as results
from seg.app.parts import gallery, runs

entry.required()
sets = controls.weight_sets()

comparison, class_map = controls.choose(sets)
exhibit = gallery.choose(class_map)
settings = st.session_state.settings
work = runs.start(exhibit, comparison)
runs.show(exhibit, work, class_map)
gallery.offer_removal(exhibit, class_map.dataset)
results.show(exhibit, work, comparison, settings, class_map)
