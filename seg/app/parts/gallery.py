"""The visitor's pictures: rendered samples and uploads, with their truth where there is one."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import PurePath

import numpy as np
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from seg.app import resources
from seg.app.layout import place
from seg.app.text import plain
from seg.errors import ImageError
from seg.labels import ClassMap
from seg.pictures.decode import Picture, decode, digest
from seg.pictures.drawing import fit
from seg.pictures.masks import decode_mask

PICTURE_TYPES = ["png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff", "gif"]
THUMBNAIL = 86
THUMBNAIL_HEIGHT = 65
POLL_SECONDS = 0.5
PICTURE = "picture"
"""The address's word for the sample shown."""


@dataclass(frozen=True)
class Exhibit:
    """A picture of the gallery. truth: uint8 (H, W), class ids of the data set shown, or None; sample: not uploaded;
    own_truth: the visitor painted or uploaded the truth."""

    picture: Picture
    truth: np.ndarray | None = None
    sample: bool = False
    own_truth: bool = False

    @cached_property
    def truth_digest(self) -> str:
        """Tells this truth from any other, for caches."""
        return digest(self.truth)


def choose(class_map: ClassMap) -> Exhibit:
    """Draw uploads and gallery; returns the picture chosen. Bad files become sentences, and nothing is lost by them."""
    state = st.session_state
    state.setdefault("uploads", {})
    state.setdefault("chosen", {})
    state.setdefault("taken", set())
    state.setdefault("upload_round", 0)
    state.setdefault("upload_errors", [])
    state.setdefault("truths", {})
    dataset, this_round = class_map.dataset, state.upload_round
    pictures, photos, masks = st.columns([6, 3, 3])
    photos.file_uploader(
        "Your photos",
        accept_multiple_files=True,
        key=f"photos-{this_round}",
        on_change=_take_photos,
        args=(this_round, dataset),
        help="PNG, JPEG, WebP, BMP, TIFF or GIF, up to 100 megapixels each.",
    )
    masks.file_uploader(
        "Their masks, if you have the truth",
        accept_multiple_files=True,
        key=f"masks-{this_round}",
        on_change=_take_masks,
        args=(this_round, class_map),
        help=f"A PNG of the {dataset} class ids or of the legend's colours, named like its photo; one alone goes to "
        "the photo shown.",
    )
    refused = place(bool(state.upload_errors))
    for sentence in state.upload_errors:
        refused.error(plain(sentence), icon=":material/error:")
    with pictures:
        return _pick(dataset)


def labelled_uploads(dataset: str) -> list[Exhibit]:
    """The uploads that have a truth in the classes of the data set, painted or uploaded."""
    truths = st.session_state.truths
    return [truths[dataset, key] for key in st.session_state.uploads if (dataset, key) in truths]


def use_truth(exhibit: Exhibit, dataset: str, truth: np.ndarray) -> None:
    """Make ``truth``, uint8 (H, W), what this picture is scored against in this data set, until it is taken away."""
    st.session_state.truths[dataset, exhibit.picture.digest] = replace(exhibit, truth=truth, own_truth=True)


def _offered(dataset: str) -> dict[str, Callable[[], Exhibit]]:
    """Key → what gives the picture: uploads by their digest, then samples by their name, which are rendered when they
    are first asked for."""
    uploads = {key: partial(st.session_state.uploads.get, key) for key in st.session_state.uploads}
    return {**uploads, **{name: partial(_sample, dataset, seed, name) for name, seed in _seeds(dataset).items()}}


def _seeds(dataset: str) -> dict[str, int]:
    """Name → seed of the data set's samples."""
    return {f"Sample {i}": seed for i, seed in enumerate(resources.seeds(dataset), start=1)}


def _sample(dataset: str, seed: int, name: str) -> Exhibit:
    scene = resources.sample(dataset, seed)
    return Exhibit(Picture.of(scene.image, name), scene.labels, sample=True)


def _name(key: str) -> str:
    upload = st.session_state.uploads.get(key)
    return upload.picture.name if upload else key


def _pick(dataset: str) -> Exhibit:
    """Each data set has its own picture chosen, at first a sample; the uploads stand in all of them."""
    state = st.session_state
    offered = _offered(dataset)
    if not offered:
        st.info("Upload a picture to see what the networks make of it.", icon=":material/upload:")
        st.stop()
    if state.chosen.get(dataset) not in offered:
        samples = [key for key in offered if key not in state.uploads]
        asked = st.query_params.get(PICTURE)
        state.chosen[dataset] = asked if asked in samples else (samples or list(offered))[0]
    chosen = state.chosen[dataset]
    exhibit = offered[chosen]()
    _address(exhibit)
    missing = {name for name, seed in _seeds(dataset).items() if not resources.is_rendered(dataset, seed)}
    with st.container(horizontal=True, gap="xsmall", key="gallery"):
        for key, give in offered.items():
            shown = key == chosen
            _thumbnail(key, exhibit if shown else None if key in missing else give(), dataset, shown)
    if missing:
        resources.render_when_idle(dataset)
        st.fragment(_await_samples, run_every=POLL_SECONDS)(dataset)
    return state.truths.get((dataset, exhibit.picture.digest), exhibit)


def _await_samples(dataset: str) -> None:
    """Draw the page anew once the samples that nobody asked for are rendered."""
    if all(resources.is_rendered(dataset, seed) for seed in resources.seeds(dataset)):
        st.rerun()


def _address(exhibit: Exhibit) -> None:
    """Let the address name the sample shown, so that it brings it back; an upload is nobody else's."""
    name = exhibit.picture.name if exhibit.sample else None
    if name is None:
        st.query_params.pop(PICTURE, None)
    elif st.query_params.get(PICTURE) != name:
        st.query_params[PICTURE] = name


def _thumbnail(key: str, exhibit: Exhibit | None, dataset: str, shown: bool) -> None:
    """A picture of the gallery with its button; exhibit: None while it is being rendered."""
    name = _name(key)
    with st.container(width=THUMBNAIL, gap="xsmall"):
        if exhibit is None:
            st.skeleton(height=THUMBNAIL_HEIGHT)
        else:
            st.image(fit(exhibit.picture.pixels, 2 * THUMBNAIL), width="stretch", alt=f"Thumbnail of {name}")
        short = name if len(name) <= 8 else f"{name[:6]}…"
        st.button(
            plain(short),
            key=f"show-{key}",
            type="primary" if shown else "secondary",
            width="stretch",
            on_click=_show,
            args=(dataset, key),
            help=None if short == name else plain(name),
        )


def _show(dataset: str, key: str) -> None:
    st.session_state.chosen[dataset] = key
    st.session_state.upload_errors = []


def offer_removal(exhibit: Exhibit, dataset: str) -> None:
    """Buttons that take away the visitor's own truth and an uploaded picture; nothing where there is neither."""
    picture = exhibit.picture
    here = place(exhibit.own_truth or not exhibit.sample)
    if exhibit.own_truth:
        here.button(
            "Remove your truth",
            icon=":material/ink_eraser:",
            type="tertiary",
            on_click=_forget_truth,
            args=(dataset, picture.digest),
        )
    if not exhibit.sample:
        here.button(
            f"Remove {plain(picture.name)}",
            icon=":material/delete:",
            type="tertiary",
            on_click=_forget_upload,
            args=(picture.digest,),
        )


def _forget_truth(dataset: str, key: str) -> None:
    st.session_state.truths.pop((dataset, key), None)


def _forget_upload(key: str) -> None:
    st.session_state.uploads.pop(key, None)
    for dataset, picture in list(st.session_state.truths):
        if picture == key:
            _forget_truth(dataset, key)


def _take(kind: str, this_round: int) -> list[UploadedFile]:
    """The files just uploaded; the uploader starts afresh, since the gallery shows what was taken.

    A browser that has not drawn the fresh one yet may report the old one again: what was taken is not taken twice.
    """
    state = st.session_state
    files = [file for file in state.get(f"{kind}-{this_round}") or [] if file.file_id not in state.taken]
    state.taken.update(file.file_id for file in files)
    if this_round == state.upload_round:
        state.upload_round += 1
        state.upload_errors = []
    return files


def _refuse(sentence: str) -> None:
    if sentence not in st.session_state.upload_errors:
        st.session_state.upload_errors.append(sentence)


def _take_photos(this_round: int, dataset: str) -> None:
    state = st.session_state
    for file in _take("photos", this_round):
        try:
            picture = decode(file.getvalue(), file.name)
        except ImageError as error:
            _refuse(str(error))
            continue
        state.uploads.setdefault(picture.digest, Exhibit(picture))
        state.chosen[dataset] = picture.digest


def _take_masks(this_round: int, class_map: ClassMap) -> None:
    dataset = class_map.dataset
    files = _take("masks", this_round)
    shown = st.session_state.chosen.get(dataset) if len(files) == 1 else None
    for file in files:
        exhibit = _partner(file.name, dataset, shown)
        if exhibit is None:
            _refuse(
                f"{file.name} belongs to no photo here: name the mask like its photo, or show the photo and upload its "
                "mask alone."
            )
            continue
        try:
            truth = decode_mask(file.getvalue(), file.name, class_map, exhibit.picture.pixels.shape[:2])
        except ImageError as error:
            _refuse(str(error))
            continue
        use_truth(exhibit, dataset, truth)


def _partner(mask: str, dataset: str, shown: str | None) -> Exhibit | None:
    """The picture that a mask file belongs to: the one named alike, else the one shown."""
    stem, offered = PurePath(mask).stem, _offered(dataset)
    alike = (stem, stem.removesuffix("_L"), stem.removesuffix("-ids"))
    key = next((key for key in offered if PurePath(_name(key)).stem in alike), shown)
    return offered[key]() if key in offered else None
