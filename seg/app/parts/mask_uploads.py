"""Uploaded masks on their way to their photos: what their names or their ids leave open is asked, never guessed."""

from dataclasses import dataclass, replace

import streamlit as st

from seg.app.layout import slot
from seg.app.parts.exhibits import name_of, offered, use_truth
from seg.app.text import plain
from seg.datasets.files import is_junk
from seg.datasets.pairing import Pictures, names_nothing
from seg.errors import ImageError
from seg.labels import IGNORE, ClassMap
from seg.pictures import masks

WAITING = "waiting_masks"
"""The session's word for the masks about which a question is open, a list of `Waiting`."""

MOST = 50
"""Masks that may wait at once; each is held as it was uploaded."""


@dataclass(frozen=True)
class Waiting:
    """An uploaded mask that has not become a truth. photo: the key of its photo, None while that is open; doubt: what
    its ids leave open."""

    name: str
    data: bytes
    class_map: ClassMap
    photo: str | None = None
    doubt: masks.AmbiguousMask | None = None


def refuse(sentence: str) -> None:
    if sentence not in st.session_state.upload_errors:
        st.session_state.upload_errors.append(sentence)


def take(mask: Waiting, shown: str | None = None, reading: masks.Reading = masks.AS_FILED) -> None:
    """Make the mask the truth of its photo, or say why not, or let it wait for an answer.

    shown: the key of the photo to which a mask belongs whose name says nothing but that it is one.
    """
    if is_junk(mask.name):
        return
    known = offered(mask.class_map.dataset)
    if mask.photo is None:
        found = [list(known)[i] for i in Pictures([name_of(key) for key in known]).partners(mask.name)]
        if not found and shown in known and names_nothing(mask.name):
            found = [shown]
        if len(found) != 1:
            _wait(mask)
            return
        mask = replace(mask, photo=found[0])
    if mask.photo not in known:
        refuse(f"{mask.name} belongs to a photo that is no longer here: upload both again.")
        return
    exhibit = known[mask.photo]()
    pixels, orientation = exhibit.picture.pixels, exhibit.picture.orientation
    size = (pixels.shape[0], pixels.shape[1])
    try:
        read = masks.read(mask.data, mask.name, mask.class_map, size, reading, orientation, pixels)
    except masks.AmbiguousMask as doubt:
        _wait(replace(mask, doubt=doubt))
    except ImageError as error:
        refuse(str(error))
    else:
        if (read.labels == IGNORE).all():
            refuse(f"{mask.name} has no labelled pixel: there is nothing to score by it.")
        else:
            notes = tuple(f"{mask.name}: {note}" for note in read.notes)
            use_truth(exhibit, mask.class_map.dataset, read.labels, notes)


def retry() -> None:
    """Look again for the photos of masks that wait for one: it may just have come."""
    waiting = _waiting()
    st.session_state[WAITING] = [mask for mask in waiting if mask.photo is not None]
    for mask in waiting:
        if mask.photo is None:
            take(mask)


def ask(class_map: ClassMap) -> None:
    """Draw the open questions of this data set, each with its choices."""
    open_ = [(number, mask) for number, mask in enumerate(_waiting()) if mask.class_map.dataset == class_map.dataset]
    questions = slot(bool(open_))
    for number, mask in open_:
        with questions.container(border=True):
            if mask.doubt is None:
                _ask_photo(number, mask)
            else:
                _ask_reading(number, mask, mask.doubt)


def _ask_photo(number: int, mask: Waiting) -> None:
    keys = list(offered(mask.class_map.dataset))
    names = [name_of(key) for key in keys]
    alike = len(Pictures(names).partners(mask.name)) > 1
    why = "fits several of your photos by name" if alike else "fits none of your photos by name"
    numbered = {
        key: name if names.count(name) == 1 else f"{name} ({names[: i + 1].count(name)})"
        for i, (key, name) in enumerate(zip(keys, names, strict=True))
    }
    row = st.container(horizontal=True, vertical_alignment="bottom")
    row.selectbox(
        f"{plain(mask.name)} {why}: which one?",
        keys,
        index=None,
        format_func=numbered.__getitem__,
        placeholder="Choose its photo",
        key=f"photo-of-{number}-{mask.name}",
        on_change=_answer_photo,
        args=(mask, f"photo-of-{number}-{mask.name}"),
    )
    with row:
        _leave_out(number, mask)


def _ask_reading(number: int, mask: Waiting, doubt: masks.AmbiguousMask) -> None:
    st.warning(plain(f"{doubt.what} Which is it?"), icon=":material/help:")
    with st.container(horizontal=True):
        for choice, (reading, said) in enumerate(doubt.readings.items()):
            st.button(
                plain(reading_title(reading, mask.class_map)),
                key=f"reading-{number}-{choice}-{mask.name}",
                help=plain(said),
                on_click=_answer_reading,
                args=(mask, reading),
            )
        _leave_out(number, mask)


def _leave_out(number: int, mask: Waiting) -> None:
    st.button("Leave it out", key=f"leave-{number}-{mask.name}", type="tertiary", on_click=_remove, args=(mask,))


def reading_title(reading: masks.Reading, class_map: ClassMap) -> str:
    """What a button says that chooses how masks are read."""
    if reading.white is not None:
        return f"White is {class_map.names[reading.white]}"
    if reading.ids_from == 0:
        return f"0 is {class_map.names[0]}"
    return f"1 is {class_map.names[0]}, 0 is unlabelled"


def _answer_photo(mask: Waiting, widget: str) -> None:
    photo = st.session_state.get(widget)
    if photo is not None:
        _remove(mask)
        take(replace(mask, photo=photo))


def _answer_reading(mask: Waiting, reading: masks.Reading) -> None:
    _remove(mask)
    take(replace(mask, doubt=None), reading=reading)


def _waiting() -> list[Waiting]:
    return st.session_state.setdefault(WAITING, [])


def _wait(mask: Waiting) -> None:
    if len(_waiting()) < MOST:
        _waiting().append(mask)
    else:
        refuse(f"{mask.name} is left out: {MOST} masks wait for an answer already.")


def _remove(mask: Waiting) -> None:
    st.session_state.upload_errors = []
    st.session_state[WAITING] = [other for other in _waiting() if other is not mask]
