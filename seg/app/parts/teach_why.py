"""Why a few photos can teach a network: what the encoder brings, and what each photo does."""

import numpy as np
import streamlit as st

from seg.app import resources
from seg.app.parts.teach_desk import Desk, laid_over
from seg.app.parts.teach_lesson import CHART, EVERY, TILE, has_room, tile
from seg.app.text import plain
from seg.figures import training as figures_training
from seg.service.jobs import DONE, FAILED, OVER, STOPPED, WAITING
from seg.service.teachings import Reasons, Teaching

REASONS = "teach-reasons"
"""The session's word for the `Reasons` of a lesson."""


def show(desk: Desk) -> None:
    """What is known at once, and what is tried on request."""
    lesson = desk.taught
    if lesson is None or lesson.taught is None:
        return
    st.markdown(
        "The encoder has seen a million photos before yours: it tells fur from wood and wheels from windows, and what "
        "it makes of a photo is computed once. Only a head of two small convolutions learns from your paint."
    )
    _strides(lesson)
    reasons: Reasons | None = st.session_state.get(REASONS)
    if reasons is None or reasons.lesson is not lesson:
        seconds = lesson.taught.computed + lesson.taught.learned
        st.button(
            "Try it without the encoder, and with fewer photos",
            icon=":material/science:",
            on_click=_begin,
            args=(desk, lesson),
            help=f"The same network from scratch for the same {seconds:.0f} seconds, then heads for 1, 2, 4 … photos.",
        )
        return
    moving = reasons.state not in OVER
    st.fragment(_watch, run_every=EVERY if moving else None, key="teach-why")(reasons, moving)


def _begin(desk: Desk, lesson: Teaching) -> None:
    if not has_room(desk):
        return
    reasons = Reasons(lesson, desk.teacher, resources.is_here())
    st.session_state[REASONS] = reasons
    resources.TRAININGS.start(reasons)


def _strides(lesson: Teaching) -> None:
    """How much is lost without the features of each stride."""
    assert lesson.taught is not None
    found = lesson.taught.leave_one_out
    if found is None or not lesson.taught.without:
        return
    st.markdown("Which features does the head use most? Dice of photos left out, with one stride switched off.")
    with st.container(horizontal=True):
        st.metric("All strides", f"{found.mean:.2f}")
        for name, dice in lesson.taught.without.items():
            lost = round(round(dice, 2) - round(found.mean, 2), 2)  # as the two numbers shown differ
            label = f"Without {plain(name.replace('stride', 'stride '))}"
            st.metric(label, f"{dice:.2f}", f"{lost:.2f}" if lost else None)


def _watch(reasons: Reasons, moving: bool) -> None:
    if moving and reasons.state in OVER:
        st.rerun()
    if reasons.state == FAILED:
        st.error(plain(reasons.said), icon=":material/error:")
    elif reasons.state != DONE:
        ahead = resources.TRAININGS.ahead(reasons)
        said = f"Waiting: {ahead} before this" if ahead and reasons.state == WAITING else "Learning from scratch …"
        if reasons.scratch is not None and reasons.scratch.taught is not None:
            said = "Learning from fewer photos …"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(reasons.share, "Stopped." if reasons.state == STOPPED else said)
            if reasons.state != STOPPED:
                st.button("Stop", icon=":material/stop:", on_click=resources.TRAININGS.stop, args=(reasons,), key="why")
    _scratch(reasons)
    _growth(reasons)


def _scratch(reasons: Reasons) -> None:
    """The masks of both, photo by photo: those held out first."""
    scratch, taught = reasons.scratch, reasons.lesson.progress
    if scratch is None or taught is None:
        return
    st.markdown(
        f"**What does it come to without the encoder's million photos?** The same photos for the same "
        f"{reasons.seconds:.0f} seconds, above by your network, below by the same one from scratch."
    )
    pairs = [
        *zip(reasons.lesson.watched, taught.watched, scratch.watched, strict=False),
        *zip(reasons.lesson.paintings, taught.masks, scratch.masks, strict=False),
    ]
    class_map = reasons.lesson.class_map
    with st.container(horizontal=True, gap="small"):
        for painting, own, other in pairs:
            with st.container(width=min(TILE * own.shape[1] // own.shape[0], 2 * TILE), gap="xsmall"):
                for mask, by in ((own, "your network"), (other, "a network from scratch")):
                    tile(laid_over(painting.image, mask, class_map), f"{painting.name} by {by}")
                st.caption(plain(painting.name))


def _growth(reasons: Reasons) -> None:
    if not reasons.grown:
        if reasons.state == DONE:
            st.caption("How Dice grows with photos needs two painted ones or more.")
        return
    st.markdown("**How much does each photo bring?** Dice on the photos that a head has not learned from.")
    curve = [(count, float(np.nanmean(dice))) for count, dice in reasons.grown.items()]
    figure = figures_training.learning_curves({"mean over groups of photos": curve}, "Dice", unit="photos learned from")
    figure.update_yaxes(range=[0, 1])
    st.plotly_chart(figure, config=CHART, key="teach-growth", alt="Dice by the number of photos learned from")
