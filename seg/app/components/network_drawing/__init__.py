"""A network drawn with what it makes of a picture: a box for every stage's feature map, an arc for every skip."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from streamlit.components.v2 import component

from seg.anatomy.stages import Stage
from seg.app.components.events import when_told
from seg.app.components.images import url
from seg.app.components.scripts import joined
from seg.models.blocks import Skip
from seg.pictures.drawing import heat_map

_FOLDER = Path(__file__).parent


def network_drawing(
    name: str,
    picture: np.ndarray,
    mask: np.ndarray,
    stages: Sequence[Stage],
    maps: Mapping[str, np.ndarray],
    skips: Mapping[str, Skip],
    chosen: str,
    key: str,
    pick: Callable[[str], None],
) -> None:
    """Draw the network called ``name`` between a ``picture`` and its coloured ``mask``, both uint8 and small.

    maps: stage → what is shown in its box, uint8 (h, w), none where there is none; skips: where each leads; chosen: the
    stage picked; pick: called back with the one that the visitor picks.
    """

    data = describe(name, picture, mask, stages, maps, skips, chosen)
    _mount(key=key, data=data, on_stage_change=when_told(key, "stage", lambda stage: pick(str(stage))))


def describe(
    name: str,
    picture: np.ndarray,
    mask: np.ndarray,
    stages: Sequence[Stage],
    maps: Mapping[str, np.ndarray],
    skips: Mapping[str, Skip],
    chosen: str,
) -> dict:
    """What the browser is told. Arguments are those of `network_drawing`."""
    total = sum(stage.seconds or 0.0 for stage in stages)
    return {
        "label": f"{name}, stage by stage",
        "ends": [
            {"title": "The picture", "aspect": picture.shape[1] / picture.shape[0], "image": url(picture)},
            {"title": "The mask", "aspect": mask.shape[1] / mask.shape[0], "image": url(mask)},
        ],
        "chosen": chosen,
        "stages": [
            {
                "name": stage.name,
                "title": stage.role.title,
                "part": stage.role.part,
                "step": stage.role.step,
                "shape": list(stage.shape),
                "parameters": stage.parameters,
                "gflops": stage.gflops,
                "time": stage.seconds / total if stage.seconds and total else None,
                "seconds": stage.seconds,
                "field": stage.receptive_field,
                "image": url(heat_map(maps[stage.name], 255)) if stage.name in maps else "",
            }
            for stage in stages
        ],
        "skips": [
            {"name": skip, "from": where.start, "to": where.end, "how": where.how, "through": where.through}
            for skip, where in skips.items()
        ],
    }


_mount = component(
    "seg_network_drawing",
    html=(_FOLDER / "drawing.html").read_text("utf-8"),
    css=(_FOLDER / "drawing.css").read_text("utf-8"),
    js=joined(_FOLDER / "drawing.js"),
)
