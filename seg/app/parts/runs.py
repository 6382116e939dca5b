"""The networks at work on the picture shown: requests, what has arrived, and the panels that show it."""

from collections.abc import Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass

import numpy as np
import streamlit as st

from seg.app import resources
from seg.app.answers import ask, question_of, sentence
from seg.app.components.viewer import Panel, viewer
from seg.app.layout import slot
from seg.app.parts.gallery import Exhibit, use_truth
from seg.catalogue.comparisons import Comparison, Entry
from seg.inference.segmenter import Prediction
from seg.labels import ClassMap
from seg.service.service import Request

POLL_SECONDS = 0.5
PATIENCE = 0.4
"""Seconds for which the page waits, since warm networks are done by then and the page need not be drawn twice."""
_FOLLOW = "_seg_truth_painted"


@dataclass(frozen=True)
class Run:
    """One network's work on one picture."""

    entry: Entry
    request: Request
    future: Future[Prediction]

    @property
    def error(self) -> str:
        """A sentence if the network failed, else ''."""
        error = self.future.exception() if self.future.done() else None
        return "" if error is None else sentence(error)

    @property
    def prediction(self) -> Prediction | None:
        return self.future.result() if self.future.done() and not self.error else None


def start(exhibit: Exhibit, comparison: Comparison) -> list[Run]:
    """Ask for every entry's prediction; what has been computed before, for anybody, is there at once."""
    visitor = resources.visitor()
    return [
        Run(entry, question_of(exhibit, entry.weights), ask(exhibit, entry.weights, visitor=visitor))
        for entry in comparison.entries
    ]


def finished(runs: Sequence[Run]) -> list[Run]:
    """The runs that gave a prediction."""
    return [run for run in runs if run.prediction is not None]


def show(exhibit: Exhibit, runs: Sequence[Run], class_map: ClassMap) -> None:
    """The panels, drawn anew as networks finish; when the last one has, the whole page follows."""
    chosen = slot(not runs)
    if not runs:
        chosen.info("No network is chosen: open the line of words above and choose one.", icon=":material/tune:")
    pending = bool(wait([run.future for run in runs], PATIENCE).not_done)
    st.fragment(_panels, run_every=POLL_SECONDS if pending else None)(exhibit, runs, class_map, pending)


def _panels(exhibit: Exhibit, runs: Sequence[Run], class_map: ClassMap, pending: bool) -> None:
    arrived = pending and all(run.future.done() for run in runs)
    if st.session_state.pop(_FOLLOW, False) or arrived:
        st.rerun()

    def take(truth: np.ndarray) -> None:
        use_truth(exhibit, class_map.dataset, truth)
        st.session_state[_FOLLOW] = True

    panels = [_panel(run) for run in runs]
    viewer(exhibit.picture.pixels, panels, class_map, exhibit.truth, key="panels", on_truth=take)
    if runs:
        _status(runs, class_map)


def _status(runs: Sequence[Run], class_map: ClassMap) -> None:
    done = finished(runs)
    failed = sum(bool(run.error) for run in runs)
    seconds = sum(run.prediction.seconds for run in done)
    devices = {run.prediction.device.upper() for run in done}
    st.markdown(
        f"**{len(done)} of {len(runs)} networks done**"
        + (f", {failed} failed" if failed else "")
        + (f" · {seconds:.2f} s in the networks, on {', '.join(sorted(devices))}" if devices else "")
        + f" · trained on {class_map.dataset} pictures: every pixel becomes one of {len(class_map)} classes"
    )


def _panel(run: Run) -> Panel:
    levels = run.entry.record.arguments.levels
    count = run.entry.record.parameters
    parameters = f"{count / 1e6:.2f} M" if count >= 1e5 else f"{count / 1e3:.0f} k"
    parameters += " parameters" + (f", {levels} levels" if levels else "")
    note = f" · {run.entry.note}" if run.entry.note else ""
    prediction = run.prediction
    if prediction is None:
        status = run.error or ("running …" if run.future.running() else "waiting for its turn")
        return Panel(run.entry.title, parameters + note, status=status, failed=bool(run.error))
    caption = f"{parameters} · {prediction.seconds * 1000:.0f} ms{note}"
    return Panel(run.entry.title, caption, prediction.labels, prediction.confidence)
