"""A visitor's own weight sets as a ZIP: brought into this visit, where they stand beside the shipped ones."""

import streamlit as st

from seg.app import resources, uploads
from seg.app.limits import limits
from seg.app.text import plain
from seg.catalogue.comparisons import WeightSet, set_in_words
from seg.catalogue.packing import unpack_sets
from seg.catalogue.store import WeightIndex
from seg.errors import WeightsError

MOST_MEGABYTES = 64

OPEN, SAID = "own-zip-is-open", "own-zip-said"
"""The session's words for whether the dialog is open, which no other run of the page closes, and for what the last ZIP
has brought."""


def offer() -> None:
    """The button that opens the dialog, where it is allowed, and what the last ZIP has brought."""
    if not limits().own_sets:
        return
    st.button("Open a ZIP", icon=":material/folder_zip:", on_click=_set_open, args=(True,), key="own-zip-open")
    if said := st.session_state.get(SAID):
        st.success(plain(said), icon=":material/check:")


def show() -> None:
    """The dialog, while it is open."""
    if st.session_state.get(OPEN) and limits().own_sets:
        _dialog()


def _set_open(is_open: bool) -> None:
    st.session_state[OPEN] = is_open
    if is_open:
        st.session_state.pop(SAID, None)


@st.dialog("Open a ZIP of weight sets", on_dismiss=lambda: _set_open(False))
def _dialog() -> None:
    st.markdown(
        "As 'Teach' gives it, or an index.json packed with the files that it names. Its networks stand on every page "
        "beside the others, called 'your own', and go when this visit ends."
    )
    file = st.file_uploader("ZIP", type="zip", key="own-zip", max_upload_size=MOST_MEGABYTES)
    if file is None:
        return
    try:
        records = unpack_sets(file, file.name, WeightIndex(resources.visit_folder()))
    except WeightsError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    uploads.let_go([file])
    _set_open(False)
    folder = resources.visit_folder()
    st.session_state[SAID] = f"Opened: {'; '.join(set_in_words(WeightSet(one, folder, 1)) for one in records)}."
    st.rerun()
