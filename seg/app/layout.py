"""Places on a page: slots that stay where they are, and what lies side by side on a phone, too."""

from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

PHONE = """<style>
@media screen and (max-width: 640px) {
  [class*="st-key-row-"] {flex-wrap: nowrap !important; overflow-x: auto}
  [class*="st-key-row-"] > * {flex-shrink: 0}
  [class*="st-key-wide-"] {overflow-x: auto}
  [class*="st-key-wide-"] > * {min-width: 620px}
  [class*="st-key-beside-"] > * > [data-testid="stHorizontalBlock"] {flex-wrap: nowrap; gap: 0.75rem; overflow-x: auto}
  [class*="st-key-beside-"] > * > [data-testid="stHorizontalBlock"] > [data-testid="stColumn"] {flex: none; width: 88%}
  [class*="st-key-pair-"] > * > [data-testid="stHorizontalBlock"] {flex-wrap: nowrap; gap: 0.75rem}
  [class*="st-key-pair-"] > * > [data-testid="stHorizontalBlock"] > [data-testid="stColumn"] {flex: 1 1 0; min-width: 0}
}
@media screen and (min-width: 641px) and (max-width: 1100px) {
  [class*="st-key-beside-"] > * > [data-testid="stHorizontalBlock"] {flex-wrap: wrap}
  [class*="st-key-beside-"] > * > [data-testid="stHorizontalBlock"] > [data-testid="stColumn"] {flex: 1 1 100%}
}
</style>"""
"""What makes the functions below so; for every page."""


def slot(used: bool) -> DeltaGenerator:
    """The next slot on the page, to be filled if `used`; otherwise what stood there goes at once.

    What an earlier run drew stays on the screen until something is drawn in the same position or the run ends. Parts
    that come and go therefore hold a slot when they are absent, lest the others move and stand there twice meanwhile.
    """
    return st.container() if used else st.empty()


def row(name: str, gap: Literal["small", "medium"] = "small") -> DeltaGenerator:
    """A row of pictures: on as many lines as they take; on a phone one line, which scrolls sideways."""
    return st.container(horizontal=True, gap=gap, key=f"row-{name}")


def wide(name: str) -> DeltaGenerator:
    """For a chart that cannot be read at a phone's width: there it scrolls sideways."""
    return st.container(key=f"wide-{name}")


def beside(name: str) -> DeltaGenerator:
    """For columns with charts: on a phone, too, they stand side by side, each almost as wide as the screen, and scroll;
    beside a tablet's menu they would be too narrow, and stand below each other."""
    return st.container(key=f"beside-{name}")


def pair(name: str) -> DeltaGenerator:
    """For columns that a phone's width is enough for."""
    return st.container(key=f"pair-{name}")
