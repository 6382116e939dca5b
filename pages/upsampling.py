"""Upsampling: how a network comes back up to the picture's size, and the grid that this can leave."""

import streamlit as st

from seg.app import address, controls, entry, take_along
from seg.app.parts import gallery, upsampling
from seg.catalogue.comparisons import comparisons, sets_in_words

entry.required()
sets = controls.weight_sets()

st.header("Convolution and pooling, by hand")
st.markdown(
    "How does a picture become features, and smaller? A window slides over it. A convolution multiplies what the "
    "window holds by its kernel and adds up; max pooling keeps the largest value, average pooling the mean."
)
upsampling.windows()

st.header("The transposed convolution, by hand")
st.markdown(
    "What does one input value do to the output? It lays down the whole kernel, times itself; the next one does so a "
    "stride further on, and where kernels overlap they add up. "
    "[Dumoulin and Visin 2016](https://arxiv.org/abs/1603.07285)"
)
upsampling.lab()

st.header("Which other ways are there?")
upsampling.other_ways()

st.header("What do our networks do?")
offered = controls.narrow(comparisons(sets.values()), "Data set", lambda c: c.dataset, key="dataset")
dataset = offered[0].dataset
exhibit = gallery.choose(offered[0].entries[0].record.class_map)
by_way = next((c for c in offered if c.topic == "upsampling"), None)
if by_way:
    upsampling.variants(exhibit, by_way)
controls.link("pages/training.py", "When each way up learns its outlines")
members = {w.name: w for w in sets.values() if w.record.dataset == dataset}
with st.expander("Every network, ranked", expanded=by_way is None, icon=":material/bar_chart:"):
    found = upsampling.measured(exhibit, members)
if found:
    key = f"up-network-{dataset}"
    address.choice(key, found, next(iter(found)))
    words = sets_in_words(members.values())
    name = st.selectbox("Look at one network", found, key=key, format_func=words.__getitem__)
    take_along.of(members[name].record for name in found)
    upsampling.one_network(exhibit, members[name], found[name])
