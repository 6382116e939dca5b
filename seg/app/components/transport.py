"""The row of buttons that plays and steps, which some components have."""

from pathlib import Path
from string import Template

_BUTTONS = Template(Path(__file__).with_suffix(".html").read_text("utf-8"))

STYLE = Path(__file__).with_suffix(".css")


def with_buttons(html: Path, thing: str, play: str, left: str = "", right: str = "") -> str:
    """A component's HTML with the buttons where it says ``<!-- transport -->``.

    thing: what is gone back and on by; play, left, right: what their tooltips say more.
    """
    buttons = _BUTTONS.substitute(thing=thing, play=play, left=left, right=right)
    return html.read_text("utf-8").replace("<!-- transport -->", buttons)
