"""The sidebar: where the networks run, how finely they look, and the visitor's own runs. Kept across pages."""

from dataclasses import dataclass

import streamlit as st

from seg.app import address, resources
from seg.app.parts import adopt, own_sets
from seg.app.text import plain
from seg.errors import OptionError, WeightsError
from seg.inference.engines import DEVICES, choose_device, choose_engine

DETAILS = {1: "as trained", 2: "2 ×", 4: "4 ×"}

MAX_PROBLEMS = 3

OWN_RUNS = "own_runs"
"""The session's and the address's word for the folder that is typed."""


@dataclass(frozen=True)
class Settings:
    """What the visitor chose in the sidebar."""

    device: str
    detail: int


def settings() -> Settings:
    """Draw the controls and remember the choice under `st.session_state.settings`. Every page begins here, so what the
    page before has shown is released."""
    resources.SERVICE.release(resources.visitor())
    with st.sidebar:
        usable = _available()
        address.choice("device", usable, usable[0])
        device = st.selectbox("Device", usable, format_func=_device_name, key="device")
        address.choice("detail", DETAILS, 1)
        detail = st.segmented_control(
            "Detail",
            list(DETAILS),
            format_func=DETAILS.__getitem__,
            required=True,
            key="detail",
            help="How large the networks see the picture, in multiples of the scale they were trained at.",
        )
        chosen_device = choose_device(device)
        engine, problem = choose_engine(chosen_device)
        title = {"torch": "PyTorch", "openvino": "OpenVINO"}[engine]
        st.caption(f"Running on **{_device_name(str(chosen_device))}** with **{title}**. {problem}".strip())
        for note in resources.SERVICE.notes:
            st.warning(plain(note), icon=":material/info:")
        _own_runs()
        _memory()
    adopt.show()
    own_sets.show()
    chosen = Settings(device, detail or 1)
    st.session_state.settings = chosen
    return chosen


def _own_runs() -> None:
    """A field for the folders of the visitor's own runs, which `resources.sets` opens, and what is wrong with them."""
    with st.expander("Your own runs", icon=":material/folder_open:"):
        if resources.opens_local_folders():
            adopt.offer()
            address.text(OWN_RUNS)
            st.text_input(
                "Folder on the machine that runs this app",
                key=OWN_RUNS,
                placeholder="runs/mine",
                help="A folder that `python -m seg train --out FOLDER` or `adopt` has written. Only its index, the "
                "weights and the replays are read. Its networks stand beside the shipped ones on every page, "
                "called 'your own'.",
            )
        else:
            st.caption("Run the app on your own machine, by `make run`, to open whole folders of your networks.")
        own_sets.offer()
        try:
            own = sum(bool(weights.own) for weights in resources.sets().values())
        except WeightsError:
            own = 0
        if resources.own_folders():
            st.caption(f"{own} weight set{'' if own == 1 else 's'} opened.")
    problems = resources.problems()
    for sentence in problems[:MAX_PROBLEMS]:
        st.warning(plain(sentence), icon=":material/warning:")
    if len(problems) > MAX_PROBLEMS:
        st.caption(f"And {len(problems) - MAX_PROBLEMS} more like these.")


def _memory() -> None:
    """What is held of the bound, and by what: of all visitors together."""
    memory = resources.MEMORY
    with st.expander("Memory", icon=":material/memory:"):
        held = [f"{kind} {share.bytes / 1e6:,.0f} MB ({share.count:,})" for kind, share in memory.ledger().items()]
        st.caption(
            f"{memory.bytes / 1e6:,.0f} of {memory.limit / 1e6:,.0f} MB are held for all visitors together"
            f"{': ' if held else ''}{', '.join(held)}. What was used longest ago goes first."
        )


def _available() -> list[str]:
    usable = []
    for device in DEVICES:
        try:
            choose_device(device)
        except OptionError:
            continue
        usable.append(device)
    return usable


def _device_name(device: str) -> str:
    return {"auto": "Automatic", "cpu": "CPU", "cuda": "GPU (CUDA)", "mps": "GPU (Metal)"}.get(device, device)
