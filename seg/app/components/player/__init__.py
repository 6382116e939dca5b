"""The replay player: one picture, its truth and every network's mask at the same moment of its training.

Python sends all label maps of a network stacked in one small file, with its scores and its learning curve as numbers.
Playing, stepping and all the ways to look happen in the browser, without a word to Python.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from streamlit.components.v2 import component

from seg.app import address
from seg.app.components import transport
from seg.app.components import viewer as linked
from seg.app.components.events import when_told
from seg.app.components.scripts import joined
from seg.datasets import DATASETS, Sample
from seg.labels import ClassMap
from seg.pictures.drawing import encode_png

_FOLDER = Path(__file__).parent
_VIEWER = Path(linked.__file__).parent
SCRIPT = _FOLDER / "player.js"
_STYLES = (
    _VIEWER / "viewer.css",
    _VIEWER / "legend.css",
    transport.STYLE,
    _FOLDER / "player.css",
)


@dataclass(frozen=True)
class Maps:
    """The label maps of one network, packed for the browser."""

    digest: str
    file: str
    """The maps one below the other, as an 8-bit grey PNG in base64."""
    shape: tuple[int, int, int]
    """Count, height and width."""
    ids: tuple[int, ...]
    """The class ids that occur."""


@dataclass(frozen=True)
class Track:
    """One network's training, at the N moments of the player."""

    name: str
    """Title and identity: no two tracks of a player share one."""
    maps: Maps
    frames: tuple[int, ...]
    """N times which of the maps is shown."""
    moments: tuple[str, ...]
    """N times the moment in words, as in 'epoch 3 · step 260'."""
    mean_dice: tuple[float | None, ...]
    """N mean Dice scores against the truth; None where there is nothing to score."""
    class_dice: tuple[tuple[float | None, ...], ...]
    """N times the Dice of every class; None where it is in neither map."""
    curve: tuple[tuple[float, float], ...] = ()
    """(share of the schedule in [0, 1], validation mean IoU), in order; empty where it is not known."""
    marks: tuple[tuple[float, float | None], ...] = ()
    """N points on the curve; None where the curve has not begun."""
    note: str = ""
    """What sets this network apart from the others, if anything does."""


def pack(labels: np.ndarray) -> Maps:
    """Label maps, uint8 (count, h, w), as the player takes them."""
    file = encode_png(labels.reshape(-1, labels.shape[2]))
    digest = f"labels-{hashlib.sha256(file).hexdigest()[:32]}"
    return Maps(digest, base64.b64encode(file).decode(), labels.shape, tuple(np.unique(labels).tolist()))


@st.fragment
def player(
    sample: Sample, tracks: Sequence[Track], shares: Sequence[float], classes: ClassMap, key: str, said: str = ""
) -> None:
    """Play the ``tracks``, whose maps have the shape of ``sample``, at N ``shares`` of the schedule in [0, 1].

    With the same ``key`` and the same picture, the moment and the way to look stay as the visitor left them.
    said: what the address calls them, '' where no address shall say them.
    """
    data = {**describe(sample, tracks, shares, classes), "key": key}
    data["said"] = address.of_component(said) if said else None
    _mount(key=key, data=data, on_look_change=when_told(key, "look", lambda look: address.choose(said, str(look))))


def describe(sample: Sample, tracks: Sequence[Track], shares: Sequence[float], classes: ClassMap) -> dict:
    """What the browser is told. Arguments are those of `player`; raises ValueError for maps of another shape."""
    scene, layers = linked.describe(sample.image, [], classes, sample.labels)
    for track in tracks:
        if track.maps.shape[1:] != sample.labels.shape:
            raise ValueError(f"the maps of {track.name} are {track.maps.shape[1:]}, the picture {sample.labels.shape}")
    dataset = DATASETS.get(classes.dataset)
    return {
        **scene,
        "picture": "a photo" if dataset is None or dataset.render is None else "a rendered picture",
        "layers": layers | {track.maps.digest: track.maps.file for track in tracks},
        "shares": list(shares),
        "top": _top(tracks),
        "panels": [
            {
                "name": track.name,
                "labels": track.maps.digest,
                "ids": track.maps.ids,
                "frames": track.frames,
                "moments": track.moments,
                "mean": track.mean_dice,
                "dice": track.class_dice,
                "curve": track.curve,
                "marks": track.marks,
                "note": track.note,
            }
            for track in tracks
        ],
    }


def _top(tracks: Sequence[Track]) -> float:
    """Where the scale of all curves ends: the next tenth above the highest of them."""
    highest = max((value for track in tracks for _, value in track.curve), default=0.0)
    return min(1.0, (int(highest * 10) + 1) / 10)


_mount = component(
    "seg_replay_player",
    html=transport.with_buttons(_FOLDER / "player.html", "moment", " (space bar)", " (←)", " (→)"),
    css="\n".join(path.read_text("utf-8") for path in _STYLES),
    js=joined(SCRIPT),
)
