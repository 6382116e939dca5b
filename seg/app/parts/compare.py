"""Below the panels: scores against a truth, agreement without one, notices, downloads."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from seg.app.layout import slot
from seg.app.parts import runs as running
from seg.app.parts.gallery import Exhibit, labelled_uploads
from seg.app.parts.runs import Run
from seg.app.sidebar import Settings
from seg.app.text import plain
from seg.catalogue.comparisons import Comparison
from seg.figures import compare as figures
from seg.labels import ClassMap
from seg.pictures.drawing import colour_mask, encode_ids, encode_png, fit_labels
from seg.scores.agreement import disagreement, majority, pairwise_dice
from seg.scores.metrics import Scores, confusion_matrix

if TYPE_CHECKING:
    import pandas as pd

MEANS = {"mean Dice": "mean_dice", "mean IoU": "mean_iou", "pixel accuracy": "pixel_accuracy"}
MAP_SIDE = 480
POLL_SECONDS = 1.0


def show(
    exhibit: Exhibit, work: Sequence[Run], comparison: Comparison, settings: Settings, class_map: ClassMap
) -> None:
    """Everything below the panels, as far as the networks have come: nothing shown belongs to another picture."""
    done = running.finished(work)
    waiting = not all(run.future.done() for run in work)
    ready, scored = bool(done) and not waiting, exhibit.truth is not None
    labelled = labelled_uploads(class_map.dataset) if ready else []
    table = None
    with st.container():
        notices(exhibit, done, class_map)
    soon = slot(waiting)
    if waiting:
        soon.caption("Scores follow when every network has finished.")
    with_truth, without = slot(ready and scored), slot(ready and not scored)
    if ready:
        with with_truth if scored else without:
            table = (scores if scored else agreement)(exhibit, done, class_map)
    together = slot(len(labelled) > 1)
    if len(labelled) > 1:
        with together:
            over_all(labelled, comparison, settings, class_map)
    last = slot(ready)
    if ready:
        with last:
            downloads(exhibit, done, table, class_map)


@st.cache_data(max_entries=512, show_spinner=False)
def _confusion(
    picture: str, truth: str, request: object, _labels: np.ndarray, _truth: np.ndarray, n: int
) -> np.ndarray:
    return confusion_matrix(_labels, _truth, n)


def confusion(exhibit: Exhibit, run: Run, class_map: ClassMap) -> np.ndarray:
    """The confusion matrix of one finished run against the picture's truth, computed once: int64 (C, C)."""
    return _confusion(
        exhibit.picture.digest,
        exhibit.truth_digest,
        repr(run.request),
        run.prediction.labels,
        exhibit.truth,
        len(class_map),
    )


def notices(exhibit: Exhibit, done: Sequence[Run], class_map: ClassMap) -> None:
    """What the visitor must be told about the picture and about what the weights know."""
    for note in dict.fromkeys((*exhibit.picture.notes, *(n for run in done for n in run.prediction.notes))):
        st.info(plain(note), icon=":material/info:")
    unsure = [run for run in done if _unlike(run)]
    if done and len(unsure) > len(done) / 2:
        st.warning(
            f"This picture is unlike what these networks were trained on: {len(unsure)} of {len(done)} are less "
            f"sure of it than of any validation picture. They know only {', '.join(class_map.names)}, so every pixel "
            "becomes one of these, whatever it shows.",
            icon=":material/warning:",
        )


def _unlike(run: Run) -> bool:
    seen = run.entry.record.validation.confidence_range
    return seen is not None and run.prediction.mean_confidence < seen[0]


def scores(exhibit: Exhibit, done: Sequence[Run], class_map: ClassMap) -> "pd.DataFrame":
    """Dice per class and architecture, as a table and a chart. Returns the table."""
    st.subheader("Dice per class")
    st.caption(
        "Which classes does each network find? 1 is a perfect overlap with the truth, 0 is none; the best is bold."
    )
    table = score_table({run.entry.title: Scores(confusion(exhibit, run, class_map)) for run in done}, class_map)
    left, right = st.columns([3, 2])
    with left:
        _show_table(table, "Scores of every network, in all and class by class")
    with right:
        dice = table.loc[list(class_map.names)].to_numpy(float)
        chart = figures.dice_by_class(dice, class_map.names, list(table.columns))
        st.plotly_chart(chart, config={"displayModeBar": False}, alt="Dice of every class, one mark a network")
    return table


def score_table(of: dict[str, Scores], class_map: ClassMap) -> "pd.DataFrame":
    """Rows: mean Dice, mean IoU, pixel accuracy, then Dice of each class; one column a network."""
    import pandas as pd  # takes a while the first time: not before the networks are at work

    columns = {name: [*(getattr(s, attribute) for attribute in MEANS.values()), *s.dice] for name, s in of.items()}
    return pd.DataFrame(columns, index=[*MEANS, *class_map.names])


def _show_table(table: "pd.DataFrame", alt: str) -> None:
    best = (table.eq(table.max(axis=1), axis=0) & table.gt(0)).replace({True: "font-weight: 700", False: ""})
    st.table(table.style.format("{:.3f}", na_rep="–").apply(lambda _: best, axis=None), border="horizontal", alt=alt)


def over_all(uploads: Sequence[Exhibit], comparison: Comparison, settings: Settings, class_map: ClassMap) -> None:
    """The scores over all labelled uploads: one confusion matrix summed over the pictures, as in the papers."""
    st.subheader(f"All {len(uploads)} labelled photos together")
    work = [(exhibit, running.start(exhibit, comparison)) for exhibit in uploads]
    pending = not all(run.future.done() for _, runs in work for run in runs)
    st.fragment(_over_all, run_every=POLL_SECONDS if pending else None)(work, class_map, pending)


def _over_all(work: Sequence[tuple[Exhibit, list[Run]]], class_map: ClassMap, pending: bool) -> None:
    complete = [(exhibit, runs) for exhibit, runs in work if all(run.future.done() for run in runs)]
    if pending and len(complete) == len(work):
        st.rerun()
    able = {run.entry.title for _, runs in complete for run in running.finished(runs)}
    totals: dict[str, np.ndarray] = {}
    scored, errors = 0, []
    for exhibit, runs in complete:
        expected = [run for run in runs if run.entry.title in able]
        failures = [run.error for run in expected if run.error]
        errors += failures
        if failures or not expected:  # counted, it would score the networks on different photos
            continue
        scored += 1
        for run in expected:
            totals[run.entry.title] = totals.get(run.entry.title, 0) + confusion(exhibit, run, class_map)
    st.caption(f"{scored} of {len(work)} photos scored. Every pixel counts alike, whichever photo it is in.")
    for error in dict.fromkeys(errors):
        st.warning(plain(f"Photos are left out: {error}"), icon=":material/warning:")
    if totals:
        _show_table(
            score_table({name: Scores(total) for name, total in totals.items()}, class_map),
            "Scores over all labelled photos",
        )


def agreement(exhibit: Exhibit, done: Sequence[Run], class_map: ClassMap) -> "pd.DataFrame | None":
    """Without a truth: each network against the majority, every pair, and where they disagree.

    Returns the table, None for a single network.
    """
    st.subheader("Where the networks agree")
    st.caption(
        "There is no truth for this photo, so this says how much the networks agree, not how right they are: networks "
        "trained on the same data can be wrong together. Upload a mask to score them."
    )
    if len(done) == 1:
        st.caption("A single network has nobody to agree with: choose more networks.")
        return None
    names = [run.entry.title for run in done]
    key = tuple(repr(run.request) for run in done)
    maps = [run.prediction.labels for run in done]
    most, matrix, dissent = _agreement(key, maps, len(class_map))
    table = score_table({name: Scores(c) for name, c in zip(names, most, strict=True)}, class_map)
    st.markdown("**Dice against the majority vote**")
    _show_table(table.drop(index=["mean IoU", "pixel accuracy"]), "Dice of every network against the majority")
    left, right = st.columns(2)
    with left:
        st.markdown("**Mean Dice of every pair**")
        chart = figures.agreement_matrix(matrix, names)
        st.plotly_chart(chart, config={"displayModeBar": False}, alt="Mean Dice between every two networks' masks")
    with right:
        st.markdown("**How many networks dissent, pixel by pixel**")
        chart = figures.disagreement_map(dissent, len(done))
        st.plotly_chart(
            chart, config={"displayModeBar": False}, alt="Map of how many networks differ from the majority"
        )
    return table


@st.cache_data(max_entries=32, show_spinner=False)
def _agreement(
    key: tuple[str, ...], _maps: list[np.ndarray], n: int
) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    maps = [fit_labels(labels, 2 * MAP_SIDE) for labels in _maps]
    vote = majority(maps, n)
    dissent = fit_labels(disagreement(maps, n), MAP_SIDE)
    return [confusion_matrix(labels, vote, n) for labels in maps], pairwise_dice(maps, n), dissent


def downloads(exhibit: Exhibit, done: Sequence[Run], table: "pd.DataFrame | None", class_map: ClassMap) -> None:
    """Each mask as class ids and in colour, and the scores."""
    st.subheader("Take it with you")
    stem = exhibit.picture.name.rsplit(".", 1)[0].replace(" ", "-").lower()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by_title = {run.entry.title: run for run in done}
        run = by_title[st.selectbox("Mask of", list(by_title), width=220)]
        name = f"{stem}-{'own-' if run.entry.weights.own else ''}{run.entry.record.name.split('/')[1]}"
        labels = run.prediction.labels
        st.download_button(
            "Class ids (PNG)",
            lambda: encode_ids(labels, class_map),
            f"{name}-ids.png",
            "image/png",
            on_click="ignore",
            icon=":material/download:",
            help="A palette PNG: its indices are the class ids, 255 is unlabelled.",
        )
        st.download_button(
            "Colours (PNG)",
            lambda: encode_png(colour_mask(labels, class_map)),
            f"{name}-colours.png",
            "image/png",
            on_click="ignore",
            icon=":material/download:",
        )
        if table is None:
            return
        st.download_button(
            "Scores (CSV)",
            table.to_csv(index_label="score").encode(),
            f"{stem}-scores.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/download:",
        )
