"""An evaluation on Ray gives the rows of one process, whatever happens to its workers."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seg.datasets import street
from seg.errors import OptionError
from seg.inference.on_ray import BATCH
from seg.inference.segmenter import Segmenter
from seg.labels import IGNORE
from seg.pictures.masks import AmbiguousMask
from seg.scores.evaluation import Account, samples_for, score_pictures
from seg.scores.on_ray import Work, score_on_ray
from tests.conftest import make_set
from tests.faults import DOUBTFUL_STREET

pytestmark = [
    pytest.mark.training,
    pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed: requirements-ray.txt"),
]

SETS = ("street/fcn8s-wce", "street/unet-wce")
PICTURES, MANY = 3 * BATCH + 1, 60 * BATCH
ROOT = Path(__file__).parents[2]
DAMAGED = 5


@pytest.fixture(scope="module")
def work(tmp_path_factory) -> Work:
    """Two networks, and frames of which one cannot be read."""
    folder = tmp_path_factory.mktemp("on-ray")
    for name in SETS:
        make_set(folder / "weights", name, name.split("/")[1].split("-")[0])
    for part in ("val", "valannot"):
        (folder / "data" / part).mkdir(parents=True)
    for number in range(PICTURES):
        scene = street.render(number, 48, 64)
        labels = np.where(scene.labels == IGNORE, street.STREET.disk_ignore, scene.labels).astype(np.uint8)
        Image.fromarray(scene.image).save(folder / "data" / "val" / f"{number:02}.png")
        Image.fromarray(labels).save(folder / "data" / "valannot" / f"{number:02}.png")
    (folder / "data" / "val" / f"{DAMAGED:02}.png").write_bytes(b"no picture")
    weights = tuple((name, folder / "weights") for name in SETS)
    return Work(weights, folder / "data", "val", engine="torch", device="cpu")


@pytest.fixture(scope="module")
def alone(work):
    """The rows of one process, and what it says of those left out."""
    segmenters = [Segmenter.load(name, work.device, work.engine, folder) for name, folder in work.weights]
    account = Account()
    samples = samples_for(segmenters[0].record, work.data, work.split)
    return list(score_pictures(segmenters, samples, account)), account


def assert_same(rows, expected):
    assert [(row.index, row.name, row.file, row.size) for row in rows] == [
        (row.index, row.name, row.file, row.size) for row in expected
    ]
    for row, other in zip(rows, expected, strict=True):
        assert (row.disagreement, row.doubt) == (other.disagreement, other.doubt)
        for mine, theirs in zip(row.counts, other.counts, strict=True):
            assert np.array_equal(mine.confusion, theirs.confusion)


def workers() -> list[int]:
    """Process ids of what Ray has score pictures."""
    listed = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    lines = [line.split(None, 1) for line in listed.splitlines()]
    return [int(pid) for pid, title in lines if title.startswith("ray::") and "_Worker" in title]


def test_two_workers_give_the_rows_of_one_process_in_their_order_though_one_is_killed(work, alone):
    account = Account()
    scored = score_on_ray("local", work, range(PICTURES), account)
    rows = [next(scored)]
    killed = workers()
    assert killed
    os.kill(killed[0], signal.SIGKILL)
    rows += scored
    assert_same(rows, alone[0])
    assert len(rows) == PICTURES - 1
    assert account.left_out == alone[1].left_out
    assert f"{DAMAGED:02}.png" in account.left_out[0]


def test_only_the_pictures_that_are_asked_for_are_scored(work, alone):
    places = [1, 9, 17]
    rows = list(score_on_ray("local", work, places, Account()))
    assert_same(rows, [row for row in alone[0] if row.index in places])


def test_a_worker_scores_with_tta_where_one_process_does(work):
    segmenters = [Segmenter.load(name, work.device, work.engine, folder, tta=True) for name, folder in work.weights]
    samples = samples_for(segmenters[0].record, work.data, work.split)
    (row,) = score_on_ray("local", replace(work, tta=True), [1], Account())
    (expected,) = score_pictures(segmenters, samples, pictures=[1])
    assert [one.confidence for one in row.counts] == pytest.approx([one.confidence for one in expected.counts])


@pytest.fixture
def head(monkeypatch) -> Iterator[tuple[str, subprocess.Popen]]:
    """The address of a cluster's head of its own, which asks nobody for a token, and its process."""
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["start", "--head", "--block", f"--port={port}", "--num-cpus=1", "--include-dashboard=false"]
    process = subprocess.Popen(
        [sys.executable, "-m", "ray.scripts.scripts", *words, "--node-ip-address=127.0.0.1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    for _ in range(600):
        with socket.socket() as there:
            if there.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    yield f"127.0.0.1:{port}", process
    killed(process)


def killed(process: subprocess.Popen) -> None:
    """With all that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=20)


def test_after_a_killed_head_resume_goes_on_and_counts_nothing_twice(work, head, tmp_path):
    """Of as many pictures as keep a worker busy for a while."""
    address, cluster = head
    for part in ("val", "valannot"):
        (tmp_path / "data" / part).mkdir(parents=True)
        for number in range(MANY):
            os.link(work.data / part / f"{number % DAMAGED:02}.png", tmp_path / "data" / part / f"{number:03}.png")
    journal, scores = tmp_path / "scores.csv.partial", tmp_path / "scores.csv"
    words = ["evaluate", "--weights", SETS[0], "--weights-dir", work.weights[0][1], "--data", tmp_path / "data"]
    words += ["--engine", "torch", "--device", "cpu", "--csv"]
    command = [sys.executable, "-m", "seg", *map(str, [*words, scores])]
    evaluation = subprocess.Popen([*command, "--ray", address], stderr=subprocess.PIPE, text=True, cwd=ROOT)
    while not journal.exists() or len(journal.read_bytes().splitlines()) < 3:
        assert evaluation.poll() is None, evaluation.communicate()[1]
        time.sleep(0.02)
    killed(cluster)
    _, said = evaluation.communicate(timeout=200)
    assert evaluation.returncode != 0
    assert "Traceback" not in said
    before = journal.read_bytes()
    assert len(before.splitlines()) < MANY
    resumed = subprocess.run([*command, "--resume", "--ray", "local"], capture_output=True, text=True, cwd=ROOT)
    alone = subprocess.run([*command[:-1], str(tmp_path / "alone.csv")], capture_output=True, text=True, cwd=ROOT)
    assert resumed.returncode == alone.returncode == 0
    assert scores.read_bytes() == (tmp_path / "alone.csv").read_bytes()
    assert resumed.stdout == alone.stdout


def test_what_a_worker_cannot_decide_is_the_sentence_of_one_process(work, tmp_path):
    fault = sorted(DOUBTFUL_STREET)[0]
    DOUBTFUL_STREET[fault](tmp_path, street.render(3, 96, 128), street.STREET)
    undecided = replace(work, weights=work.weights[:1], data=tmp_path)
    segmenter = Segmenter.load(SETS[0], "cpu", "torch", work.weights[0][1])
    with pytest.raises(AmbiguousMask) as here:
        list(score_pictures([segmenter], samples_for(segmenter.record, tmp_path, "val"), Account()))
    with pytest.raises(AmbiguousMask) as there:
        list(score_on_ray("local", undecided, [0], Account()))
    assert str(there.value) == str(here.value)


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:1"])
def test_a_ray_that_is_not_there_is_a_sentence(work, address):
    with pytest.raises(OptionError, match=f"There is no Ray to work with at '{address}'"):
        list(score_on_ray(address, work, [0], Account()))
