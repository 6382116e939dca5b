"""The frame of the tour: where one is, a question before its answer, the ways on. Its steps stand in `tour_*`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from seg.app import address, answers, controls
from seg.app.components.steps import steps
from seg.app.parts.exhibits import Exhibit, sample, seeds
from seg.app.text import plain
from seg.catalogue.comparisons import Entry, WeightSet, comparisons
from seg.catalogue.nearest import usual
from seg.labels import ClassMap
from seg.service.questions import Question

STEP = "step"
"""The address's word for where one is."""
TITLES = (
    "A pixel and its class",
    "A class, not a thing",
    "One-hot planes, and the largest wins",
    "Convolutions alone, and what they cost",
    "Encoder and decoder",
    "Pooling, and the way back",
    "The transposed convolution",
    "What a loss counts",
    "Skips, and which network to take",
)
SHOWN = -1
"""What stands for a choice where the visitor asked for the answer."""
PHOTO = 420
"""Of the picture beside a question, in pixels."""


@dataclass(frozen=True)
class Seen:
    """What the tour is about: the picture, the network to begin with, and all there are by shown name."""

    exhibit: Exhibit
    entry: Entry
    sets: Mapping[str, WeightSet]

    @property
    def class_map(self) -> ClassMap:
        return self.entry.record.class_map


def choose_step() -> int:
    """Draw the row of steps; returns the one that the address says, from 1."""
    step = address.choice(STEP, range(1, len(TITLES) + 1), 1)
    steps(TITLES, step, "The steps of the tour", "tour-steps", _go)
    return step


def choose_network(sets: Mapping[str, WeightSet]) -> Entry:
    """Draw the choice of the data set; returns the network that the tour begins with there."""
    offered = controls.narrow(comparisons(sets.values()), "Data set", lambda c: c.dataset, key=address.DATASET)
    return usual(sets.values(), offered[0].dataset)


def heading(step: int, sentence: str) -> None:
    """What the step is called, and its one sentence."""
    st.header(f"{step}. {TITLES[step - 1]}")
    st.markdown(sentence)


def question(step: int, asked: str, choices: Sequence[str], right: int, because: str) -> bool:
    """Draw a question, its choices and the way to be shown; returns whether the answer stands, which it then explains.

    right: which of the choices is; because: why, in Markdown. The others are plain text.
    """
    said = address.choice(f"answer-{step}", [None, SHOWN, *range(len(choices))], None)
    with st.container(key="tour-question"):
        st.markdown(f"**{plain(asked)}**")
        for i, choice in enumerate(choices):
            mark = ":material/check_circle:" if i == right else ":material/cancel:" if i == said else None
            st.button(
                plain(choice),
                key=f"tour-{step}-{i}",
                icon=None if said is None else mark,
                width="stretch",
                on_click=_say,
                args=(step, i),
            )
        st.button("Show me", key=f"tour-{step}-shown", icon=":material/visibility:", on_click=_say, args=(step, SHOWN))
    if said is None:
        return False
    if said == right:
        st.success(f"**Right.** {because}", icon=":material/check:")
    else:
        kindly = "" if said == SHOWN else "Many would say so, but it is not: "
        st.info(f"{kindly}**{plain(choices[right])}.** {because}", icon=":material/lightbulb:")
    return True


def onward(step: int) -> None:
    """The way to the next step, at the end of this one."""
    if step < len(TITLES):
        st.button(
            f"Next: {TITLES[step]}",
            key="tour-next",
            icon=":material/arrow_forward:",
            icon_position="right",
            on_click=_go,
            args=(step + 1,),
        )


def ahead(seen: Seen, entry: Entry, *questions: Question) -> None:
    """Ask while the visitor still thinks, so that what he is shown then is there."""
    for one in questions:
        answers.ask(seen.exhibit, entry.weights, one)


def shipped_sample(dataset: str) -> Exhibit:
    """The first sample of a data set that has some."""
    name, seed = next(iter(seeds(dataset).items()))
    return sample(dataset, seed, name)


def _go(step: int) -> None:
    address.choose(STEP, step)


def _say(step: int, choice: int) -> None:
    address.choose(f"answer-{step}", choice)
