"""Asking networks about the picture shown, and waiting for the answers with a progress bar."""

from collections.abc import Mapping
from concurrent.futures import Future, as_completed
from typing import Any

import streamlit as st

from seg.app import resources
from seg.app.parts.exhibits import Exhibit
from seg.app.text import plain
from seg.catalogue.comparisons import WeightSet
from seg.errors import in_a_sentence
from seg.inference.engines.pytorch import is_out_of_memory
from seg.service.questions import PREDICT, Question
from seg.service.service import Request, Visitor


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
    return resources.SERVICE.request(request, exhibit.pixels_later, visitor)


def collect(questions: Mapping[str, Future[Any]], label: str = "The networks are at work") -> dict[str, Any]:
    """Name → answer, in the order asked, once all are there; a bar shows how many are. Those that failed are left out,
    each with a sentence on the page."""
    bar = st.empty()
    waiting = {future for future in questions.values() if not future.done()}
    if waiting:
        total, before = len(questions), len(questions) - len(waiting)
        bar.progress(before / total, f"{label}: {before} of {total}")
        for have, _ in enumerate(as_completed(waiting), start=before + 1):
            bar.progress(have / total, f"{label}: {have} of {total}")
    bar.empty()
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
