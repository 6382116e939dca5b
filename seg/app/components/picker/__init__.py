"""A picture on which the visitor chooses one pixel."""

import base64
from pathlib import Path

import numpy as np
from streamlit.components.v2 import component

from seg.app import address
from seg.app.components.events import when_told
from seg.app.components.scripts import joined
from seg.pictures.decode import digest
from seg.pictures.drawing import encode_png

_FOLDER = Path(__file__).parent
LAST = 0.99999
"""The largest share of a side that is still in the picture."""


def picker(
    image: np.ndarray,
    size: tuple[int, int],
    label: str,
    key: str,
    width: int | None = None,
    start: tuple[float, float] = (0.5, 0.5),
    said: str = "at",
) -> tuple[float, float]:
    """Show ``image``, uint8 (h, w, 3); returns (y, x) of the pixel chosen in shares of the picture, 0 to below 1.

    size: (height, width) of the picture in its own pixels, the step of the arrow keys. At first, ``start``, (y, x).
    width: in pixels, the room there is unless given. said: what the address calls it.
    """
    asked = address.numbers(said, start[::-1])
    at = [min(max(value, 0.0), LAST) for value in asked]
    data = {
        "picture": base64.b64encode(encode_png(image)).decode(),
        "digest": digest(image),
        "size": [size[1], size[0]],
        "at": at,
        "label": label,
    }
    _mount(
        key=key,
        data=data,
        on_at_change=when_told(key, "at", lambda at: address.choose(said, at)),
        width=width or "stretch",
    )
    return float(at[1]), float(at[0])


_mount = component(
    "seg_picker",
    html=(_FOLDER / "picker.html").read_text("utf-8"),
    css=(_FOLDER / "picker.css").read_text("utf-8"),
    js=joined(_FOLDER / "picker.js"),
)
