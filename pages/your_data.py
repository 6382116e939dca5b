"""Your data: networks scored on one's own labelled pictures, one to thousands of them."""

import streamlit as st

from seg.app import controls, entry, take_along
from seg.app.parts import bring, exports, scored, scored_pictures, your_data

entry.required()
sets = controls.weight_sets()

brought = bring.data()
if brought is None:
    st.stop()
your_data.choose(brought, sets)
evaluation = your_data.progress(brought)
if evaluation is None or not evaluation.rows:
    st.stop()
totals = evaluation.totals()
take_along.of(weights.record for weights in evaluation.task.sets)

st.header("Which network is best?")
scored.totals(totals)

st.header("What is found, and what is missed?")
network = scored.choose_network(totals)
scored.classes(totals, network)
scored.sizes(totals)
scored.confusion(totals, network, scored_pictures.choose_confusion)

st.header("Picture by picture")
scored_pictures.show(evaluation, totals)

st.header("Take it with you")
exports.show(evaluation, totals)
