"""A lesson is work like any other: it is written when it is done, and stopped when its visitor has gone."""

import time

import numpy as np

from seg.catalogue.store import WeightIndex
from seg.labels import ClassMap
from seg.service import jobs
from seg.service.jobs import DONE, OVER, STOPPED, Turns
from seg.service.teachings import Teaching
from seg.training.paintings import Painting
from seg.training.teacher import Teacher

CLASSES = ClassMap("mine", ("background", "disc"), ((74, 64, 61), (230, 60, 20)), 255)


def lesson(folder, **more) -> Teaching:
    image = np.zeros((32, 48, 3), np.uint8)
    image[8:24, 12:36] = 200, 120, 40
    painting = Painting("disc", image, (image[..., 0] > 0).astype(np.uint8))
    return Teaching(lambda: Teacher(CLASSES), CLASSES, [painting], [], WeightIndex(folder), "mine/disc", **more)


def over(job: Teaching) -> str:
    turns, deadline = Turns(), time.monotonic() + 120
    turns.start(job)
    while job.state not in OVER:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    turns.close()
    return job.state


def test_a_lesson_that_is_done_is_a_weight_set_of_its_folder(tmp_path):
    job = lesson(tmp_path)
    assert over(job) == DONE, job.said
    assert job.share == 1
    assert WeightIndex(tmp_path).record("mine/disc") == job.record


def test_a_lesson_whose_visitor_has_left_is_stopped_and_nothing_of_it_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "GRACE", 0.0)
    job = lesson(tmp_path, alive=lambda: False)
    assert over(job) == STOPPED
    assert job.record is None
    assert not [*tmp_path.iterdir()]
