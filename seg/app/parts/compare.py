"""Below the panels: scores against a truth, agreement without one, notices, downloads."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from seg.app import address, resources
from seg.app.components.score_table import Row, score_table
from seg.app.layout import slot
from seg.app.parts import runs as running
from seg.app.parts.exhibits import Exhibit, labelled_uploads
from seg.app.parts.runs import Run
from seg.app.text import plain
from seg.catalogue.comparisons import Comparison
from seg.figures import compare as figures
from seg.figures.common import name_of
from seg.labels import ClassMap
from seg.pictures.drawing import colour_mask, encode_ids, encode_png, fit_labels
from seg.scores.agreement import BETWEEN_TWO, disagreement, pairwise_dice
from seg.scores.agreement import agreement as compared
from seg.scores.metrics import Scores

if TYPE_CHECKING:
    import pandas as pd

MEANS = {"mean Dice": "mean_dice", "mean IoU": "mean_iou", "pixel accuracy": "pixel_accuracy"}
MAP_SIDE = 480
CHART = {"displayModeBar": False}
DICE_CHART = "dice-chart"
TABLE_WIDTH = 560
"""Of the Dice table where the chart stands beside it, in pixels."""
DOWNLOADS_HEIGHT = 70
OVER_ALL = "over-all"
"""The fragment of the scores of all photos together."""
NO_TRUTH = "{}: there was no truth"
"""What an exported table says where networks were compared with networks."""


def show(exhibit: Exhibit, work: Sequence[Run], comparison: Comparison, class_map: ClassMap) -> None:
    """Everything below the panels, as far as the networks have come: nothing shown belongs to another picture, and what
    is waited for keeps its place."""
    done = running.finished(work)
    waiting = not all(run.future.done() for run in work)
    ready, scored = bool(done) and not waiting, exhibit.truth is not None
    if not work or not (done or waiting):
        return
    with_truth, without = slot(scored), slot(not scored)
    with with_truth if scored else without:
        table = (scores if scored else agreement)(exhibit, work, class_map)
    labelled = labelled_uploads(class_map.dataset) if ready else []
    together = slot(len(labelled) > 1)
    if len(labelled) > 1:
        with together:
            over_all(labelled, comparison, class_map)
    st.header("Take it with you")
    soon, last = slot(waiting), slot(ready)
    if waiting:
        soon.skeleton(height=DOWNLOADS_HEIGHT)
    if ready:
        with last:
            downloads(exhibit, done, table, class_map)


def scores(exhibit: Exhibit, work: Sequence[Run], class_map: ClassMap) -> "pd.DataFrame":
    """Dice per class and architecture, as a table and a chart. Returns the table, without numbers for those still at
    work."""
    st.header("Dice per class")
    st.markdown(
        "Which classes does each network find? 1 is a perfect overlap with the truth, 0 is none; the best is bold. "
        f"Click a class to see it alone above.{_waiting(work)}"
    )
    measured = {
        run.entry.title: Scores(running.confusion(exhibit, run, class_map)) if run.finished else None
        for run in work
        if not run.error
    }
    table = score_frame(measured, class_map)
    with st.container(horizontal=True, gap="large"):
        with st.container(width=TABLE_WIDTH):
            _show_table(table, class_map, "Scores of every network, in all and class by class", "scores", measured)
        with st.container(width="stretch"):
            dice = table.loc[list(class_map.names)].to_numpy(float)
            chart = figures.dice_by_class(dice, class_map.names, list(table.columns))
            st.plotly_chart(
                chart,
                config=CHART,
                key=DICE_CHART,
                on_select=_see_selected,
                selection_mode="points",
                alt="Dice of every class, one mark a network",
            )
    return table


def _see_selected() -> None:
    points = st.session_state[DICE_CHART].selection.points
    running.see_alone(name_of(points[0]["y"]) if points else "")


def _waiting(work: Sequence[Run]) -> str:
    return "" if all(run.future.done() for run in work) else " Scores follow when every network has finished."


def score_frame(of: Mapping[str, Scores | None], class_map: ClassMap) -> "pd.DataFrame":
    """Rows: mean Dice, mean IoU, pixel accuracy, then Dice of each class; one column a network, not-a-number where its
    scores are still to come."""
    import pandas as pd  # takes a while the first time: not before the networks are at work

    none = [float("nan")] * (len(MEANS) + len(class_map))
    columns = {name: [*(getattr(s, key) for key in MEANS.values()), *s.dice] if s else none for name, s in of.items()}
    return pd.DataFrame(columns, index=[*MEANS, *class_map.names])


def _show_table(
    table: "pd.DataFrame", class_map: ClassMap, label: str, key: str, measured: Mapping[str, Scores | None]
) -> None:
    best = table.eq(table.max(axis=1), axis=0) & table.gt(0)
    colours = {
        name: "#{:02x}{:02x}{:02x}".format(*c) for name, c in zip(class_map.names, class_map.colours, strict=True)
    }

    def text(value: float, network: str) -> str:
        if measured[network] is None:
            return "…"
        return f"{value:.3f}" if value == value else "–"

    rows = [
        Row(name, [text(*pair) for pair in zip(row, table.columns, strict=True)], bold, colours.get(name, ""))
        for name, row, bold in zip(table.index, table.to_numpy(float), best.to_numpy().tolist(), strict=True)
    ]
    score_table(list(table.columns), rows, label, key, running.see_alone)


def over_all(uploads: Sequence[Exhibit], comparison: Comparison, class_map: ClassMap) -> None:
    """The scores over all labelled uploads: one confusion matrix summed over the pictures, as in the papers."""
    st.header(f"All {len(uploads)} labelled photos together")
    work = [(exhibit, running.start(exhibit, comparison)) for exhibit in uploads]
    st.fragment(_over_all, key=OVER_ALL)(work, class_map)


def _over_all(work: Sequence[tuple[Exhibit, list[Run]]], class_map: ClassMap) -> None:
    everyone = [run for _, runs in work for run in runs]
    words = [running.come_to(run) for run in everyone]
    complete = [(exhibit, runs) for exhibit, runs in work if all(run.future.done() for run in runs)]
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
            totals[run.entry.title] = totals.get(run.entry.title, 0) + running.confusion(exhibit, run, class_map)
    st.markdown(f"{scored} of {len(work)} photos scored. Every pixel counts alike, whichever photo it is in.")
    for error in dict.fromkeys(errors):
        st.warning(plain(f"Photos are left out: {error}"), icon=":material/warning:")
    if totals:
        measured = {name: Scores(total) for name, total in totals.items()}
        _show_table(
            score_frame(measured, class_map), class_map, "Scores over all labelled photos", "scores-of-all", measured
        )
    running.follow(everyone, words, OVER_ALL)


def agreement(exhibit: Exhibit, work: Sequence[Run], class_map: ClassMap) -> "pd.DataFrame | None":
    """Without a truth: each network against the majority, or two with each other; every pair; and where they disagree.

    Returns the table, with what was compared, None for a single network and while some are still at work.
    """
    st.header("Where the networks agree")
    st.markdown(
        "There is no truth for this photo, so this says how much the networks agree, not how right they are: networks "
        "trained on the same data can be wrong together. Bring its mask under 'This photo' to score them."
        f"{_waiting(work)}"
    )
    voting = [run for run in work if not run.error and not run.twin]
    if len(voting) == 1:
        st.markdown("A single network has nobody to agree with: choose more networks.")
        return None
    names = [run.entry.title for run in voting]
    are_two = len(names) == 2
    measured, found = dict.fromkeys([BETWEEN_TWO] if are_two else names), None
    if all(run.finished for run in voting):
        key = tuple(repr(run.request) for run in voting)
        found = _agreement(key, [run.prediction.labels for run in voting], tuple(names), len(class_map))
        measured = {name: Scores(counts) for name, counts in found[0].items()}
    table = score_frame(measured, class_map)
    st.markdown("**Dice between the two**" if are_two else "**Dice against the majority vote**")
    label = "Dice between the two networks" if are_two else "Dice of every network against the majority"
    _show_table(table.drop(index=["mean IoU", "pixel accuracy"]), class_map, label, "agreement", measured)
    left, right = st.columns(2)
    with left:
        st.markdown("**Mean Dice of every pair**")
        if found is None:
            st.skeleton(height=figures.matrix_height(len(names)))
        else:
            chart = figures.agreement_matrix(found[1], names)
            st.plotly_chart(chart, config=CHART, alt="Mean Dice between every two networks' masks")
    with right:
        st.markdown("**How many networks dissent, pixel by pixel**")
        if found is None:
            st.skeleton(height=figures.MAP_HEIGHT)
        else:
            chart = figures.disagreement_map(found[2], len(names))
            st.plotly_chart(chart, config=CHART, alt="Map of how many networks differ from the majority")
    if found is None:
        return None
    table.insert(0, "compared with", NO_TRUTH.format("each other" if are_two else "the majority vote"))
    return table


@resources.kept("scores")
def _agreement(
    key: tuple[str, ...], _maps: list[np.ndarray], names: tuple[str, ...], n: int
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    maps = [fit_labels(labels, 2 * MAP_SIDE) for labels in _maps]
    dissent = fit_labels(disagreement(maps, n), MAP_SIDE)
    return compared(maps, names, n), pairwise_dice(maps, n), dissent


def downloads(exhibit: Exhibit, done: Sequence[Run], table: "pd.DataFrame | None", class_map: ClassMap) -> None:
    """Each mask as class ids and in colour, and the scores."""
    stem = exhibit.picture.name.rsplit(".", 1)[0].replace(" ", "-").lower()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by_title = {run.entry.title: run for run in done}
        address.choice("mask-of", by_title, next(iter(by_title)))
        run = by_title[st.selectbox("Mask of", list(by_title), key="mask-of", width=220)]
        name = f"{stem}-{'own-' if run.entry.weights.own else ''}{run.entry.record.name.split('/')[1]}"
        st.download_button(
            "Class ids (PNG)",
            lambda: encode_ids(run.prediction.labels, class_map),
            f"{name}-ids.png",
            "image/png",
            on_click="ignore",
            icon=":material/download:",
            help="A palette PNG: its indices are the class ids, 255 is unlabelled.",
        )
        st.download_button(
            "Colours (PNG)",
            lambda: encode_png(colour_mask(run.prediction.labels, class_map)),
            f"{name}-colours.png",
            "image/png",
            on_click="ignore",
            icon=":material/download:",
        )
        if table is None:
            return
        what = "Agreement" if exhibit.truth is None else "Scores"
        st.download_button(
            f"{what} (CSV)",
            table.to_csv(index_label="score").encode(),
            f"{stem}-{what.lower()}.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/download:",
        )
