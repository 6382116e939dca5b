"""The visitor's pictures: rendered samples and uploads, with their truth where there is one."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import PurePath

import numpy as np
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from seg.app import resources
from seg.app.text import plain
from seg.drawing import fit
from seg.errors import ImageError
from seg.images import Picture, decode, digest
from seg.labels import ClassMap
from seg.masks import decode_mask

PICTURE_TYPES = ["png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff", "gif"]
THUMBNAIL = 96


@dataclass(frozen=True)
class Exhibit:
    """A picture of the gallery. truth: uint8 (H, W) or None; sample: rendered, not uploaded."""

    picture: Picture
    truth: np.ndarray | None = None
    sample: bool = False

    @cached_property
    def truth_digest(self) -> str:
        """Tells this truth from any other, for caches."""
        return digest(self.truth)


def choose(class_map: ClassMap) -> Exhibit:
    """Draw uploads and gallery; returns the picture chosen. Bad files become sentences, and nothing is lost by them."""
    state = st.session_state
    state.setdefault("uploads", {})
    state.setdefault("upload_round", 0)
    state.setdefault("upload_errors", [])
    pictures, photos, masks = st.columns([6, 3, 3])
    photos.file_uploader(
        "Your photos",
        accept_multiple_files=True,
        key=f"photos-{state.upload_round}",
        on_change=_take_photos,
        help="PNG, JPEG, WebP, BMP, TIFF or GIF, up to 100 megapixels each.",
    )
    masks.file_uploader(
        "Their masks, if you have the truth",
        accept_multiple_files=True,
        key=f"masks-{state.upload_round}",
        on_change=_take_masks,
        args=(class_map,),
        help="A PNG of class ids or of the legend's colours, named like its photo; one alone goes to the photo shown.",
    )
    for sentence in state.upload_errors:
        st.error(plain(sentence), icon=":material/error:")
    with pictures:
        return _pick(class_map.dataset)


def labelled_uploads() -> list[Exhibit]:
    """The uploads that have a truth."""
    return [e for e in st.session_state.get("uploads", {}).values() if e.truth is not None]


def _samples(dataset: str) -> dict[str, Exhibit]:
    found = {}
    for i, seed in enumerate(resources.SAMPLES.get(dataset, ()), start=1):
        scene = resources.sample(dataset, seed)
        picture = Picture.of(scene.image, f"Sample {i}")
        found[picture.digest] = Exhibit(picture, scene.labels, sample=True)
    return found


def _pick(dataset: str) -> Exhibit:
    state = st.session_state
    exhibits = {**state.uploads, **_samples(dataset)}
    if state.get("chosen") not in exhibits:
        state.chosen = next(iter(exhibits))
    with st.container(horizontal=True, gap="small", key="gallery"):
        for key, exhibit in exhibits.items():
            _thumbnail(key, exhibit, key == state.chosen)
    return exhibits[state.chosen]


def _thumbnail(key: str, exhibit: Exhibit, shown: bool) -> None:
    name = exhibit.picture.name
    with st.container(width=THUMBNAIL, gap="xsmall"):
        st.image(fit(exhibit.picture.pixels, 2 * THUMBNAIL), width="stretch", alt=f"Thumbnail of {name}")
        short = name if len(name) <= 9 else f"{name[:7]}…"
        st.button(
            plain(short),
            key=f"show-{key}",
            type="primary" if shown else "secondary",
            width="stretch",
            on_click=_show,
            args=(key,),
            help=None if short == name else plain(name),
        )


def _show(key: str) -> None:
    st.session_state.chosen = key
    st.session_state.upload_errors = []


def offer_removal(exhibit: Exhibit) -> None:
    """A button that takes an uploaded picture out of the gallery; nothing for a sample."""
    if not exhibit.sample:
        st.button(
            f"Remove {plain(exhibit.picture.name)}",
            icon=":material/delete:",
            type="tertiary",
            on_click=lambda: st.session_state.uploads.pop(exhibit.picture.digest, None),
        )


def _take(kind: str) -> list[UploadedFile]:
    """The files just uploaded; the uploader starts afresh, since the gallery shows what was taken."""
    state = st.session_state
    files = state[f"{kind}-{state.upload_round}"] or []
    state.upload_round += 1
    state.upload_errors = []
    return files


def _take_photos() -> None:
    state = st.session_state
    for file in _take("photos"):
        try:
            picture = decode(file.getvalue(), file.name)
        except ImageError as error:
            state.upload_errors.append(str(error))
            continue
        state.uploads.setdefault(picture.digest, Exhibit(picture))
        state.chosen = picture.digest


def _take_masks(class_map: ClassMap) -> None:
    state = st.session_state
    files = _take("masks")
    for file in files:
        key = _partner(file.name, alone=len(files) == 1)
        if key is None:
            state.upload_errors.append(
                f"{file.name} belongs to no uploaded photo: name the mask like its photo, or show the photo and upload "
                "its mask alone."
            )
            continue
        exhibit = state.uploads[key]
        try:
            truth = decode_mask(file.getvalue(), file.name, class_map, exhibit.picture.pixels.shape[:2])
        except ImageError as error:
            state.upload_errors.append(str(error))
            continue
        state.uploads[key] = replace(exhibit, truth=truth)


def _partner(mask: str, alone: bool) -> str | None:
    """The digest of the upload that a mask file belongs to: the one named alike, else the one shown."""
    uploads = st.session_state.uploads
    stem = PurePath(mask).stem
    for key, exhibit in uploads.items():
        if PurePath(exhibit.picture.name).stem in (stem, stem.removesuffix("_L"), stem.removesuffix("-ids")):
            return key
    return st.session_state.chosen if alone and st.session_state.get("chosen") in uploads else None
