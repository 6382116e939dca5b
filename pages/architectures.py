"""Architectures: what each network is made of, what its skips bring, what it sees and what it costs."""

import streamlit as st

from seg.app import controls, entry, take_along
from seg.app.parts import architectures, gallery

entry.required()
sets = controls.weight_sets()

comparison, network = architectures.choose(sets)
class_map = network.record.class_map
take_along.of([network.record])
exhibit = gallery.choose(class_map)

if architectures.can_be_looked_into(network):
    architectures.drawing(exhibit, network)

    st.header("What do the skips bring?")
    architectures.skips(exhibit, network, class_map)

    st.header("What does one pixel see?")
    architectures.one_pixel(exhibit, network, comparison, class_map)

    st.header("What does resolution cost?")
    architectures.cost(exhibit, network, comparison)

controls.link("pages/masks.py", "What a mask says, and how logits become one")
controls.link("pages/upsampling.py", "How the networks come back up")
controls.link("pages/leaderboard.py", "Which network is worth its cost")
