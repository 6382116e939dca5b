"""The sidebar: where the networks run and how finely they look. Kept in the session across pages."""

from dataclasses import dataclass

import streamlit as st

from seg.engines import DEVICES, choose_device

DETAILS = {1: "as trained", 2: "2 × finer", 4: "4 × finer"}


@dataclass(frozen=True)
class Settings:
    """What the visitor chose in the sidebar."""

    device: str
    detail: int


def settings() -> Settings:
    """Draw the controls and remember the choice under `st.session_state.settings`."""
    with st.sidebar:
        device = st.selectbox("Device", _available(), format_func=_device_name, key="device")
        detail = st.segmented_control(
            "Detail",
            list(DETAILS),
            format_func=DETAILS.get,
            default=1,
            key="detail",
            help="How large the networks see the picture, in multiples of the scale they were trained at.",
        )
        st.caption(f"Running on **{_device_name(str(choose_device(device)))}** with **PyTorch**")
    chosen = Settings(device, detail or 1)
    st.session_state.settings = chosen
    return chosen


def _available() -> list[str]:
    usable = []
    for device in DEVICES:
        try:
            choose_device(device)
        except ValueError:
            continue
        usable.append(device)
    return usable


def _device_name(device: str) -> str:
    return {"auto": "Automatic", "cpu": "CPU", "cuda": "GPU (CUDA)", "mps": "GPU (Metal)"}.get(device, device)
