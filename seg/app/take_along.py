"""What a visitor takes along of any page: its link, a handout; and the page as an audience sees it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from seg.app import address
from seg.app.components.page_tools import Made, page_tools

if TYPE_CHECKING:
    from seg.catalogue.record import Record

PRESENT = "present"
"""The address's word for a page without its controls."""
YES = "1"

_MADE_BY, _TABLES, _TURNED = "_seg_made_by", "_seg_tables", "_seg_turned"
_HANDOUT, _NUMBER = "_seg_handout", "_seg_handouts"

TEACH_STAYS = "Your photos and paintings stay with you: the link opens an empty page."
PAINTINGS_STAY = "What you add and paint stays with you: the link opens our photos as they come."
DATA_STAYS = "Your pictures stay with you: whoever opens the link brings his own."
PHOTO_STAYS = "Your photo stays with you: the link opens on a sample."

HIDDEN = ", ".join(
    f'[data-testid="{name}"]'
    for name in (
        "stSidebar", "stHeader", "stExpandSidebarButton", "stButton", "stButtonGroup", "stCheckbox", "stDownloadButton",
        "stFileUploader", "stMenuButton", "stMultiSelect", "stNumberInput", "stPageLink", "stPopover", "stSelectbox",
        "stSlider", "stTextInput",
    )
)  # fmt: skip
HIDDEN += ', .st-key-try-your-photo, [class*="st-key-gallery-"]'
"""What is a control: neither an audience nor paper needs it."""
INK = "#10191d"
"""Of all text on paper, whatever the theme."""
PRINTED = f"""<style>
@media screen {{.seg-printed, .seg-paper {{display: none}}}}
@media print {{
  :root {{--seg-tools: none}}
  {HIDDEN}, [data-testid="stToolbar"], [data-testid="stElementToolbar"] {{display: none !important}}
  html, body, #root, #root *:has([data-testid="stMainBlockContainer"]) {{
    position: static !important; overflow: visible !important; height: auto !important;
  }}
  [data-testid="stMainBlockContainer"] {{padding: 0 !important; max-width: none !important}}
  html, body, #root, #root *:has([data-testid="stMainBlockContainer"]) {{
    background: #fff !important; color-scheme: light; min-height: 0 !important;
  }}
  .stApp :is(h1, h2, h3, p, li, td, th, label, small, code, [data-testid="stMetricValue"]) {{color: {INK} !important}}
  .seg-printed {{width: 100%; height: auto; max-height: 120mm; break-inside: avoid}}
  [data-testid="stMain"] :has(.seg-printed) {{height: auto !important}}
  .stHorizontalBlock:not(:has(> [data-testid="stColumn"])) {{display: flex !important; flex-wrap: wrap}}
  :has(> .seg-printed) {{width: 100% !important}}
  :has(> .seg-printed) > :not(.seg-printed) {{display: none !important}}
  [data-testid="stBidiComponentIsolated"] {{
    --st-text-color: {INK} !important; --st-background-color: #fff !important;
    --st-secondary-background-color: #f4f6f7 !important; --st-border-color: #dde3e6 !important; color: {INK} !important;
  }}
  [data-testid="stElementContainer"]:has([data-testid="stDataFrame"]) {{display: none !important}}
  .seg-paper {{width: 100%; border-collapse: collapse; font-size: 8pt}}
  .seg-paper :is(td, th) {{padding: 2pt 4pt; border-bottom: 0.5pt solid #dde3e6; text-align: left}}
  .seg-paper tr {{break-inside: avoid}}
  .seg-paper :is(td, th):nth-child(n + 2):nth-last-child(n + 2) {{white-space: nowrap}}
  h2, h3 {{break-after: avoid}}
  [data-testid="stPlotlyChart"], [data-testid="stImage"], [data-testid="stTable"] tr {{break-inside: avoid}}
  [data-testid="stPlotlyChart"], [data-testid="stTable"] {{max-width: 100%; overflow: visible !important}}
}}
@page {{size: A4; margin: 14mm}}
</style>"""
WITHOUT_CONTROLS = f"""<style>
:root {{--seg-tools: none}}
{HIDDEN} {{display: none !important}}
.st-key-tour-question [data-testid="stButton"] {{display: block !important}}
.st-key-tour-picture {{display: none !important}}
[data-testid=stMainBlockContainer] {{padding-top: 1.5rem !important}}
</style>"""
"""Components hide what is a control of theirs by the property. The tour's answers are what is presented."""


def tools(page: str) -> None:
    """Draw the buttons for a page, below its menu; the way out, on it, while it is presented."""
    st.session_state[_MADE_BY] = {}
    st.html(PRINTED)
    presenting = address.choice(PRESENT, ("", YES), "") == YES
    if presenting:
        st.html(WITHOUT_CONTROLS)
    with st.container() if presenting else st.sidebar:
        _tools(page, presenting)


@st.fragment
def _tools(page: str, presenting: bool) -> None:
    """On their own, so that a handout is made without the page being drawn anew."""
    if st.session_state.pop(_TURNED, False):
        st.rerun()
    page_tools(
        presenting,
        _stays(page),
        _present,
        _hand_out,
        st.session_state.get(_HANDOUT),
        f"page-tools-{'out' if presenting else 'in'}",
    )


def of(records: "Iterable[Record]") -> None:
    """Called by a page: how these networks were made is a handout's last chapter."""
    st.session_state[_MADE_BY] |= {record.name: record for record in records}


def table(name: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Called with a table that is drawn on a canvas, where no browser can read it: name: its alternative text."""
    st.session_state.setdefault(_TABLES, {})[name] = head, rows


def _hand_out(asked: object) -> None:
    from seg.reports.handout import handout  # with the catalogue, which is slow the first time

    st.session_state.pop(_HANDOUT, None)
    if not isinstance(asked, Mapping):
        return  # it has been saved
    records = list(st.session_state[_MADE_BY].values())
    html, name = handout(asked.get("pieces"), asked.get("link"), st.session_state.get(_TABLES, {}), records)
    number = st.session_state[_NUMBER] = st.session_state.get(_NUMBER, 0) + 1
    st.session_state[_HANDOUT] = Made(number, name, html)


def _present(presenting: bool) -> None:
    address.choose(PRESENT, YES if presenting else "")
    st.session_state[_TURNED] = True


def _stays(page: str) -> str:
    """What is the visitor's own on this page, in a sentence; '' for nothing."""
    state = st.session_state
    if page == "Teach":
        desk = state.get("teach-desk")
        return "" if desk is None or not desk.photos else PAINTINGS_STAY if state.get("teach-example") else TEACH_STAYS
    if page == "Your data":
        brought = state.get("your-data")
        return "" if brought is None or brought.own is None else DATA_STAYS
    return PHOTO_STAYS if state.get(address.UPLOAD) else ""
