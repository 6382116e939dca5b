"""What the visitor chooses is kept through the session and written into the address, so that a link, a reload, the way
back and the way forward bring it again.

Streamlit's own binding of a control to the address forgets it on the way back from another page, and its own menu
leaves the address behind.
"""

import math
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

import streamlit as st

DATASET, PICTURE = "dataset", "picture"
"""The address's words for what goes along from page to page."""
UPLOAD = "upload"
"""The session's word for the upload shown, which is nobody else's: no address names it."""
_PAGE, _SEEN, _CHOSEN, _USUAL = "_seg_page", "_seg_address", "_seg_choices", "_seg_usual"
_OWN, _COME, _COME_WITH = "_seg_own_choices", "_seg_come_by_address", "_seg_come_with"
_AND = ","
_BETWEEN = re.compile(r"(?<!\\),")
LONGEST = 2000
"""Of what a component lets the address say of itself, in characters."""
MOST_NUMBER = 1000
"""What a number in an address stays below."""

Value = TypeVar("Value")


def arrive(page: str) -> None:
    """Called first in every run, with the page that the visitor is on: what another page's address said is past."""
    st.session_state.setdefault(_CHOSEN, {})
    st.session_state.setdefault(_USUAL, {})
    st.session_state.setdefault(_COME_WITH, frozenset(st.query_params))
    st.session_state.setdefault(_OWN, set(st.query_params))  # a link that says it has chosen it
    if st.session_state.get(_PAGE) != page:
        st.session_state[_PAGE] = page
        st.session_state[_SEEN] = {}


def to_take_along() -> dict[str, str]:
    """The part of the address that a link to another page keeps."""
    names = [DATASET] if st.session_state.get(UPLOAD) else [DATASET, PICTURE]
    values = {name: said(name) for name in names}
    return {name: value for name, value in values.items() if value and value != st.session_state[_USUAL].get(name)}


def choice(name: str, offered: Collection[Any], usual: Any) -> Any:
    """What is chosen of those offered, ``usual`` at first; the address says what is not usual.

    The control of the key ``name``, drawn afterwards and without a default, may change it, and so may an address that
    says something new.
    """
    return kept(name, usual, {str(one): one for one in offered}.get, str)


def choices(name: str, offered: Collection[str], usual: Collection[str]) -> list[str]:
    """The same of a control by which several may be chosen, or none."""

    def read(text: str) -> list[str] | None:
        known = [one for part in _BETWEEN.split(text) if (one := part.replace(f"\\{_AND}", _AND)) in offered]
        return known if known or not text else None

    def written(names: Sequence[str]) -> str:
        return _AND.join(name.replace(_AND, f"\\{_AND}") for name in names)

    return kept(name, list(usual), read, written)


def numbers(name: str, usual: Sequence[float]) -> list[float]:
    """As many numbers as are usual, typed or pointed at by a component, whose callback calls `choose`."""

    def read(text: str) -> list[float] | None:
        if len(text) > LONGEST:
            return None
        try:
            found = [float(part) for part in text.split(_AND)]
        except ValueError:
            return None
        fine = len(found) == len(usual) and all(math.isfinite(one) and abs(one) < MOST_NUMBER for one in found)
        return found if fine else None

    return kept(name, list(usual), read, lambda values: _AND.join(f"{value:.5g}" for value in values))


def text(name: str, usual: str = "", fits: Callable[[str], bool] = lambda text: True) -> str:
    """What is typed in a field, whatever it is; of an address what ``fits``."""

    def read(text: str) -> str | None:
        return None if is_new(name) and (len(text) > LONGEST or not fits(text)) else text

    return kept(name, usual, read, str)


def of_component(name: str) -> dict[str, str | int]:
    """What a component lets the address say of itself, in its own words, as the component is to be told: its callback
    calls `choose`. It follows a text with another number than before, which has come by a link or the way back.
    """
    chosen, comes = st.session_state[_CHOSEN].get(name, ""), is_new(name)
    text = kept(name, "", lambda text: text if len(text) <= LONGEST else None, str)
    times = st.session_state.setdefault(_COME, {})
    times[name] = times.get(name, 0) + (comes and text != chosen)
    return {"name": name, "text": text, "number": times[name]}


def kept(name: str, usual: Value, read: Callable[[str], Value | None], written: Callable[[Value], str]) -> Value:
    """What is chosen under this name, ``usual`` at first.

    read: what a text of the address means, None for nothing that can be; written: the text for a value.
    """
    asked = said(name, written)
    read_again = None if asked is None else read(asked)
    value = usual if read_again is None else read_again
    st.session_state[_USUAL][name] = usual
    choose(name, value)
    # What is usual goes without saying; but to take it out of an address would be a step of the way back.
    say(name, None if value == usual and st.query_params.get(name) != written(value) else written(value))
    return value


def choose(name: str, value: Any) -> None:
    """Keep this choice; called back, or before the control of this key is drawn."""
    st.session_state[name] = st.session_state[_CHOSEN][name] = value


def choose_oneself(name: str) -> None:
    """Called back: the visitor has chosen this, nobody for him."""
    st.session_state[_OWN].add(name)


def is_own_choice(name: str) -> bool:
    """Whether the visitor has chosen this himself, in this visit or by the link that he came by."""
    return name in st.session_state[_OWN]


def has_come_with(prefix: str) -> bool:
    """Whether the link that the visitor came by has words that begin so."""
    return any(name.startswith(prefix) for name in st.session_state[_COME_WITH])


def is_new(name: str) -> bool:
    """Whether the address says something that was not written here: it has come by a link or the way back."""
    return st.query_params.get(name) != st.session_state[_SEEN].get(name)


def say(name: str, value: str | None) -> None:
    """Let the address say this, None for nothing of it."""
    st.session_state[_SEEN][name] = value
    if value is None:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != value:
        st.query_params[name] = value


def said(name: str, written: Callable[[Any], str] = str) -> str | None:
    """What the address says if that is new, else what is chosen, as an address says it."""
    if is_new(name):
        return st.query_params.get(name)
    value = st.session_state.get(name, st.session_state[_CHOSEN].get(name))
    return None if value is None else written(value)
