"""Train now: up to three small networks learn shapes in the background while the visitor watches."""

import numpy as np
import streamlit as st

from seg.app import address, resources
from seg.app.limits import limits
from seg.app.text import plain
from seg.catalogue.comparisons import WeightSet, set_in_words
from seg.catalogue.store import WeightIndex
from seg.datasets import Sample
from seg.datasets.shapes import SHAPES
from seg.errors import TrainingError
from seg.figures import training as figures_training
from seg.losses import LOSSES
from seg.models import TITLES
from seg.pictures.drawing import colour_mask, encode_png
from seg.service.jobs import DONE, FAILED, OVER, PAUSED, RUNNING, STOPPED, WAITING
from seg.service.trainings import MOST, NEEDED_BYTES, Training
from seg.training.learner import recipe

CHART = {"displayModeBar": False}
EVERY = 1.0
"""Seconds between two looks at a training."""
MODELS = ("conv_stack", "encoder_decoder", "fcn32s", "fcn16s", "fcn8s", "unet", "fc_densenet56")
LENGTHS = (120, 240, 360, 720)
TOPICS = ("architectures", "losses")
RARITIES = (0.0, 0.25, 0.5, 0.75, 1.0)
RATES = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
ENLARGED = 2
WANTED = "live_wanted"
"""The session's word for the training that is to be kept. It outlasts the run that the press of the button began: the
next look at the training may break that off before anything is kept."""
THEIRS = {address.DATASET: "shapes", "topic-shapes": "own runs"}
"""What Compare's address says to show them."""


def train_now() -> None:
    """The form, and below it the training of this visit, if there is one."""
    if not limits().training:
        st.info("Whoever runs this app has switched off training for visitors.", icon=":material/info:")
        return
    training: Training | None = st.session_state.get("live_training")
    busy = training is not None and training.state not in OVER
    recipes, steps = _choose()
    problem = "" if recipes else "Choose at least one network or loss."
    if st.button(
        "Train",
        icon=":material/play_arrow:",
        disabled=busy or bool(problem),
        help=problem or ("One training at a time: stop this one to begin another." if busy else None),
    ):
        if not resources.MEMORY.make_room(NEEDED_BYTES):
            st.error("There is no memory for a training now: try again when others have finished theirs.")
            return
        st.session_state.live_number = st.session_state.get("live_number", 0) + 1
        number = st.session_state.live_number
        training = Training(
            {name: recipe(*choice, steps, number) for name, choice in recipes.items()}, steps, resources.is_here()
        )
        st.session_state.live_training = training
        resources.MEMORY.watch("live trainings", training, lambda one: one.held_bytes)
        st.session_state.pop("live_kept", None)
        st.session_state.pop(WANTED, None)
        resources.TRAININGS.start(training)
        st.rerun()
    if training is None:
        st.markdown(
            "Press Train: the networks begin with random weights and learn from 240 rendered pictures of 64 × 64. Four "
            "pictures that they never learn from show how far they are."
        )
        return
    moving = training.state not in (*OVER, PAUSED)
    st.fragment(_watch, run_every=EVERY if moving else None)(training, moving)


def _choose() -> tuple[dict[str, tuple[str, str, float, float]], int]:
    """Name → (model, loss, rarity, learning rate) of what the visitor wants to see learn; and for how many steps."""
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        address.choice("live-compare", TOPICS, TOPICS[0])
        address.choice("rarity", RARITIES, 0.5)
        address.choice("rate", RATES, 1e-2)
        steps = address.choice("steps", LENGTHS, 240)
        by_loss = st.segmented_control("Compare", TOPICS, required=True, key="live-compare") == "losses"
        rarity = st.select_slider(
            "How rare small classes are",
            RARITIES,
            key="rarity",
            width=220,
            help="At 1, triangles and lines are in 6 % of the pictures, and small.",
        )
        rate = st.select_slider("Learning rate", RATES, format_func="{:g}".format, key="rate", width=220)
        st.segmented_control("Steps of 16 pictures", LENGTHS, required=True, key="steps")
    if by_loss:
        options, usual = {LOSSES[key].title: ("unet", key) for key in LOSSES}, ["cross-entropy", "Dice"]
    else:
        options, usual = {TITLES[key]: (key, "wce") for key in MODELS}, [TITLES["fcn32s"], TITLES["unet"]]
    key = "live-losses" if by_loss else "live-networks"
    label = "Losses, each for a U-Net of its own" if by_loss else "Networks, each with weighted cross-entropy"
    address.choices(key, options, usual)
    chosen = st.pills(label, list(options), selection_mode="multi", key=key, wrap=True)
    if len(chosen) > MOST:
        st.markdown(f"At most {MOST} learn at once: the first {MOST} are taken.")
    return {name: (*options[name], rarity, rate) for name in chosen[:MOST]}, steps


def _watch(training: Training, moving: bool) -> None:
    moved_on = moving and training.state in (*OVER, PAUSED)
    _status(training)
    _buttons(training)
    if training.samples and any(p.masks is not None for p in training.progress):
        _pictures(training)
        _curves(training)
    if moved_on:
        st.rerun()  # only now: what was pressed meanwhile is heeded


def _status(training: Training) -> None:
    ahead = resources.TRAININGS.ahead(training)
    rates = " · ".join(f"{plain(p.name)} {p.rate:.0f} pictures/s" for p in training.progress if p.rate)
    said = {
        WAITING: f"Waiting: {ahead} training{'s' if ahead != 1 else ''} of other visitors come first."
        if ahead
        else "Preparing the pictures …",
        RUNNING: f"Learning. {rates}" if rates else "Rendering the pictures …",
        PAUSED: "Paused.",
        DONE: "Done.",
        STOPPED: "Stopped.",
        FAILED: "",
    }[training.state]
    if training.state == FAILED:
        st.error(plain(training.said), icon=":material/error:")
    st.progress(training.share, said or None)


def _buttons(training: Training) -> None:
    with st.container(horizontal=True, gap="small"):
        if training.state == PAUSED:
            st.button("Resume", icon=":material/play_arrow:", on_click=resources.TRAININGS.start, args=(training,))
        elif training.state not in OVER:
            st.button("Pause", icon=":material/pause:", on_click=resources.TRAININGS.pause, args=(training,))
        if training.state not in OVER:
            st.button("Stop", icon=":material/stop:", on_click=resources.TRAININGS.stop, args=(training,))
            return
        kept = st.session_state.get("live_kept")
        if kept:
            st.success(
                f"{'; '.join(plain(name) for name in kept)} stand beside the others on every page, as long as this "
                "visit lasts.",
                icon=":material/check:",
            )
            st.page_link("pages/compare.py", label="Compare them", icon=":material/compare:", query_params=THEIRS)
            return
        learned = training.state != FAILED and any(p.step for p in training.progress)
        if learned:
            st.button("Keep for this visit", icon=":material/bookmark_add:", on_click=_want, args=(training,))
        if learned and st.session_state.get(WANTED) is training:
            try:
                with st.spinner("Scoring the networks on 200 pictures …"):
                    st.session_state.live_kept = _keep(training)
            except TrainingError as error:
                st.error(plain(str(error)), icon=":material/error:")
                del st.session_state[WANTED]
            else:
                st.rerun()


def _want(training: Training) -> None:
    st.session_state[WANTED] = training


def _keep(training: Training) -> list[str]:
    """Write the networks into this visit's folder; returns what the sets are called."""
    index = WeightIndex(resources.visit_folder())
    return [set_in_words(WeightSet(record, index.folder, 1)) for record in training.save_as_sets(index)]


def _pictures(training: Training) -> None:
    rows = {"pictures": [sample.image for sample in training.samples], "truth": _masks(training.samples)}
    for progress in training.progress:
        if progress.masks is not None:
            rows[progress.name] = [colour_mask(mask, SHAPES) for mask in progress.masks]
    with st.container(horizontal=True, gap="medium"):
        for name, images in rows.items():
            with st.container(width=222, gap="xsmall"):
                st.markdown(f"**{plain(name)}**")
                st.image(encode_png(_tiled(images)), width="stretch", alt=f"{name}: four held-out pictures")
    with st.container(horizontal=True, gap="small"):
        for name, colour in zip(SHAPES.names, SHAPES.colours, strict=True):
            st.image(encode_png(np.full((12, 12, 3), colour, np.uint8)), width=14, alt=f"Colour of {name}")
            st.caption(name, width="content")


def _masks(samples: tuple[Sample, ...]) -> list[np.ndarray]:
    return [colour_mask(sample.labels, SHAPES) for sample in samples]


def _tiled(images: list[np.ndarray]) -> np.ndarray:
    """Four pictures two by two, with a white line between them, enlarged."""
    edged = [np.pad(image, ((0, 2), (0, 2), (0, 0)), constant_values=255) for image in images]
    rows = [np.concatenate(edged[i : i + 2], axis=1) for i in range(0, len(edged), 2)]
    whole = np.concatenate(rows)[:-2, :-2]
    return whole.repeat(ENLARGED, axis=0).repeat(ENLARGED, axis=1)


def _curves(training: Training) -> None:
    left, right = st.columns(2, gap="large")
    several = len({recipe.loss for recipe in training.recipes.values()}) > 1
    with left:
        st.markdown("How well does it know pictures it has never seen? Mean Dice over 48 held-out pictures.")
        curves = {p.name: p.dice for p in training.progress if p.dice}
        figure = figures_training.learning_curves(curves, "mean Dice", unit="step")
        st.plotly_chart(figure.update_yaxes(range=[0, 1]), config=CHART, key="live-dice", alt="Held-out Dice by step")
    with right:
        st.markdown(
            "Does the loss still fall?"
            + (" Each as a share of its first value, losses have no unit." if several else "")
        )
        curves = {p.name: p.losses for p in training.progress if p.losses}
        figure = figures_training.learning_curves(curves, "training loss", relative=several, unit="step")
        st.plotly_chart(figure, config=CHART, key="live-loss", alt="Training loss by step")
