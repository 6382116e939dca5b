"""A row of square pictures that are the buttons to choose one of them."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from streamlit.components.v2 import component

from seg.app.components.events import when_told
from seg.app.components.scripts import joined

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Thumbnail:
    """One button. key: what tells it from the others; name: in full, on hover and for screen readers; image: a square
    JPEG, None while there is none yet."""

    key: str
    name: str
    image: bytes | None


def thumbnails(
    pictures: Sequence[Thumbnail],
    chosen: str | None,
    label: str,
    key: str,
    on_choose: Callable[[str], None],
    wrap: bool = False,
) -> None:
    """Show the pictures in one row that scrolls and keeps ``chosen`` in sight, or, with ``wrap``, in as many as needed.

    The row is one tab stop, named ``label``: arrow keys go from picture to picture, Enter or a click chooses.
    ``on_choose`` is called with the key of the one chosen, before the page runs again.
    """

    data = {
        "pictures": [
            {
                "key": one.key,
                "name": one.name,
                "image": "" if one.image is None else base64.b64encode(one.image).decode(),
            }
            for one in pictures
        ],
        "chosen": chosen,
        "label": label,
        "wrap": wrap,
    }
    _mount(key=key, data=data, on_chosen_change=when_told(key, "chosen", on_choose))


_mount = component(
    "seg_thumbnails",
    html=(_FOLDER / "thumbnails.html").read_text("utf-8"),
    css=(_FOLDER / "thumbnails.css").read_text("utf-8"),
    js=joined(_FOLDER / "thumbnails.js"),
)
