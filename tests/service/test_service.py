"""Each network loaded once, each result computed once, for however many ask."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from seg.catalogue.store import WeightIndex
from seg.errors import ServiceError, WeightsError
from seg.inference.engines import choose_device
from seg.service import service as module
from seg.service.questions import Features, Gradient, Logits, Predict
from seg.service.service import PredictionService, Request
from tests.conftest import make_set

IMAGE = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)


@pytest.fixture
def service():
    service = PredictionService()
    yield service
    service.close()


def test_two_first_visitors_at_once_load_the_network_once_and_run_it_once(weights, service):
    request = Request.of("a picture", WeightIndex(weights).record("street/fcn8s-wce"), folder=weights)
    together = threading.Barrier(8)

    def visit(_):
        together.wait()
        return service.request(request, IMAGE).result()

    with ThreadPoolExecutor(8) as visitors:
        results = list(visitors.map(visit, range(8)))
    assert all(result is results[0] for result in results)
    assert (service.loads, service.runs) == (1, 1)


def test_another_picture_runs_the_network_again_but_does_not_load_it_again(weights, service):
    record = WeightIndex(weights).record("street/fcn8s-wce")
    for digest in ("one", "two", "one"):
        service.request(Request.of(digest, record, folder=weights), IMAGE).result()
    assert (service.loads, service.runs) == (1, 2)


def test_finished_results_are_let_go_least_recently_used_first_when_memory_is_full(weights):
    record = WeightIndex(weights).record("street/fcn8s-wce")
    size = IMAGE.shape[0] * IMAGE.shape[1] * 3
    service = PredictionService(max_bytes=2 * size)
    for digest in ("one", "two", "one", "three"):  # "one" was asked for again, so "two" goes
        service.request(Request.of(digest, record, folder=weights), IMAGE).result()
    assert service.runs == 3
    service.request(Request.of("one", record, folder=weights), IMAGE).result()
    assert service.runs == 3
    service.request(Request.of("two", record, folder=weights), IMAGE).result()
    assert service.runs == 4
    service.close()


def test_a_damaged_file_fails_alone_and_works_again_once_it_is_mended(weights, service, monkeypatch):
    make_set(weights, "street/unet-wce", "unet")
    index = WeightIndex(weights)
    path = index.file(index.record("street/unet-wce"))
    intact = path.read_bytes()
    path.write_bytes(intact[:-10])
    broken = Request.of("a picture", index.record("street/unet-wce"), folder=weights)
    fine = Request.of("a picture", index.record("street/fcn8s-wce"), folder=weights)
    with pytest.raises(WeightsError, match="damaged"):
        service.request(broken, IMAGE).result()
    assert service.request(fine, IMAGE).result().labels.shape == (60, 80)
    path.write_bytes(intact)
    monkeypatch.setattr(module, "ERROR_SECONDS", 0)
    assert service.request(broken, IMAGE).result().labels.shape == (60, 80)


def test_each_question_about_a_picture_is_answered_once(weights, service):
    record = WeightIndex(weights).record("street/fcn8s-wce")

    def ask(question):
        return service.request(Request.of("one", record, folder=weights, question=question), IMAGE).result()

    for _ in range(2):
        labels = ask(Predict()).labels
        alone = ask(Predict(frozenset())).labels
        logits, cut = ask(Logits()), ask(Logits(frozenset()))
        features, field = ask(Features("score")), ask(Gradient(5, 7))
    assert (service.loads, service.runs) == (1, 6)
    assert labels.shape == alone.shape == IMAGE.shape[:2]
    assert logits.shape == cut.shape == (11, *field.shape)
    assert not np.array_equal(logits, cut)
    assert features.ndim == 3
    assert field[5, 7] > 0


def test_the_same_device_wished_for_in_two_ways_has_one_worker(weights, service):
    record = WeightIndex(weights).record("street/fcn8s-wce")
    usual = str(choose_device("auto"))
    futures = [
        service.request(Request.of("a picture", record, folder=weights, device=device), IMAGE)
        for device in ("auto", usual)
    ]
    assert futures[0] is futures[1]
    futures[0].result()
    assert (service.loads, service.runs, list(service._workers)) == (1, 1, [usual])


def test_a_device_that_is_not_there_fails_with_a_sentence(weights, service):
    request = Request.of("a picture", WeightIndex(weights).record("street/fcn8s-wce"), folder=weights, device="xpu")
    with pytest.raises(ValueError, match="not available here"):
        service.request(request, IMAGE).result()


def test_when_too_many_wait_the_next_is_refused_and_may_try_again(weights, service, monkeypatch):
    monkeypatch.setattr(module, "MAX_WAITING", 1)
    record, free = WeightIndex(weights).record("street/fcn8s-wce"), threading.Event()

    def slow(network, image, detail):
        free.wait(20)

    first = service.request(Request.of("one", record, folder=weights, question=slow), IMAGE)
    assert service.busy
    second = Request.of("two", record, folder=weights)
    with pytest.raises(ServiceError, match="try again"):
        service.request(second, IMAGE).result()
    free.set()
    first.result()
    assert service.request(second, IMAGE).result().labels.shape == (60, 80)
    assert not service.busy


def test_what_the_engines_note_is_said_once(weights, service):
    record = WeightIndex(weights).record("street/fcn8s-wce")
    for engine in ("auto", "torch"):
        service.request(Request.of("a picture", record, folder=weights, engine=engine), IMAGE).result()
    assert service.notes == []
    for network in service._networks.values():
        network.engine.notes.append("The device ran out of memory.")
    assert service.notes == ["The device ran out of memory."]
