"""What a component tells Python."""

from collections.abc import Callable
from typing import Any

import streamlit as st


def when_told(key: str, event: str, take: Callable[[Any], None]) -> Callable[[], None]:
    """The callback for an event of the component of this key: ``take`` gets what the event says.

    What is sent while the visitor leaves the page arrives on the next one: nobody takes it there.
    """

    def tell() -> None:
        told = st.session_state.get(key)
        if told is not None:
            take(told.get(event))

    return tell
