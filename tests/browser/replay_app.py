"""What tests/browser/test_training.py looks at: two made-up trainings of five moments, and another picture."""

import numpy as np
import streamlit as st

from seg.app.components.player import Track, pack, player
from seg.datasets import shapes
from seg.datasets.shapes import SHAPES

SHARES = (0.0, 0.01, 0.1, 0.5, 1.0)


def track(name: str, labels: np.ndarray, frames: tuple[int, ...], note: str = "") -> Track:
    return Track(
        name=name,
        maps=pack(labels),
        frames=frames,
        moments=tuple(f"epoch {40 * share:.1f} · step {1000 * share:.0f}" for share in SHARES),
        mean_dice=(None, 0.1, 0.25, 0.5, 0.75),
        class_dice=tuple((0.9, 0.2 * i, None, None, 0.05 * i) for i in range(5)),
        curve=((0.1, 0.2), (0.5, 0.4), (1.0, 0.5)),
        marks=((0.0, None), (0.01, None), (0.1, 0.2), (0.5, 0.4), (1.0, 0.5)),
        note=note,
    )


st.set_page_config(layout="wide")
other = st.toggle("Another picture")
st.button("Rerun")
sample = shapes.render(6 if other else 5, 64, 64)
five = np.stack([np.full((64, 64), min(c, 4), np.uint8) for c in range(4)] + [sample.labels])
player(
    sample,
    [track("U-Net", five, (0, 1, 2, 3, 4)), track("<i>short</i>", five[1:3], (0, 0, 0, 1, 1), "own run")],
    SHARES,
    SHAPES,
    key="replay",
)
