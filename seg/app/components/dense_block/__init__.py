"""A dense block opened: every layer with what it adds, and an arc from all that it reads."""

from pathlib import Path

from streamlit.components.v2 import component

from seg.anatomy.dense import Opened
from seg.app.components.images import url
from seg.app.components.scripts import joined
from seg.pictures.drawing import heat_map

_FOLDER = Path(__file__).parent


def dense_block(title: str, opened: Opened, key: str) -> None:
    """Draw the block called ``title``."""
    _mount(key=key, data=describe(title, opened))


def describe(title: str, opened: Opened) -> dict:
    """What the browser is told. Arguments are those of `dense_block`."""
    height, width = opened.means[0].shape
    return {
        "label": f"{title}, layer by layer",
        "aspect": width / height,
        "input": opened.reads[0],
        "reads": list(opened.reads),
        "adds": list(opened.adds),
        "images": [url(heat_map(mean, 255)) for mean in opened.means],
        "newOnly": opened.new_only,
    }


_mount = component(
    "seg_dense_block",
    html=(_FOLDER / "dense_block.html").read_text("utf-8"),
    css=(_FOLDER / "dense_block.css").read_text("utf-8"),
    js=joined(_FOLDER / "dense_block.js"),
)
