"""Asking networks about the picture shown, and waiting for the answers with a progress bar."""

from collections.abc import Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any

import streamlit as st

from seg.app import resources
from seg.app.parts.exhibits import Exhibit
from seg.app.text import ordinal, plain
from seg.catalogue.comparisons import WeightSet
from seg.errors import in_a_sentence
from seg.inference.engines.pytorch import is_out_of_memory
from seg.service.memory import Visitor
from seg.service.questions import PREDICT, Question
from seg.service.requests import Request

POLL_SECONDS = 0.3

SOONEST, LATEST = 0.5, 6.0
"""Seconds between two looks of a page at what is on its way."""

IN_LINE, AT_WORK = 0.7, 0.1
"""Seconds until the next look, as a share of those until all is done: while others come first there is nothing to see,
and many who look again and again would take the time that the networks need."""


def question_of(
    exhibit: Exhibit, weights: WeightSet, question: Question = PREDICT, detail: int | None = None
) -> Request:
    """The request that asks a network about the picture, where and how finely the sidebar says, or at this detail."""
    settings = st.session_state.settings
    return Request.of(
        exhibit.picture.digest,
        weights.record,
        folder=weights.folder,
        device=settings.device,
        detail=detail or settings.detail,
        question=question,
    )


def ask(
    exhibit: Exhibit,
    weights: WeightSet,
    question: Question = PREDICT,
    visitor: Visitor | None = None,
    detail: int | None = None,
) -> Future[Any]:
    """The future of a network's answer about the picture; what has been asked before, by anybody, is there at once.

    visitor: on whose page the answer stays, see `PredictionService.request`.
    """
    request = question_of(exhibit, weights, question, detail)
    asks = visitor or resources.visitor()
    return resources.SERVICE.request(request, exhibit.pixels_later, asks, shown=visitor is not None)


def in_line(futures: Iterable[Future[Any]]) -> str:
    """How long others come first, as a sentence; '' for whoever has his turn."""
    ahead, seconds = resources.SERVICE.place(futures)
    return f"You are {ordinal(ahead + 1)} in line, about {max(seconds, 1):.0f} s" if ahead else ""


def next_look(futures: Iterable[Future[Any]]) -> float:
    """Seconds until a page that waits for these looks again."""
    ahead, seconds = resources.SERVICE.place(futures)
    return min(max((IN_LINE if ahead else AT_WORK) * seconds, SOONEST), LATEST)


def collect(questions: Mapping[str, Future[Any]], label: str = "The networks are at work") -> dict[str, Any]:
    """Name → answer, in the order asked, once all are there; a bar shows how many are. Those that failed are left out,
    each with a sentence on the page."""
    bar, total = st.empty(), len(questions)
    waiting = {future for future in questions.values() if not future.done()}
    while waiting:  # looked at again and again: who asks for another page meanwhile is not kept waiting for this one
        have = total - len(waiting)
        bar.progress(have / total, in_line(waiting) or f"{label}: {have} of {total}")
        waiting = wait(waiting, POLL_SECONDS, FIRST_COMPLETED).not_done
    bar.empty()
    if any(future.cancelled() for future in questions.values()):
        st.rerun()  # he was away, and is back
    answers = {}
    for name, future in questions.items():
        if (error := future.exception()) is None:
            answers[name] = future.result()
        else:
            st.error(plain(f"{name}: {sentence(error)}"), icon=":material/error:")
    return answers


def sentence(error: BaseException) -> str:
    """What to tell a visitor about a network that failed."""
    if is_out_of_memory(error):
        return "There is not enough memory for this picture: choose a coarser detail, or close other programs."
    return in_a_sentence(error, "The network", "try another picture or weight set")
