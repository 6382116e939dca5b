"""The parts of the Masks page: semantic against instance, the mask as numbers, from picture to label and loss."""

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
import streamlit as st

from seg.anatomy.one_pixel import OnePixel, on_an_outline, one_hot, patch
from seg.app import answers, resources
from seg.app.components.picker import picker
from seg.app.frames import dataframe
from seg.app.parts.exhibits import Exhibit, seeds
from seg.app.text import plain
from seg.catalogue.comparisons import Entry
from seg.datasets import DATASETS
from seg.figures import masks as figures
from seg.labels import IGNORE, ClassMap
from seg.pictures.drawing import colour_mask, encode_png, fit, fit_labels, instance_colours, luminance, overlay
from seg.service.questions import PREDICT, Logits

CHART = {"displayModeBar": False}
LARGE, SMALL, PLANE = 480, 170, 104
PATCH, CHANNEL = 7, 4
"""Numbers along a side of a patch: of the mask, of each channel of the picture."""
CHANNEL_WIDTH = 160
MOST_PLANES = 24
WITH_INSTANCES = "shapes"
"""The data set whose renderer knows instances, for those that know none."""
CHANNELS = {"red": (255, 80, 80), "green": (80, 220, 80), "blue": (110, 140, 255)}
"""Channel → the colour of its numbers' cells."""


def instances(exhibit: Exhibit, class_map: ClassMap) -> None:
    """Semantic against instance segmentation, on the sample shown if its renderer knows instances, else on shapes."""
    shown = seeds(class_map.dataset).get(exhibit.picture.name) if exhibit.sample else None
    scene = resources.sample(class_map.dataset, shown) if shown is not None else None
    if scene is None or scene.instances is None or not scene.instances.any():
        scene = resources.sample(WITH_INSTANCES, resources.seeds(WITH_INSTANCES)[0])
        class_map = DATASETS[WITH_INSTANCES].class_map
    if scene.instances is None:
        return
    pictures = {
        "the picture": scene.image,
        "semantic: which class?": colour_mask(scene.labels, class_map),
        "instances: which one of them?": instance_colours(scene.instances),
    }
    with st.container(horizontal=True, gap="small"):
        for title, image in pictures.items():
            with st.container(width=SMALL, gap="xxsmall"):
                st.image(encode_png(image), width="stretch", alt=title)
                st.caption(title)
    st.markdown(
        f"What does a semantic mask not know? All things of a class are one colour in it, even where two "
        f"touch; here are {len(np.unique(scene.instances)) - 1} of them. Every network here answers the first question."
    )


@st.fragment
def numbers(exhibit: Exhibit, entry: Entry, class_map: ClassMap) -> None:
    """One pixel, picked on the mask: the numbers around it, its channels, its planes, and the way to its label."""
    labels, whose = exhibit.truth, "truth"
    if labels is None:
        labels, whose = answer_of(exhibit, entry), f"answer of {entry.title}"
    if labels is None:
        return
    left, right = st.columns([1, 1], gap="large")
    with left:
        y, x = pick(exhibit, labels, whose, class_map)
    with right:
        around(labels, y, x, class_map)
    _channels(exhibit.picture.pixels, y, x)
    _planes(labels, class_map, y, x)
    st.markdown(f"**From logits to a label and a loss**, {plain(entry.title)}")
    _answer(exhibit, entry, class_map, y, x)


def answer_of(exhibit: Exhibit, entry: Entry) -> np.ndarray | None:
    """The network's mask, uint8 (H, W); None, with a sentence on the page, where it failed."""
    prediction = answers.collect({entry.title: answers.ask(exhibit, entry.weights, PREDICT)}).get(entry.title)
    return None if prediction is None else prediction.labels


def pick(exhibit: Exhibit, labels: np.ndarray, whose: str, class_map: ClassMap) -> tuple[float, float]:
    """A pixel that the visitor picks on the mask: (y, x) in shares of the picture. whose: 'truth', 'answer of …'."""
    pixels = exhibit.picture.pixels
    picked = picker(
        overlay(fit(pixels, LARGE), fit_labels(labels, LARGE), class_map, 0.5),
        pixels.shape[:2],
        f"Mask, the {whose}: click a pixel, or move it with the arrow keys",
        key=f"pixel-{exhibit.picture.digest}",
        said=f"at-{exhibit.picture.name if exhibit.sample else exhibit.picture.digest[:8]}",
        start=on_an_outline(labels),
    )
    st.markdown(f"Click a pixel, or move the mark with the arrow keys. The mask is the {plain(whose)}.")
    return picked


def around(labels: np.ndarray, y: float, x: float, class_map: ClassMap) -> None:
    """The numbers of the mask around a pixel, and what they say."""
    cells, top, first = patch(labels, y, x, PATCH)
    st.plotly_chart(
        figures.ids(cells, top, first, class_map),
        config=CHART,
        key="ids",
        alt=f"{len(cells)} rows of the mask's numbers around the pixel",
    )
    present = [id_ for id_ in np.unique(cells).tolist() if id_ != IGNORE]
    named = ", ".join(f"{id_} {class_map.names[id_]}" for id_ in present)
    row, column = int(y * labels.shape[0]), int(x * labels.shape[1])
    st.markdown(
        f"The mask is a picture of whole numbers, ({labels.shape[0]}, {labels.shape[1]}), one a pixel: around row "
        f"{row}, column {column} they are {plain(named) or 'without a class'}. The colours are only for us."
    )


def _channels(pixels: np.ndarray, y: float, x: float) -> None:
    """The picture as channels: colour has three, grey has one."""
    height, width = pixels.shape[:2]
    if pixels.ndim == 3:
        st.markdown(f"**A colour picture is ({height}, {width}, 3)**, a grey one ({height}, {width}, 1)")
        shown = {name: (pixels[..., i], colour) for i, (name, colour) in enumerate(CHANNELS.items())}
        shown["grey, their luminance"] = luminance(pixels), (255, 255, 255)
    else:
        st.markdown(f"**A grey picture is ({height}, {width}, 1)**: one number a pixel, where colour has three")
        shown = {"grey": (pixels, (255, 255, 255))}
    with st.container(horizontal=True, gap="medium"):
        for name, (channel, colour) in shown.items():
            with st.container(width=CHANNEL_WIDTH, gap="xsmall"):
                cells, top, left = patch(channel, y, x, CHANNEL)
                st.image(encode_png(fit(channel, SMALL)), width="stretch", alt=f"The channel {name}")
                alt = f"{name}: {len(cells)} rows of numbers"
                st.plotly_chart(figures.shades(cells, top, left, colour), config=CHART, key=f"cells-{name}", alt=alt)
                st.caption(name)


def _planes(labels: np.ndarray, class_map: ClassMap, y: float, x: float) -> None:
    """The mask's one-hot planes, a stack of black-and-white pictures."""
    height, width = labels.shape
    there = set(np.unique(labels).tolist())
    by_presence = sorted(range(len(class_map)), key=lambda id_: id_ not in there)
    chosen = sorted(by_presence[:MOST_PLANES])
    st.markdown(f"**The same mask, one-hot: ({height}, {width}, {len(class_map)})**")
    planes = one_hot(fit_labels(labels, SMALL), len(class_map))
    here = labels[int(y * height), int(x * width)]
    side_by_side(planes, chosen, class_map, lambda id_: "**1**" if here == id_ else "0", "white where it is 1")
    left_out = f" {len(class_map) - len(chosen)} more are not shown." if len(chosen) < len(class_map) else ""
    st.markdown(
        "How does a network write an answer of several classes? As a stack of black-and-white pictures, one for each "
        "class: 1 where it is, 0 elsewhere, so that at every pixel the planes add up to one. This is the target that a "
        f"loss compares with softmax, pixel by pixel.{left_out}"
    )


def side_by_side(
    planes: np.ndarray, chosen: Iterable[int], class_map: ClassMap, here: Callable[[int], str], white: str
) -> None:
    """Planes (C, h, w) from 0, black, to 1, white; of each class chosen, with what it is at the pixel picked.

    here: class → that, in words; white: what white means.
    """
    with st.container(horizontal=True, gap="small"):
        for id_ in chosen:
            with st.container(width=PLANE, gap="xxsmall"):
                name, plane = class_map.names[id_], (planes[id_] * 255).astype(np.uint8)
                st.image(encode_png(plane), width="stretch", alt=f"Plane of {name}: {white}")
                st.caption(f"{id_} {plain(name)}, here\N{NO-BREAK SPACE}{here(id_)}")


def _answer(exhibit: Exhibit, entry: Entry, class_map: ClassMap, y: float, x: float) -> None:
    logits = answers.collect({entry.title: answers.ask(exhibit, entry.weights, Logits())}).get(entry.title)
    if logits is None:
        return
    truth = exhibit.truth
    target = None if truth is None else int(truth[int(y * truth.shape[0]), int(x * truth.shape[1])])
    pixel = OnePixel.of(logits, y, x, target)
    c, h, w = logits.shape
    columns: dict[str, np.ndarray] = {"logit": pixel.logits, "softmax p": pixel.softmax}
    if pixel.one_hot is not None:
        columns["one-hot"] = pixel.one_hot
    table = pd.DataFrame(columns, index=pd.Index(class_map.names, name="class"))
    bar = st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="%.3f", width=110)
    left, right = st.columns([3, 2], gap="large")
    with left:
        dataframe(
            table,
            column_config={
                "softmax p": bar,
                "logit": st.column_config.NumberColumn(format="%.2f", width=60),
                "one-hot": st.column_config.NumberColumn(width=70, help="Of the truth."),
            },
            height=38 + 35 * min(c, 12),
            alt="Logit, softmax and the truth's one-hot of every class at the pixel",
        )
    with right:
        st.markdown(
            f"logits ({c}, {h}, {w}) → softmax → argmax ({h}, {w}), here **{pixel.label}, "
            f"{plain(class_map.names[pixel.label])}**. The largest logit wins; softmax turns logits into shares of 1 "
            "and keeps their order."
        )
        if pixel.cross_entropy is None or pixel.target is None:
            st.markdown("There is no truth at this pixel, so nothing to learn from it: it counts in no loss.")
        else:
            p, name = pixel.softmax[pixel.target], _latex(class_map.names[pixel.target])
            st.latex(rf"-\log p_{{\text{{{name}}}}} = -\log {p:.3g} = {pixel.cross_entropy:.3g}")
            st.markdown(
                "Cross-entropy at this pixel: of all the shares only that of the class that is right counts, since the "
                "one-hot truth is 0 for all others. Sure and right costs nearly nothing, 50 % costs 0.69, sure and "
                "wrong has no upper bound. A picture's loss is the mean over its pixels."
            )
        if entry.record.temperature != 1:
            st.caption(
                f"This is softmax as training takes it. Where these pages show confidence, logits are divided by "
                f"{entry.record.temperature:.2f} before, so that the shares say how often the network is right."
            )


def _latex(name: str) -> str:
    """A class's name inside of a formula: letters, digits and spaces."""
    return "".join(letter if letter.isalnum() else " " for letter in name)
