"""Networks that learn in the background: they learn, wait their turn, pause, stop, and can be kept."""

import threading
import time

import numpy as np
import pytest

from seg.catalogue.store import WeightIndex
from seg.losses import LOSSES
from seg.service import jobs
from seg.service.jobs import DONE, FAILED, OVER, PAUSED, RUNNING, STOPPED, WAITING, Turns
from seg.service.trainings import Training
from seg.training import replay
from seg.training.learner import SHOWN, recipe

PATIENCE = 120


def until(true, what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, f"waited in vain until {what}"
        time.sleep(0.02)


def training(steps: int = 24, models=("unet",), loss: str = "wce", **arguments) -> Training:
    return Training({m: recipe(m, loss, 0.5, 1e-2, steps) for m in models}, steps, **arguments)


@pytest.fixture
def turns():
    turns = Turns()
    started: list[Training] = []
    start = turns.start
    turns.start = lambda one: (started.append(one), start(one))
    yield turns
    for one in started:
        turns.stop(one)
    until(lambda: turns._thread is None, "the thread has ended")


def test_networks_learn_in_step_and_know_pictures_they_have_not_seen(turns):
    two = training(24, ("unet", "fcn8s"))
    turns.start(two)
    until(lambda: two.state in OVER, "it has ended")
    assert two.state == DONE, two.said
    assert two.share == 1
    for progress in two.progress:
        assert progress.step == 24
        assert len(progress.losses) == len(progress.dice) == 24
        assert progress.losses[-1][1] < progress.losses[0][1]
        assert progress.masks.shape == (SHOWN, 64, 64)
        assert progress.rate > 0
    seeds = {sample.name for sample in two.samples}
    assert len(seeds) == SHOWN


def test_the_same_training_ends_the_same(turns):
    pair = [training(12), training(12)]
    for one in pair:
        turns.start(one)
    until(lambda: all(one.state == DONE for one in pair), "both have ended")
    assert pair[0].progress[0].losses == pair[1].progress[0].losses
    assert np.array_equal(pair[0].progress[0].masks, pair[1].progress[0].masks)


def test_one_at_a_time_and_a_paused_one_makes_way(turns):
    first, second = training(100_000), training(12)
    turns.start(first)
    until(lambda: first.progress and first.progress[0].step, "the first learns")
    turns.start(second)
    time.sleep(0.2)
    assert second.state == WAITING
    assert turns.ahead(second) == 1
    turns.pause(first)
    until(lambda: second.state == DONE, "the second has ended")
    assert first.state == PAUSED
    held = first.progress[0].step
    time.sleep(0.2)
    assert first.progress[0].step == held
    turns.start(first)
    until(lambda: first.progress[0].step > held, "the first goes on")
    assert first.state == RUNNING
    turns.stop(first)
    assert first.state == STOPPED


def test_a_training_that_nobody_watches_is_given_up(turns, monkeypatch):
    monkeypatch.setattr(jobs, "GRACE", 0.2)
    there = threading.Event()
    there.set()
    one = training(100_000, alive=there.is_set)
    turns.start(one)
    until(lambda: one.progress and one.progress[0].step, "it learns")
    there.clear()
    until(lambda: one.state == STOPPED, "it is given up")
    given_up = one.progress[0].step
    time.sleep(0.2)
    assert 0 < one.progress[0].step == given_up < 100_000


def test_a_loss_that_is_no_number_ends_it_with_a_sentence_and_the_next_goes_on(turns, focal_gives_no_number):
    wild, next_ = training(24, loss="focal"), training(12)
    turns.start(wild)
    turns.start(next_)
    until(lambda: wild.state in OVER and next_.state in OVER, "both have ended")
    assert wild.state == FAILED
    assert "smaller learning rate" in wild.said
    assert next_.state == DONE


@pytest.mark.parametrize("step", ["_prepare", "_advance"])
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "train fewer networks at once"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "train fewer networks at once"),
        (RuntimeError("of a library"), "The training failed (RuntimeError)"),
        (KeyError("a word"), "The training failed (KeyError)"),
        (OSError(28, "No space left on device"), "The training failed (OSError)"),
        (KeyboardInterrupt(), "The training failed (KeyboardInterrupt)"),
        (SystemExit(1), "The training failed (SystemExit)"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_of_any_kind_ends_a_training_with_a_sentence_and_the_next_goes_on(
    turns, monkeypatch, step, error, said
):
    first, second = training(6), training(6)
    do = getattr(Training, step)

    def failing(self):
        if self is first:
            raise error
        do(self)

    monkeypatch.setattr(Training, step, failing)
    turns.start(first)
    turns.start(second)
    until(lambda: first.state in OVER and second.state in OVER, "both have ended")
    assert (first.state, second.state) == (FAILED, DONE)
    assert said in first.said
    assert "library" not in first.said


def test_a_visitor_who_cannot_be_asked_after_counts_as_gone(turns, monkeypatch):
    monkeypatch.setattr(jobs, "GRACE", 0.2)

    def unknown():
        raise RuntimeError("there is no such session")

    lost, next_ = training(100_000, alive=unknown), training(6)
    turns.start(lost)
    turns.start(next_)
    until(lambda: lost.state in OVER and next_.state in OVER, "both have ended")
    assert (lost.state, next_.state) == (STOPPED, DONE)


def test_what_was_learned_is_kept_as_a_weight_set_with_scores_and_replay(turns, tmp_path):
    model = "encoder_decoder"
    one = training(12, (model,))
    turns.start(one)
    until(lambda: one.state in OVER, "it has ended")
    (record,) = one.save_as_sets(WeightIndex(tmp_path))
    assert record.name == f"shapes/{model}-wce-live1"
    assert record.validation.images == 200
    WeightIndex(tmp_path).load(WeightIndex(tmp_path).record(record.name))
    assert len(replay.frames(tmp_path, record)) == len(record.replay.steps) > 3


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_can_be_learned_from(turns, loss):
    one = Training({loss: recipe("unet", loss, 0.5, 1e-2, 4)}, 4)
    turns.start(one)
    until(lambda: one.state in OVER, "it has ended")
    assert one.state == DONE, one.said
