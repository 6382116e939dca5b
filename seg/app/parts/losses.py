"""The parts of the Losses page: networks of different losses, where a loss is, and what imbalance does to it."""

import numpy as np
import pandas as pd
import streamlit as st

from seg.app import address, answers, controls, resources
from seg.app.frames import dataframe
from seg.app.layout import beside, pair, row
from seg.app.parts import runs
from seg.app.parts.exhibits import Exhibit
from seg.app.text import plain
from seg.catalogue.comparisons import Comparison, WeightSet, comparisons, sets_in_words
from seg.errors import ImageError
from seg.figures import losses as figures
from seg.labels import ClassMap
from seg.losses import LOSSES, imbalance
from seg.losses.maps import LossMaps, loss_maps
from seg.pictures.drawing import encode_png, heat_map
from seg.scores.leaderboard import Row
from seg.scores.metrics import (
    Scores,
    boundary_counts,
    boundary_f1,
    calibration_counts,
    expected_calibration_error,
    score,
)
from seg.service.questions import Logits

CHART = {"displayModeBar": False}


def choose(sets: dict[str, WeightSet]) -> Comparison | None:
    """The comparison of losses that the visitor chooses among the data sets that have some; None if there is none."""
    found = [c for c in comparisons(sets.values()) if c.topic == "losses"]
    if not found:
        st.info(
            "No network was trained with several losses: train some, or choose another data set in 'Your own runs'.",
            icon=":material/info:",
        )
        return None
    before = address.said(address.DATASET)
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        found = controls.narrow(found, "Data set", lambda c: c.dataset, key=address.DATASET)
        dataset = found[0].dataset
        for prop in found[0].fixed:
            found = controls.narrow(
                found, prop, lambda c, prop=prop: c.fixed.get(prop, ""), key=f"losses-{prop}-{dataset}"
            )
    if before and before != dataset:
        st.caption(f"No network was trained on {plain(before)} with several losses: these learned {plain(dataset)}.")
    return found[0]


def on_this_picture(exhibit: Exhibit, comparison: Comparison, class_map: ClassMap) -> None:
    """Scores of each network on the picture chosen: overlap, outlines, confidence."""
    work = runs.start(exhibit, comparison)
    answers.collect({run.entry.title: run.future for run in work})
    done = runs.finished(work)
    if not done:
        return
    table = pd.DataFrame({run.entry.title: _scores(exhibit, run, class_map) for run in done}).T.rename_axis("loss")
    st.markdown(
        "What does the loss show in? Boundary F1 asks whether outlines lie within two pixels. Calibration error is the "
        "gap between how sure a network is and how often it is right on this picture."
        if exhibit.truth is not None
        else "This picture has no truth: upload a mask above, or paint one on Compare, to score the networks."
    )
    dataframe(table.style.format("{:.3f}", na_rep="–"), alt="Scores of every loss on this picture")
    if "boundary F1" in table and table["boundary F1"].isna().all():
        st.caption("No boundary F1: all outlines of this picture's truth lie in its void band, which is not judged.")


def _scores(exhibit: Exhibit, run: runs.Run, class_map: ClassMap) -> dict[str, float]:
    prediction, truth = run.prediction, exhibit.truth
    sure = {"mean confidence": prediction.mean_confidence}
    if truth is None:
        return sure
    return _measured(exhibit.picture.digest, exhibit.truth_digest, repr(run.request), run, truth, len(class_map)) | sure


@resources.kept("scores")
def _measured(picture: str, truth: str, request: str, _run: runs.Run, _truth: np.ndarray, classes: int) -> dict:
    labels, confidence = _run.prediction.labels, _run.prediction.confidence
    scores = score(labels, _truth, classes)
    return {
        "mean Dice": scores.mean_dice,
        "mean IoU": scores.mean_iou,
        "boundary F1": float(boundary_f1(boundary_counts(labels, _truth, classes))),
        "calibration error": expected_calibration_error(calibration_counts(labels, confidence, _truth)),
    }


def over_validation(comparison: Comparison, class_map: ClassMap) -> None:
    """Dice against pixel share, and reliability, as measured on the validation pictures."""
    rows = {entry.title: Row((entry.weights,)) for entry in comparison.entries}
    confusions = {title: found for title, row in rows.items() if (found := row.confusion()) is not None}
    bins = {title: found for title, row in rows.items() if (found := row.calibration()) is not None}
    with beside("validation"):
        left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Rare classes**")
        rare = controls.here(controls.rare(comparison))
        st.markdown(
            f"Which losses give up what is rare{rare}? Dice on all validation pictures; the rarest class stands left."
        )
        if confusions:
            scored = {title: Scores(matrix) for title, matrix in confusions.items()}
            pixels = next(iter(scored.values())).pixels
            dice = {title: scores.dice for title, scores in scored.items()}
            st.plotly_chart(
                figures.dice_by_share(pixels / pixels.sum(), dice, class_map.names),
                config=CHART,
                alt="Dice of every class against its share of the pixels, one line a loss",
            )
    with right:
        st.markdown("**Confidence**")
        st.markdown(
            "Does 90 % sure mean right nine times in ten? Above the dotted line a network is right more often than it "
            "says, below it less often. Dice-like losses push every pixel to the extremes, focal holds them back, so "
            "each network's logits are divided by a temperature before the softmax, the one that fits these pictures: "
            f"{_temperatures(comparison)}. [Guo et al. 2017](https://arxiv.org/abs/1706.04599)"
        )
        if bins:
            st.plotly_chart(
                figures.reliability_curves(bins), config=CHART, alt="Reliability of every network's confidence"
            )


def _temperatures(comparison: Comparison) -> str:
    return ", ".join(f"{entry.title} {entry.record.temperature:.2g}" for entry in comparison.entries)


@st.fragment
def where(exhibit: Exhibit, comparison: Comparison, class_map: ClassMap, sets: dict[str, WeightSet]) -> None:
    """Any network, any loss: what each pixel adds to it, and how hard it pulls at each."""
    members = {w.name: w for w in sets.values() if w.record.class_map == class_map}
    if exhibit.truth is None:
        st.info("This picture has no truth, so it has no loss: choose a sample or add a mask.", icon=":material/info:")
        return
    left, right = st.columns([2, 3])
    key = f"where-{class_map.dataset}"
    address.choice(key, members, comparison.entries[0].weights.name)
    words = sets_in_words(members.values())
    name = left.selectbox("Network", list(members), key=key, format_func=words.__getitem__)
    titles = {LOSSES[key].title: key for key in LOSSES}
    with right:
        address.choices("where-losses", titles, ["cross-entropy", "focal", "Dice"])
        chosen = st.pills("Losses", list(titles), selection_mode="multi", key="where-losses", wrap=True)
    logits = answers.collect({words[name]: answers.ask(exhibit, members[name], Logits())}).get(words[name])
    if logits is None or not chosen:
        return
    try:
        found = {title: loss_maps(titles[title], logits, exhibit.truth) for title in chosen}
    except ImageError as error:
        st.info(str(error), icon=":material/info:")
        return
    for title, maps in found.items():
        _maps(title, maps)
    st.markdown(
        "Where does the loss look? Left, what each pixel adds: cross-entropy and focal are means over pixels, so each "
        "has its share; Dice, Tversky and Lovász judge a whole class at once and have no such map. Right, how hard the "
        "loss pulls at each pixel, |d loss / d logits|: what training follows. Bright is much; each map has its own "
        "scale, up to its 99th percentile. Class weights are those of this picture."
    )


def one_map(title: str, values: np.ndarray, unit: str) -> None:
    """A loss's numbers at every pixel, (h, w), bright from their 99th percentile on."""
    top = float(np.nanpercentile(values, 99))
    st.image(heat_map(values, top), width="stretch", alt=f"{title}: {unit}")
    st.caption(f"{unit}, dark 0 to bright {top:.2g}")


def _maps(title: str, found: LossMaps) -> None:
    st.markdown(f"**{title}**: {found.value:.3f}")
    with pair(f"maps-{title}"):
        left, right = st.columns(2)
    for column, values, unit in (
        (left, found.pixels, "what each pixel adds"),
        (right, found.gradient, "how hard it pulls"),
    ):
        with column:
            if values is None:
                st.markdown("It is no mean over pixels: no single pixel has a share of it.")
                continue
            one_map(title, values, unit)


@resources.kept("scores")
def _curves(shift: int) -> dict:
    with st.spinner("All losses, from half the picture to four pixels …"):
        return imbalance.curves(shift)


@st.fragment
def rare() -> None:
    """The imbalance slider: a disc, four answers, all losses."""
    left, middle, right = st.columns([3, 3, 5])
    shares = [f"{share:.1%}" for share in reversed(imbalance.SHARES)]
    address.choice("disc", shares, f"{imbalance.SHARES[4]:.1%}")
    address.choice("shift", range(1, 13), 3)
    address.choice("answer", imbalance.ANSWERS, imbalance.ANSWERS[0])
    percent = left.select_slider("The disc covers", shares, key="disc")
    shift = middle.slider("Shifted by, in pixels", 1, 12, key="shift")
    with right:
        answer = st.segmented_control("The network's answer", imbalance.ANSWERS, required=True, key="answer", wrap=True)
    at = next(i for i, share in enumerate(imbalance.SHARES) if f"{share:.1%}" == percent)
    truth = imbalance.disc(imbalance.SHARES[at])
    found = _curves(shift)
    pictures, numbers = st.columns([2, 3], gap="large")
    with pictures, row("answers"):
        for name, mask in imbalance.answers(truth, shift).items():
            with st.container(width=132, gap="xsmall"):
                st.image(_drawn(mask, truth), width="stretch", alt=f"The disc and the answer: {name}")
                st.caption(f"**{name}**" if name == answer else name)
    table = pd.DataFrame(
        {name: [found[loss, name][at].value for loss in LOSSES] for name in imbalance.ANSWERS},
        index=pd.Index([kind.title for kind in LOSSES.values()], name="loss"),
    )
    with numbers:
        dataframe(table.style.format("{:.3f}"), alt="Every loss of every answer at this size")
        st.markdown(
            "How much better is each answer than nothing? Blue is found, orange missed, grey wrongly painted. Make the "
            "disc small: cross-entropy hardly tells 'all background' from 'right', Dice does at any size."
        )
    with beside("imbalance"):
        columns = st.columns(2, gap="large")
    for column, key, unit, caption in zip(
        columns,
        ("value", "gradient"),
        ("loss", "pull on the disc"),
        (
            f"What does '{answer}' cost as the disc shrinks? Cross-entropy falls to nothing with the disc.",
            "How hard is each loss pulling at the disc's pixels together, |d loss / d logits|? That is what training "
            "would follow to find it; the scale is logarithmic.",
        ),
        strict=True,
    ):
        with column:
            st.markdown(caption)
            lines = {kind.title: [getattr(said, key) for said in found[loss, answer]] for loss, kind in LOSSES.items()}
            st.plotly_chart(
                figures.against_share(imbalance.SHARES, lines, imbalance.SHARES[at], unit, log=key == "gradient"),
                config=CHART,
                key=f"imbalance-{key}",
                alt=f"{unit} of every loss against the share of the picture that the disc covers",
            )


def _drawn(mask: np.ndarray, truth: np.ndarray) -> bytes:
    """Found blue, missed orange, wrongly painted grey; a PNG, four times as large."""
    colours = np.array([(244, 246, 247), (127, 127, 127), (230, 159, 0), (0, 114, 178)], np.uint8)
    drawn = colours[truth.astype(int) * 2 + mask]
    return encode_png(drawn.repeat(4, axis=0).repeat(4, axis=1))


def formulas() -> None:
    """Every loss as implemented, with its paper."""
    with st.expander(f"All {len(LOSSES)}, as they are computed here, with their papers"):
        for kind in LOSSES.values():
            st.markdown(f"**{kind.title[0].upper()}{kind.title[1:]}**")
            st.latex(kind.formula)
            st.markdown(plain(kind.paper))
