"""The dialog that makes a network from elsewhere a weight set, on the visitor's own machine."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from seg.app import resources
from seg.app.text import plain
from seg.datasets import DATASETS
from seg.datasets.own import class_map_in
from seg.errors import OptionError, SegError, in_a_sentence
from seg.labels import ClassMap

if TYPE_CHECKING:
    from seg.scores.inputs import Preparation

log = logging.getLogger(__name__)

OPEN, DOUBT, DONE, ADDED = "adopt-open", "adopt-doubt", "adopt-done", "adopt-added"
"""The session's words for whether the dialog is open, what it asks about, what it has said last, and the folder that it
has written to since the page was drawn."""

FOLDER = "runs/adopted"


def offer() -> None:
    """The button that opens the dialog, and what it has done last; before the field of own folders is drawn."""
    folder = st.session_state.pop(ADDED, None)
    if folder and folder not in resources.own_folders():
        typed = st.session_state.get("own_runs") or ""
        st.session_state.own_runs = f"{typed}{os.pathsep}{folder}".strip(os.pathsep)
    if sentences := st.session_state.get(DONE):
        st.success("\n\n".join(map(plain, sentences)), icon=":material/check:")
    st.button("Adopt a network", icon=":material/add:", on_click=_set_open, args=(True,))


def show() -> None:
    """The dialog, while it is open."""
    if st.session_state.get(OPEN) and resources.opens_local_folders():
        _dialog()


def _set_open(is_open: bool) -> None:
    st.session_state[OPEN] = is_open
    for key in (DOUBT, DONE):
        st.session_state.pop(key, None)


@st.dialog("Adopt a network", width="medium", on_dismiss=lambda: _set_open(False))
def _dialog() -> None:
    st.markdown(
        "A network that was trained elsewhere becomes a weight set on this machine: its file is copied, nothing in it "
        "is run as a program, and it stands on every page beside the others."
    )
    with st.form("adopt", border=False):
        fields = _fields()
        submitted = st.form_submit_button("Adopt", type="primary")
    if submitted:
        st.session_state.pop(DOUBT, None)
        _try(fields)
    if doubt := st.session_state.get(DOUBT):
        st.warning(
            f"{doubt.better.title} gives a mean Dice of {doubt.dice:.2f}, the input named above {doubt.named:.2f}: "
            "are you sure?",
            icon=":material/help:",
        )
        with st.container(horizontal=True):
            better = st.button("Take the better one", type="primary")
            named = st.button("Keep the one named")
        if better or named:
            _try(fields, doubt.better.preparation if better else None, force=named)


def _fields() -> dict[str, Any]:
    """What is asked for, as it was typed."""
    found: dict[str, Any] = {
        "source": st.text_input(
            "File or folder on this machine, or a name on the Hugging Face hub",
            help="A folder that save_pretrained wrote (segmentation_models.pytorch, transformers), a state dict "
            "(.safetensors, .pth) or an ONNX file.",
        ),
        "name": st.text_input("Name", placeholder="orchard/unet-r34"),
        "classes": st.text_input(
            "Classes",
            placeholder="ground, apple, pear",
            help="In the order of its outputs: names with commas between, a dataset.toml, or a data set's name.",
        ),
    }
    left, right = st.columns(2)
    with left:
        found["arch"] = st.text_input("Architecture of a state dict", placeholder="unet")
        found["mean"] = st.text_input("Mean of each channel", placeholder="0.485, 0.456, 0.406")
        found["scale_255"] = st.checkbox("It takes values from 0 to 255")
        found["size"] = st.number_input("Short side that it learned from, in pixels", 32, 4096, None, 32)
    with right:
        found["encoder"] = st.text_input("Its encoder", placeholder="resnet34")
        found["std"] = st.text_input("Standard deviation", placeholder="0.229, 0.224, 0.225")
        found["bgr"] = st.checkbox("It takes blue first")
        found["data"] = st.text_input(
            "Labelled pictures to try it on", help="A folder or ZIP: other inputs are tried, and its scores measured."
        )
    found["out"] = st.text_input("Folder to write to", FOLDER)
    return found


def _try(fields: Mapping[str, Any], prepared: "Preparation | None" = None, force: bool = False) -> None:
    """Adopt it: the app is drawn anew with it, or a sentence says why it is not."""
    from seg.scores import adoption
    from seg.scores.inputs import Preparation, numbers

    try:
        if not fields["source"].strip() or not fields["out"].strip():
            raise OptionError("Name the file or folder, and the folder to write to.")
        named = prepared or Preparation(
            numbers(fields["mean"]), numbers(fields["std"]), fields["scale_255"], fields["bgr"]
        )
        out = Path(os.path.abspath(os.path.expanduser(fields["out"].strip())))
        with st.spinner("It is read, run and measured …"):
            found = adoption.adopt(
                fields["source"].strip(),
                fields["name"].strip(),
                out,
                fields["arch"].strip(),
                fields["encoder"].strip(),
                _classes(fields["classes"]),
                named,
                fields["size"],
                adoption.Labelled(Path(fields["data"].strip()).expanduser()) if fields["data"].strip() else None,
                force,
            )
    except adoption.AdoptionDoubt as doubt:
        st.session_state[DOUBT] = doubt
    except Exception as error:
        if not isinstance(error, SegError):
            log.exception("a network could not be adopted")
        st.error(
            plain(in_a_sentence(error, "Adopting it", "look at the file, or try another")), icon=":material/error:"
        )
    else:
        _set_open(False)
        st.session_state[ADDED] = out
        st.session_state[DONE] = f"{found.record.name} is adopted.", *found.notes
        st.rerun()


def _classes(text: str) -> ClassMap | list[str] | None:
    text = text.strip()
    if text in DATASETS or text.endswith(".toml"):
        return class_map_in(text)
    return [name.strip() for name in text.split(",")] if text else None
