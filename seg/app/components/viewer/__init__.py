"""The linked viewer: a photo, its truth and every network's mask side by side, as one component in the browser.

Python sends pictures as small files in base64, each once a session and known by its digest ever after. Zooming, reading
pixels and all the ways to look happen in the browser, in the JavaScript modules of this folder.
"""

import base64
import hashlib
import io
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image
from streamlit.components.v2 import component

from seg.app.components.scripts import joined
from seg.app.text import plain
from seg.errors import ImageError
from seg.labels import IGNORE, IGNORE_COLOUR, ClassMap
from seg.pictures.drawing import WRONG_COLOUR, encode_png, fit, fit_labels
from seg.pictures.masks import decode_mask

MAX_SIDE = 1200
"""Photos and label maps are reduced to this many pixels on their long side before they are sent."""

MAX_CONFIDENCE_SIDE = 480
"""Confidence maps are smooth and compress badly: they are reduced further."""

_FOLDER = Path(__file__).parent
_NAMES = (
    *("decode", "view", "tint", "draw", "painting", "grade", "mask_file", "looks", "classes", "order", "swipe"),
    *("state", "panels", "legend", "readout", "painter", "sketch", "pointer", "snapshot", "crosshair", "render"),
    *("toolbar", "main"),
)
_MODULES = (_FOLDER.parent / "dom.js", *(_FOLDER / f"{name}.js" for name in _NAMES))
_STYLES = ("viewer", "panels", "legend", "painter")
_MOST_TEXT = 2 * MAX_SIDE**2  # a painting in base64: more than an incompressible one has
_CACHE_BYTES = 64 * 2**20
_NO_CONFIDENCE = 255
_SENT = "_seg_viewer_sent"


@dataclass(frozen=True)
class Panel:
    """One network's panel. The arrays must not be changed in place once they are here: they are known by identity."""

    name: str
    """Title and identity: no two panels of a viewer share one."""
    caption: str = ""
    """What stands below the title, as in '1.9 M parameters · 31 ms'."""
    labels: np.ndarray | None = None
    """uint8 (h, w) class ids, IGNORE where there is none; None while the network has not answered."""
    confidence: np.ndarray | None = None
    """float (h, w) in [0, 1]; not-a-number where there is none."""
    status: str = ""
    """What the panel says while ``labels`` is None: 'waiting', 'running …', or what went wrong."""
    failed: bool = False
    """Whether ``status`` says what went wrong, so that no labels will come."""


@dataclass(frozen=True)
class Wish:
    """What the page asks the viewer to show: followed once, and the visitor goes on from there."""

    number: int
    """Another for each wish."""
    alone: str | None = None
    """The class that is to stand alone, '' for none; None leaves it as it is."""
    swipe: tuple[str, str] | None = None
    """The names of the panels to the left and to the right of the divider."""


def viewer(
    photo: np.ndarray,
    panels: Sequence[Panel],
    classes: ClassMap,
    truth: np.ndarray | None = None,
    key: str = "viewer",
    on_truth: Callable[[np.ndarray], None] | None = None,
    wish: Wish | None = None,
) -> None:
    """Show ``photo``, uint8 (H, W, 3) or (H, W), beside ``truth``, uint8 (H, W), and one panel for every network.

    Maps may have another size than the photo as long as they have its shape: they are laid over it. A panel whose maps
    cannot be shown says why in its place and the others go on. Call it in every run, in a fragment or outside, with the
    same ``key``: the panels change in place and the view stays as the visitor left it.

    ``on_truth`` takes what the visitor has painted, uint8 (H, W) with IGNORE where nothing is, when 'Use as truth' is
    pressed; without it the viewer does not offer that. A painting that cannot be used is answered with a sentence.

    Raises ValueError when two panels have the same name.
    """
    data, layers = describe(photo, panels, classes, truth)
    sent = st.session_state.setdefault(_SENT, {}).setdefault(key, set())
    data["key"] = key
    data["layers"] = {digest: layer for digest, layer in layers.items() if digest not in sent}
    sent.update(layers)
    data["takesTruth"] = on_truth is not None
    data["wish"] = None if wish is None else asdict(wish)

    def send_again() -> None:
        # A browser that lacks layers, because a run was cut short or it forgot old ones, asks for them.
        sent.difference_update(st.session_state[key].missing or ())

    def take_truth() -> None:
        if on_truth is None:
            return  # what no button of this viewer can send
        try:
            painted = read_painting(st.session_state[key].truth, data["photo"]["digest"], photo.shape[:2], classes)
        except ImageError as error:
            st.toast(plain(str(error)), icon=":material/error:")
        else:
            on_truth(painted)

    _mount(key=key, data=data, on_missing_change=send_again, on_truth_change=take_truth)


def read_painting(message: Mapping[str, str], digest: str, size: tuple[int, int], classes: ClassMap) -> np.ndarray:
    """What was painted over the photo of this digest, at its full ``size``, (H, W): uint8, nearest neighbour.

    Raises ImageError for a painting of another photo and for whatever is no mask of these classes.
    """
    if not isinstance(message, Mapping) or message.get("photo") != digest:
        raise ImageError("This painting belongs to another photo: show that one and press 'Use as truth' again.")
    text = message.get("png")
    try:
        if not isinstance(text, str) or len(text) > _MOST_TEXT:
            raise ValueError("no file of that size is sent")
        file = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise ImageError("The painting arrived damaged: press 'Use as truth' again.") from error
    painted = decode_mask(file, "The painting", classes)
    if problem := _shape_problem(painted, size, "painting"):
        raise ImageError(problem)
    if (painted == IGNORE).all():
        raise ImageError("Nothing is painted yet: draw a few regions and press 'Use as truth' again.")
    return np.asarray(Image.fromarray(painted).resize((size[1], size[0]), Image.Resampling.NEAREST))


def describe(
    photo: np.ndarray, panels: Sequence[Panel], classes: ClassMap, truth: np.ndarray | None = None
) -> tuple[dict, dict[str, str]]:
    """What the browser is told, and the layers it names: {digest: file in base64}. Arguments are those of `viewer`."""
    names = [panel.name for panel in panels]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"two panels have the name {sorted(twice)[0]!r}")
    layers: dict[str, str] = {}

    def add(layer: "_Layer") -> str:
        layers[layer.digest] = layer.data
        return layer.digest

    def describe_panel(panel: Panel) -> dict:
        out = {"name": panel.name, "caption": panel.caption, "status": panel.status, "failed": panel.failed}
        if panel.labels is None:
            return out
        if problem := _problem(panel.labels, photo, classes):
            return {**out, "status": problem, "failed": True}
        layer = _encoded.layer(panel.labels, "labels", _encode_labels)
        if problem := _unknown_ids(layer.ids, classes):
            return {**out, "status": problem, "failed": True}
        out |= {"status": "", "failed": False, "labels": add(layer), "ids": layer.ids}
        if panel.confidence is None:
            out["note"] = "This network gives no confidence."
        elif problem := _shape_problem(panel.confidence, photo.shape[:2], "confidence map"):
            out["note"] = problem
        else:
            out["confidence"] = add(_encoded.layer(panel.confidence, "confidence", _encode_confidence))
        return out

    height, width = photo.shape[:2]
    reduction = min(1.0, MAX_SIDE / max(height, width))
    data = {
        "photo": {
            "digest": add(_encoded.layer(photo, "photo", _encode_photo)),
            "width": width,
            "height": height,
            "sentWidth": max(1, round(width * reduction)),
            "sentHeight": max(1, round(height * reduction)),
        },
        "truth": None if truth is None else describe_panel(Panel("Truth", "what the masks should be", truth)),
        "panels": [describe_panel(panel) for panel in panels],
        "classes": {
            "names": list(classes.names),
            "colours": [list(colour) for colour in classes.colours],
            "ignoreColour": list(IGNORE_COLOUR),
            "wrongColour": list(WRONG_COLOUR),
        },
    }
    return data, layers


# Checks


def _problem(labels: np.ndarray, photo: np.ndarray, classes: ClassMap) -> str:
    if labels.dtype != np.uint8:
        return f"This mask holds {labels.dtype} numbers, not the class ids 0 to {len(classes) - 1} as uint8."
    return _shape_problem(labels, photo.shape[:2], "mask")


def _shape_problem(array: np.ndarray, size: tuple[int, int], noun: str) -> str:
    """A sentence when ``array`` is not a photo of ``size``, (H, W), made larger or smaller, give or take a pixel."""
    if array.ndim != 2 or not array.size:
        return f"This {noun} has the dimensions {array.shape}: it needs one value a pixel."
    (h, w), (height, width) = array.shape, size
    if abs(w * height / width - h) <= 1 or abs(h * width / height - w) <= 1:
        return ""
    return f"This {noun} is {w} × {h} pixels, which does not fit the shape of the photo, {width} × {height}."


def _unknown_ids(ids: Sequence[int], classes: ClassMap) -> str:
    unknown = [str(id_) for id_ in ids if id_ >= len(classes) and id_ != IGNORE]
    if not unknown:
        return ""
    found = ", ".join(unknown[:4]) + (" …" if len(unknown) > 4 else "")
    return (
        f"This mask has the class id{'s' if len(unknown) > 1 else ''} {found}, "
        f"but the {classes.dataset} classes end at {len(classes) - 1}."
    )


# Encoding


@dataclass(frozen=True)
class _Layer:
    digest: str
    data: str
    """The file in base64."""
    ids: tuple[int, ...] = ()
    """The ids of a label map before it was reduced, in order."""


class _Encoded:
    """The layers encoded so far; beyond ``limit`` bytes the least recently used are forgotten.

    An array seen before is known by its identity, so a rerun does not even hash it; an equal one by its digest.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._layers: OrderedDict[str, _Layer] = OrderedDict()
        self._digests: dict[int, tuple[weakref.ref, str]] = {}
        self._lock = threading.Lock()

    def layer(self, array: np.ndarray, kind: str, encode: Callable[[np.ndarray], tuple[bytes, tuple]]) -> _Layer:
        digest = f"{kind}-{self._digest(array)}"
        with self._lock:
            if digest in self._layers:
                self._layers.move_to_end(digest)
                return self._layers[digest]
        file, ids = encode(array)
        layer = _Layer(digest, base64.b64encode(file).decode(), ids)
        with self._lock:
            if digest not in self._layers:
                self._layers[digest] = layer
                self._size += len(layer.data)
            while self._size > self._limit and len(self._layers) > 1:
                self._size -= len(self._layers.popitem(last=False)[1].data)
        return layer

    def _digest(self, array: np.ndarray) -> str:
        identity = id(array)
        seen, digest = self._digests.get(identity, (None, ""))
        if seen is not None and seen() is array:
            return digest
        digest = _hash(array)
        self._digests[identity] = weakref.ref(array, lambda _: self._digests.pop(identity, None)), digest
        return digest


def _hash(array: np.ndarray) -> str:
    digest = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:32]


def _encode_photo(photo: np.ndarray) -> tuple[bytes, tuple]:
    file = io.BytesIO()
    # Full chroma, because the visitor looks at single pixels.
    Image.fromarray(fit(photo, MAX_SIDE)).save(file, "JPEG", quality=92, subsampling=0)
    return file.getvalue(), ()


def _encode_labels(labels: np.ndarray) -> tuple[bytes, tuple]:
    ids = np.flatnonzero(np.bincount(labels.ravel(), minlength=256)).tolist()
    return encode_png(fit_labels(labels, MAX_SIDE)), tuple(ids)


def _encode_confidence(confidence: np.ndarray) -> tuple[bytes, tuple]:
    """A grey PNG of whole per cent, which is what the visitor reads; _NO_CONFIDENCE where it is not a number."""
    image = Image.fromarray(confidence.astype(np.float32))
    scale = MAX_CONFIDENCE_SIDE / max(image.size)
    if scale < 1:
        image = image.resize([max(1, round(side * scale)) for side in image.size], Image.Resampling.BOX)
    share = np.asarray(image)
    unknown = np.isnan(share)
    percent = np.rint(np.clip(np.where(unknown, 0, share), 0, 1) * 100)
    return encode_png(np.where(unknown, _NO_CONFIDENCE, percent).astype(np.uint8)), ()


_encoded = _Encoded(_CACHE_BYTES)


# The component


_mount = component(
    "seg_viewer",
    html=(_FOLDER / "viewer.html").read_text("utf-8"),
    css="\n".join((_FOLDER / f"{name}.css").read_text("utf-8") for name in _STYLES),
    js=joined(_MODULES),
)
