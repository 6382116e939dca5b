"""What can be done with any page as it stands: copy its link, take its pictures or all of it along, show it without its
controls."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from streamlit.components.v2 import component

from seg.app.components.events import when_told
from seg.app.components.scripts import joined

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Made:
    """A handout for the browser to save. number: another for each."""

    number: int
    name: str
    html: str


def page_tools(
    presenting: bool,
    stays: str,
    present: Callable[[bool], None],
    hand_out: Callable[[object], None],
    made: Made | None,
    key: str,
) -> None:
    """Draw the buttons; while ``presenting`` only the way out, in the corner of the window, which Escape is, too.

    stays: what a link cannot take along, in a sentence, '' for nothing. present: called back with what is chosen;
    hand_out: with what stands on the page when a handout of it is asked for, which is ``made`` in the next run, and
    with None when that is saved.
    """
    data = {"presenting": presenting, "stays": stays, "made": asdict(made) if made else None}
    _mount(
        key=key,
        data=data,
        on_present_change=when_told(key, "present", lambda told: present(told is True)),
        on_handout_change=when_told(key, "handout", hand_out),
    )


_mount = component(
    "seg_page_tools",
    html=(_FOLDER / "page_tools.html").read_text("utf-8"),
    css=(_FOLDER / "page_tools.css").read_text("utf-8"),
    js=joined(_FOLDER / "page_tools.js"),
)
