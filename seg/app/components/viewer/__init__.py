"""The linked viewer: a photo, its truth and every network's mask side by side, as one component in the browser.

Python sends pictures as small files in base64, each once a session and known by its digest ever after. Zooming, reading
pixels and all the ways to look happen in the browser, in the JavaScript modules of this folder.
"""

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image
from streamlit.components.v2 import component

from seg.app import address
from seg.app.components.events import when_told
from seg.app.components.scripts import joined
from seg.app.components.viewer.layers import MAX_SIDE, Layer, encode_confidence, encode_labels, encode_photo, encoded
from seg.app.text import plain
from seg.errors import ImageError
from seg.labels import IGNORE, IGNORE_COLOUR, ClassMap
from seg.pictures import masks
from seg.pictures.cutout import cut_out
from seg.pictures.drawing import FOUND_COLOUR, INVENTED_COLOUR, MISSED_COLOUR, WRONG_COLOUR, encode_png
from seg.scores.metrics import Scores

_FOLDER = Path(__file__).parent
SCRIPT = _FOLDER / "main.js"
_STYLES = ("viewer", "panels", "legend", "painter")
_MOST_TEXT = 2 * MAX_SIDE**2  # a painting in base64: more than an incompressible one has
_SENT = "_seg_viewer_sent"
_CUTS = "_seg_viewer_cuts"
TRUTH = "Truth"


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
    tag: str = ""
    """What sets it apart from the panels that it is compared with, in its title line: 'from scratch'."""
    scores: Scores | None = None
    """Of ``labels`` against the truth at full size; without them the browser counts on the maps as it has them."""


@dataclass(frozen=True)
class Paint:
    """What a viewer is there for that is painted in: the truth that it is given is how the painting begins."""

    name: str
    """Another for each photo, and for a painting that begins anew."""
    sizes: Mapping[str, tuple[int, int]]
    """Name → (H, W) of the paintings that are taken: one may arrive when another photo is shown already."""
    take: Callable[[str, np.ndarray], None]
    """Called with a painting's name and what it has become, uint8 (H, W), IGNORE where nothing is painted."""


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
    name: str = "photo",
    paint: Paint | None = None,
    said: str = "",
) -> None:
    """Show ``photo``, uint8 (H, W, 3) or (H, W), beside ``truth``, uint8 (H, W), and one panel for every network.

    Maps may have another size than the photo as long as they have its shape: they are laid over it. A panel whose maps
    cannot be shown says why in its place and the others go on. Call it in every run, in a fragment or outside, with the
    same ``key``: the panels change in place and the view stays as the visitor left it.

    ``on_truth`` takes what the visitor has painted, uint8 (H, W) with IGNORE where nothing is, when 'Use as truth' is
    pressed; without it the viewer does not offer that. A painting that cannot be used is answered with a sentence.

    ``name`` begins the names of the files that a visitor saves. With ``paint`` the viewer is there to be painted in.
    ``said`` is what the address calls the way it is looked at, '' where no address shall say it.

    Raises ValueError when two panels have the same name.
    """
    data, layers = describe(photo, panels, classes, truth)
    sent = st.session_state.setdefault(_SENT, {}).setdefault(key, set())
    data["key"] = key
    data["layers"] = {digest: layer for digest, layer in layers.items() if digest not in sent}
    sent.update(layers)
    data |= {"takesTruth": on_truth is not None, "name": name, "wish": None if wish is None else asdict(wish)}
    data["paint"] = None if paint is None else paint.name
    data["said"] = address.of_component(said) if said else None
    wanted: dict[str, Mapping[str, str]] = st.session_state.setdefault(_CUTS, {})
    if cut := wanted.get(key):
        data["cut"] = {"id": cut["id"], "failed": False}
        if cut["id"] not in sent:
            try:
                file = _cut_out(cut, data["photo"]["digest"], photo, panels, classes, truth)
            except ImageError as error:
                st.toast(plain(str(error)), icon=":material/error:")
                data["cut"]["failed"] = True
                del wanted[key]
            else:
                data["layers"][cut["id"]] = base64.b64encode(file).decode()
                sent.add(cut["id"])

    def send_again(missing: Sequence[str] | None) -> None:
        # A browser that lacks layers, because a run was cut short or it forgot old ones, asks for them.
        sent.difference_update(missing or ())

    def take_truth(told: Mapping[str, str]) -> None:
        if on_truth is None:
            return  # what no button of this viewer can send
        try:
            painted = read_painting(told, data["photo"]["digest"], photo.shape[:2], classes)
        except ImageError as error:
            st.toast(plain(str(error)), icon=":material/error:")
        else:
            on_truth(painted)

    def take_painted(told: Sequence[Mapping[str, str]]) -> None:
        if paint is None:
            return
        try:
            for one, labels in read_painted(told, paint.sizes, classes):
                paint.take(one, labels)
        except ImageError as error:
            st.toast(plain(str(error)), icon=":material/error:")

    def take_cut(asked: Mapping[str, str]) -> None:
        if isinstance(asked, Mapping) and str(asked.get("id")).startswith("cut-"):
            wanted[key] = asked

    _mount(
        key=key,
        data=data,
        on_missing_change=when_told(key, "missing", send_again),
        on_truth_change=when_told(key, "truth", take_truth),
        on_painted_change=when_told(key, "painted", take_painted),
        on_cut_change=when_told(key, "cut", take_cut),
        on_look_change=when_told(key, "look", lambda look: address.choose(said, str(look))),
    )


def read_painting(message: Mapping[str, str], digest: str, size: tuple[int, int], classes: ClassMap) -> np.ndarray:
    """What was painted over the photo of this digest, at its full ``size``, (H, W): uint8, nearest neighbour.

    Raises ImageError for a painting of another photo and for whatever is no mask of these classes.
    """
    if not isinstance(message, Mapping) or message.get("photo") != digest:
        raise ImageError("This painting belongs to another photo: show that one and press 'Use as truth' again.")
    painted = _painted(message.get("png"), size, classes, "press 'Use as truth' again")
    if (painted == IGNORE).all():
        raise ImageError("Nothing is painted yet: draw a few regions and press 'Use as truth' again.")
    return painted


def read_painted(
    message: Sequence[Mapping[str, str]], sizes: Mapping[str, tuple[int, int]], classes: ClassMap
) -> Iterator[tuple[str, np.ndarray]]:
    """Name and labels, uint8 (H, W), of each painting told whose size is known; of others nobody asks any more.

    Raises ImageError for whatever is no mask of these classes.
    """
    for one in message if isinstance(message, Sequence) else ():
        if isinstance(one, Mapping) and (name := str(one.get("paint"))) in sizes:
            yield name, _painted(one.get("png"), sizes[name], classes, "paint a little more")


def _painted(text: object, size: tuple[int, int], classes: ClassMap, advice: str) -> np.ndarray:
    """A painting at its full size, (H, W), from its file in base64. Raises ImageError."""
    try:
        if not isinstance(text, str) or len(text) > _MOST_TEXT:
            raise ValueError("no file of that size is sent")
        file = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise ImageError(f"The painting arrived damaged: {advice}.") from error
    painted = masks.read(file, "The painting", classes, reading=masks.Reading(ids_from=0)).labels
    if problem := _shape_problem(painted, size, "painting"):
        raise ImageError(problem)
    return np.asarray(Image.fromarray(painted).resize((size[1], size[0]), Image.Resampling.NEAREST))


def _cut_out(
    asked: Mapping[str, str],
    digest: str,
    photo: np.ndarray,
    panels: Sequence[Panel],
    classes: ClassMap,
    truth: np.ndarray | None,
) -> bytes:
    """A class of one panel as a transparent PNG of the photo's size. Raises ImageError where there is no such thing."""
    if asked.get("photo") != digest or asked.get("class") not in classes.names:
        raise ImageError("What was to be cut out belongs to another photo: show that one and press 'Cut out' again.")
    if "png" in asked:
        labels, confidence = read_painting(asked, digest, photo.shape[:2], classes), None
    else:
        of = {panel.name: panel for panel in (*panels, Panel(TRUTH, labels=truth))}
        panel = of.get(asked.get("panel", ""), Panel(""))
        labels, confidence = panel.labels, panel.confidence
    if labels is None or _problem(labels, photo, classes):
        raise ImageError("There is no mask any more to cut this out with: wait for the network, and press again.")
    if confidence is not None and _shape_problem(confidence, photo.shape[:2], "confidence map"):
        confidence = None
    return encode_png(cut_out(photo, labels, confidence, classes.names.index(asked["class"])))


def describe(
    photo: np.ndarray, panels: Sequence[Panel], classes: ClassMap, truth: np.ndarray | None = None
) -> tuple[dict, dict[str, str]]:
    """What the browser is told, and the layers it names: {digest: file in base64}. Arguments are those of `viewer`."""
    names = [panel.name for panel in panels]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"two panels have the name {sorted(twice)[0]!r}")
    layers: dict[str, str] = {}

    def add(layer: "Layer") -> str:
        layers[layer.digest] = layer.data
        return layer.digest

    def describe_panel(panel: Panel) -> dict:
        out: dict[str, object] = {"name": panel.name, "caption": panel.caption, "tag": panel.tag}
        out |= {"status": panel.status, "failed": panel.failed}
        if panel.labels is None:
            return out
        if problem := _problem(panel.labels, photo, classes):
            return {**out, "status": problem, "failed": True}
        layer = encoded.layer(panel.labels, "labels", encode_labels)
        if problem := _unknown_ids(layer.ids, classes):
            return {**out, "status": problem, "failed": True}
        out |= {"status": "", "failed": False, "labels": add(layer), "ids": layer.ids}
        if panel.scores is not None:
            out["scores"] = _numbers(panel.scores)
        if panel.confidence is None:
            out["note"] = "This network gives no confidence."
        elif problem := _shape_problem(panel.confidence, photo.shape[:2], "confidence map"):
            out["note"] = problem
        else:
            out["confidence"] = add(encoded.layer(panel.confidence, "confidence", encode_confidence))
        return out

    height, width = photo.shape[:2]
    reduction = min(1.0, MAX_SIDE / max(height, width))
    data = {
        "photo": {
            "digest": add(encoded.layer(photo, "photo", encode_photo)),
            "width": width,
            "height": height,
            "sentWidth": max(1, round(width * reduction)),
            "sentHeight": max(1, round(height * reduction)),
        },
        "truth": None if truth is None else describe_panel(Panel(TRUTH, "what the masks should be", truth)),
        "panels": [describe_panel(panel) for panel in panels],
        "classes": {
            "names": list(classes.names),
            "colours": [list(colour) for colour in classes.colours],
            "ignoreColour": list(IGNORE_COLOUR),
            "wrongColour": list(WRONG_COLOUR),
            "foundColour": list(FOUND_COLOUR),
            "missedColour": list(MISSED_COLOUR),
            "inventedColour": list(INVENTED_COLOUR),
        },
    }
    return data, layers


def _numbers(scores: Scores) -> dict[str, float | list[float | None] | None]:
    """Scores as JSON has them: None where there is nothing to score."""

    def known(values: np.ndarray) -> list[float | None]:
        return [None if np.isnan(value) else float(value) for value in values]

    return {
        "mean": known(np.array([scores.mean_dice]))[0],
        "dice": known(scores.dice),
        "precision": known(scores.precision),
        "recall": known(scores.recall),
    }


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


# The component


_mount = component(
    "seg_viewer",
    html=(_FOLDER / "viewer.html").read_text("utf-8"),
    css="\n".join((_FOLDER / f"{name}.css").read_text("utf-8") for name in _STYLES),
    js=joined(SCRIPT),
)
