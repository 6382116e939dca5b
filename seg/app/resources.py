"""What all visitors share: the prediction service, the weight sets, the rendered samples. Guarded, and bounded."""

import logging
import os
import tempfile
import threading
import time
from collections.abc import Callable
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np
import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from seg.app import limits
from seg.catalogue import store
from seg.catalogue.comparisons import WeightSet
from seg.catalogue.record import Record
from seg.catalogue.store import SHIPPED, WeightIndex, check
from seg.datasets import DATASETS, Sample
from seg.errors import OptionError, WeightsError
from seg.inference.once import Once
from seg.inference.worker import Worker
from seg.service.jobs import Turns
from seg.service.memory import Memory, Visitor, bound, keep_little
from seg.service.service import PredictionService

if TYPE_CHECKING:
    from seg.likeness.likeness import Answer, Likeness
    from seg.service.on_ray import Cluster

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)

MEMORY = Memory()
"""Bounds what all visitors together have held. One for the whole process: a module is imported once, however many
visitors come at the same moment."""

keep_little(MEMORY)


def _cluster() -> "tuple[Cluster | None, str]":
    """The Ray cluster that SEG_RAY names (local, auto or HOST:PORT), None for none; and a sentence if there is none."""
    address = os.environ.get("SEG_RAY", "").strip()
    if not address:
        return None, ""
    from seg.service.on_ray import Cluster

    try:
        return Cluster(address), ""
    except OptionError as error:
        return None, f"SEG_RAY is {address!r}: {error} Until then this machine answers alone."


CLUSTER, NO_CLUSTER = _cluster()

SERVICE = PredictionService(MEMORY, CLUSTER)

TURNS = Turns()
"""What visitors have evaluated, one after another for the whole process."""

TRAININGS = Turns()
"""What visitors have learn while they watch, one after another beside that."""

REST = 0.3
"""Seconds for which no network may have been at work before a sample is rendered that nobody asked for."""

_rendered: set[tuple[str, int]] = set()
"""Those that have been, and are held still or not."""

_ordered: set[str] = set()
_ordering = threading.Lock()
_painter = Worker("seg-samples")


def kept(kind: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Of a function: its values are held in `MEMORY` under this kind, as st.cache_data holds them without a bound on
    their bytes. Arguments tell them apart, but for those whose names begin with an underscore; none is to be changed.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        names = list(signature(function).parameters)

        @wraps(function)
        def held(*args: P.args, **more: P.kwargs) -> T:
            telling = (value for name, value in zip(names, args, strict=False) if not name.startswith("_"))
            key = (function.__module__, function.__qualname__, *telling)
            return MEMORY.kept(kind, key, lambda: function(*args, **more))

        return held

    return decorate


def visitor() -> Visitor:
    """Who this is, to the prediction service: gone when the visit is over."""
    if "visitor" not in st.session_state:
        st.session_state.visitor = Visitor(is_here())
    return st.session_state.visitor


def is_here() -> Callable[[], bool]:
    """Says whether the visitor's tab is still open, for threads that work for him."""
    context = get_script_run_ctx()
    if context is None or not runtime.exists():
        return lambda: True
    session = context.session_id
    return lambda: not runtime.exists() or runtime.get_instance().is_active_session(session)


def sets() -> dict[str, WeightSet]:
    """Of `scored_sets` those whose networks are there. Raises WeightsError where there is none."""
    found = {name: weights for name, weights in scored_sets().items() if not weights.record.scores_alone}
    if not found:
        raise WeightsError(f"There are only scores in {SHIPPED}, and no weights: train some with `seg train`.")
    return found


def scored_sets() -> dict[str, WeightSet]:
    """Shown name → weight set: the shipped ones in the order of the index, then the visitor's own; among them those of
    which only the scores are kept.

    Own ones come from `own_folders`. Raises WeightsError if there is no set at all; what is wrong with a folder beside
    others is said by `problems`.
    """
    found, wrong = _open()
    if not found:
        raise WeightsError(wrong[0] if wrong else f"There are no weights in {SHIPPED}: train some with `seg train`.")
    return found


def problems() -> list[str]:
    """One sentence for each folder or set that could not be opened beside those that could, and for each setting that
    cannot be."""
    found, wrong = _open()
    return [problem for problem in (bound()[1], NO_CLUSTER, *limits.problems(), *(wrong if found else [])) if problem]


def opens_local_folders() -> bool:
    """Whether visitors may name folders of this machine: where all of them sit at it, which no address can tell behind
    a proxy, so SEG_LOCAL_FOLDERS=1 says it."""
    return os.environ.get("SEG_LOCAL_FOLDERS") == "1"


def own_folders() -> list[Path]:
    """The folders of own sets, each once, shipped ones left out: SEG_WEIGHTS names some, the sidebar's field
    (`st.session_state.own_runs`) others where `opens_local_folders`, and what was trained in this visit has one."""
    typed = st.session_state.get("own_runs") if opens_local_folders() else None
    live = st.session_state.get("live_folder")
    return [
        *(folder for folder in store.own_folders(typed or "") if folder != SHIPPED),
        *([Path(live.name)] if live and WeightIndex(live.name).path.exists() else []),
    ]


def visit_folder() -> Path:
    """The folder of the sets of this visit, which goes when the visit ends."""
    if "live_folder" not in st.session_state:
        st.session_state.live_folder = tempfile.TemporaryDirectory(prefix="seg-live-", ignore_cleanup_errors=True)
    return Path(st.session_state.live_folder.name)


def _open() -> tuple[dict[str, WeightSet], list[str]]:
    found: dict[str, WeightSet] = {}
    wrong: list[str] = []
    for own, folder in enumerate((SHIPPED, *own_folders())):
        try:
            records = _in_own_folder(folder) if own else WeightIndex(folder).records()
        except WeightsError as error:
            wrong.append(str(error))
            continue
        for record in records.values():
            try:
                check(record)
            except WeightsError as error:
                wrong.append(str(error))
                continue
            weights = WeightSet(record, folder, own)
            found[weights.name] = weights
    return found, wrong


def _in_own_folder(folder: Path) -> dict[str, Record]:
    """Raises WeightsError with a sentence."""
    try:
        exists = folder.is_dir()
    except OSError as error:
        raise WeightsError(f"The folder {folder} cannot be opened: {error.strerror}.") from error
    if not exists:
        raise WeightsError(f"There is no folder {folder}: name one that `seg train --out` has written.")
    return WeightIndex(folder).records()


def looks_like(digest: str, pixels: np.ndarray) -> "Answer | None":
    """Which data set a picture with this digest looks like, worked out once; None where the file that knows it is
    missing or damaged."""
    own = tuple(name for name, dataset in DATASETS.items() if dataset.samples)
    try:
        return _looks_like(digest, own, pixels)
    except WeightsError as error:
        log.warning("%s", error)
        return None


@kept("scores")
def _looks_like(digest: str, datasets: tuple[str, ...], _pixels: np.ndarray) -> "Answer":
    return _likeness(datasets)(_pixels)


@Once
def _likeness(datasets: tuple[str, ...]) -> "Likeness":
    """The shipped one, and with it the data sets that it was not fitted on, known by their samples."""
    from seg.likeness.likeness import shipped

    likeness = shipped()
    for name in datasets:
        if name not in likeness.sets:
            likeness = likeness.including(name, [sample(name, seed).image for seed in seeds(name)])
    return likeness


def last_bench() -> dict[str, Any] | None:
    """The figures of the last recorded `seg bench`, None without any."""
    from seg.bench.measure import read_figures  # imports what measuring needs, which the first page does not

    return read_figures(SHIPPED)


def seeds(dataset: str) -> tuple[int, ...]:
    """The numbers of a data set's samples, none where it is not known."""
    return DATASETS[dataset].samples if dataset in DATASETS else ()


def sample(dataset: str, seed: int) -> Sample:
    """A rendered picture with its truth; two first visitors render it once, and nobody waits for another one."""
    found = MEMORY.kept("samples", ("sample", dataset, seed), lambda: DATASETS[dataset].open(seed))
    _rendered.add((dataset, seed))
    return found


def is_rendered(dataset: str, seed: int) -> bool:
    """Whether `sample` has had it already: half a second of rendering the first time."""
    return (dataset, seed) in _rendered


def render_when_idle(dataset: str) -> None:
    """Render all samples in the background, as soon as no network is at work, and have ready what knows the data set of
    a visitor's first photo."""
    with _ordering:
        if dataset not in _ordered:
            _ordered.add(dataset)
            _painter.submit(_render, dataset)


def _render(dataset: str) -> None:
    for seed in seeds(dataset):
        if not _is_quiet():
            return
        sample(dataset, seed)
    if _is_quiet():
        looks_like("nothing", np.zeros((96, 96, 3), np.uint8))


def _is_quiet() -> bool:
    """Waits until the networks rest; False if the program ends before."""
    rested = time.monotonic() + REST
    while time.monotonic() < rested:
        if _painter.closing.wait(REST / 10):
            return False
        if SERVICE.busy:
            rested = time.monotonic() + REST
    return True
