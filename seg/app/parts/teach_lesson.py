"""The desk: photos in a row, the one that is painted, and the network that learns from them while one watches."""

import re
from concurrent.futures import Future
from typing import Any

import numpy as np
import streamlit as st

from seg.app import resources
from seg.app.answers import ask, sentence
from seg.app.components.thumbnails import Thumbnail, thumbnails
from seg.app.components.viewer import Paint, Panel, viewer
from seg.app.parts import teach_photos
from seg.app.parts.teach_desk import Desk, Photo, laid_over
from seg.app.text import listed, plain
from seg.catalogue.comparisons import WeightSet
from seg.catalogue.store import WeightIndex
from seg.figures import training as figures_training
from seg.labels import IGNORE
from seg.pictures.drawing import encode_png, fit
from seg.service.jobs import DONE, FAILED, OVER, STOPPED, WAITING
from seg.service.teachings import NEEDED_BYTES, Teaching
from seg.training.lesson import FEATURES

EVERY = 1.0
"""Seconds between two looks at a lesson."""

SOON = 0.4
"""Seconds between two looks at a network that is at work on a photo."""

TILE = 130
"""Height of a tile, in pixels."""

CHART = {"displayModeBar": False}
SMALL = 0.02
"""Of the painted pixels: a class with less is said to need more photos."""

DESK = "teach-desk-fragment"


def show(desk: Desk) -> None:
    """Draw the desk; it is looked at again and again while something moves."""
    moving = _moves(desk)
    if desk.lesson is not None and desk.lesson.state == DONE:
        desk.taught = desk.lesson
    answer = _answer(desk)
    waiting = answer is not None and not answer.done()
    every = EVERY if moving else SOON if waiting else None
    st.fragment(_draw, run_every=every, key=DESK)(desk, moving, waiting)


def _moves(desk: Desk) -> bool:
    return desk.lesson is not None and desk.lesson.state not in OVER


def _draw(desk: Desk, moving: bool, waiting: bool) -> None:
    answer = _answer(desk)
    if moving != _moves(desk) or waiting != (answer is not None and not answer.done()):
        st.rerun()
    _strip(desk)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        with st.container(width=340):
            teach_photos.name_classes()
        _button(desk, moving)
    if wrong := teach_photos.what_is_wrong_with_names():
        st.error(plain(wrong), icon=":material/error:")
    if desk.lesson is not None:
        _progress(desk.lesson)
    _painter(desk, answer)
    _about(desk)


def _strip(desk: Desk) -> None:
    teach_photos.follow_shown()
    pictures = [
        Thumbnail(one.key, f"{one.name}{'' if one.is_painted else ', not painted'}", one.thumbnail(desk.class_map))
        for one in desk.photos.values()
    ]
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(width="stretch"):
            thumbnails(pictures, desk.photo.key, "Photos", "teach-strip", lambda key: setattr(desk, "shown", key))
        teach_photos.more()


def _button(desk: Desk, moving: bool) -> None:
    painted = sum(photo.is_painted for photo in desk.photos.values())
    count = len(desk.photos)
    said = f"{painted} of {count} photo{'' if count == 1 else 's'} painted"
    if 0 < painted < count:
        said += ", the rest is held out"
    again = desk.taught is not None
    step = "**5** · Try another photo, and paint what is wrong" if again else "**3** · Paint it roughly"
    with st.container(width=380):
        st.markdown(f"{step}:  \n{said}")
    if moving and desk.lesson is not None:
        st.button("Stop", icon=":material/stop:", on_click=resources.TRAININGS.stop, args=(desk.lesson,))
    else:
        st.button(
            "**5** · Teach on" if again else "**4** · Teach",
            icon=":material/school:",
            disabled=bool(teach_photos.what_is_wrong_with_names()),
            on_click=begin,
            args=(desk,),
        )


def begin(desk: Desk) -> None:
    """Put a lesson with all that is painted into the queue, or say why not."""
    if not has_room(desk):
        return
    index = WeightIndex(resources.visit_folder())
    watched = desk.paintings(painted=False)
    desk.lesson = Teaching(
        desk.teacher, desk.class_map, desk.paintings(), watched, index, set_name(desk), resources.is_here()
    )
    resources.TRAININGS.start(desk.lesson)


def has_room(desk: Desk) -> bool:
    """Whether there is memory for a lesson; else the desk says that there is none."""
    fits = resources.MEMORY.make_room(NEEDED_BYTES)
    desk.refused = [] if fits else ["There is no memory for a lesson now: try again when others have finished theirs."]
    return fits


def set_name(desk: Desk) -> str:
    """What the weight set is called: 'mine/mug'."""
    slug = re.sub(r"[^a-z0-9]+", "-", desk.names[0].lower()).strip("-")
    return f"mine/{slug or 'taught'}"


def _progress(lesson: Teaching) -> None:
    if lesson.state == FAILED:
        st.error(plain(lesson.said), icon=":material/error:")
        return
    if lesson.taught is not None:
        _expect(lesson)
        return
    ahead = resources.TRAININGS.ahead(lesson)
    progress = lesson.progress
    if lesson.state == STOPPED:
        said = "Stopped before its end: nothing is taken over from this lesson."
    elif lesson.state == WAITING and ahead:
        said = f"Waiting: {ahead} other visitor{' learns' if ahead == 1 else 's learn'} first. Paint on meanwhile."
    elif progress is None:
        said = "Getting ready …"
    elif progress.stage == FEATURES:
        said = f"The encoder looks at the photos, once for the whole visit: {progress.done} of {progress.total}"
    else:
        said = f"The head learns: step {progress.done} of {progress.total}"
        if progress.dice:
            said += f" · Dice {progress.dice[-1][1]:.2f} on photos left out"
    st.progress(lesson.share, said)


def _expect(lesson: Teaching) -> None:
    """What to expect of a new photo, small and honest."""
    taught = lesson.taught
    assert taught is not None
    count = len(taught.photos)
    said = f"Taught in {taught.computed + taught.learned:.0f} s of work by {count} photo{'' if count == 1 else 's'}"
    found = taught.leave_one_out
    alone = _alone(lesson)
    if found is None or np.isnan(found.mean) or len(alone) == len(lesson.class_map) - 1:
        st.markdown(
            f"**{said}.** How good it is nobody can say: paint a second photo of the same thing, which it is tried on."
        )
    else:
        low, high = found.expected
        digits = 1 if high - low >= 0.1 else 2
        low, high = f"{low:.{digits}f}", f"{high:.{digits}f}"
        between = f"between {low} and {high}" if low != high else f"of about {low}"
        st.markdown(
            f"**{said}; on a new one like these expect a Dice {between}.** Each photo was left out once and found by "
            f"what the others teach: {found.mean:.2f} on average."
        )
        if alone:
            st.caption(
                f"{plain(listed(alone))} stand{'s' if len(alone) == 1 else ''} on one photo only: without it, nothing "
                "is left to learn that from. Paint a second one."
            )
        if small := _small(lesson):
            st.caption(f"{plain(listed(small))}: small things need more photos than large ones.")
    for note in taught.notes:
        st.caption(plain(note))


def _small(lesson: Teaching) -> list[str]:
    """The classes of which only little is painted."""
    assert lesson.taught is not None
    counts = np.zeros(IGNORE, np.int64)
    for painting in lesson.paintings:
        counts += np.bincount(painting.labels.ravel(), minlength=IGNORE + 1)[:IGNORE]
    names = lesson.taught.class_map.names
    return [name for name, share in zip(names, counts / max(counts.sum(), 1), strict=False) if 0 < share < SMALL]


def _alone(lesson: Teaching) -> list[str]:
    """The things that are painted on a single photo."""
    on = [set(np.unique(painting.labels).tolist()) for painting in lesson.paintings]
    names = enumerate(lesson.class_map.names)
    return [name for number, name in names if number and sum(number in ids for ids in on) == 1]


# The photo shown -----------------------------------------------------------------------------------------------------


def _painter(desk: Desk, answer: Future[Any] | None) -> None:
    photo = desk.photo

    def take(name: str, labels: np.ndarray) -> None:
        for one in desk.photos.values():
            if one.painting_name == name:
                one.labels = labels

    sizes = {one.painting_name: one.labels.shape for one in desk.photos.values()}
    viewer(
        photo.image,
        _panels(desk, photo, answer),
        desk.class_map,
        photo.start,
        "teach",
        name=photo.name.rsplit(".", 1)[0],
        paint=Paint(photo.painting_name, sizes, take),
    )


def _panels(desk: Desk, photo: Photo, answer: Future[Any] | None) -> list[Panel]:
    """What the network says of the photo, as it learns or as it is, and what it would say without this photo."""
    lesson = desk.lesson if desk.lesson is not None and desk.lesson.progress is not None else desk.taught
    if lesson is None or lesson.progress is None or not _is_of(desk, lesson):
        return []
    progress = lesson.progress
    now = "as it learns; " if lesson.state not in OVER else ""
    for paintings, maps, said in (
        (lesson.paintings, progress.masks, "has learned from this photo"),
        (lesson.watched, progress.watched, "has never seen this photo"),
    ):
        place = next((i for i, one in enumerate(paintings) if one.image is photo.image), None)
        if place is not None and place < len(maps):
            panels = [Panel("Network", f"{now}{said}", maps[place])]
            if maps is progress.masks and place < len(progress.left_out):
                panels.append(Panel("Left out", "one that has learned from the others alone", progress.left_out[place]))
            return panels
    if answer is None:
        return []
    if not answer.done():
        return [Panel("Network", status="looks at this photo …")]
    if (error := answer.exception()) is not None:
        return [Panel("Network", status=sentence(error), failed=True)]
    said = answer.result()
    return [Panel("Network", "has never seen this photo", said.labels, said.confidence)]


def _is_of(desk: Desk, lesson: Teaching) -> bool:
    """Whether it has learned the classes as they are called now."""
    return lesson.class_map.names == desk.class_map.names


def _answer(desk: Desk) -> Future[Any] | None:
    """The taught network's on a photo that was no part of the lesson; None where that is not asked."""
    taught, photo = desk.taught, desk.photo
    if taught is None or taught.record is None or desk.lesson is not taught or not _is_of(desk, taught):
        return None
    if any(one.image is photo.image for one in (*taught.paintings, *taught.watched)):
        return None
    return ask(photo.exhibit, WeightSet(taught.record, resources.visit_folder(), 1), visitor=resources.visitor())


def _about(desk: Desk) -> None:
    photo = desk.photo
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.toggle(
            "The rest of this photo is background",
            photo.rest,
            key=f"teach-rest-{photo.painting_name}",
            on_change=_set_rest,
            args=(photo,),
            help="Otherwise what is not painted is not learned from: paint some background, too.",
        )
        with st.popover("Masks instead", icon=":material/upload_file:"):
            teach_photos.mask_uploader(photo)
        st.button(
            f"Remove {plain(photo.name)}",
            icon=":material/delete:",
            type="tertiary",
            on_click=_remove,
            args=(desk, photo),
        )


def _remove(desk: Desk, photo: Photo) -> None:
    desk.photos.pop(photo.key, None)


def _set_rest(photo: Photo) -> None:
    photo.rest = st.session_state[f"teach-rest-{photo.painting_name}"]


# How it learns -------------------------------------------------------------------------------------------------------


def watch(desk: Desk) -> None:
    """The masks of all photos and the curve, while it learns and after."""
    lesson = desk.lesson
    if lesson is None:
        return
    moving = lesson.state not in OVER
    st.fragment(_watch, run_every=EVERY if moving else None, key="teach-watch")(desk, lesson)


def _watch(desk: Desk, lesson: Teaching) -> None:
    progress = lesson.progress
    if progress is None or not progress.masks:
        return
    st.header("What it makes of the photos")
    shown = [*zip(lesson.paintings, progress.masks, strict=False), *zip(lesson.watched, progress.watched, strict=False)]
    class_map = lesson.class_map
    with st.container(horizontal=True, gap="small"):
        for number, (painting, mask) in enumerate(shown):
            held_out = number >= len(lesson.paintings)
            height, width = mask.shape
            with st.container(width=min(TILE * width // height, 2 * TILE), gap="xsmall"):
                tile(laid_over(painting.image, mask, class_map), f"The network's mask of {painting.name}")
                st.caption(f"{plain(painting.name)}{' · held out' if held_out else ''}")
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("Does it know photos it has not learned from? Dice of each photo by what the others teach.")
        if progress.dice:
            figure = figures_training.learning_curves({"left out": progress.dice}, "Dice", unit="step")
            figure.update_yaxes(range=[0, 1])
            st.plotly_chart(figure, config=CHART, key="teach-dice", alt="Dice of photos left out, by step")
        else:
            st.caption("Only one photo is painted: there is none to leave out.")
    with right:
        st.markdown("Does it still learn? The loss on what is painted.")
        figure = figures_training.learning_curves({"loss": progress.losses}, "loss", unit="step")
        st.plotly_chart(figure, config=CHART, key="teach-loss", alt="Loss by step")


def tile(drawn: np.ndarray, alt: str) -> None:
    """A small picture, sharp on fine screens."""
    st.image(encode_png(fit(drawn, 4 * TILE)), width="stretch", alt=alt)
