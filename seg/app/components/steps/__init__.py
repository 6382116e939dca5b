"""A row of numbered steps to walk along, with the way to the one before and the one after."""

from collections.abc import Callable, Sequence
from pathlib import Path

from streamlit.components.v2 import component

from seg.app.components.events import when_told
from seg.app.components.scripts import joined

_FOLDER = Path(__file__).parent


def steps(titles: Sequence[str], at: int, label: str, key: str, on_choose: Callable[[int], None]) -> None:
    """Show the row, called ``label`` for screen readers; ``at`` is the step stood on, counted from 1.

    ``on_choose`` is called with the step that is wanted, before the page runs again. When the step has changed by
    anything but this row, the page is scrolled up to it, and the step stood on has the focus.
    """

    _mount(
        key=key,
        data={"titles": list(titles), "at": at, "label": label},
        on_chosen_change=when_told(key, "chosen", lambda step: on_choose(int(step))),
    )


_mount = component(
    "seg_steps",
    html=(_FOLDER / "steps.html").read_text("utf-8"),
    css=(_FOLDER / "steps.css").read_text("utf-8"),
    js=joined(_FOLDER / "steps.js"),
)
