"""The first three steps of the tour: what a mask is."""

import numpy as np
import streamlit as st

from seg.anatomy.instances import outlined, touching
from seg.anatomy.one_pixel import OnePixel, shares
from seg.app import answers, controls, resources
from seg.app.parts import masks
from seg.app.parts.exhibits import Exhibit, seeds
from seg.app.parts.tour import PHOTO, Seen, ahead, heading, question
from seg.app.text import plain
from seg.datasets import DATASETS, Sample
from seg.labels import ClassMap
from seg.pictures.drawing import colour_mask, encode_png, fit, fit_labels
from seg.service.questions import PREDICT, Logits

WITH_A_PAIR = "street"
"""The data set whose first sample has two things of a class that touch."""
CROP, CROPPED = 166, 240
"""Width at which two things are shown, and the longest side of the picture of them, in pixels."""
OWN = 260
"""Width of the visitor's own mask below them, in pixels."""


def photo(seen: Seen) -> None:
    """The picture beside a question."""
    picture = seen.exhibit.picture
    st.image(_small(picture.digest, seen.exhibit), width=PHOTO, alt=picture.name)


@resources.kept("drawings")
def _small(digest: str, _exhibit: Exhibit) -> bytes:
    return encode_png(fit(_exhibit.picture.pixels, PHOTO))


def one_pixel(step: int, seen: Seen) -> None:
    """One answer a pixel."""
    height, width = seen.exhibit.picture.pixels.shape[:2]
    ahead(seen, seen.entry, PREDICT)
    heading(step, "Semantic segmentation says what stands where in a picture.")
    left, right = st.columns([2, 3], gap="medium")
    with right:
        given = st.empty()
    with left:
        answered = question(
            step,
            f"This picture is {height} × {width}. How many answers does a network give for it?",
            ["One: what the picture shows", "One for each thing in it", f"One for each pixel: {height * width:,}"],
            2,
            f"Each of the {height * width:,} pixels becomes one of {len(seen.class_map)} classes. All these answers "
            "together are the mask.",
        )
    if not answered:
        with given.container():
            photo(seen)
    else:
        with given.container():
            _pixel(seen)
    controls.link("pages/compare.py", "What other networks make of this picture")
    controls.link("pages/masks.py", "More about the numbers of a mask")


@st.fragment
def _pixel(seen: Seen) -> None:
    labels = masks.answer_of(seen.exhibit, seen.entry)
    if labels is None:
        return
    y, x = masks.pick(seen.exhibit, labels, f"answer of {seen.entry.title}", seen.class_map)
    masks.around(labels, y, x, seen.class_map)


def not_instances(step: int, seen: Seen) -> None:
    """Two things of a class that touch are one patch."""
    class_map = seen.class_map
    number = seeds(class_map.dataset).get(seen.exhibit.picture.name) if seen.exhibit.sample else None
    scene = None if number is None else resources.sample(class_map.dataset, number)
    known = None if scene is None else scene.instances
    pair = None if scene is None or known is None else touching(scene.labels, known)
    ahead(seen, seen.entry, PREDICT)
    heading(step, "A class is a word for a kind of thing: many things may have the same.")
    if scene is None or pair is None:
        class_map = DATASETS[WITH_A_PAIR].class_map
        scene = resources.sample(WITH_A_PAIR, resources.seeds(WITH_A_PAIR)[0])
        assert scene.instances is not None
        pair = touching(scene.labels, scene.instances)
        why = "No two things of a class touch in" if known is not None else "Nobody has told thing from thing in"
        st.caption(f"{why} your picture: these two are from a shipped sample.")
    assert pair is not None
    name = class_map.names[pair.label]
    crops = _crops(scene, class_map, np.array(pair.things), pair.box)
    left, right = st.columns([2, 3], gap="medium")
    with left:
        answered = question(
            step,
            f"Two of class '{name}' touch. What does a semantic mask show of them?",
            ["Two colours, one for each", f"One colour, since both are '{name}'", "One colour, and a line between"],
            1,
            "The mask knows the class of every pixel, not which thing it belongs to. That is another task, instance "
            "segmentation; to count things one needs that.",
        )
    shown = list(crops.items())[: 3 if answered else 1]
    with right, st.container(horizontal=True, gap="small"):
        for title, image in shown:
            with st.container(width=CROP, gap="xxsmall"):
                st.image(encode_png(image), width="stretch", alt=title)
                st.caption(title)
    if answered:
        _one_colour(seen)
    controls.link("pages/masks.py", "Semantic against instance, on a whole picture")


def _crops(scene: Sample, class_map: ClassMap, things: np.ndarray, box: tuple[slice, slice]) -> dict[str, np.ndarray]:
    """The two things as they are, as a semantic mask has them, and with their outlines, enlarged alike."""
    assert scene.instances is not None
    image, labels, instances = scene.image[box], scene.labels[box], scene.instances[box]
    enlargement = max(1, CROPPED // max(labels.shape))
    colours = colour_mask(labels, class_map)
    return {
        "the picture": image.repeat(enlargement, axis=0).repeat(enlargement, axis=1),
        "semantic: one colour": colours.repeat(enlargement, axis=0).repeat(enlargement, axis=1),
        "instances: two outlines": outlined(colours, np.where(np.isin(instances, things), instances, 0), enlargement),
    }


def _one_colour(seen: Seen) -> None:
    """The same on the visitor's picture: a colour a class, however many things there are."""
    labels = masks.answer_of(seen.exhibit, seen.entry)
    if labels is None:
        return
    counts = np.bincount(labels.ravel(), minlength=len(seen.class_map))
    there = [plain(seen.class_map.names[i]) for i in np.argsort(-counts) if counts[i]]
    left, right = st.columns([2, 3], gap="medium")
    left.markdown(
        f"**Your picture** has {len(there)} colour{'s' * (len(there) > 1)} in the mask of {plain(seen.entry.title)}, "
        f"one a class: {', '.join(there)}. How many things there are, the mask does not say."
    )
    mask = colour_mask(fit_labels(labels, PHOTO), seen.class_map)
    right.image(encode_png(mask), width=OWN, alt=f"The mask of {seen.entry.title}")


def planes(step: int, seen: Seen) -> None:
    """A plane a class, and the largest wins."""
    count = len(seen.class_map)
    ahead(seen, seen.entry, PREDICT, Logits())
    heading(step, "A mask has one number a pixel, but the network's last layer has more to say.")
    left, right = st.columns([2, 3], gap="medium")
    with right:
        given = st.empty()
    with left:
        answered = question(
            step,
            "How many numbers does the network give for one pixel?",
            ["One: the class", "Two: the class, and how sure it is", f"{count}: one for each class"],
            2,
            "Each class has a plane of its own. Softmax makes shares of 1 of the numbers at a pixel, and argmax takes "
            "the class with the largest. The truth that training compares with is written in the same way, one-hot: 1 "
            "on the plane of the right class, 0 on all others.",
        )
    if answered:
        _planes(seen, given)
    else:
        with given.container():
            photo(seen)
    controls.link("pages/masks.py", "The truth's one-hot planes, and the loss at a pixel")


@st.fragment
def _planes(seen: Seen, given) -> None:
    labels = masks.answer_of(seen.exhibit, seen.entry)
    asked = {seen.entry.title: answers.ask(seen.exhibit, seen.entry.weights, Logits())}
    logits = answers.collect(asked).get(seen.entry.title)
    if labels is None or logits is None:
        return
    with given.container():
        y, x = masks.pick(seen.exhibit, labels, f"answer of {seen.entry.title}", seen.class_map)
    pixel = OnePixel.of(logits, y, x, None)
    c, h, w = logits.shape
    name = plain(seen.class_map.names[pixel.label])
    st.markdown(
        f"**{c} planes of {h} × {w}**, white where the share is 1. At the pixel picked the largest is "
        f"**{name}**, {pixel.softmax[pixel.label]:.2f}, so the pixel becomes {pixel.label}, {name}."
    )
    chosen = np.sort(np.argsort(-shares(logits).max(axis=(1, 2)))[: masks.MOST_PLANES]).tolist()
    masks.side_by_side(
        shares(logits),
        chosen,
        seen.class_map,
        lambda id_: f"**{pixel.softmax[id_]:.2f}**" if id_ == pixel.label else f"{pixel.softmax[id_]:.2f}",
        "white where its share is 1",
    )
