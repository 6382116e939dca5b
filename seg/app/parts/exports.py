"""What a visitor takes along of an evaluation: tables, masks, a report."""

import json
import os
import shlex
from collections.abc import Callable, Generator
from dataclasses import replace

import streamlit as st

from seg.app import resources
from seg.app.parts.bring import MASKS, REPORT
from seg.app.parts.your_data import watch
from seg.reports.evaluation import examples, report
from seg.scores import tables
from seg.scores.totals import Totals
from seg.service.evaluations import Evaluation, Masks, Task
from seg.service.jobs import DONE, OVER, Job


class Report(Job):
    """The report as one HTML file in the making. html: '' until it is done."""

    things = "reports"

    def __init__(self, evaluation: Evaluation, totals: Totals, alive: Callable[[], bool]):
        super().__init__(alive)
        self._evaluation, self._totals = evaluation, totals
        self.html = ""

    @property
    def total(self) -> int:
        return 1

    @property
    def done(self) -> int:
        return int(bool(self.html))

    def steps(self) -> Generator[None]:
        task, rows = self._evaluation.task, self._totals.rows
        shown = examples(task.names, task.networks(), task.samples, rows, task.detail)
        records = [weights.record for weights in task.sets]
        left_out = self._evaluation.left_out
        self.html = report(self._totals, records, task.data, task.split, shown, command(task), left_out)
        yield


def command(task: Task) -> str:
    """What scores the same networks on the same pictures on a command line; the page, where nothing else can."""
    if not task.source:
        return f"'Your data' in the app: {task.data}"
    folders = dict.fromkeys(str(weights.folder) for weights in task.sets if weights.own)
    before = f"SEG_WEIGHTS={shlex.quote(os.pathsep.join(folders))} " if folders else ""
    words = ["seg", "evaluate"]
    for weights in task.sets:
        words += ["--weights", weights.record.name]
    words += ["--data", task.source, "--split", task.split, "--report", "report.html"]
    return before + shlex.join(words + (["--detail", str(task.detail)] if task.detail > 1 else []))


def written(evaluation: Evaluation, totals: Totals) -> dict[str, tuple[str, str, Callable[[], bytes]]]:
    """Title → file name, type, and what makes the file, in which networks are called as on a command line."""
    split = evaluation.task.split
    keyed = replace(totals, networks=tuple(weights.name for weights in evaluation.task.sets))

    def as_json() -> bytes:
        return f"{json.dumps(tables.as_json(keyed, split), indent=1, ensure_ascii=False)}\n".encode()

    return {
        "Pictures (CSV)": ("pictures.csv", "text/csv", lambda: tables.pictures_csv(keyed).encode()),
        "Totals (CSV)": ("totals.csv", "text/csv", lambda: tables.totals_csv(keyed).encode()),
        "All scores (JSON)": ("scores.json", "application/json", as_json),
    }


def show(evaluation: Evaluation, totals: Totals) -> None:
    """The files that are made at once, and those that take a while and are made when asked for."""
    with st.container(horizontal=True):
        for title, (name, kind, make) in written(evaluation, totals).items():
            _download(title, make, name, kind)
        masks, made = (_of(evaluation, totals, key) for key in (MASKS, REPORT))
        if masks is None:
            _offer(
                "Make the masks (ZIP)",
                MASKS,
                evaluation,
                totals,
                lambda here: Masks(evaluation.task, totals.rows, here),
            )
        elif isinstance(masks, Masks) and masks.state == DONE:
            _download("Masks (ZIP)", masks.file.read_bytes, "masks.zip", "application/zip")
        if made is None:
            _offer("Make the report (HTML)", REPORT, evaluation, totals, lambda here: Report(evaluation, totals, here))
        elif isinstance(made, Report) and made.state == DONE:
            _download("Report (HTML)", made.html.encode, "report.html", "text/html")
    for job, doing in ((masks, "Writing masks"), (made, "Writing the report")):
        if job is not None and job.state != DONE:
            watch(job, doing)


def _download(title: str, make: Callable[[], bytes], name: str, kind: str) -> None:
    st.download_button(title, make, name, kind, on_click="ignore", icon=":material/download:", key=f"download-{name}")


def _of(evaluation: Evaluation, totals: Totals, key: str) -> Job | None:
    """The job under this word, if it is of these scores; another is let go."""
    of, job = st.session_state.get(key, (None, None))
    if job is not None and of != (id(evaluation), len(totals.rows)):
        resources.TURNS.stop(job)
        del st.session_state[key]
        return None
    return job


def _offer(
    title: str, key: str, evaluation: Evaluation, totals: Totals, make: Callable[[Callable[[], bool]], Job]
) -> None:
    def begin() -> None:
        job = make(resources.is_here())
        st.session_state[key] = (id(evaluation), len(totals.rows)), job
        resources.TURNS.start(job)

    st.button(title, icon=":material/build:", on_click=begin, disabled=evaluation.state not in OVER)
