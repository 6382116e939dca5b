"""Masks: what a mask says and does not, the numbers that it is, and how a network's answer becomes one."""

import streamlit as st

from seg.app import controls, entry, take_along
from seg.app.parts import architectures, gallery, masks

entry.required()
sets = controls.weight_sets()

_, network = architectures.choose(sets)
class_map = network.record.class_map
take_along.of([network.record])
exhibit = gallery.choose(class_map)

st.header("Which class, or which one of them?")
masks.instances(exhibit, class_map)

st.header("What numbers is it?")
masks.numbers(exhibit, network, class_map)

controls.link("pages/architectures.py", "What the network does in between")
controls.link("pages/losses.py", "What a loss makes of all pixels together")
