"""Slots on a page that stay where they are from one run to the next."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def slot(used: bool) -> DeltaGenerator:
    """The next slot on the page, to be filled if `used`; otherwise what stood there goes at once.

    What an earlier run drew stays on the screen until something is drawn in the same position or the run ends. Parts
    that come and go therefore hold a slot when they are absent, lest the others move and stand there twice meanwhile.
    """
    return st.container() if used else st.empty()
