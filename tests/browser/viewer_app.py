"""What tests/browser/test_viewer.py looks at: seven made-up networks beside the truth of a rendered street."""

import json
import time
from dataclasses import replace

import numpy as np
import streamlit as st
from PIL import Image

from seg.app.components.viewer import Panel, Wish, describe, viewer
from seg.datasets import street
from seg.datasets.street import STREET
from seg.labels import IGNORE, ClassMap
from seg.scores.metrics import Scores

ARRIVES_AFTER = 1.5
NAMES = ("Conv stack", "Encoder/decoder", "FCN-32s", "FCN-16s", "FCN-8s", "U-Net", "FC-DenseNet103")

HOSTILE = ClassMap("hostile", ("<img src=x onerror=alert(1)>", "<b>bold</b>"), ((86, 180, 233), (213, 94, 0)), 255)


def coarse(labels: np.ndarray, step: int) -> np.ndarray:
    """Labels as a network of that stride may see them: blocks with shaken edges."""
    h, w = labels.shape
    y, x = np.mgrid[:h, :w]
    shake = np.round(step / 3 * np.sin(x / 11) * np.cos(y / 13)).astype(int)
    y = np.clip((y + shake) // step * step + step // 2, 0, h - 1)
    x = np.clip((x + shake) // step * step + step // 2, 0, w - 1)
    return labels[y, x]


def smooth_noise(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    small = rng.normal(size=(height // 12, width // 12)).astype(np.float32)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


BLOCK = (96, 128)
"""Top and left of the block of one colour in `flat_photo`."""


def flat_photo() -> np.ndarray:
    """A photo that a JPEG of blocks of 8 × 8 pixels holds exactly: a block, one beside it, on a ground."""
    photo = np.full((360, 480, 3), (40, 40, 40), np.uint8)
    top, left = BLOCK
    photo[top : top + 64, left : left + 96] = (180, 180, 180)
    photo[top : top + 64, left + 96 : left + 160] = (220, 220, 220)
    return photo


@st.cache_resource
def scene() -> tuple[np.ndarray, np.ndarray, list[Panel]]:
    sample = street.render(7, 360, 480)
    truth = sample.labels.copy()
    truth[330:, :] = IGNORE
    rng = np.random.default_rng(0)
    panels = []
    for i, name in enumerate(NAMES):
        labels = coarse(sample.labels, (24, 16, 20, 12, 6, 3, 1)[i])
        # Sure inside of things, unsure at their edges
        edge = np.zeros(labels.shape, np.float32)
        edge[:, 1:] += labels[:, 1:] != labels[:, :-1]
        edge[1:] += labels[1:] != labels[:-1]
        near = np.asarray(Image.fromarray(edge).resize((60, 45), Image.Resampling.BOX).resize((480, 360)))
        confidence = np.clip(0.99 - 1.6 * near - 0.02 * np.abs(smooth_noise(rng, *labels.shape)), 0.3, 1)
        panels.append(Panel(name, f"{0.6 * 1.7**i:.1f} M parameters · {12 * (i + 1)} ms", labels, confidence))
    # What the tests read: one block where U-Net sees a car with 87 %
    unet = panels[5]
    unet.labels[100:140, 100:160] = 8
    unet.confidence[100:140, 100:160] = 0.87
    return sample.image, truth, panels


@st.cache_resource
def large_scene() -> tuple[np.ndarray, list[Panel], ClassMap, np.ndarray]:
    """A photo larger than what the browser gets, with a truth and two networks, one of them without a car."""
    photo, truth, panels = scene()

    def enlarged(array: np.ndarray) -> np.ndarray:
        return array.repeat(5, axis=0).repeat(5, axis=1)

    unet = replace(panels[5], labels=enlarged(panels[5].labels), confidence=enlarged(panels[5].confidence))
    blind = Panel("Blind", labels=np.zeros((360, 480), np.uint8))
    return enlarged(photo), [unet, blind], STREET, enlarged(truth)


def shown(panels: list[Panel]) -> list[Panel]:
    """The panels as the session has them: the last one arrives some time after its button."""
    started = st.session_state.get("started")
    if started and time.monotonic() - started > ARRIVES_AFTER:
        return panels
    last = panels[-1]
    return [*panels[:-1], Panel(last.name, last.caption, status="running …" if started else "waiting")]


st.set_page_config(layout="wide")
case = st.query_params.get("case", "street")
photo, truth, panels = scene()

if case == "street":
    with st.container(horizontal=True):
        if st.button("Run the last network"):
            st.session_state.started = time.monotonic()
        st.button("Rerun")
        mirrored = st.toggle("Another photo")
        hidden = st.toggle("Hide the viewer")
    photo = photo[:, ::-1] if mirrored else photo
    running = "started" in st.session_state and shown(panels) is not panels

    @st.fragment(run_every=0.5 if running else None)
    def compare() -> None:
        now = shown(panels)
        viewer(photo, now, STREET, truth)
        if running and now is panels:
            st.rerun()

    if not hidden:
        compare()
elif case == "lost":
    # As after a run whose messages never reached the browser: Python takes all layers for sent.
    if "_seg_viewer_sent" not in st.session_state:
        st.session_state["_seg_viewer_sent"] = {"viewer": set(describe(photo, panels, STREET, truth)[1])}
    viewer(photo, panels, STREET, truth)
elif case == "untrue":
    viewer(
        photo,
        [
            panels[5],
            Panel("Broken", status="The network ran out of memory: choose a smaller picture.", failed=True),
            Panel("Square", labels=np.zeros((100, 100), np.uint8)),
            Panel("Alien", labels=np.full((360, 480), 14, np.uint8)),
            Panel("Unsure", labels=panels[0].labels),
        ],
        STREET,
    )
elif case == "taught":
    taught = st.session_state.setdefault("taught", {})

    def teach(painted: np.ndarray) -> None:
        taught["truth"] = painted

    viewer(photo, panels, STREET, taught.get("truth"), on_truth=teach)
    if "truth" in taught:
        ids, counts = np.unique(taught["truth"], return_counts=True)
        st.code(json.dumps({"size": taught["truth"].shape, "ids": ids.tolist(), "counts": counts.tolist()}))
elif case == "alone":
    viewer(photo, panels, STREET, truth, wish=Wish(1, alone="sky") if st.button("See the sky alone") else None)
elif case == "flat":
    viewer(flat_photo(), [Panel("Net", labels=np.zeros((360, 480), np.uint8))], STREET)
elif case == "large":
    viewer(*large_scene(), name="My photo")
elif case == "two":
    viewer(photo, [panels[5], panels[2]], STREET)
elif case == "many":
    viewer(photo, panels, STREET)
elif case == "scored":
    confusion = np.zeros((len(STREET), len(STREET)), int)
    confusion[8, 8], confusion[8, 0] = 1, 4
    unet = replace(panels[5], scores=Scores(confusion), tag="from scratch")
    viewer(photo, [unet, panels[4]], STREET, truth)
elif case == "hostile":
    labels = np.zeros((360, 480), np.uint8)
    labels[:, 240:] = 1
    viewer(photo, [Panel("<i>Net</i>", "<u>tiny</u>", labels, np.full((360, 480), 0.5))], HOSTILE)
