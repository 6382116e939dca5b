"""A window that slides over numbers: a convolution's dot products, the largest or the mean of each window.

Python says where each window lies and what torch makes of the numbers; working out one window after the other, playing
and pointing happen in the browser.
"""

from pathlib import Path

import numpy as np
from streamlit.components.v2 import component

from seg.anatomy.windows import Window
from seg.app.components import transport
from seg.app.components.by_hand import Take
from seg.app.components.events import when_told
from seg.app.components.scripts import joined

_FOLDER = Path(__file__).parent
_BY_HAND = _FOLDER.parent / "by_hand"
_STYLES = (transport.STYLE, _BY_HAND / "by_hand.css")


def sliding_window(x: np.ndarray, weight: np.ndarray | None, window: Window, key: str, take: Take) -> None:
    """Show ``window`` over ``x``, (h, w); weight: the kernel of a convolution, (kernel, kernel), None for poolings.

    take: called back with what the visitor has typed, {"input": …, "kernel": …}, each a list of numbers in reading
    order.
    """

    _mount(key=key, data=describe(x, weight, window), on_values_change=when_told(key, "values", take))


def describe(x: np.ndarray, weight: np.ndarray | None, window: Window) -> dict:
    """What the browser is told. Raises OptionError with a sentence if the window does not fit into the input."""
    result = window.over(x, weight)
    return {
        "kind": window.kind,
        "input": x.ravel().tolist(),
        "inputShape": list(x.shape),
        "kernel": [] if weight is None else weight.ravel().tolist(),
        "kernelShape": [window.size, window.size],
        "windows": window.places(x.shape).tolist(),
        "shape": list(result.shape),
        "torch": result.ravel().tolist(),
    }


_mount = component(
    "seg_sliding_window",
    html=transport.with_buttons(_FOLDER / "sliding_window.html", "window", ": one window after the other"),
    css="\n".join(path.read_text("utf-8") for path in _STYLES),
    js=joined(_FOLDER / "sliding_window.js"),
)
