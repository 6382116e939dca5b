"""Compare: one picture, seven architectures, side by side."""

import streamlit as st

from seg.app import controls, gallery, resources, results, runs
from seg.app.text import plain
from seg.errors import WeightsError

st.title("What do seven networks see?")
try:
    records = resources.records()
except WeightsError as error:
    st.error(plain(str(error)), icon=":material/error:")
    st.stop()

comparison, class_map = controls.choose(records)
exhibit = gallery.choose(class_map)
settings = st.session_state.settings
work = runs.start(exhibit, comparison, settings)
runs.show(exhibit, work, class_map)

gallery.offer_removal(exhibit)
done = runs.finished(work)
results.notices(exhibit, done, class_map)
if len(done) < len(work) and not all(run.future.done() for run in work):
    st.caption("Scores follow when every network has finished.")
elif done:
    if exhibit.truth is not None:
        table = results.scores(exhibit, done, class_map)
    else:
        table = results.agreement(exhibit, done, class_map)
    labelled = gallery.labelled_uploads()
    if len(labelled) > 1:
        results.over_all(labelled, comparison, settings, class_map)
    results.downloads(exhibit, done, table, class_map)
