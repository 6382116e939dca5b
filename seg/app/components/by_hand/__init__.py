"""The transposed convolution by hand: input values land one after the other, and the sum builds up.

Python says which tap takes which input value where, and what torch makes of the numbers; adding up, playing and
pointing happen in the browser.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from streamlit.components.v2 import component

from seg.anatomy import transposed as upsampling
from seg.anatomy.transposed import Geometry
from seg.app.components import transport
from seg.app.components.events import when_told
from seg.app.components.scripts import joined

Take = Callable[[Mapping[str, Sequence[float]]], None]

_FOLDER = Path(__file__).parent
_STYLES = (transport.STYLE, _FOLDER / "by_hand.css")


def by_hand(x: np.ndarray, weight: np.ndarray, geometry: Geometry, key: str, take: Take, others: bool = True) -> None:
    """Show the transposed convolution of ``x``, (n,) or (h, w), with ``weight`` of as many axes.

    take: called back with what the visitor has typed, {"input": …, "kernel": …}, each a list of numbers in reading
    order. others: whether to show what torch, an ordinary convolution and a matrix make of the same, too.
    """

    data = {**describe(x, weight, geometry), "others": others}
    _mount(key=key, data=data, on_values_change=when_told(key, "values", take))


def describe(x: np.ndarray, weight: np.ndarray, geometry: Geometry) -> dict:
    """What the browser is told. Raises OptionError with a sentence if nothing of the output is left."""
    numbers = np.arange(1, x.size + 1).reshape(x.shape)  # tells the zeros that are stuffed in from those typed
    stuffed = upsampling.zero_stuffed(numbers, geometry)
    result = upsampling.transposed(x, weight, geometry)
    return {
        "input": x.ravel().tolist(),
        "inputShape": _rows_columns(x),
        "kernel": weight.ravel().tolist(),
        "kernelShape": _rows_columns(weight),
        "taps": upsampling.taps(x.shape, geometry).ravel().tolist(),
        "shape": _rows_columns(result),
        "torch": result.ravel().tolist(),
        "stuffedFrom": (stuffed.astype(int) - 1).ravel().tolist(),
        "stuffedShape": _rows_columns(stuffed),
        "dilation": geometry.dilation,
    }


def _rows_columns(x: np.ndarray) -> tuple[int, int]:
    rows, columns = (1, *x.shape)[-2:]
    return rows, columns


_mount = component(
    "seg_by_hand",
    html=transport.with_buttons(_FOLDER / "by_hand.html", "value", ": add one value after the other"),
    css="\n".join(path.read_text("utf-8") for path in _STYLES),
    js=joined(_FOLDER / "by_hand.js"),
)
