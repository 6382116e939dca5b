"""Training: what a network learns first, played moment by moment beside its learning curve."""

import streamlit as st

from seg.app import address, controls, entry, take_along
from seg.app.components.player import player
from seg.app.parts import replays
from seg.app.parts import train_now as live
from seg.app.text import plain
from seg.datasets import DATASETS
from seg.figures import training as figures_training

QUESTIONS = {
    "architectures": "What does each network learn first?",
    "losses": "What does each loss teach first?",
    "upsampling": "When do the edges settle, for each way of going back up?",
    "starts": "How much sooner does a network see that has seen a million photos before?",
    "widths": "Does a wider network learn sooner?",
    "own runs": "How did your own networks learn?",
    "seeds": "How much of it is chance?",
}
REPLAYED, NOW = "Long trainings, replayed", "Train now"
CHART = {"displayModeBar": False}

entry.required()
offered = replays.offered(controls.weight_sets(scored=True).values())

address.choice("show", (REPLAYED, NOW), REPLAYED)
if st.segmented_control("Show", [REPLAYED, NOW], required=True, key="show", label_visibility="collapsed") == NOW:
    st.header("Watch networks learn")
    live.train_now()
    st.stop()

comparison = replays.choose(offered)
take_along.of(entry.record for entry in comparison.entries)
classes = comparison.entries[0].record.class_map

# The replays
show = replays.show(comparison.entries)
st.header(QUESTIONS[comparison.topic])
if show.sample is not None:
    known = DATASETS.get(comparison.dataset)
    hint = known.sentences.get("training", "") if known else ""
    st.markdown(
        f"Press play. Every network labels this picture at {len(show.shares)} moments of its training, all in "
        f"step; early moments lie closer together, when most is learned. {hint} The line under each mask is its mean "
        "IoU on the validation pictures, the dot the moment you see."
    )
    player(show.sample, show.tracks, show.shares, classes, key="replay-player", said="replay")
for problem in show.problems:
    st.info(plain(problem), icon=":material/info:")

if show.sample is not None:
    st.header("When is each class found?")
    st.markdown(
        f"Do large classes come before small ones? Each row is a class with its share of the picture, the largest on "
        f"top; a mark is the moment from which its Dice stays at {replays.FOUND} or more."
    )
    figure = figures_training.found_when(
        replays.found_at(show.tracks, len(classes)),
        show.shares,
        replays.class_shares(show.sample, len(classes)),
        classes.names,
        [track.name for track in show.tracks],
    )
    st.plotly_chart(
        figure, config=CHART, alt="For each class and network, the share of the training at which it is found"
    )

# The learning curves
st.header("How do the curves run?")
left, right = st.columns(2)
scores, losses = (replays.curves(comparison.entries, key) for key in ("val_mean_iou", "loss"))
with left:
    st.markdown("**On pictures it has not trained on**")
    st.markdown("Has each curve stopped rising? Mean IoU on the validation pictures, higher is better.")
    if scores:
        figure = figures_training.learning_curves(scores, "validation mean IoU")
        st.plotly_chart(figure, config=CHART, alt="Validation mean IoU of every network, epoch by epoch")
with right:
    st.markdown("**On the pictures it trains on**")
    several = len({entry.record.loss for entry in comparison.entries}) > 1
    unit = (
        "Each as a share of its own first value, since losses have no common unit." if several else "Lower is better."
    )
    st.markdown(f"Does it keep falling when the validation curve no longer rises? Training loss. {unit}")
    if losses:
        figure = figures_training.learning_curves(losses, "training loss", relative=several)
        st.plotly_chart(figure, config=CHART, alt="Training loss of every network, epoch by epoch")
if not scores and not losses:
    st.info("None of these networks has a learning curve in its record.", icon=":material/info:")
