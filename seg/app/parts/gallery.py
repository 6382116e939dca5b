"""The visitor's pictures: rendered samples and uploads, with their truth where there is one."""

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.uploaded_file_manager import UploadedFile

from seg.app import address, resources, uploads
from seg.app.components.thumbnails import Thumbnail, thumbnails
from seg.app.layout import slot
from seg.app.limits import limits
from seg.app.parts import likeness, mask_uploads
from seg.app.parts.exhibits import Exhibit, Upload, offered, sample_thumbnail, seeds
from seg.app.text import plain
from seg.datasets.files import is_junk
from seg.errors import ImageError
from seg.labels import ClassMap

TRY, ABOUT = "try-your-photo", "this-photo"
"""The session's words for whether these are open."""

TRY_WIDTH = 600
"""Of 'Try your photo', open, in pixels."""

NARROW = f"<style>.st-key-{TRY}:not(:has(details[open])) {{width: 190px !important; flex: none !important}}</style>"
"""Closed, it is as wide as its words. Were that said to Streamlit, it would build the uploader anew as it opens, and
lose a file that is given meanwhile."""

POLL_SECONDS = 0.5


def choose(class_map: ClassMap, bar: DeltaGenerator | None = None) -> Exhibit:
    """Draw the gallery, 'Try your photo' and what belongs to the picture chosen, which is returned.

    bar: a row that stands ready for the buttons; without it they get one of their own. Bad files become sentences, and
    nothing is lost by them.
    """
    state = st.session_state
    state.setdefault("uploads", {})
    state.setdefault("taken", set())
    state.setdefault("upload_round", 0)
    state.setdefault("upload_errors", [])
    state.setdefault("truths", {})
    dataset, row = class_map.dataset, st.container()
    chosen = _chosen(dataset)
    with (bar or st).container(horizontal=True, width="content"):
        _try_yours(dataset, chosen)
        about = st.container(width="content")
    refused = slot(bool(state.upload_errors))
    for sentence in state.upload_errors:
        refused.error(plain(sentence), icon=":material/error:")
    mask_uploads.ask(class_map)
    if chosen is None:
        st.info("Upload a picture to see what the networks make of it.", icon=":material/upload:")
        st.stop()
    with row:
        exhibit = _pictures(dataset, chosen)
    with about:
        _about(exhibit, class_map)
    likeness.say(exhibit, class_map)
    return exhibit


def _try_yours(dataset: str, chosen: str | None) -> None:
    """The way in for a visitor's photos; closed again once one has come."""
    this_round = st.session_state.upload_round
    st.html(NARROW)
    with st.expander(":material/add_a_photo: Try your photo", width=TRY_WIDTH, key=TRY, on_change="rerun"):
        own, samples = st.columns(2)
        with own:
            ways_in("Your photos", "up to 100 megapixels each.", _take_photos, this_round)
        pictures = [_thumbnail(name, dataset) for name in seeds(dataset)]
        if pictures:
            with samples:
                st.markdown("Or a sample", width="content")
                thumbnails(pictures, chosen, "Samples", f"samples-{dataset}", _show, wrap=True)


def ways_in(label: str, terms: str, take: Callable[[str, int], None], this_round: int, prefix: str = "") -> None:
    """Draw what photos come by, files and the camera.

    take: called back with the kind, "photos" or "camera", and the round, when something has come. It stands in the
    session under PREFIX + KIND-ROUND, and the next round's are empty.
    """
    st.file_uploader(
        label,
        accept_multiple_files=True,
        key=f"{prefix}photos-{this_round}",
        on_change=take,
        args=("photos", this_round),
        help=f"PNG, JPEG, WebP, BMP, TIFF or GIF, {terms}",
    )
    if st.toggle("With the camera", key=f"{prefix}use-camera-{this_round}"):
        st.camera_input(
            "Your camera",
            key=f"{prefix}camera-{this_round}",
            on_change=take,
            args=("camera", this_round),
            label_visibility="collapsed",
        )


def _about(exhibit: Exhibit, class_map: ClassMap) -> None:
    """What can be brought to the picture shown, and taken away."""
    dataset, picture, this_round = class_map.dataset, exhibit.picture, st.session_state.upload_round
    with st.popover("This photo", icon=":material/image:", key=ABOUT, on_change="rerun"):
        st.file_uploader(
            "Its mask, if you have the truth",
            accept_multiple_files=True,
            key=f"masks-{this_round}",
            on_change=_take_masks,
            args=(this_round, class_map),
            help=f"A PNG of the {dataset} class ids or of the legend's colours, named like its photo; several at once "
            "find theirs by name.",
        )
        if exhibit.own_truth:
            st.button(
                "Remove your truth",
                icon=":material/ink_eraser:",
                type="tertiary",
                on_click=_forget_truth,
                args=(dataset, picture.digest),
            )
        if not exhibit.sample:
            st.button(
                f"Remove {plain(picture.name)}",
                icon=":material/delete:",
                type="tertiary",
                on_click=_forget_upload,
                args=(picture.digest,),
            )


def _chosen(dataset: str) -> str | None:
    """The key of the picture chosen, at first a sample; None where there is no picture at all. It stays when another
    data set is chosen."""
    state, samples = st.session_state, list(seeds(dataset))
    if address.is_new(address.PICTURE) and st.query_params.get(address.PICTURE) in samples:
        state[address.UPLOAD] = None
    if state.get(address.UPLOAD) not in state.uploads:
        state[address.UPLOAD] = None if samples else next(iter(state.uploads), None)
    if state[address.UPLOAD] or not samples:
        address.say(address.PICTURE, None)
        return state[address.UPLOAD]
    return address.choice(address.PICTURE, samples, samples[0])


def _pictures(dataset: str, chosen: str) -> Exhibit:
    """Draw the row of pictures; returns the one chosen. Uploads stand in all data sets."""
    known = offered(dataset)
    exhibit = known[chosen]()
    pictures = [_thumbnail(key, dataset) for key in known]
    thumbnails(pictures, chosen, "Pictures", f"gallery-{dataset}", _show)
    if any(one.image is None for one in pictures):
        resources.render_when_idle(dataset)
        st.fragment(_await_samples, run_every=POLL_SECONDS)(dataset)
    exhibit = st.session_state.truths.get((dataset, exhibit.picture.digest), exhibit)
    exhibit.stay()
    return exhibit


def _await_samples(dataset: str) -> None:
    """Draw the page anew once the samples that nobody asked for are rendered."""
    if all(resources.is_rendered(dataset, seed) for seed in resources.seeds(dataset)):
        st.rerun()


def _thumbnail(key: str, dataset: str) -> Thumbnail:
    """An upload or a sample as the gallery shows it; a sample that is still being rendered has no picture yet."""
    if upload := st.session_state.uploads.get(key):
        return Thumbnail(key, upload.picture.name, upload.thumbnail)
    seed = seeds(dataset)[key]
    rendered = resources.is_rendered(dataset, seed)
    return Thumbnail(key, key, sample_thumbnail(dataset, seed, key) if rendered else None)


def _show(key: str) -> None:
    if key in st.session_state.uploads:
        st.session_state[address.UPLOAD] = key
        likeness.follow(st.session_state.uploads[key].picture)
    else:
        st.session_state[address.UPLOAD] = None
        address.choose(address.PICTURE, key)
    st.session_state.upload_errors = []


def _forget_truth(dataset: str, key: str) -> None:
    st.session_state[ABOUT] = False
    st.session_state.truths.pop((dataset, key), None)


def _forget_upload(key: str) -> None:
    st.session_state[ABOUT] = False
    gone = st.session_state.uploads.pop(key, None)
    if gone is not None and isinstance(gone.picture, Upload):
        gone.picture.file.unlink(missing_ok=True)
    for dataset, picture in list(st.session_state.truths):
        if picture == key:
            _forget_truth(dataset, key)


def _take(kind: str, this_round: int) -> list[UploadedFile]:
    """The files just uploaded; the uploader starts afresh, since the gallery shows what was taken.

    A browser that has not drawn the fresh one yet may report the old one again: what was taken is not taken twice.
    """
    state = st.session_state
    given = state.get(f"{kind}-{this_round}") or []
    files = [file for file in (given if isinstance(given, list) else [given]) if file.file_id not in state.taken]
    state.taken.update(file.file_id for file in files)
    if this_round == state.upload_round:
        state.upload_round += 1
        state.upload_errors = []
        state[TRY] = state[ABOUT] = False
    return files


def _take_photos(kind: str, this_round: int) -> None:
    state, files = st.session_state, _take(kind, this_round)
    for file in files:
        if is_junk(file.name):
            continue
        if len(state.uploads) >= (most := limits().pictures):
            mask_uploads.refuse(f"{file.name} is left out: a visit holds {most}: remove some under 'This photo'.")
            continue
        try:
            exhibit = Exhibit(Upload.of(file.getvalue(), file.name))
        except ImageError as error:
            mask_uploads.refuse(str(error))
            continue
        _ = exhibit.thumbnail  # while its pixels are here
        state.uploads[exhibit.picture.digest] = exhibit
        state[address.UPLOAD] = exhibit.picture.digest
    uploads.let_go(files)
    if shown := state.uploads.get(state.get(address.UPLOAD)):
        likeness.follow(shown.picture)
    mask_uploads.retry()


def _take_masks(this_round: int, class_map: ClassMap) -> None:
    files, state = _take("masks", this_round), st.session_state
    shown = (state.get(address.UPLOAD) or state.get(address.PICTURE)) if len(files) == 1 else None
    for file in files:
        mask_uploads.take(mask_uploads.Waiting(file.name, file.getvalue(), class_map), shown)
    uploads.let_go(files)
