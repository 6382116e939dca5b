"""What can be done with any page as it stands: copy its link, show it without its controls."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st
from streamlit.components.v2 import component

from seg.app.components.scripts import joined

_FOLDER = Path(__file__).parent


def page_tools(presenting: bool, stays: str, present: Callable[[bool], None], key: str) -> None:
    """Draw the buttons; while ``presenting`` only the way out, in the corner of the window, which Escape is, too.

    stays: what a link cannot take along, in a sentence, '' for nothing; present: called back with what is chosen.
    """

    def tell() -> None:
        present(st.session_state[key].present is True)

    _mount(key=key, data={"presenting": presenting, "stays": stays}, on_present_change=tell)


_mount = component(
    "seg_page_tools",
    html=(_FOLDER / "page_tools.html").read_text("utf-8"),
    css=(_FOLDER / "page_tools.css").read_text("utf-8"),
    js=joined(_FOLDER / "page_tools.js"),
)
