"""The Leaderboard page's parts: filters, the table, and what the records say beyond it."""

import math
from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from seg.app import address
from seg.app.frames import dataframe
from seg.app.layout import beside, wide
from seg.app.text import listed, plain
from seg.catalogue.comparisons import IMAGENET, WeightSet
from seg.catalogue.words import told_apart
from seg.figures import leaderboard as figures
from seg.scores import leaderboard
from seg.scores.leaderboard import COSTS, SCORES, Row

MARKS = {
    leaderboard.BEST: "★ best",
    leaderboard.REFERENCE: "● reference",
    leaderboard.BETTER: "▲ better",
    leaderboard.WORSE: "▼ worse",
    leaderboard.NOISE: "≈ within noise",
}
"""Verdict → how a table shows it; others stand as they are."""

HOW_MARKED = (
    "Where intervals overlap, other pictures of the same kind might turn the order round; where a set is marked better "
    "or worse, they do not overlap. Scores of different data sets cannot be compared."
)
HOW_SEEDS = (
    "Runs alike but for the seed stand on one line, as their mean ± standard deviation, with an interval that covers "
    "the intervals of all."
)
NO_TOOLBAR = {"displayModeBar": False}


def choose(sets: Mapping[str, WeightSet]) -> tuple[list[Row], list[Row]]:
    """Draw the filters; returns the rows they let through, and all rows."""
    several = len(leaderboard.rows(sets.values())) < len(sets)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        slots = [st.container(width=190) for _ in range(4)]  # narrower, they grow while they have the focus
        address.choice("leaderboard-seeds", (False, True), False)
        each = several and st.toggle("Each seed", key="leaderboard-seeds", help="One line a training run.")
    everything = leaderboard.rows(sets.values(), each_seed=each)
    kept = everything
    fields = {
        "Data set": lambda row: row.record.dataset,
        "Network": lambda row: row.network,
        "Loss": lambda row: row.loss,
        "Start": lambda row: row.start,
    }
    for slot, (title, of) in zip(slots, fields.items(), strict=True):
        options = list(dict.fromkeys(of(row) for row in everything))
        address.choices(f"leaderboard-{title}", options, ())
        chosen = slot.multiselect(title, options, key=f"leaderboard-{title}", placeholder="all")
        kept = [row for row in kept if not chosen or of(row) in chosen]
    return kept, everything


def table(rows: Sequence[Row]) -> None:
    """Every row with its scores, the verdict against one of them, and the CSV."""
    by_name = {row.name: row for row in rows}
    address.choice("leaderboard-reference", ["", *by_name], "")
    named = {"": "the best of its data set", **_in_words(rows)}
    called = named.__getitem__
    name = st.selectbox("Compare each with", list(named), format_func=called, key="leaderboard-reference", width=420)
    board = leaderboard.board(rows, by_name[name] if name else None)
    intervals = [
        f"{low:.3f}–{high:.3f}" if math.isfinite(low) else None
        for low, high in zip(board["low"], board["high"], strict=True)
    ]
    shown = board.assign(
        words=[by_name[set_].words for set_ in board["set"]],
        trained=[by_name[set_].words.removeprefix(f"{by_name[set_].network}, ") for set_ in board["set"]],
        interval=pd.Series(intervals, board.index),
        verdict=board["verdict"].replace(MARKS),
        minutes=board["training_seconds"] / 60,
    )
    several = bool((board["seeds"] > 1).any())
    dataframe(
        shown,
        hide_index=True,
        column_order=[
            "network", *(["dataset"] if board["dataset"].nunique() > 1 else []),
            "mean_iou", *(["spread"] if several else []), "interval", "verdict", "parameters", "gflops",
            "milliseconds", "trained", *(["seeds"] if several else []), "difference", "mean_dice", "pixel_accuracy",
            "boundary_f1", "ece", "minutes", "loss", "start", "scale",
        ],
        column_config=_columns(),
        height=min(38 + 35 * len(shown), 459),
        alt="Every weight set with its scores, cost and training time",
    )  # fmt: skip
    st.markdown(_rule(named[name] if name else None))
    with st.expander("How to read the table", icon=":material/help:"):
        for note in (HOW_MARKED, *([HOW_SEEDS] if several else []), *_notes(rows, board)):
            st.markdown(note)
    st.download_button(
        "These lines (CSV)",
        board.to_csv(index=False).encode(),
        "leaderboard.csv",
        "text/csv",
        on_click="ignore",
        icon=":material/download:",
    )


def _in_words(rows: Sequence[Row]) -> dict[str, str]:
    """Name → what the line is called in a list of them all."""
    several = len({row.record.dataset for row in rows}) > 1
    return told_apart({row.name: row.words + (f", {row.record.dataset} pictures" if several else "") for row in rows})


def _columns() -> dict:
    number = st.column_config.NumberColumn
    return {
        "network": st.column_config.TextColumn("Network", width=118, pinned=True),
        "dataset": st.column_config.TextColumn("Data set", width=82),
        "trained": st.column_config.TextColumn("Trained", width=250),
        "loss": "Loss",
        "start": "Start",
        "mean_iou": st.column_config.ProgressColumn("Mean IoU", min_value=0, max_value=1, format="%.3f", width=88),
        "spread": number("± seeds", format="%.3f", width=62, help="Standard deviation of mean IoU over the seeds."),
        "seeds": number("Seeds", help="How many runs, alike but for the seed, the line is the mean of."),
        "interval": st.column_config.TextColumn("95 %", help="Interval of mean IoU, bootstrapped over the pictures."),
        "verdict": st.column_config.TextColumn("Against it", help="Whether the difference is more than noise."),
        "difference": number("Difference", format="%+.3f", help="Mean IoU, less that of the one compared with."),
        "mean_dice": number("Mean Dice", format="%.3f"),
        "pixel_accuracy": number("Pixel accuracy", format="%.3f"),
        "boundary_f1": number("Boundary F1", format="%.3f", help="Outlines found to within 2 pixels."),
        "ece": number("ECE", format="%.3f", help="Expected calibration error: 0 is as sure as it is right."),
        "parameters": number("Parameters", format="localized"),
        "gflops": number("GFLOPs", format="%.1f", help="For one tile at the training scale."),
        "milliseconds": number("ms", format="%.1f", help="Measured median for one tile."),
        "minutes": number("Training, min", format="%.0f"),
        "scale": number("Scale", help="Short side of a picture at training, in pixels."),
    }


def _rule(words: str | None) -> str:
    against = f"**{plain(words)}**" if words else "the best of its data set among these lines"
    return (
        f"Which differences are real? Each set is compared with {against}, in mean IoU. **≈ within noise**: the two "
        "95 % intervals overlap."
    )


def _notes(rows: Sequence[Row], board: pd.DataFrame) -> list[str]:
    notes = []
    if board["own"].any():
        notes.append("What you have trained or brought is called **your own**.")
    if (board["verdict"] == leaderboard.OTHER_PICTURES).any() or _several_truths(rows):
        notes.append("Sets that were not measured on the same pictures are not compared with each other.")
    devices = list(dict.fromkeys(device for device in board["device"] if device))
    if devices:
        notes.append(f"Milliseconds measured on {plain(' and on '.join(devices))}.")
    lacking = {
        "mean IoU": board["mean_iou"].isna().sum(),
        "GFLOPs": board["gflops"].isna().sum(),
        "milliseconds": board["milliseconds"].isna().sum(),
    }
    missing = [f"{title} for {count}" for title, count in lacking.items() if count]
    if missing:
        notes.append(f"– is not measured: the records lack {', '.join(missing)} of these {len(board)} lines.")
    return notes


def _several_truths(rows: Sequence[Row]) -> bool:
    measured = {row.pictures for row in rows if math.isfinite(row.score("mean_iou"))}
    return len(measured) > len({pictures[0] for pictures in measured})


def decoders(rows: Sequence[Row]) -> None:
    """Does the better decoder pay here? Every pair that was trained alike."""
    st.header("Does the better decoder pay here?")
    pairs = leaderboard.decoders(rows)
    if pairs.empty:
        st.markdown("No U-Net or FC-DenseNet was trained and measured in the same way as an FCN-8s.")
        return
    st.markdown(leaderboard.answer(pairs))
    deltas = {f"Δ {title}": pairs[key] for key, title in SCORES.items()}
    shown = pd.DataFrame(
        {
            "Data set": pairs["dataset"],
            "Decoder": pairs["decoder"],
            "Pays?": pairs["verdict"].replace(MARKS),
            **deltas,
            "Trained": pairs["start"] + ", " + pairs["loss"],
        }
    )
    dataframe(
        shown,
        hide_index=True,
        height=min(38 + 35 * len(shown), 318),
        column_config={title: st.column_config.NumberColumn(format="%+.3f") for title in deltas},
        alt="U-Net and FC-DenseNet against FCN-8s, pair by pair",
    )
    st.markdown(
        "What do U-Net and FC-DenseNet, which bring fine detail back layer by layer, gain over FCN-8s, which adds two "
        "coarse maps? Δ is their score less that of the FCN-8s with the same data set, start, loss and scale; the "
        "verdict is that of the intervals of mean IoU, the other scores have none. All sets count here, whatever the "
        "filters say."
    )


def choose_dataset(rows: Sequence[Row]) -> list[Row]:
    """The rows of one data set, which a visitor chooses where there are several."""
    datasets = list(dict.fromkeys(row.record.dataset for row in rows))
    if len(datasets) == 1:
        return list(rows)
    address.choice("leaderboard-one", datasets, datasets[0])
    chosen = st.segmented_control("One data set at a time", datasets, required=True, key="leaderboard-one")
    return [row for row in rows if row.record.dataset == chosen]


def price(rows: Sequence[Row]) -> None:
    """Accuracy against cost."""
    st.header("Accuracy and its price")
    score = address.choice("leaderboard-score", SCORES, "mean_iou")
    cost = address.choice("leaderboard-cost", COSTS, "parameters")
    with st.container(horizontal=True):
        st.segmented_control(
            "Accuracy",
            list(SCORES),
            format_func=SCORES.__getitem__,
            required=True,
            key="leaderboard-score",
        )
        st.segmented_control(
            "Price",
            list(COSTS),
            format_func=COSTS.__getitem__,
            required=True,
            key="leaderboard-cost",
        )
    points = leaderboard.price(rows, cost, score)
    if points.empty:
        st.info(f"None of these sets has both {SCORES[score]} and {COSTS[cost]} on record.", icon=":material/info:")
        return
    st.plotly_chart(
        figures.price(points, COSTS[cost], SCORES[score]),
        config=NO_TOOLBAR,
        alt=f"{SCORES[score]} of every set against its {COSTS[cost]}, with the Pareto front",
    )
    front = points["label"][points["front"]]
    worth = f"only {plain(front.iloc[0])} is" if len(front) == 1 else "only the sets on the dotted line are"
    caption = (
        f"What does a better score cost? By these two numbers {worth} worth choosing: each "
        "other is beaten by one that costs no more. Colour and shape are the network; the loss is under the pointer. "
    )
    if (points["start"] == IMAGENET).any():
        caption += "Hollow marks started from ImageNet. "
    if points["low"].notna().any():
        caption += "Bars are 95 % intervals over pictures."
    else:
        caption += f"The records hold intervals for mean IoU alone, so {SCORES[score]} has no bars."
    if cost == "gflops":
        caption += " GFLOPs are those of one tile at the training scale."
    if len(points) < len(rows):
        caption += f" {len(rows) - len(points)} of {len(rows)} sets lack one of the two numbers."
    if points["device"].nunique() > 1:
        caption += " The times are from different machines: compare those of one."
    st.markdown(caption)


def per_class(rows: Sequence[Row]) -> None:
    """Dice of every class and network."""
    st.header("Class by class")
    dice = leaderboard.dice_table(rows)
    if dice.empty:
        st.info("None of these sets has scores of single classes on record.", icon=":material/info:")
        return
    with wide("classes"):
        st.plotly_chart(
            figures.dice_heat_map(dice),
            config=NO_TOOLBAR,
            alt="Dice of every class, one row a weight set, best set on top",
        )
    rare = next((row.record.rare for row in rows if row.record.rare), ())
    st.markdown(
        "Which classes are hard for all, and which only for some? Dice × 100; the best set is on top, the easiest "
        "class on the left." + (f" {plain(listed(rare))} {'are' if len(rare) > 1 else 'is'} rarest." if rare else "")
    )


def detail(rows: Sequence[Row]) -> None:
    """Two sets side by side: what each mistakes for what, and whether it knows when it is right."""
    st.header("What they mix up, and whether they know it")
    st.markdown(
        "Which class is seen as which? Each row is one class of the truth, each column what the network sees there, in "
        "percent of the row's pixels: a perfect one has 100 along the diagonal. Below: is it right as often as it is "
        "sure? Under the dotted line it is surer than it should be; the small bars say how many pixels it is so sure "
        "about."
    )
    by_name, words = {row.name: row for row in rows}, _in_words(rows)
    with beside("sets"):
        columns = st.columns(2) if len(by_name) > 1 else [st.container()]
    for i, column in enumerate(columns):
        with column:
            title = ("Set", "Set beside it")[i]
            key = f"leaderboard-set{i}-{rows[0].record.dataset}"
            address.choice(key, by_name, list(by_name)[i])
            row = by_name[st.selectbox(title, list(by_name), key=key, format_func=words.__getitem__)]
            _one(row, f"{key}-figure")


def _one(row: Row, key: str) -> None:
    confusion = row.confusion()
    if confusion is None or not confusion.any():
        st.info(f"The record of {plain(row.words)} holds no confusion matrix.", icon=":material/info:")
    else:
        st.plotly_chart(
            figures.confusion_heat_map(confusion, row.record.class_map.names),
            config=NO_TOOLBAR,
            key=f"{key}-confusion",
            alt=f"Confusion matrix of {row.words}: rows truth, columns prediction",
        )
    bins, ece = row.calibration(), row.score("ece")
    known = f"ECE {ece:.3f}" if math.isfinite(ece) else "no ECE"
    if bins is None or not bins.any():
        st.info(
            f"The record of {plain(row.words)} holds {known}, and no calibration bins to draw it from: it was measured "
            "before they were kept.",
            icon=":material/info:",
        )
        return
    st.plotly_chart(
        figures.reliability(bins),
        config=NO_TOOLBAR,
        key=f"{key}-reliability",
        alt=f"Reliability diagram of {row.words}: how often it is right against how sure it is",
    )
    _, sure, right = bins.sum(axis=0) / bins[:, 0].sum()
    leaning = "surer than it should be" if sure > right else "less sure than it could be"
    st.markdown(f"{known}: on average {sure:.1%} sure and {right:.1%} right, so {leaning}.")
