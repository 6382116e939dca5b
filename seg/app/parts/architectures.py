"""The parts of the Architectures page: drawing, feature maps, skips, receptive fields, cost."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import streamlit as st

from seg.anatomy.dense import Open
from seg.anatomy.receptive import Field, Seen
from seg.anatomy.roles import opens_on
from seg.anatomy.stages import Anatomise, Costs, Means, Skips, Stage, Strongest, Timed
from seg.app import address, answers, controls
from seg.app.components.dense_block import dense_block
from seg.app.components.network_drawing import network_drawing
from seg.app.components.picker import picker
from seg.app.components.viewer import Panel, viewer
from seg.app.layout import beside, row
from seg.app.parts.exhibits import Exhibit
from seg.app.text import plain
from seg.catalogue.comparisons import Comparison, Entry, comparisons
from seg.datasets import DATASETS
from seg.figures import architectures as figures
from seg.labels import ClassMap
from seg.models.blocks import ADDED, JOINED, Skip
from seg.pictures.drawing import (
    colour_mask,
    field_over,
    fit,
    fit_labels,
    heat_map,
    overlay,
)
from seg.scores.ablation import Ablated, changed
from seg.service.questions import PREDICT, Predict, Question

CHART = {"displayModeBar": False}
PAPERS = {
    "encoder_decoder": "[Badrinarayanan et al. 2017](https://arxiv.org/abs/1511.00561)",
    "fcn": "[Long et al. 2015](https://arxiv.org/abs/1411.4038)",
    "unet": "[Ronneberger et al. 2015](https://arxiv.org/abs/1505.04597)",
    "fc_densenet": "[Jégou et al. 2017](https://arxiv.org/abs/1611.09326)",
}
"""How an architecture's name begins → its paper."""
QUESTIONS = {
    True: "How does the picture become small and deep, and large again?",
    False: "What can a network find that never makes the picture small?",
}
"""Whether the network makes the picture smaller → what its drawing asks."""
MEETINGS = {
    ADDED: "Its skips are added (+): the scores of a finer stage, value by value, to what has come up.",
    JOINED: "Its skips are joined (⧺): a finer stage's channels stand beside those that have come up, and the next "
    "convolution reads both.",
}
"""How a skip meets what comes up → what that means."""
FOR_DRAWING: dict[str, Question] = {"stages": Anatomise(), "maps": Means(), "skips": Skips(), "mask": PREDICT}
"""What a network is asked to be drawn."""
SIDES = (90, 180, 360, 720)
TIMED = (90, 180, 360)
LARGE = 480
PICKED = 420
"""Width of the mask on which a pixel is picked, in pixels."""
SMALL = 300
TINY = 192


def choose(sets: dict) -> tuple[Comparison, Entry]:
    """The family, with what was made elsewhere for the same classes, and the network in it that the page is about."""
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        offered = controls.narrow(comparisons(sets.values()), "Data set", lambda c: c.dataset, key="dataset")
        dataset = offered[0].dataset
        families = [c for c in offered if c.topic == "architectures"] or offered[:1]
        for prop in families[0].fixed:
            families = controls.narrow(
                families, prop, lambda c, prop=prop: c.fixed.get(prop, ""), key=f"{prop}-architectures-{dataset}"
            )
    family = families[0]
    made_elsewhere = [
        entry
        for own in offered
        if own.topic == "own runs" and own is not family
        for entry in own.entries
        if entry.record.source and entry.record.class_map.names == family.entries[0].record.class_map.names
    ]
    comparison = replace(family, entries=(*family.entries, *made_elsewhere))
    titles = [entry.title for entry in comparison.entries]
    usual = next((title for title in titles if "U-Net" in title), titles[0])
    address.choice("network", titles, usual)
    title = st.segmented_control("Network", titles, required=True, key="network", wrap=True)
    return comparison, next(e for e in comparison.entries if e.title == title)


def can_be_looked_into(entry: Entry) -> bool:
    """Whether the page can take the network apart; if not, a sentence says why."""
    if not entry.record.is_module:
        st.info(
            f"{plain(entry.title)} is an ONNX file, which runs as a whole: its stages, its skips and what its pixels "
            "see cannot be looked at. It stands on Compare and on the Leaderboard like every other network.",
            icon=":material/info:",
        )
    return entry.record.is_module


@dataclass(frozen=True)
class Drawn:
    """What a drawing shows. stages: name → stage, as they run; chosen: the one picked; skips: with where each leads."""

    stages: dict[str, Stage]
    chosen: str
    skips: tuple[tuple[str, Skip | None], ...]


def draw(exhibit: Exhibit, entry: Entry, key: str) -> Drawn | None:
    """The network with what it makes of the picture; None, with a sentence on the page, where that failed."""
    found = answers.collect({name: answers.ask(exhibit, entry.weights, one) for name, one in FOR_DRAWING.items()})
    if len(found) < len(FOR_DRAWING):
        return None
    stages: dict[str, Stage] = {stage.name: stage for stage in found["stages"]}
    opens = opens_on({name: stage.role for name, stage in stages.items()})
    chosen = address.choice(f"layer-{entry.record.model}", stages, opens)
    network_drawing(
        entry.title,
        fit(exhibit.picture.pixels, TINY),
        colour_mask(fit_labels(found["mask"].labels, TINY), entry.record.class_map),
        tuple(stages.values()),
        found["maps"],
        {name: where for name, where in found["skips"] if where},
        chosen,
        key,
        pick=lambda stage: address.choose(f"layer-{entry.record.model}", stage),
    )
    return Drawn(stages, chosen, found["skips"])


@st.fragment
def drawing(exhibit: Exhibit, entry: Entry) -> None:
    """The network with what it makes of the picture, stage by stage; the channels of the stage picked."""
    drawn = draw(exhibit, entry, f"drawing-{entry.weights.name}")
    if drawn is None:
        return
    stages, chosen = drawn.stages, drawn.chosen
    heights = [stage.shape[1] for stage in stages.values()]
    total = sum(stage.seconds or 0 for stage in stages.values())
    st.markdown(
        f"{QUESTIONS[min(heights) < max(heights)]} {entry.title} as it is built, in the order in which its stages run: "
        f"{sum(s.parameters for s in stages.values()):,} parameters, {sum(s.gflops for s in stages.values()):.2g} "
        f"GFLOPs and {total * 1000:.0f} ms for this picture at the training scale. In each box is the mean of its "
        "channels for this picture, below it how many they are; point at it for its numbers, click it for its "
        f"channels. {_meeting(drawn.skips)}{_paper(entry)}".strip()
    )
    _dense_block(exhibit, entry, stages[chosen])
    maps = _asked(exhibit, entry, Strongest(chosen))
    if maps is None:
        return
    c, h, w = stages[chosen].shape
    title = stages[chosen].role.title
    st.markdown(f"**What {plain(title)} sees**, {h}×{w}, {c:,} channels")
    with row("channels"):
        for channel, strength, values in zip(maps.channels, maps.strength, maps.maps, strict=True):
            with st.container(width=146, gap="xxsmall"):
                st.image(heat_map(values, 255), width="stretch", alt=f"Channel {channel} of {title}")
                st.caption(f"channel {channel}, mean {strength:.2g}")
    st.markdown(
        f"What does each channel answer to? The {len(maps.channels)} of {maps.total} channels that vary most over the "
        "picture, each from its least (dark) to its largest value (bright). Early stages answer to edges and colours, "
        "deep ones to parts and things, at a resolution too coarse for outlines."
    )


def _dense_block(exhibit: Exhibit, entry: Entry, stage: Stage) -> None:
    """The stage opened, where it is a dense block."""
    if not entry.record.model.startswith("fc_densenet"):
        return
    opened = _asked(exhibit, entry, Open(stage.name))
    if opened is None:
        return
    st.markdown(
        f"**{plain(stage.role.title)} is a dense block: who reads what?** Each layer reads the block's input and what "
        "all layers before it have added, joined, and adds a few channels, the growth. Point at a layer."
    )
    dense_block(stage.role.title, opened, key=f"dense-{entry.weights.name}")


def _meeting(skips: Iterable[tuple[str, Skip | None]]) -> str:
    """How the skips meet what comes up, in a sentence; '' where there are none, or nobody says."""
    how = {where.how for _, where in skips if where}
    return " ".join(sentence for kind, sentence in MEETINGS.items() if kind in how) + " " * bool(how)


def _asked(exhibit: Exhibit, entry: Entry, question: Question) -> Any:
    """The answer, or None with a sentence on the page."""
    return answers.collect({entry.title: answers.ask(exhibit, entry.weights, question)}).get(entry.title)


def _paper(entry: Entry) -> str:
    return next((paper for name, paper in PAPERS.items() if entry.record.model.startswith(name)), "")


@st.fragment
def skips(exhibit: Exhibit, entry: Entry, class_map: ClassMap) -> None:
    """Untick skips and see what the mask loses."""
    ends = [name for name, _ in _asked(exhibit, entry, Skips()) or ()]
    if not ends:
        st.info(
            f"{entry.title} has no skips: what its deepest stage has lost, no later stage can find again. Choose "
            "FCN-8s, U-Net or FC-DenseNet above to take skips away.",
            icon=":material/info:",
        )
        return
    key = f"skips-{entry.record.model}-{entry.record.dataset}"
    address.choices(key, ends, ends[1:])
    kept = st.pills("Skips that are on", ends, selection_mode="multi", key=key, wrap=True)
    asked = {"all on": frozenset(ends), "as ticked": frozenset(kept or ()), "all off": frozenset()}
    found = answers.collect({name: answers.ask(exhibit, entry.weights, Predict(keep)) for name, keep in asked.items()})
    if len(found) < len(asked):
        return
    panels = [
        Panel(
            name,
            f"{changed(found[name].labels, found['all on'].labels):.1%} of the pixels changed",
            one.labels,
            one.confidence,
        )
        for name, one in found.items()
    ]
    viewer(
        exhibit.picture.pixels,
        panels,
        class_map,
        exhibit.truth,
        key=f"ablation-{entry.weights.name}",
        said="look-skips",
    )
    st.markdown(
        "What does each skip bring? The network was trained with all of them; the ones unticked are zeroed when it "
        "runs, it is not trained anew without them. So this shows what the trained network relies on, not what a "
        "network without skips could learn: compare FCN-32s with FCN-8s for that."
    )
    if exhibit.truth is None:
        return
    scores = {name: Ablated.of(one.labels, exhibit.truth, len(class_map)) for name, one in found.items()}
    left, right = st.columns([2, 3], gap="large")
    with left:
        with st.container(horizontal=True, gap="medium"):
            for name, score in scores.items():
                st.metric(
                    f"mean Dice, {name}",
                    f"{score.mean_dice:.3f}",
                    None if name == "all on" else f"{score.mean_dice - scores['all on'].mean_dice:+.3f}",
                    width="content",
                )
        table = pd.DataFrame({name: {"boundary F1": score.boundary_f1} for name, score in scores.items()})
        table = table.rename_axis("skips")
        st.table(
            table.style.format("{:.3f}", na_rep="–"), border="horizontal", alt="Boundary F1 with and without skips"
        )
    with right:
        thin = DATASETS[class_map.dataset].thin if class_map.dataset in DATASETS else ""
        st.markdown(
            f"Which classes lose most as ticked, against all skips on? Look at thin things{controls.here(thin)}."
        )
        st.plotly_chart(
            figures.dice_change(scores["all on"].dice, scores["as ticked"].dice, class_map.names),
            config=CHART,
            alt="Change of every class's Dice",
        )


@st.fragment
def one_pixel(exhibit: Exhibit, entry: Entry, comparison: Comparison, class_map: ClassMap) -> None:
    """One pixel, picked on the mask: what each network sees for it."""
    prediction = _asked(exhibit, entry, PREDICT)
    if prediction is None:
        return
    y, x = picker(
        overlay(fit(exhibit.picture.pixels, LARGE), fit_labels(prediction.labels, LARGE), class_map, 0.5),
        exhibit.picture.pixels.shape[:2],
        "Mask: click a pixel, or move it with the arrow keys",
        key="pixel",
        width=PICKED,
        said="at",
    )
    st.markdown(f"Click a pixel of {plain(entry.title)}'s mask, or move the mark with the arrow keys.")
    questions = {e.title: answers.ask(exhibit, e.weights, Seen(y, x)) for e in comparison.entries if e.record.is_module}
    found = answers.collect(questions, "Tracing back what counts")
    photo = fit(exhibit.picture.pixels, SMALL)
    with row("fields", gap="medium"):
        for title, field in found.items():
            with st.container(width=220, gap="xsmall"):  # four of them in a row
                st.markdown(f"**{plain(title)}**")
                st.image(field_over(photo, field.heat, field.box), width="stretch", alt=f"Receptive field of {title}")
                st.markdown(f"{_reach(field)}95 % of what counts within {field.side} px")
    st.markdown(
        "How far does a network look to decide on this pixel? The frame is the theoretical receptive field: nothing "
        "outside can matter. Bright is what really counts, |d winning logit / d input|: far less, and mostly near the "
        "middle. [Luo et al. 2016](https://arxiv.org/abs/1701.04128)"
    )


def _reach(field: Field) -> str:
    if field.box is None:
        return ""
    return "can see the whole picture, " if field.box == (0, 0, 1, 1) else f"can see {field.theoretical} px, "


def cost(exhibit: Exhibit, entry: Entry, comparison: Comparison) -> None:
    """Memory and operations stage by stage, and how they grow with the picture."""
    found: tuple[Stage, ...] | None = _asked(exhibit, entry, Anatomise())
    if found:
        st.markdown(
            f"Which stages of {entry.title} cost most? Operations, and the memory of each stage's feature map. Full "
            "resolution is dear: this is why encoders go down."
        )
        st.plotly_chart(figures.per_stage(found), config=CHART, alt="Operations and memory of every stage")
    few = {e.title: e for e in comparison.entries if e.record.model in ("conv_stack", "encoder_decoder")}
    few[entry.title] = entry
    costs = answers.collect(
        {title: answers.ask(exhibit, e.weights, Costs(SIDES)) for title, e in few.items()}, "Counting operations"
    )
    if not costs:
        return
    with beside("growth"):
        columns = st.columns(3)
    for column, which, unit in ((columns[0], 0, "GFLOPs"), (columns[1], 1, "MB of maps")):
        with column:
            lines = {
                title: [(side, line[which]) for side, line in zip(SIDES, c, strict=True)] for title, c in costs.items()
            }
            st.plotly_chart(figures.growth(lines, unit), config=CHART, key=f"growth-{unit}", alt=f"{unit} by size")
    with columns[2]:
        st.button(
            "Measure the time here",
            icon=":material/timer:",
            help="A few seconds of this machine.",
            on_click=_measure_here,
        )
        if st.session_state.get("timed-here"):
            times = answers.collect(
                {t: answers.ask(exhibit, e.weights, Timed(TIMED)) for t, e in few.items()}, "Measuring"
            )
            if times:
                lines = {t: [(s, 1000 * v) for s, v in zip(TIMED, values, strict=True)] for t, values in times.items()}
                st.plotly_chart(
                    figures.growth(lines, "ms, measured"), config=CHART, alt="Measured milliseconds by size"
                )
    st.markdown(
        "What does a larger picture cost? Twice the side is four times the operations and the memory, for every one of "
        "these networks; the conv stack pays full resolution in every layer, the others only at both ends, and so "
        "afford many more channels for the same price."
    )


def _measure_here() -> None:
    st.session_state["timed-here"] = True
