"""A network drawn to scale: a box for every stage's feature map, an arc for every skip."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from streamlit.components.v2 import component

from seg.anatomy.stages import Stage
from seg.app.components.scripts import joined

_FOLDER = Path(__file__).parent


def network_drawing(
    name: str,
    picture: tuple[int, int, int],
    stages: Sequence[Stage],
    ends: Mapping[str, tuple[str, str]],
    chosen: str,
    key: str,
) -> None:
    """Draw the network called ``name`` for a ``picture`` of (channels, height, width).

    ends: skip → the stages it leads from and to; chosen: the stage picked. The one the
    visitor picks stands in ``st.session_state[key].stage`` on the next run.
    """
    _mount(key=key, data=describe(name, picture, stages, ends, chosen), on_stage_change=lambda: None)


def describe(
    name: str,
    picture: tuple[int, int, int],
    stages: Sequence[Stage],
    ends: Mapping[str, tuple[str, str]],
    chosen: str,
) -> dict:
    """What the browser is told. Arguments are those of `network_drawing`."""
    total = sum(stage.seconds or 0.0 for stage in stages)
    nothing = {"parameters": None, "gflops": None, "time": None, "seconds": None, "field": None}
    return {
        "label": f"{name}, stage by stage",
        "picture": {"name": "the picture", "shape": list(picture), **nothing},
        "chosen": chosen,
        "stages": [
            {
                "name": stage.name,
                "shape": list(stage.shape),
                "parameters": stage.parameters,
                "gflops": stage.gflops,
                "time": stage.seconds / total if stage.seconds and total else None,
                "seconds": stage.seconds,
                "field": stage.receptive_field,
            }
            for stage in stages
        ],
        "skips": [{"name": skip, "from": start, "to": end} for skip, (start, end) in ends.items()],
    }


_mount = component(
    "seg_network_drawing",
    html=(_FOLDER / "drawing.html").read_text("utf-8"),
    css=(_FOLDER / "drawing.css").read_text("utf-8"),
    js=joined(_FOLDER / "drawing.js"),
)
