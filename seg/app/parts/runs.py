"""The networks at work on the picture shown: requests, what has arrived, and the panels that show it."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st
from streamlit.errors import StreamlitAPIException

from seg.app import address, resources
from seg.app.answers import ask, in_line, next_look, question_of, sentence
from seg.app.components.look_again import look_again
from seg.app.components.viewer import Panel, Wish, viewer
from seg.app.components.viewer.layers import encoded
from seg.app.layout import slot
from seg.app.parts.exhibits import Exhibit, use_truth
from seg.app.text import plain
from seg.catalogue.comparisons import Comparison, Entry
from seg.inference.scaling import MAX_ENLARGEMENT
from seg.inference.segmenter import Prediction
from seg.labels import ClassMap
from seg.scores.metrics import Scores, confusion_matrix
from seg.service.requests import Request

PATIENCE = 0.4
"""Seconds for which the page waits, since warm networks are done by then and the page need not be drawn twice."""
WORK = "work"
"""The fragment of all that is drawn anew as networks finish."""
VIEWER = "viewer"
"""The fragment in it that the panels are drawn in."""
BESIDE = "beside"
"""The session's word for the network that is also shown at the detail that it was trained at."""
_FOLLOW = "_seg_truth_painted"
_WISH = "_seg_wish"

resources.MEMORY.watch("files for browsers", encoded, lambda layers: layers.bytes, type(encoded).trim)


@dataclass(frozen=True)
class Run:
    """One network's work on one picture. twin: a second one of a network that stands here already."""

    entry: Entry
    request: Request
    future: Future[Prediction]
    twin: bool = False

    @property
    def error(self) -> str:
        """A sentence if the network failed, else ''."""
        error = self.future.exception() if self.future.done() and not self.future.cancelled() else None
        return "" if error is None else sentence(error)

    @property
    def finished(self) -> bool:
        """Whether there is a prediction."""
        return self.future.done() and not self.future.cancelled() and not self.error

    @property
    def prediction(self) -> Prediction:
        """Of a run that is finished."""
        return self.future.result()


def start(exhibit: Exhibit, comparison: Comparison, shown: bool = False) -> list[Run]:
    """Ask for every entry's prediction; what has been computed before, for anybody, is there at once.

    shown: whether it is for `show`, which offers one of them at the detail that it was trained at, too.
    """
    asked = address.choice(BESIDE, ["", *(entry.title for entry in comparison.entries)], "") if shown else ""
    beside = asked if st.session_state.settings.detail > 1 else ""
    runs = []
    for entry in comparison.entries:
        runs.append(_run(exhibit, entry))
        if entry.title == beside:
            runs.append(_run(exhibit, entry, detail=1))
    return runs


def _run(exhibit: Exhibit, entry: Entry, detail: int | None = None) -> Run:
    request = question_of(exhibit, entry.weights, detail=detail)
    future = ask(exhibit, entry.weights, visitor=resources.visitor(), detail=detail)
    if detail is None:
        return Run(entry, request, future)
    return Run(replace(entry, title=_at(entry.title, detail)), request, future, twin=True)


def _at(title: str, detail: int) -> str:
    return f"{title}, {detail} ×"


def finished(runs: Sequence[Run]) -> list[Run]:
    """The runs that gave a prediction."""
    return [run for run in runs if run.finished]


@resources.kept("scores")
def _confusion(
    picture: str, truth: str, request: object, _labels: np.ndarray, _truth: np.ndarray, n: int
) -> np.ndarray:
    return confusion_matrix(_labels, _truth, n)


def confusion(exhibit: Exhibit, run: Run, class_map: ClassMap) -> np.ndarray:
    """The confusion matrix of one finished run against the picture's truth, computed once: int64 (C, C)."""
    assert exhibit.truth is not None
    return _confusion(
        exhibit.picture.digest,
        exhibit.truth_digest,
        repr(run.request),
        run.prediction.labels,
        exhibit.truth,
        len(class_map),
    )


def show(
    exhibit: Exhibit,
    runs: Sequence[Run],
    class_map: ClassMap,
    paints: bool = True,
    also: Callable[[Run], Panel | None] | None = None,
    below: Callable[[], None] | None = None,
) -> None:
    """The panels, drawn anew as networks finish, below what must be said of them.

    paints: whether what a visitor paints becomes the truth. also: what else is shown of a network that has
    finished. below: draws what stands under the panels, as often as they are drawn.
    """
    chosen, detail = slot(not runs), st.session_state.settings.detail
    if not runs:
        chosen.info("No network is chosen: open the line of words above and choose one.", icon=":material/tune:")
    finer = slot(bool(runs) and detail > 1)
    if runs and detail > 1:
        with finer:
            _what_detail_does(exhibit, runs, detail)

    @st.fragment(key=WORK)
    def work() -> None:
        wait([run.future for run in runs], PATIENCE)
        words = [come_to(run) for run in runs]
        seen = [run.prediction for run in finished(runs)]  # opened once, where memory is so short that they are packed
        st.fragment(_panels, key=VIEWER)(exhibit, runs, class_map, paints, also)
        follow(runs, words, WORK)
        if below:
            below()
        del seen

    work()


def come_to(run: Run) -> str:
    """How far it has come, in a word."""
    return "done" if run.future.done() else "at work" if run.future.running() else "in line"


def follow(runs: Sequence[Run], words: Sequence[str], fragment: str) -> None:
    """Say how long others come first, and have the fragment of this key drawn anew as soon as one of these networks has
    come further than `words` say, as `come_to` did when it was drawn: until then nothing but this line is."""
    futures, pending = [run.future for run in runs], any(word != "done" for word in words)

    def due() -> None:
        if [come_to(run) for run in runs] != words:
            draw_again(fragment)

    def look() -> None:
        with slot(bool(waits := in_line(futures))):
            if waits:
                st.markdown(f"{waits}: others come first.")
        look_again(next_look(futures), f"look-again-{fragment}", due)

    with slot(pending):
        if pending:
            st.fragment(look)()


def draw_again(fragment: str) -> None:
    """Called back: have the fragment of this key drawn anew instead of what was touched, if it stands on the page yet.

    What was pressed or had waited as the visitor left a page is called back on the next one.
    """
    with suppress(StreamlitAPIException):
        st.rerun(fragment)


def see_alone(name: str) -> None:
    """Called back: let a class stand alone in the viewer, '' for all, and draw nothing else anew."""
    _wish(alone=name)
    draw_again(VIEWER)


def _wish(**shown: Any) -> None:
    last = st.session_state.get(_WISH)
    st.session_state[_WISH] = Wish((last.number if last else 0) + 1, **shown)


def _what_detail_does(exhibit: Exhibit, runs: Sequence[Run], detail: int) -> None:
    scales = sorted({run.entry.record.scale for run in runs})
    short = min(exhibit.picture.pixels.shape[:2])
    seen = [min(scale * detail, MAX_ENLARGEMENT * short) for scale in scales]
    trained, shown = (" or ".join(f"{number:,.0f}" for number in numbers) for numbers in (scales, seen))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(
            f"Trained to see {trained} pixels on the short side; you show {shown}. What is thin may be found now, and "
            "what is large may fall apart.",
            icon=":material/zoom_in:",
            width=560,
        )
        st.menu_button(
            f"1 × and {detail} × side by side",
            [run.entry.title for run in runs if not run.twin],
            key=BESIDE + "-of",
            icon=":material/compare:",
            on_click=_put_beside,
            args=(detail,),
        )


def _put_beside(detail: int) -> None:
    title = st.session_state[BESIDE + "-of"]
    address.choose(BESIDE, title)
    _wish(swipe=(_at(title, 1), title))


def _panels(
    exhibit: Exhibit,
    runs: Sequence[Run],
    class_map: ClassMap,
    paints: bool,
    also: Callable[[Run], Panel | None] | None,
) -> None:
    is_back = any(run.future.cancelled() for run in runs)  # he was away
    if st.session_state.pop(_FOLLOW, False) or is_back:
        st.rerun()
    with st.container():
        _notices(exhibit, finished(runs))

    def take(truth: np.ndarray) -> None:
        use_truth(exhibit, class_map.dataset, truth)
        st.session_state[_FOLLOW] = True

    panels = [_panel(exhibit, run, class_map) for run in runs]
    panels += [panel for run in finished(runs) if also and (panel := also(run))]
    viewer(
        exhibit.picture.pixels,
        panels,
        class_map,
        exhibit.truth,
        "panels",
        on_truth=take if paints else None,
        wish=st.session_state.get(_WISH),
        name=exhibit.picture.name.rsplit(".", 1)[0],
        said="look",
    )
    if runs:
        _status(runs, class_map)


def _notices(exhibit: Exhibit, done: Sequence[Run]) -> None:
    """What the visitor must be told about the picture, its truth and the engines."""
    for note in dict.fromkeys(
        (*exhibit.picture.notes, *exhibit.truth_notes, *(n for run in done for n in run.prediction.notes))
    ):
        st.info(plain(note), icon=":material/info:")


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


def _panel(exhibit: Exhibit, run: Run, class_map: ClassMap) -> Panel:
    levels = run.entry.record.arguments.levels
    count = run.entry.record.parameters
    parameters = f"{count / 1e6:.2f} M" if count >= 1e5 else f"{count / 1e3:.0f} k"
    parameters += " parameters" + (f", {levels} levels" if levels else "")
    panel = Panel(run.entry.title, parameters, tag=run.entry.note.removeprefix("not in this family: "))
    if not run.finished:
        status = run.error or ("running …" if run.future.running() else "waiting for its turn")
        return replace(panel, status=status, failed=bool(run.error))
    prediction = run.prediction
    return replace(
        panel,
        caption=f"{parameters} · {prediction.seconds * 1000:.0f} ms",
        labels=prediction.labels,
        confidence=prediction.confidence,
        scores=None if exhibit.truth is None else Scores(confusion(exhibit, run, class_map)),
    )
