"""Leaderboard: every weight set, what it scores, what it costs, and which differences are real."""

import streamlit as st

from seg.app import controls, entry, resources, take_along
from seg.app.parts import leaderboard, speed

entry.required()
sets = controls.weight_sets(scored=True)

rows, everything = leaderboard.choose(sets)
if not rows:
    st.info("No weight set has all of these properties: take one of the filters away.", icon=":material/filter_alt:")
    st.stop()
take_along.of(row.record for row in rows)
leaderboard.table(rows)
leaderboard.decoders(everything)
rows = leaderboard.choose_dataset(rows)
leaderboard.price(rows)
leaderboard.per_class(rows)
leaderboard.detail(rows)
speed.performance(resources.last_bench(), sets)
