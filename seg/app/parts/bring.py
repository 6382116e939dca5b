"""The visitor's labelled pictures on their way in: files, a ZIP, a folder of his own machine, or an example."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from seg.app import address, resources, uploads
from seg.app.text import plain
from seg.datasets import Samples
from seg.datasets.examples import Example, examples
from seg.datasets.layouts import ALL
from seg.datasets.loose import open_loose
from seg.datasets.own import OwnData, open_data
from seg.errors import DataError, SegError, in_a_sentence
from seg.labels import ClassMap
from seg.pictures.masks import AS_FILED, Reading

log = logging.getLogger(__name__)

DATA, EVALUATION, AT_ONCE = "your-data", "your-evaluation", "your-data-at-once"
"""The session's words for what was brought, a `Brought`, for its `Evaluation`, and whether that begins by itself."""

MASKS, REPORT = "your-data-masks", "your-data-report"
"""The session's words for what is made of an evaluation: what it was made of, and the `Job`."""

EXAMPLE = "example"
"""The address's word for the title of the example that is shown."""

FOLDER, _ROUND, _REFUSED = "your-data-folder", "your-data-round", "your-data-refused"

FEW = 3
"""Sentences that are shown at once; more are folded away."""

LISTED = 200
"""Sentences that are listed at most."""


@dataclass(frozen=True)
class Brought:
    """Labelled pictures to score networks on. splits: name → how many pictures; is_named: whether anything names the
    classes; said: what was understood, in a line; notes: more of it; problems: a sentence a file that cannot be used;
    source: where a command line finds them, '' for an example.
    """

    name: str
    said: str
    class_map: ClassMap
    is_named: bool
    splits: Mapping[str, int]
    read_as: Callable[[ClassMap, str, Reading], Samples]
    notes: Sequence[str] = ()
    problems: Sequence[str] = ()
    source: str = ""
    own: OwnData | None = None

    def said_plainly(self, sentence: str) -> str:
        """The sentence without the folder that an upload lies in for the time being."""
        if self.own is None or self.own.unpacked is None:
            return sentence
        for folder in (self.own.folder, self.own.unpacked.folder):
            sentence = sentence.replace(f"{folder}/", "").replace(str(folder), self.name)
        return sentence


def data() -> Brought | None:
    """Draw the ways in, or what has come by them; returns that."""
    titles = {example.title: example for example in examples()}
    chosen = address.choice(EXAMPLE, ["", *titles], "")
    brought: Brought | None = st.session_state.get(DATA)
    if brought is not None and brought.own is None and brought.name != _called(chosen):
        _let_go()  # the way back or forward has led to another one
    if chosen and DATA not in st.session_state:
        _take_example(titles[chosen])
    brought = st.session_state.get(DATA)
    if brought is None:
        _ways_in()
        return None
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(brought.said, width="stretch")
        st.button("Other pictures", icon=":material/close:", on_click=_forget, type="tertiary")
    for note in brought.notes:
        st.caption(plain(note))
    listed(brought.problems, "file", "cannot be used")
    return brought


def listed(sentences: Sequence[str], what: str, why: str) -> None:
    """Sentences on files, folded away where they are many."""
    if not sentences:
        return
    head = f"{len(sentences):,} {what}{'' if len(sentences) == 1 else 's'} {why}"
    where = st.container()
    if len(sentences) > FEW:
        where = st.expander(head, icon=":material/warning:")
    else:
        where.markdown(f":material/warning: {head}:")
    where.markdown("\n".join(f"- {plain(sentence)}" for sentence in sentences[:LISTED]))
    if len(sentences) > LISTED:
        where.caption(f"And {len(sentences) - LISTED:,} more like these.")


def _ways_in() -> None:
    st.markdown(
        "Score networks on labelled pictures of your own, one or thousands: totals with intervals, the worst pictures "
        "first, what is taken for what, labels that may be wrong, and a report to take with you. Pictures stay on "
        "this machine, and go when you do."
    )
    if address.has_come_with("your-data-"):
        st.info(
            "The link that you came by was made on somebody's own pictures, which have stayed with him: bring yours, "
            "or take an example.",
            icon=":material/link:",
        )
    shown = st.container()
    number = st.session_state.get(_ROUND, 0)
    files = shown.file_uploader(
        "Photos with their masks, or one ZIP of them",
        accept_multiple_files=True,
        key=f"{DATA}-files-{number}",
        help="Masks are called like their photos, as a.jpg and a_mask.png. A ZIP may be laid out as images/ and masks/ "
        "as PASCAL VOC, Cityscapes, CVAT, COCO or labelme write it, with a dataset.toml or without.",
    )
    if resources.opens_local_folders():
        path = shown.text_input("Or a folder or ZIP of this machine", key=FOLDER, placeholder="/data/orchard")
        if path and path != st.session_state.get(f"{FOLDER}-last"):
            st.session_state[f"{FOLDER}-last"] = path
            _open(lambda: open_data(path.strip()), path.strip())
    if files:
        st.session_state[_ROUND] = number + 1
        with st.spinner("Looking at what came …"):
            _open(lambda: _opened(files), files[0].name if len(files) == 1 else "FOLDER")
    if refused := st.session_state.get(_REFUSED):
        st.error(plain(refused), icon=":material/error:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("Or see it at work on an example:", width="content")
        for example in examples():
            st.button(example.title, icon=":material/play_arrow:", on_click=_take_example, args=(example,))


def _opened(files: Sequence[UploadedFile]) -> OwnData:
    """Raises DataError."""
    first, *others = files
    try:
        if not others and first.name.lower().endswith(".zip"):
            return open_data(first, first.name)
        if any(file.name.lower().endswith(".zip") for file in files):
            raise DataError("A ZIP comes alone: upload it by itself, or the files that are in it.")
        return open_loose({file.name: file for file in files}, "upload")
    finally:
        uploads.let_go(files)


def _open(opened: Callable[[], OwnData], source: str) -> None:
    """Take what is opened, which `source` names on a command line, or say why it cannot be, and draw the page anew."""
    st.session_state.pop(_REFUSED, None)
    try:
        st.session_state[DATA] = _brought(opened(), source)
    except Exception as error:
        if not isinstance(error, SegError):
            log.exception("labelled pictures could not be opened")
        st.session_state[_REFUSED] = in_a_sentence(error, "Opening these pictures", "look at the files, or try others")
    st.rerun()


def _brought(own: OwnData, source: str) -> Brought:
    splits = {name: len(pairs) for name, pairs in own.pairs.items()}
    if "val" not in splits and len(own) > 1:
        splits["val"] = len(own.split("val"))
    if len(own.pairs) > 1:
        splits[ALL] = len(own)
    counted = f"{len(own):,} picture{'' if len(own) == 1 else 's'}"
    classes = ", ".join(own.class_map.names)
    found = Brought(
        own.name,
        f"**{plain(own.name)}**: {counted}, laid out as {plain(own.layout)}, {len(own.class_map)} classes: "
        f"{plain(classes)}",
        own.class_map,
        own.is_named,
        splits,
        own.read_as,
        source=source,
        own=own,
    )
    lone = [
        f"{pair.picture} has no label: nothing is named like it."
        for pairs in own.pairs.values()
        for pair in pairs
        if pair.truth is None
    ]
    return Brought(
        **{
            **vars(found),
            "notes": [found.said_plainly(note) for note in own.notes],
            "problems": [found.said_plainly(problem) for problem in (*own.problems, *lone)],
        }
    )


def _called(title: str) -> str:
    return f"{title}, an example"


def _take_example(example: Example) -> None:
    class_map = example.dataset.class_map

    def read_as(wanted: ClassMap, split: str, reading: Reading = AS_FILED) -> Samples:
        if wanted.names != class_map.names:
            raise DataError(f"These pictures have the classes of {class_map.dataset}.")
        return example

    address.choose(EXAMPLE, example.title)
    st.session_state[AT_ONCE] = True
    st.session_state[DATA] = Brought(
        _called(example.title),
        f"**{example.title}** with exact truth, an example of {len(class_map)} classes",
        class_map,
        True,
        {ALL: len(example)},
        read_as,
    )


def _forget() -> None:
    """Called back: other pictures are wanted."""
    address.choose(EXAMPLE, "")
    _let_go()


def _let_go() -> None:
    """Of the pictures, and of what is being done with them."""
    brought: Brought = st.session_state.pop(DATA)
    _, masks = st.session_state.pop(MASKS, (None, None))
    _, report = st.session_state.pop(REPORT, (None, None))
    for job in (st.session_state.pop(EVALUATION, None), masks, report):
        if job is not None:
            resources.TURNS.stop(job)
    st.session_state.pop(FOLDER, None)
    st.session_state.pop(f"{FOLDER}-last", None)
    if brought.own is not None:
        brought.own.close()
