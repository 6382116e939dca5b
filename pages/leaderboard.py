"""Leaderboard: every weight set, what it scores, what it costs, and which differences are real."""

import streamlit as st

from seg.app import entry, leaderboard, resources
from seg.app.text import plain
from seg.errors import WeightsError

entry.required()
st.title("Which network is worth its cost?")
try:
    sets = resources.sets()
except WeightsError as error:
    st.error(plain(str(error)), icon=":material/error:")
    st.stop()

rows, everything = leaderboard.choose(sets)
if not rows:
    st.info("No weight set has all of these properties: take one of the filters away.", icon=":material/filter_alt:")
    st.stop()
leaderboard.table(rows)
leaderboard.decoders(everything)
rows = leaderboard.choose_dataset(rows)
leaderboard.price(rows)
leaderboard.per_class(rows)
leaderboard.detail(rows)
