"""Why a few photos can teach a network, shown on bowls of fruit."""

import numpy as np
import pytest

from seg.catalogue.comparisons import start_of
from seg.errors import TrainingError
from seg.scores.metrics import score
from seg.training import why
from seg.training.teacher import DONE, TEACHING
from tests.own_data import fruit
from tests.training.test_teacher import painting, taught_by, teacher


def dice_of(segmenter) -> float:
    new = (fruit(seed, 64, 96) for seed in range(10, 13))
    return float(np.mean([score(segmenter(p.image).labels, (p.labels == 1).astype(np.uint8), 2).dice[1] for p in new]))


def test_from_scratch_the_same_photos_teach_the_same_network_less_in_the_same_time():
    photos = [painting(0), painting(1)]
    said = list(why.from_scratch(teacher(), photos, seconds=1.5, watched=[painting(2)]))
    assert [progress.stage for progress in said] == [TEACHING] * (len(said) - 1) + [DONE]
    assert [mask.shape for mask in (*said[-1].masks, *said[-1].watched)] == [(64, 96)] * 3
    scratch = said[-1].taught
    assert start_of(scratch.record()) == "taught on its own features"
    assert dice_of(scratch.segmenter()) < dice_of(taught_by(teacher(), photos).segmenter())


def test_how_dice_grows_is_told_by_photos_that_were_not_learned_from(monkeypatch):
    monkeypatch.setattr(why, "STEPS", 20)
    steps = why.growth(teacher(), [painting(seed) for seed in range(4)])
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found = end.value
            break
    assert {count: len(values) for count, values in found.items()} == {1: 4, 2: 4}
    assert all(0 <= value <= 1 for values in found.values() for value in values)


def test_of_one_photo_nothing_can_be_said():
    with pytest.raises(TrainingError, match="paint a second one"):
        list(why.growth(teacher(), [painting(0)]))
