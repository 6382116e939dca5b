"""What a visitor takes along of any page: its link; and the page as an audience sees it."""

import streamlit as st

from seg.app import address
from seg.app.components.page_tools import page_tools

PRESENT = "present"
"""The address's word for a page without its controls."""
YES = "1"

STAYS = {
    "Teach": ("teach-desk", "Your photos and paintings stay with you: the link opens an empty page."),
    "Your data": ("your-data", "Your pictures stay with you: whoever opens the link brings his own."),
}
"""Page → the session's word for what is nobody else's, and what its link does without."""
PHOTO_STAYS = "Your photo stays with you: the link opens on a sample."

HIDDEN = ", ".join(
    f'[data-testid="{name}"]'
    for name in (
        "stSidebar", "stHeader", "stExpandSidebarButton", "stButton", "stButtonGroup", "stCheckbox", "stDownloadButton",
        "stFileUploader", "stMenuButton", "stMultiSelect", "stNumberInput", "stPageLink", "stPopover", "stSelectbox",
        "stSlider", "stTextInput",
    )
)  # fmt: skip
WITHOUT_CONTROLS = f"""<style>
:root {{--seg-tools: none}}
{HIDDEN}, .st-key-try-your-photo, [class*="st-key-gallery-"] {{display: none !important}}
.st-key-tour-question [data-testid="stButton"] {{display: block !important}}
.st-key-tour-picture {{display: none !important}}
[data-testid=stMainBlockContainer] {{padding-top: 1.5rem !important}}
</style>"""
"""Components hide what is a control of theirs by the property. The tour's answers are what is presented."""


def tools(page: str) -> None:
    """Draw the buttons for a page, below its menu; the way out, on it, while it is presented."""
    presenting = address.choice(PRESENT, ("", YES), "") == YES
    if presenting:
        st.html(WITHOUT_CONTROLS)
    with st.container() if presenting else st.sidebar:
        page_tools(presenting, _stays(page), _present, f"page-tools-{'out' if presenting else 'in'}")


def _present(presenting: bool) -> None:
    address.choose(PRESENT, YES if presenting else "")


def _stays(page: str) -> str:
    """What is the visitor's own on this page, in a sentence; '' for nothing."""
    word, sentence = STAYS.get(page, (address.UPLOAD, PHOTO_STAYS))
    owned = st.session_state.get(word)
    return sentence if owned and getattr(owned, "photos", True) else ""
