"""The last two steps of the tour: what a loss counts, what skips bring, and which network to take."""

from collections.abc import Iterator
from contextlib import suppress

import numpy as np
import pandas as pd
import streamlit as st

from seg.app import address, answers, controls, resources
from seg.app.frames import dataframe
from seg.app.parts import losses
from seg.app.parts.exhibits import Exhibit
from seg.app.parts.tour import PHOTO, Seen, ahead, heading, question, shipped_sample
from seg.app.parts.tour_masks import photo
from seg.app.text import plain
from seg.catalogue.comparisons import Entry, comparisons
from seg.catalogue.nearest import usual
from seg.datasets import DATASETS
from seg.errors import ImageError
from seg.labels import ClassMap
from seg.losses.maps import LossMaps, Say, loss_maps
from seg.pictures.drawing import colour_mask, encode_png, fit_labels
from seg.scores.ablation import changed
from seg.scores.leaderboard import Row, rows
from seg.scores.metrics import score
from seg.scores.wishes import NEARLY, WISHES, meets
from seg.service.questions import PREDICT, Logits

WISH = "wish"
"""The address's word for what a visitor wants of a network."""
MASK, MAPS = 168, 620
"""Width of a mask, and of two maps of losses, in pixels."""
ROW, ROWS = 35, 6
"""Height of a table's row, in pixels, and how many are seen at once."""
ON_THE_WAY = {"fcn32s": "FCN-32s", "fcn8s": "FCN-8s", "unet": "U-Net", "fc_densenet": "FC-DenseNet"}
"""How the names of the architectures begin that lead from no skips to skips everywhere, and what they are called."""


@resources.kept("scores")
def _maps(network: str, picture: str, truth: str, loss: str, _logits: np.ndarray, _truth: np.ndarray) -> LossMaps:
    return loss_maps(loss, _logits, _truth)


def _candidates(seen: Seen) -> Iterator[tuple[Exhibit, Entry]]:
    """The visitor's picture, then shipped samples, of the data set chosen before others, each with its network."""
    yield seen.exhibit, seen.entry
    known = {weights.record.dataset for weights in seen.sets.values()}
    for name in dict.fromkeys([seen.class_map.dataset, *DATASETS]):
        if name in known and name in DATASETS and DATASETS[name].samples:
            yield shipped_sample(name), usual(seen.sets.values(), name)


def _with_truth(seen: Seen) -> tuple[Exhibit, Entry, Say]:
    """The first of the candidates with a truth of several classes. Raises ImageError where there is none."""
    for exhibit, entry in _candidates(seen):
        with suppress(ImageError):
            if exhibit.truth is not None:
                say = Say.of(exhibit.truth, len(entry.record.class_map))
                if (say.classes > 0).sum() > 1:
                    return exhibit, entry, say
    raise ImageError("No picture here has a truth with two classes: upload one with its mask.")


def loss(step: int, seen: Seen) -> None:
    """Cross-entropy is a mean over pixels, Dice one over classes."""
    heading(step, "A loss is the one number that training makes small: how wrong the whole answer is.")
    try:
        exhibit, entry, say = _with_truth(seen)
    except ImageError as error:
        st.info(plain(str(error)), icon=":material/info:")
        return
    if exhibit is not seen.exhibit:
        why = "Nobody knows the truth of" if seen.exhibit.truth is None else "A single class is known in"
        st.caption(f"{why} your picture, and that is not enough for this question: here is a shipped sample.")
    class_map, rarest = entry.record.class_map, say.rarest
    name, share, count = class_map.names[rarest], say.pixels[rarest], int((say.classes > 0).sum())
    assert exhibit.truth is not None
    left, right = st.columns([2, 3], gap="medium")
    with left:
        answered = question(
            step,
            f"'{name}' covers {share:.2%} of the labelled pixels. How much say has it in cross-entropy?",
            [f"As much as each other class: {1 / count:.0%}", f"As much as it covers: {share:.2%}", "None at all"],
            1,
            "Cross-entropy is a mean over pixels: each adds its own −log p, and each has the same say. The Dice loss "
            f"is not: it asks of each of the {count} classes here how well two whole areas overlap, so each has "
            f"{1 / count:.0%}, however small, and no pixel has a share of its own.",
        )
    with right:
        truth = colour_mask(fit_labels(exhibit.truth, PHOTO), class_map)
        st.image(encode_png(truth), width=PHOTO, alt="The truth")
        st.caption(f"the truth: {plain(', '.join(class_map.names[i] for i in np.flatnonzero(say.classes)))}")
    if answered:
        _say(say, class_map)
        _where(exhibit, entry)
    controls.link("pages/losses.py", "What each loss taught, and why rare classes are lost")


def _say(say: Say, class_map: ClassMap) -> None:
    there = np.flatnonzero(say.classes)
    bar = st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="percent", width=130)
    table = pd.DataFrame(
        {"say in cross-entropy": say.pixels[there], "say in Dice": say.classes[there]},
        index=pd.Index([class_map.names[i] for i in there], name="class"),
    )
    dataframe(
        table.sort_values("say in cross-entropy"),
        column_config=dict.fromkeys(table.columns, bar),
        height=38 + 35 * min(len(table), 12),
        alt="How much say every class has in cross-entropy and in Dice",
    )


def _where(exhibit: Exhibit, entry: Entry) -> None:
    logits = answers.collect({entry.title: answers.ask(exhibit, entry.weights, Logits())}).get(entry.title)
    if logits is None:
        return
    assert exhibit.truth is not None
    found = {
        name: _maps(entry.weights.name, exhibit.picture.digest, exhibit.truth_digest, name, logits, exhibit.truth)
        for name in ("ce", "dice")
    }
    st.markdown(f"**What the answer of {plain(entry.title)} costs on this picture**, by either loss")
    with st.container(horizontal=True, gap="small", width=MAPS):
        with st.container(gap="xsmall"):
            st.markdown(f"Cross-entropy, {found['ce'].value:.3f}: every pixel has its part of it.")
            if found["ce"].pixels is not None:
                losses.one_map("Cross-entropy", found["ce"].pixels, "what each pixel adds")
        with st.container(gap="xsmall"):
            st.markdown(f"Dice, {found['dice'].value:.3f}: no pixel has a part, but each is pulled at.")
            losses.one_map("Dice", found["dice"].gradient, "how hard it pulls")


def skips(step: int, seen: Seen) -> None:
    """From no skips to skips everywhere, and the choice of a network."""
    heading(
        step,
        "A skip takes what the encoder knew at a fine resolution across to the decoder. FCN adds it, U-Net joins it as "
        "further channels, FC-DenseNet joins in every block.",
    )
    family = next(c for c in comparisons(seen.sets.values()) if c.dataset == seen.class_map.dataset).entries
    line = [entry for name in ON_THE_WAY for entry in family if _is_a(entry, name)] or list(family)
    for entry in line:
        ahead(seen, entry, PREDICT)
    measured = {_called(entry): Row((entry.weights,)).score("boundary_f1") for entry in line}
    known = [f"{title} {value:.3f}" for title, value in measured.items() if value == value]
    left, right = st.columns([2, 3], gap="medium")
    with left:
        answered = question(
            step,
            "What do skips bring back above all?",
            ["Large areas", "Outlines and thin things", "Rare classes"],
            1,
            "The deepest stage knows what is there, and no longer where exactly. "
            + (f"Boundary F1 on the validation pictures, 1 is best: {', '.join(known)}." if known else ""),
        )
    with right:
        if answered:
            _masks(seen, line)
            missing = [title for name, title in ON_THE_WAY.items() if not any(_is_a(entry, name) for entry in line)]
            if missing:
                st.caption(f"No {' and no '.join(missing)} has learned {plain(seen.class_map.dataset)} pictures.")
        else:
            photo(seen)
    if answered:
        _which(seen)
    controls.link("pages/architectures.py", "Take skips away, one by one")


def _is_a(entry: Entry, name: str) -> bool:
    """Whether the network is of the architecture whose name begins so."""
    return entry.record.model.startswith(name)


def _called(entry: Entry) -> str:
    """The network's title, with what makes it unlike the others where it stands in for one."""
    unlike = entry.note.removeprefix("not in this family: ")
    return plain(f"{entry.title} ({unlike})" if unlike else entry.title)


def _masks(seen: Seen, line: list[Entry]) -> None:
    found = answers.collect({e.title: answers.ask(seen.exhibit, e.weights, PREDICT) for e in line})
    names, truth = list(found), seen.exhibit.truth
    with st.container(horizontal=True, gap="small"):
        for name in names:
            with st.container(width=MASK, gap="xxsmall"):
                labels = found[name].labels
                mask = colour_mask(fit_labels(labels, 2 * MASK), seen.class_map)
                st.image(encode_png(mask), width="stretch", alt=f"The mask of {name}")
                said = plain(name)
                if truth is not None:
                    said += f": mean Dice {score(labels, truth, len(seen.class_map)).mean_dice:.3f} here"
                elif name != names[0]:
                    said += f": {changed(labels, found[names[0]].labels):.1%} otherwise than {plain(names[0])}"
                st.caption(said)


def _which(seen: Seen) -> None:
    st.subheader("Which one for my problem?")
    dataset = plain(seen.class_map.dataset)
    wish = WISHES[address.choice(WISH, WISHES, next(iter(WISHES)))]
    st.segmented_control("What do you want?", list(WISHES), required=True, key=WISH, wrap=True)
    best = meets([row for row in rows(seen.sets.values()) if row.record.dataset == seen.class_map.dataset], wish)
    if best is None:
        st.markdown(f"Nobody has measured that of a network that has learned {dataset} pictures.")
    else:
        st.markdown(
            f"Of those that have learned {dataset} pictures: **{plain(best.row.words)}**, {plain(best.by)}."
            + (f" No other with at least {NEARLY:.0%} of the best mean IoU has fewer." if wish.costs else "")
        )
    controls.link("pages/leaderboard.py", "All scores, and which differences are real")
    controls.link("pages/teach.py", "Teach a network my own classes")
    controls.link("pages/your_data.py", "Which is best on my labelled pictures?")
