"""Which data set an upload looks like: taken unless the visitor has chosen one himself, and always said."""

import streamlit as st

from seg.app import address, resources
from seg.app.layout import slot
from seg.app.parts.exhibits import Exhibit, Shown
from seg.app.text import plain
from seg.datasets import DATASETS
from seg.errors import WeightsError
from seg.labels import ClassMap

_CHANGE = "change-dataset"


def follow(picture: Shown) -> None:
    """Called back when an upload is to be shown: take the data set that it looks like, where there are networks for it
    and the visitor has chosen none himself."""
    if address.is_own_choice(address.DATASET):
        return
    answer = resources.looks_like(picture.digest, picture.pixels)
    if answer and answer.dataset in _known():
        address.choose(address.DATASET, answer.dataset)


def say(exhibit: Exhibit, class_map: ClassMap) -> None:
    """A line on what an upload looks like, and the way to another data set; nothing for a sample."""
    answer = None if exhibit.sample else resources.looks_like(exhibit.picture.digest, exhibit.picture.pixels)
    line = slot(answer is not None)
    if answer is None:
        return
    share = f"{min(answer.share, 0.99):.0%}"
    if answer.dataset:
        with line.container(horizontal=True, vertical_alignment="center", gap="small", key="looks-like"):
            st.markdown(f"Looks like **{plain(_words(answer.dataset))}** ({share}){_but(answer.dataset, class_map)} ·")
            _offer_others(class_map)
        return
    with line.container(key="looks-like"):
        said, way = st.columns([7, 1], vertical_alignment="center")  # in a row of its own the way would push masks down
    said.warning(
        f"Unlike anything these networks know ({share}): {answer.reason}. They know only "
        f"{plain(', '.join(class_map.names))}, so every pixel becomes one of these.",
        icon=":material/warning:",
    )
    with way:
        _offer_others(class_map)


def _offer_others(class_map: ClassMap) -> None:
    others = [name for name in _known() if name != class_map.dataset]
    if others:
        st.menu_button("change", others, format_func=_title, key=_CHANGE, type="tertiary", on_click=_take_the_chosen)


def _known() -> list[str]:
    """The data sets that there are networks for."""
    try:
        return list(dict.fromkeys(weights.record.dataset for weights in resources.sets().values()))
    except WeightsError:
        return []


def _words(name: str) -> str:
    dataset = DATASETS.get(name)
    return (dataset.looks or dataset.title.lower()) if dataset else name


def _title(name: str) -> str:
    return DATASETS[name].title if name in DATASETS else name


def _but(name: str, class_map: ClassMap) -> str:
    if name == class_map.dataset:
        return ""
    if name not in _known():
        return f", for which there are no networks here: shown by those of {plain(_title(class_map.dataset))}"
    return f", shown by the networks of {plain(_title(class_map.dataset))}"


def _take_the_chosen() -> None:
    address.choose(address.DATASET, st.session_state[_CHANGE])
    address.choose_oneself(address.DATASET)
