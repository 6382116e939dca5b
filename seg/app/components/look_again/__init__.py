"""What has a part of the page drawn anew, once, after a while of its own choice."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

from streamlit.components.v2 import component

from seg.app.components.scripts import joined

_FOLDER = Path(__file__).parent

_NUMBERS = count()


def look_again(seconds: float, key: str, on_due: Callable[[], None] = lambda: None) -> None:
    """Have the fragment that this is called in run once more after so many seconds.

    on_due: called then and before, where `st.rerun` may name another fragment instead.

    Unlike `run_every`, which waits as long each time and ends with the next run of the whole page only, it is said anew
    in each run, and not said it is over: what has arrived is drawn in the fragment, and the page around it stands.
    """
    # A new number each time: what does not change is not mounted again.
    _mount(key=key, data={"seconds": seconds, "number": next(_NUMBERS)}, on_due_change=on_due)


_mount = component("seg_look_again", html="<span hidden></span>", js=joined(_FOLDER / "look_again.js"))
