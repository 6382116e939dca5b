"""What is scored on the visitor's pictures, and how far that is."""

from collections.abc import Mapping

import streamlit as st

from seg.app import address, resources
from seg.app.answers import sentence
from seg.app.parts.bring import AT_ONCE, EVALUATION, Brought, listed
from seg.app.parts.mask_uploads import reading_title
from seg.app.text import plain
from seg.catalogue.comparisons import WeightSet, comparisons, sets_in_words
from seg.datasets.layouts import ALL
from seg.errors import DataError
from seg.labels import ClassMap
from seg.pictures.masks import AS_FILED, AmbiguousMask, Reading
from seg.service.evaluations import MOST_NETWORKS, Evaluation, Task
from seg.service.jobs import DONE, FAILED, OVER, RUNNING, STOPPED, WAITING, Job

EVERY = 0.7
"""Seconds between two looks at what is under way."""

USUAL = ("fcn32s", "fcn8s", "unet")
"""Networks that are chosen at first, where there are these: a coarse one, one with skips, and the usual one."""


def choose(brought: Brought, sets: Mapping[str, WeightSet]) -> None:
    """Draw what can be chosen, and the button that begins."""
    evaluation: Evaluation | None = st.session_state.get(EVALUATION)
    families = _families(sets)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        split = _split(brought)
        fitting, reasons = _fitting(brought, families, split)
        if not fitting:
            st.warning("No network knows these classes: train one on them, or adopt one.", icon=":material/warning:")
            _others(brought, reasons)
            return
        family = fitting[0]
        if len(fitting) > 1:
            titles = {_family_title(one): one for one in fitting}
            address.choice("your-data-family", titles, _family_title(family))
            family = titles[st.selectbox("Classes of", list(titles), key="your-data-family")]
        chosen = _networks(families[family], f"your-data-networks-{family.dataset}-{len(family)}")
        if st.session_state.pop(AT_ONCE, False) and chosen:
            _begin(brought, tuple(sets[name] for name in chosen), split)
            evaluation = st.session_state[EVALUATION]
        busy = evaluation is not None and evaluation.state not in OVER
        st.button(
            "Score",
            icon=":material/play_arrow:",
            disabled=busy or not chosen,
            help="Choose a network." if not chosen else None,
            on_click=_begin,
            args=(brought, tuple(sets[name] for name in chosen), split),
        )
    if not brought.is_named:
        st.caption("Nothing names the classes of these masks: their numbers are taken for the networks' own.")
    _others(brought, reasons)


def _split(brought: Brought) -> str:
    splits = list(brought.splits)
    if len(splits) == 1:
        return splits[0]
    usual = next(name for name in ("test", "val", ALL, *splits) if name in splits)
    address.choice("your-data-split", splits, usual)
    return st.selectbox(
        "Pictures",
        splits,
        format_func=lambda name: f"{plain(name)}: {brought.splits[name]:,}",
        key="your-data-split",
        width=170,
    )


def _families(sets: Mapping[str, WeightSet]) -> dict[ClassMap, list[WeightSet]]:
    """The networks that tell the same classes apart."""
    found: dict[ClassMap, list[WeightSet]] = {}
    first: dict[tuple[str, ...], ClassMap] = {}
    for weights in sets.values():
        class_map = weights.record.class_map
        found.setdefault(first.setdefault(class_map.names, class_map), []).append(weights)
    return found


def _fitting(brought: Brought, families: Mapping[ClassMap, object], split: str) -> tuple[list[ClassMap], list[str]]:
    """Class maps as which the pictures can be read, those of the same classes first, and why not as the others."""
    fitting, reasons = [], []
    for family in families:
        try:
            brought.read_as(family, split, AS_FILED)
            fitting.append(family)
        except DataError as error:
            reasons.append(f"{_family_title(family)}: {brought.said_plainly(str(error))}")
    return sorted(fitting, key=lambda family: family.names != brought.class_map.names), reasons


def _family_title(family: ClassMap) -> str:
    return f"{plain(family.dataset)}, {len(family)} classes"


def _others(brought: Brought, reasons: list[str]) -> None:
    if reasons and brought.own is not None:
        with st.expander("Networks that cannot be scored on these pictures", icon=":material/block:"):
            st.markdown("\n".join(f"- :gray[{plain(reason)}]" for reason in reasons))


def _networks(sets: list[WeightSet], key: str) -> list[str]:
    """The names of those that are chosen."""
    words, usual = sets_in_words(sets), _usual(sets)
    names = list(words)
    count = len(address.choices(key, names, usual))
    with st.popover(f"{count} of {len(names)} networks", icon=":material/tune:"):
        st.pills("Networks", names, selection_mode="multi", format_func=words.__getitem__, key=key, wrap=True)
        chosen = [name for name in names if name in st.session_state[key]]
        if len(chosen) > MOST_NETWORKS:
            st.caption(f"At most {MOST_NETWORKS} are scored together: the first {MOST_NETWORKS} are.")
    return chosen[:MOST_NETWORKS]


def _usual(sets: list[WeightSet]) -> list[str]:
    entries = comparisons(sets)[0].entries
    usual = [entry.weights.name for entry in entries if entry.record.model in USUAL]
    return usual or [entry.weights.name for entry in entries[: len(USUAL)]]


def _begin(brought: Brought, sets: tuple[WeightSet, ...], split: str, reading: Reading = AS_FILED) -> None:
    settings = st.session_state.settings
    samples = brought.read_as(sets[0].record.class_map, split, reading)
    task = Task(
        sets, samples, brought.name, split, brought.source, settings.device, settings.detail, brought.said_plainly
    )
    evaluation = Evaluation(task, resources.is_here())
    st.session_state[EVALUATION] = evaluation
    resources.TURNS.start(evaluation)


def progress(brought: Brought) -> Evaluation | None:
    """How far the evaluation of this visit is; returns it once there is something to show, and nothing is under way."""
    evaluation: Evaluation | None = st.session_state.get(EVALUATION)
    if evaluation is None:
        return None
    watch(evaluation, _doing(evaluation.task))
    if evaluation.state not in OVER:
        return None
    if isinstance(doubt := evaluation.error, AmbiguousMask):
        _ask(brought, evaluation.task, doubt)
        return None
    if evaluation.state == DONE and not evaluation.rows:
        st.warning("No picture could be scored.", icon=":material/warning:")
    for note in evaluation.account.said():
        st.caption(plain(evaluation.task.said(note)))
    listed(evaluation.left_out, "picture", "left out")
    return evaluation


def _doing(task: Task) -> str:
    count = len(task.sets)
    return f"Scoring {count} network{'' if count == 1 else 's'}"


def watch(job: Job, doing: str, again: str = "Go on") -> None:
    """A bar with what is left of a job, and the buttons that stop it or let it go on; the page follows its end."""
    moving = job.state not in OVER
    st.fragment(_watch, run_every=EVERY if moving else None)(job, doing, again, moving)


def _watch(job: Job, doing: str, again: str, moving: bool) -> None:
    if moving != (job.state not in OVER):
        st.rerun()  # the page as a whole: this part is looked at anew in time only while the job moves
    if job.state == FAILED and not isinstance(job.error, AmbiguousMask | None):
        st.error(plain(sentence(job.error)), icon=":material/error:")
    if job.state == DONE:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(job.share, _how_far(job, doing))
        if job.state in (WAITING, RUNNING):
            st.button("Stop", icon=":material/stop:", on_click=resources.TURNS.stop, args=(job,), key=f"stop-{id(job)}")
        elif not isinstance(job.error, AmbiguousMask):
            st.button(again, icon=":material/play_arrow:", on_click=_go_on, args=(job,), key=f"go-on-{id(job)}")


def _go_on(job: Job) -> None:
    job.alive = resources.is_here()
    resources.TURNS.start(job)


def _how_far(job: Job, doing: str) -> str:
    counted = f"{job.done:,} of {job.total:,} {job.things}"
    if job.state == WAITING:
        ahead = resources.TURNS.ahead(job)
        first = "another visitor's comes first" if ahead == 1 else f"{ahead} of other visitors come first"
        return f"{doing}: {first}" if ahead else f"{doing}: getting ready"
    if job.state == STOPPED:
        return f"Stopped at {counted}" + (": what there is stands below" if job.done else "")
    if job.state == FAILED:
        return f"Ended at {counted}"
    if not job.done:
        return f"{doing}: getting ready"
    left = job.seconds_left
    return f"{doing}: {counted}" + (f" · {_in_words(left)} left" if left is not None else "")


def _in_words(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"


def _ask(brought: Brought, task: Task, doubt: AmbiguousMask) -> None:
    st.warning(plain(f"{task.said(doubt.what)} Which is it, in all of them?"), icon=":material/help:")
    class_map = task.sets[0].record.class_map
    with st.container(horizontal=True):
        for number, (reading, said) in enumerate(doubt.readings.items()):
            st.button(
                plain(reading_title(reading, class_map)),
                key=f"your-data-reading-{number}",
                help=plain(said),
                on_click=_begin,
                args=(brought, task.sets, task.split, reading),
            )
