"""What to compare: a data set, what differs between the networks, and what they have in common."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import streamlit as st

from seg.app import resources
from seg.app.text import plain
from seg.catalogue.comparisons import IMAGENET, Comparison, WeightSet, comparisons, in_order, start_of
from seg.errors import WeightsError
from seg.labels import ClassMap

FEW = 6
"""Up to so many options stand side by side, more in a list."""

LIST_WIDTH = 240
"""Of a list, in pixels."""

AT_ONCE = 10
"""How many networks are at work unless the visitor chooses more."""

LESSONS = {
    "architectures": "Which network keeps what is thin and small? All learned from the same pictures with the same "
    "loss, so look at thin lines and outlines: they are what a decoder and its skips bring back.",
    "losses": "What does each loss make the network care about? Only the loss differs: look at what is rare and small, "
    "which some find and others give up, and at what they wrongly paint to find it.",
    "upsampling": "How does each way of going back up draw an outline? Only the upsampling differs: look for "
    "checkerboards, where kernels overlap unevenly, and for outlines that are soft or shifted.",
    "starts": "What does a network gain whose encoder, an EfficientNet-Lite0, has seen a million photos before? Look "
    "at large things, in one piece or patchy, and at the rare classes.",
    "widths": "What do more channels buy? The layers are the same, the paper's network only has more channels in each.",
    "own runs": "How do your own runs compare with the shipped networks of the same architecture?",
}
LABS = {
    "architectures": ("pages/architectures.py", "What each network is made of, and what its skips bring"),
    "losses": ("pages/losses.py", "Where each loss looks, and why rare classes are lost"),
    "upsampling": ("pages/upsampling.py", "Why some ways up leave a checkerboard"),
    "starts": ("pages/training.py", "How much sooner a pre-trained network learns"),
}
"""Topic → the page that explains what is seen, and what it says."""
SWITCH = "Switch the start to see what pre-training on ImageNet does to the same picture."


def weight_sets() -> dict[str, WeightSet]:
    """Shown name → weight set, from `resources.sets`; without any, the page says why and ends here."""
    try:
        return resources.sets()
    except WeightsError as error:
        st.error(plain(str(error)), icon=":material/error:")
        st.stop()


def choose(sets: dict[str, WeightSet]) -> tuple[Comparison, ClassMap]:
    """Draw the choice, from the data set down to the single networks."""
    offered = comparisons(sets.values())
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom", key="choice"):
        offered = narrow(offered, "Data set", lambda c: c.dataset, key="dataset")
        dataset = offered[0].dataset
        offered = narrow(offered, "Compare", lambda c: c.topic, key=f"topic-{dataset}")
        topic = offered[0].topic
        for prop in offered[0].fixed:
            offered = narrow(offered, prop, lambda c, prop=prop: c.fixed.get(prop, ""), key=f"{prop}-{topic}-{dataset}")
    comparison = offered[0]
    st.caption(_lesson(comparison, sets.values()))
    if topic in LABS:
        page, label = LABS[topic]
        st.page_link(page, label=label, icon=":material/arrow_forward:")
    names = [entry.title for entry in comparison.entries]
    first = names[:AT_ONCE]
    chosen = st.pills(
        "Networks",
        names,
        selection_mode="multi",
        default=first,
        key=f"networks-{comparison.title}",
        persist_state="session",
        wrap=True,
    )
    entries = tuple(entry for entry in comparison.entries if entry.title in (chosen or first))
    return replace(comparison, entries=entries), comparison.entries[0].record.class_map


def narrow(offered: list[Comparison], label: str, value: Callable[[Comparison], str], key: str) -> list[Comparison]:
    """The comparisons with the value that the visitor chooses; no control where there is no choice."""
    values = in_order(label, map(value, offered))
    if len(values) == 1:
        return offered
    usual = value(offered[0])
    if len(values) <= FEW:
        chosen = st.segmented_control(
            label, values, default=usual, required=True, key=key, bind="query-params", wrap=True
        )
    else:
        chosen = st.selectbox(label, values, index=values.index(usual), key=key, bind="query-params", width=LIST_WIDTH)
    return [c for c in offered if value(c) == chosen] or offered


def _lesson(comparison: Comparison, sets: Iterable[WeightSet]) -> str:
    """What to look at, in a sentence or two."""
    lesson = LESSONS[comparison.topic]
    if comparison.topic != "architectures":
        return lesson
    starts = {start_of(w.record) for w in sets if w.record.dataset == comparison.dataset}
    return f"{lesson} {SWITCH}" if IMAGENET in starts and len(starts) > 1 else lesson
