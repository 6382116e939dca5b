"""What a visitor takes along of what he has taught, and where it is tried further."""

from collections.abc import Callable
from importlib.util import find_spec

import streamlit as st

from seg.app import address
from seg.app.parts.teach_desk import Desk
from seg.app.text import plain
from seg.catalogue.export import to_onnx
from seg.catalogue.packing import packed_sets
from seg.datasets import Sample
from seg.datasets.packing import packed
from seg.service.teachings import Teaching


def show(desk: Desk) -> None:
    """The ways on, and the files to take along."""
    lesson = desk.taught
    if lesson is None or lesson.record is None:
        return
    name = lesson.record.name.split("/")[1]
    st.markdown(
        f"**{plain(lesson.record.name)}** stands beside the others on every page, as 'your own', as long as this visit "
        "lasts. Its ZIP opens again under 'Your own runs', the paintings' on 'Your data'."
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Open in Compare", icon=":material/compare:"):
            open_in_compare(desk)
        st.page_link("pages/your_data.py", label="Score it on labelled photos", icon=":material/folder_special:")
    with st.container(horizontal=True):
        _download("Weight set (ZIP)", lambda: set_as_zip(lesson), f"{name}.zip", "application/zip")
        if find_spec("onnx"):
            _download("Network (ONNX)", lambda: as_onnx(lesson), f"{name}.onnx", "application/octet-stream")
        _download("Paintings (ZIP)", lambda: paintings_as_zip(desk), f"{name}-paintings.zip", "application/zip")


def _download(title: str, make: Callable[[], bytes], name: str, kind: str) -> None:
    st.download_button(title, make, name, kind, on_click="ignore", icon=":material/download:", key=f"teach-{title}")


def set_as_zip(lesson: Teaching) -> bytes:
    """A folder of weight sets with this one in it."""
    assert lesson.record is not None
    return packed_sets(lesson.index, [lesson.record.name])


def as_onnx(lesson: Teaching) -> bytes:
    """It takes pictures of the record's tile."""
    assert lesson.record is not None
    return to_onnx(lesson.record, lesson.index.load(lesson.record))


def paintings_as_zip(desk: Desk) -> bytes:
    """The painted photos, as `seg teach` and 'Your data' open them."""
    painted = [Sample(one.name, one.image, one.labels) for one in desk.paintings()]
    return packed(painted, desk.class_map, desk.class_map.dataset)


def open_in_compare(desk: Desk) -> None:
    """Go to Compare with the network and the photo shown."""
    lesson, photo = desk.taught, desk.photo
    assert lesson is not None
    assert lesson.record is not None
    st.session_state.setdefault("uploads", {})[photo.key] = photo.exhibit
    st.session_state[address.UPLOAD] = photo.key
    st.switch_page("pages/compare.py", query_params={address.DATASET: lesson.record.dataset})
