"""The pages, and the one way in: every visit begins with streamlit_app.py."""

import sys
from contextlib import nullcontext

import streamlit as st

from seg.app import address, take_along
from seg.app.layout import PHONE

HEADINGS = {
    "Start here": "What is semantic segmentation?",
    "Compare": "What do the networks see?",
    "Masks": "What does a mask say?",
    "Architectures": "What is each network made of?",
    "Upsampling": "How does a network come back up?",
    "Losses": "What does the loss care about?",
    "Leaderboard": "Which network is worth its cost?",
    "Training": "What is learnt first?",
    "Teach": "What shall a network learn from you?",
    "Your data": "How good are they on your pictures?",
}
"""Page → the question at its top, there before anything slow is imported."""

CLOSER = """<style>
@media (max-width: 640px) {[data-testid=stMainBlockContainer] {padding-top: 2.75rem; padding-bottom: 3rem}}
@media (min-width: 768px) {.st-key-newcomer {display: none}}
</style>"""
"""On a phone the question stands right below Streamlit's bar, so that a network's mask is whole on the first screen.
Where the menu is open, it is the way to the tour."""


def navigation():
    """Draw the menu and the heading, and name the browser's tab; returns the page that the visitor is on."""
    pages = [
        st.Page("pages/start.py", title="Start here", icon=":material/flag:"),
        # url_path, which no address of a default page shows, leaves /compare to the page at the end.
        st.Page("pages/compare.py", title="Compare", icon=":material/compare:", url_path="home", default=True),
        st.Page("pages/masks.py", title="Masks", icon=":material/texture:"),
        st.Page("pages/architectures.py", title="Architectures", icon=":material/account_tree:"),
        st.Page("pages/upsampling.py", title="Upsampling", icon=":material/grid_on:"),
        st.Page("pages/losses.py", title="Losses", icon=":material/show_chart:"),
        st.Page("pages/leaderboard.py", title="Leaderboard", icon=":material/leaderboard:"),
        st.Page("pages/training.py", title="Training", icon=":material/play_circle:"),
        st.Page("pages/teach.py", title="Teach", icon=":material/school:"),
        st.Page("pages/your_data.py", title="Your data", icon=":material/folder_special:"),
    ]
    alias = st.Page(_to_compare, title="Compare", url_path="compare", visibility="hidden")
    page = st.navigation([*pages, alias], position="hidden")
    address.arrive(page.title)
    with st.sidebar, st.container(gap="xsmall", key="menu"):
        for other in pages:
            st.page_link(other, width="stretch", query_params=address.to_take_along())
    take_along.tools(page.title)
    st.set_page_config(page_title=f"{page.title} · Segmentation lab", page_icon="docs/icon.png", layout="wide")
    st.html(CLOSER + PHONE)
    st.title(HEADINGS[page.title])
    return page


def _to_compare() -> None:
    """For those who type /compare: Streamlit knows its first page by the bare address only."""
    st.switch_page("pages/compare.py", query_params=st.query_params.to_dict())


def sidebar() -> None:
    """Draw the settings. What they need is slow to import the first time: until then there is the menu, and a word."""
    first = "seg.app.sidebar" not in sys.modules
    with st.spinner("Loading PyTorch and the networks …") if first else nullcontext():
        from seg.app.sidebar import settings
    settings()


def required() -> None:
    """Called first on a page: goes back to streamlit_app.py if the page was run without it.

    A server that has not seen a visitor yet does not know the menu. To one whose first address is a page it shows the
    bare script in pages/, without sidebar and settings.
    """
    if "settings" not in st.session_state:
        navigation()
        st.rerun()
