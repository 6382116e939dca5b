"""How the photos that a network is taught from come, and their masks, and what their classes are called."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from PIL import Image
from streamlit.runtime.uploaded_file_manager import UploadedFile

from seg.app import address, resources, uploads
from seg.app.limits import limits
from seg.app.parts.gallery import ways_in
from seg.app.parts.mask_uploads import reading_title
from seg.app.parts.teach_desk import (
    BACKGROUND,
    LONG_SIDE,
    MOST_PHOTOS,
    THING,
    Desk,
    Doubt,
    Photo,
    class_map_of,
    understood,
)
from seg.app.text import plain
from seg.datasets import DATASETS, Sample
from seg.datasets.everyday import COINS, coins
from seg.datasets.files import is_junk
from seg.datasets.pairing import Pictures
from seg.errors import ImageError
from seg.labels import IGNORE
from seg.pictures import masks
from seg.pictures.decode import Picture, decode
from seg.pictures.drawing import encode_png, fit_labels

DESK, CLASSES, ROUND = "teach-desk", "teach-classes", "teach-round"
"""The session's words for the `Desk`, the field of the classes, and how many uploads have been taken."""
EXAMPLE, SHOWN = "teach-example", "teach-photo"
"""The address's words for the samples that one begins with, and the place of the photo shown."""


@dataclass(frozen=True)
class Ready:
    """Samples that come painted. things: the classes sought; of: the names of the labels' classes; samples: what gives
    them, one after another; held_out: the one that comes without paint."""

    things: tuple[str, ...]
    of: tuple[str, ...]
    samples: Callable[[], list[Sample]]
    held_out: int


def _of(dataset: str, things: tuple[str, ...], held_out: int) -> Ready:
    data = DATASETS[dataset]
    return Ready(
        things,
        data.class_map.names,
        lambda: [resources.sample(dataset, seed) for seed in data.samples],
        held_out,
    )


READY = {
    "Coins": Ready(("coin",), (BACKGROUND, "coin"), lambda: [coins(number) for number in range(len(COINS))], 3),
    "A cat and people": _of("everyday", ("cat", "person"), 2),
    "Cars in streets": _of("street", ("car",), 3),
}


def desk() -> Desk:
    if DESK not in st.session_state:
        st.session_state[DESK] = Desk()
        resources.MEMORY.watch("teaching", st.session_state[DESK], lambda one: one.held_bytes)
    return st.session_state[DESK]


def open_example() -> None:
    """Begin with the samples that a link names."""
    title = address.choice(EXAMPLE, ["", *READY], "")
    if title and not desk().photos:
        take_ready(title)


def follow_shown() -> None:
    """Let the address say which photo is shown, or a new address say it."""
    here, keys = desk(), [*desk().photos]
    if address.is_new(SHOWN):
        here.shown = keys[address.choice(SHOWN, range(len(keys)), 0)]
    address.choose(SHOWN, keys.index(here.photo.key))
    address.choice(SHOWN, range(len(keys)), 0)


def name_classes() -> None:
    """Draw the field of the classes, and what is wrong with what stands in it."""
    title = st.session_state.get(EXAMPLE)
    address.text(CLASSES, ", ".join(READY[title].things if title else (THING,)), _can_be_names)
    _rename()
    st.text_input(
        "2 · What shall it find?",
        key=CLASSES,
        on_change=_rename,
        help="Names with commas between, as in: mug, spoon. All that is none of them is background.",
    )


def what_is_wrong_with_names() -> str:
    """A sentence, '' where they can be used."""
    return _fault_of(st.session_state.get(CLASSES, THING))


def _can_be_names(text: str) -> bool:
    return not _fault_of(text)


def _fault_of(text: str) -> str:
    try:
        understood(text)
    except ValueError as error:
        return str(error)
    return ""


def _rename() -> None:
    if not what_is_wrong_with_names() and (names := understood(st.session_state[CLASSES])) != desk().names:
        desk().rename(names)


# How photos come -----------------------------------------------------------------------------------------------------


def welcome() -> None:
    """The first screen: what to do, the ways in, and photos to begin with at once."""
    st.markdown(
        "Bring a few photos, paint what you look for, and in less than a minute a network of your own knows it."
    )
    say_what_is_wrong()
    left, right = st.columns(2, gap="large")
    with left:
        _ways_in()
        st.markdown(
            "**2** · Name what it shall find  \n**3** · Paint it roughly  \n**4** · Teach, and watch  \n"
            "**5** · Try another photo, and correct what is wrong"
        )
    with right:
        st.markdown("Or begin with ours, painted already, all but one:")
        for title in READY:
            with st.container(gap="xsmall"):
                st.image(_preview(title), width="stretch", alt=f"{title}: four photos, what is painted in colour")
                st.button(title, icon=":material/play_arrow:", on_click=take_ready, args=(title,))


def more() -> None:
    """What brings more photos, and what takes all away."""
    with st.popover("More photos", icon=":material/add_a_photo:"):
        _ways_in()
        st.button("Start over", icon=":material/restart_alt:", type="tertiary", on_click=_start_over)


def _ways_in() -> None:
    terms = "which stay on this machine, and go when you do."
    ways_in("1 · Bring three to ten photos", terms, _take, st.session_state.get(ROUND, 0), "teach-")


def _start_over() -> None:
    if (lesson := desk().lesson) is not None:
        resources.TRAININGS.stop(lesson)
    st.session_state.pop(DESK, None)
    address.choose(EXAMPLE, "")
    address.choose(CLASSES, THING)


def take_ready(title: str) -> None:
    """Called back: begin with samples, painted by their truth but for the last."""
    here, things = desk(), READY[title].things
    here.rename(things)
    address.choose(EXAMPLE, title)
    address.choose(CLASSES, ", ".join(things))
    here.add(photos := _ready(title))
    here.shown = photos[0].key


def _ready(title: str) -> list[Photo]:
    ready = READY[title]
    ids = np.zeros(256, np.uint8)
    ids[IGNORE] = IGNORE
    for number, name in enumerate(ready.things, start=1):
        ids[ready.of.index(name)] = number
    photos = []
    for place, sample in enumerate(ready.samples()):
        photo = Photo.of(Picture.of(np.ascontiguousarray(sample.image), _title(sample)))
        if place != ready.held_out:
            photo.begin(fit_labels(ids[sample.labels], LONG_SIDE))
        photos.append(photo)
    return photos


@resources.kept("drawings")
def _preview(title: str) -> bytes:
    class_map = class_map_of(READY[title].things)
    files = [io.BytesIO(photo.thumbnail(class_map)) for photo in _ready(title)]
    return encode_png(np.concatenate([np.asarray(Image.open(file)) for file in files], axis=1))


def _title(sample: Sample) -> str:
    return sample.name if not sample.name.isdigit() else f"street {sample.name}"


def _take(kind: str, number: int) -> None:
    """The files that have come; the uploader starts afresh, so that it holds them no longer."""
    given = st.session_state.get(f"teach-{kind}-{number}") or []
    files = [file for file in (given if isinstance(given, list) else [given]) if not is_junk(file.name)]
    if number != st.session_state.get(ROUND, 0) or not files:
        return
    st.session_state[ROUND] = number + 1
    desk().refused = []
    take_photos(files)
    uploads.let_go(files)


def take_photos(files: Sequence[UploadedFile]) -> None:
    """Decode one after another, as many as there is room for; a sentence for each that cannot be used."""
    here = desk()
    room = MOST_PHOTOS - len(here.photos)
    for file in files[:room]:
        try:
            here.add([Photo.of(decode(file.getvalue(), file.name, limits().megapixels * 1_000_000))])
        except ImageError as error:
            here.refused.append(str(error))
    if (left := len(files) - room) > 0:
        here.refused.append(
            f"{left} photo{' is' if left == 1 else 's are'} left out: {MOST_PHOTOS} are taught from at once, and a few "
            "well painted ones do more than many. `seg train` takes any number."
        )


# Masks instead of paint ----------------------------------------------------------------------------------------------


def mask_uploader(photo: Photo) -> None:
    number = st.session_state.get(ROUND, 0)
    st.file_uploader(
        "Masks instead of paint",
        accept_multiple_files=True,
        key=f"teach-masks-{number}",
        on_change=_take_masks,
        args=(number, photo),
        help="PNGs of ids, 0 for background, or of your classes' colours. One is for the photo shown, several are "
        "called like their photos.",
    )


def _take_masks(number: int, shown: Photo) -> None:
    here, files = desk(), st.session_state.get(f"teach-masks-{number}") or []
    st.session_state[ROUND] = number + 1
    here.refused = []
    photos = list(here.photos.values())
    for file in files:
        found = [photos[i] for i in Pictures([photo.name for photo in photos]).partners(file.name)]
        if not found and len(files) == 1:
            found = [shown]
        if len(found) == 1:
            take_mask(found[0], file.getvalue(), file.name)
        else:
            here.refused.append(f"{file.name} is called like {'none' if not found else 'several'} of the photos.")
    uploads.let_go(files)


def take_mask(photo: Photo, data: bytes, name: str, reading: masks.Reading = masks.AS_FILED) -> None:
    """Let the photo's painting be this mask, or ask, or say why not."""
    here = desk()
    here.doubts = [doubt for doubt in here.doubts if doubt.photo is not photo]
    try:
        read = masks.read(data, name, here.class_map, photo.size, reading, photo.exhibit.picture.orientation)
    except masks.AmbiguousMask as doubt:
        here.doubts.append(Doubt(photo, data, name, doubt))
    except ImageError as error:
        here.refused.append(str(error))
    else:
        photo.begin(fit_labels(read.labels, LONG_SIDE))
        here.shown = photo.key


def say_what_is_wrong() -> None:
    """Draw the sentences on what came and cannot be used, and the questions on masks."""
    for sentence in desk().refused:
        st.error(plain(sentence), icon=":material/error:")
    for number, doubt in enumerate(desk().doubts):
        st.warning(plain(f"{doubt.asked.what} Which is it?"), icon=":material/help:")
        with st.container(horizontal=True):
            for choice, (reading, said) in enumerate(doubt.asked.readings.items()):
                st.button(
                    plain(reading_title(reading, desk().class_map)),
                    key=f"teach-reading-{number}-{choice}",
                    help=plain(said),
                    on_click=take_mask,
                    args=(doubt.photo, doubt.data, doubt.name, reading),
                )
