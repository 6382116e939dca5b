"""One visitor's large picture keeps nobody else waiting, and what nobody waits for is not computed."""

import threading
from concurrent.futures import wait

import numpy as np
import pytest

from seg.catalogue.store import WeightIndex
from seg.errors import ServiceError
from seg.inference import segmenter as segmenting
from seg.inference.segmenter import Segmenter
from seg.service import service as module
from seg.service.memory import Visitor
from seg.service.questions import Predict
from seg.service.requests import Request
from seg.service.service import PredictionService

RNG = np.random.default_rng(0)
SMALL = RNG.integers(0, 256, (60, 80, 3), dtype=np.uint8)
LARGE = RNG.integers(0, 256, (420, 420, 3), dtype=np.uint8)
"""At detail 2 it takes several batches of tiles."""


class Blocking(Predict):
    """Says that it has begun, and waits to be let on."""

    def __init__(self):
        super().__init__()
        object.__setattr__(self, "begun", threading.Event())
        object.__setattr__(self, "go", threading.Event())

    def __call__(self, network, image, detail):
        self.begun.set()
        assert self.go.wait(60)
        return super().__call__(network, image, detail)


@pytest.fixture
def service():
    service = PredictionService()
    yield service
    service.close()


@pytest.fixture
def ask(weights, service):
    record = WeightIndex(weights).record("street/fcn8s-wce")

    def ask(digest, visitor, image=SMALL, **how):
        return service.request(Request.of(digest, record, folder=weights, engine="torch", **how), image, visitor)

    return ask


def in_order(futures):
    """A list that fills with names as the futures come to be done."""
    done = []
    for name, future in futures.items():
        future.add_done_callback(lambda _, name=name: done.append(name))
    return done


def test_who_asks_for_something_else_takes_his_waiting_questions_with_him(service, ask):
    first, second, block = Visitor(), Visitor(), Blocking()
    blocked = ask("any", None, question=block)
    mine, shared = ask("one", first), ask("two", first)
    assert ask("two", second) is shared
    service.release(first)
    assert mine.cancelled()
    assert wait([mine], 0).done == {mine}
    assert not shared.cancelled()
    again = ask("one", first)
    block.go.set()
    wait([blocked, shared, again], 60)
    assert shared.result().labels.shape == again.result().labels.shape == (60, 80)
    assert service.runs == 3
    assert not service.busy


def test_who_has_closed_his_page_is_not_served(service, ask):
    here, block = [True], Blocking()
    visitor = Visitor(lambda: here[0])
    blocked, waiting = ask("any", None, question=block), ask("one", visitor)
    here[0] = False
    block.go.set()
    blocked.result()
    wait([waiting], 60)
    assert waiting.cancelled()
    assert not service.busy


def test_everybody_is_told_his_place(service, ask):
    first, second, third, block = Visitor(), Visitor(), Visitor(), Blocking()
    running = ask("one", first, question=block)
    assert block.begun.wait(60)
    seconds, thirds = [ask("two", second), ask("three", second)], [ask("four", third)]
    places = [service.place(futures) for futures in ([running], seconds, thirds)]
    assert [place.ahead for place in places] == [0, 1, 2]
    assert 0 <= places[0].seconds < places[2].seconds < places[1].seconds
    block.go.set()
    wait([*seconds, *thirds], 60)
    assert service.place([running, *seconds, *thirds]) == (0, 0)


def test_a_large_picture_gives_way_between_its_batches_and_comes_out_the_same(service, ask, weights, monkeypatch):
    first, second, third = Visitor(), Visitor(), Visitor()
    begun, asked, run = threading.Event(), threading.Event(), Segmenter._run

    def waits(self, tiles):
        begun.set()
        assert asked.wait(60)
        return run(self, tiles)

    monkeypatch.setattr(Segmenter, "_run", waits)
    large = ask("large", first, LARGE, detail=2)
    assert begun.wait(60)
    futures = {
        "large": large,
        "his own": ask("his own", first),
        "as large": ask("as large", second, LARGE, detail=2),
        "small": ask("small", third),
    }
    done = in_order(futures)
    asked.set()
    wait(futures.values(), 60)
    assert done == ["small", "large", "his own", "as large"]  # his own is small, too, beside the next
    alone = Segmenter.load("street/fcn8s-wce", engine="torch", weights=weights)
    for future, image, detail in ((large, LARGE, 2), (futures["small"], SMALL, 1)):
        expected = alone(image, detail)
        assert np.array_equal(future.result().labels, expected.labels)
        assert np.array_equal(future.result().confidence, expected.confidence)


def test_a_network_may_be_asked_something_else_while_it_gives_way_though_it_writes_its_logits_into_one_place(
    weights, monkeypatch
):
    monkeypatch.setattr(segmenting, "PATIENT_PIXELS", 100_000)
    monkeypatch.setattr("seg.inference.labelling.STRIP_VALUES", 200_000)
    network = Segmenter.load("street/fcn8s-wce", engine="torch", weights=weights)
    expected, run, place = network(LARGE), network.engine.run, {}

    def into_one_place(batch):
        logits = run(batch)
        return place.setdefault(logits.shape, logits).copy_(logits)

    monkeypatch.setattr(network.engine, "run", into_one_place)
    others = []

    def give_way():
        if len(others) < 3:
            others.append(None)
            others[-1] = network(SMALL).labels

    network.give_way = give_way
    found = network(LARGE)
    assert len(others) == 3
    assert np.array_equal(found.labels, expected.labels)
    assert np.array_equal(found.confidence, expected.confidence)


def test_a_large_picture_that_nobody_waits_for_any_more_is_left_and_can_be_asked_for_again(service, ask, monkeypatch):
    visitor, begun, left, run = Visitor(), threading.Event(), threading.Event(), Segmenter._run

    def waits(self, tiles):
        begun.set()
        assert left.wait(60)
        return run(self, tiles)

    monkeypatch.setattr(Segmenter, "_run", waits)
    monkeypatch.setattr(module, "LONELY_SECONDS", -1)
    large = ask("large", visitor, LARGE, detail=2)
    assert begun.wait(60)
    service.release(visitor)
    left.set()
    with pytest.raises(ServiceError, match="Nobody waits"):
        large.result(60)
    assert ask("large", visitor, LARGE, detail=2).result(60).labels.shape == (420, 420)
    assert service.runs == 1


def test_whoever_draws_his_page_anew_gets_what_is_being_computed_for_him(service, ask):
    visitor, block = Visitor(), Blocking()
    running = ask("one", visitor, question=block)
    assert block.begun.wait(60)
    service.release(visitor)
    assert ask("one", visitor, question=block) is running
    block.go.set()
    assert running.result(60).labels.shape == (60, 80)
