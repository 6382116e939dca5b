"""What to compare: a data set, what differs between the networks, and what they have in common."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

import streamlit as st

from seg.app import address, resources
from seg.app.text import listed, plain
from seg.catalogue.comparisons import IMAGENET, Comparison, WeightSet, comparisons, head_starts, in_order, start_of
from seg.datasets import DATASETS
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
    "loss, so look at thin lines and outlines{thin}: they are what a decoder and its skips bring back.",
    "losses": "What does each loss make the network care about? Only the loss differs: look at what is rare and "
    "small{rare}, which some find and others give up, and at what they wrongly paint to find it.",
    "upsampling": "How does each way of going back up draw an outline? Only the upsampling differs: look for "
    "checkerboards, where kernels overlap unevenly, and for outlines that are soft or shifted.",
    "starts": "What does a network gain whose encoder, an EfficientNet-Lite0, has seen a million photos before? Look "
    "at large things, in one piece or patchy, and at the rare classes{rare}.",
    "widths": "What do more channels buy? The layers are the same, the paper's network only has more channels in each.",
    "own runs": "How do your own networks compare with one another, and with shipped ones that tell the same classes?",
}
"""Topic → what to look at, with places for what is thin and what is rare in the data set's pictures."""
NOUNS = {"upsampling": "ways up"}
"""What the networks of a topic are called where its own name does not do."""
LABS = {
    "architectures": ("pages/architectures.py", "What each network is made of, and what its skips bring"),
    "losses": ("pages/losses.py", "Where each loss looks, and why rare classes are lost"),
    "upsampling": ("pages/upsampling.py", "Why some ways up leave a checkerboard"),
    "starts": ("pages/training.py", "How much sooner a pre-trained network learns"),
}
"""Topic → the page that explains what is seen, and what it says."""
SWITCH = "Switch the start to see what pre-training on ImageNet does to the same picture."


def weight_sets(scored: bool = False) -> dict[str, WeightSet]:
    """Shown name → weight set, from `resources.sets`, or from `scored_sets`; without any, the page says why and ends
    here."""
    try:
        return resources.scored_sets() if scored else resources.sets()
    except WeightsError as error:
        st.error(plain(str(error)), icon=":material/error:")
        st.stop()


@dataclass(frozen=True)
class Choice:
    """One thing to choose by: its name, what there is, what is chosen, and the key of its control."""

    label: str
    values: list[str]
    chosen: str
    key: str

    def draw(self) -> None:
        """Options side by side, or a list where there are many."""
        chosen = {"on_change": address.choose_oneself, "args": (self.key,)}
        if len(self.values) <= FEW:
            st.segmented_control(self.label, self.values, required=True, key=self.key, wrap=True, **chosen)
        else:
            st.selectbox(self.label, self.values, key=self.key, width=LIST_WIDTH, **chosen)


def choose(sets: dict[str, WeightSet]) -> tuple[Comparison, ClassMap]:
    """Draw one line of words that opens the choices, from the data set down to the single networks."""
    choices: list[Choice] = []

    def by(label: str, value: Callable[[Comparison], str], key: str) -> None:
        nonlocal offered
        choice, offered = narrowed(offered, label, value, key)
        choices.extend([choice] if choice else [])

    offered = comparisons(sets.values())
    by("Data set", lambda c: c.dataset, "dataset")
    dataset = offered[0].dataset
    by("Compare", lambda c: c.topic, f"topic-{dataset}")
    topic = offered[0].topic
    for prop in offered[0].fixed:
        by(prop, lambda c, prop=prop: c.fixed.get(prop, ""), f"{prop}-{topic}-{dataset}")
    comparison = offered[0]
    names = [entry.title for entry in comparison.entries]
    key = f"networks-{comparison.title}"
    chosen = address.choices(key, names, names[:AT_ONCE])
    kinds = [choice.chosen for choice in choices if choice.label not in ("Data set", "Compare")]
    with st.popover(plain(" · ".join([dataset, _counted(len(chosen), len(names), topic), *kinds])), type="tertiary"):
        for choice in choices:
            choice.draw()
        st.pills("Networks", names, selection_mode="multi", key=key, wrap=True)
    entries = tuple(entry for entry in comparison.entries if entry.title in chosen)
    return replace(comparison, entries=entries), comparison.entries[0].record.class_map


def _counted(chosen: int, there: int, topic: str) -> str:
    """As in '7 architectures' or '2 of 7 architectures'."""
    noun = NOUNS.get(topic, topic)
    many = noun if there > 1 else noun.removesuffix("s")
    return f"{there} {many}" if chosen == there else f"{chosen or 'none'} of {there} {many}"


def narrowed(
    offered: list[Comparison], label: str, value: Callable[[Comparison], str], key: str
) -> tuple[Choice | None, list[Comparison]]:
    """The choice between the values, None where there is none, and the comparisons with the value chosen."""
    values = in_order(label, map(value, offered))
    if len(values) == 1:
        return None, offered
    choice = Choice(label, values, address.choice(key, values, value(offered[0])), key)
    return choice, [c for c in offered if value(c) == choice.chosen]


def narrow(offered: list[Comparison], label: str, value: Callable[[Comparison], str], key: str) -> list[Comparison]:
    """The comparisons with the value that the visitor chooses; no control where there is no choice."""
    choice, left = narrowed(offered, label, value, key)
    if choice:
        choice.draw()
    return left


def lesson(comparison: Comparison, sets: Collection[WeightSet]) -> None:
    """What to look at, in a sentence or two, and the page that explains it."""
    words = LESSONS[comparison.topic].format(
        thin=here(DATASETS[comparison.dataset].thin if comparison.dataset in DATASETS else ""),
        rare=here(rare(comparison)),
    )
    if comparison.topic == "architectures":
        starts = {start_of(w.record) for w in sets if w.record.dataset == comparison.dataset}
        words += f" {SWITCH}" if IMAGENET in starts and len(starts) > 1 else ""
    st.markdown(" ".join([words, *head_starts((entry.record for entry in comparison.entries), sets)]))
    if comparison.topic in LABS:
        page, label = LABS[comparison.topic]
        link(page, label)
    if terms := DATASETS[comparison.dataset].terms if comparison.dataset in DATASETS else "":
        st.caption(terms)


def rare(comparison: Comparison) -> str:
    """The rarest classes of what is compared, as a sentence names them; '' where there are none, or nobody counted."""
    found = next((entry.record.rare for entry in comparison.entries if entry.record.rare), ())
    return plain(listed(found)) if found else ""


def here(words: str) -> str:
    """', here a and b', to follow what they are an example of; '' for nothing."""
    return f", here {words}" if words else ""


def link(page: str, label: str, says: Mapping[str, str] | None = None) -> None:
    """The way to another page, with the data set and the picture; says: what else its address says."""
    st.page_link(
        page, label=label, icon=":material/arrow_forward:", query_params={**address.to_take_along(), **(says or {})}
    )
