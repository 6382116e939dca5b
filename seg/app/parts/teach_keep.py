"""What a visitor does with what he has taught."""

import streamlit as st

from seg.app import address
from seg.app.parts.teach_desk import Desk


def show(desk: Desk) -> None:
    """The ways on, and the files to take along."""
    taught = desk.taught
    if taught is None or taught.record is None:
        return
    with st.container(horizontal=True):
        if st.button("Open in Compare", icon=":material/compare:"):
            open_in_compare(desk)


def open_in_compare(desk: Desk) -> None:
    """Go to Compare with the network and the photo shown."""
    taught, photo = desk.taught, desk.photo
    assert taught is not None
    assert taught.record is not None
    st.session_state.setdefault("uploads", {})[photo.key] = photo.exhibit
    st.session_state[address.UPLOAD] = photo.key
    st.switch_page("pages/compare.py", query_params={address.DATASET: taught.record.dataset})
