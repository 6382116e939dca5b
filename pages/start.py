"""Start here: the subject in nine steps, each a question about the visitor's own picture."""

import streamlit as st

from seg.app import controls, entry, take_along
from seg.app.parts import gallery, tour
from seg.app.parts import tour_choice as choice
from seg.app.parts import tour_masks as masks
from seg.app.parts import tour_networks as networks

STEPS = (
    masks.one_pixel,
    masks.not_instances,
    masks.planes,
    networks.conv_stack,
    networks.encoder_decoder,
    networks.pooling,
    networks.transposed_convolution,
    choice.loss,
    choice.skips,
)

entry.required()
sets = controls.weight_sets()

step = tour.choose_step()
here = st.container()
with st.container(key="tour-picture"):
    st.header("On which picture?")
    network = tour.choose_network(sets)
    take_along.of([network.record])
    exhibit = gallery.choose(network.record.class_map)
with here:
    STEPS[step - 1](step, tour.Seen(exhibit, network, sets))
    tour.onward(step)
