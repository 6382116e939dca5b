"""Each network loaded once, each result computed once, for however many ask."""

import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass

import numpy as np
import pytest

from seg.anatomy.checkerboard import Kernels, Measure
from seg.anatomy.receptive import Seen
from seg.anatomy.stages import Anatomise, Costs, Skips, Strongest, Timed
from seg.catalogue.store import WeightIndex
from seg.errors import ImageError, OptionError, ServiceError, WeightsError
from seg.inference.activity import ACTIVITY
from seg.inference.engines import choose_device
from seg.inference.scaling import SCALED
from seg.inference.segmenter import Segmenter
from seg.service import service as module
from seg.service.memory import OVERHEAD, Memory, Share, Visitor
from seg.service.questions import PREDICT, Logits, Predict
from seg.service.requests import Request
from seg.service.results import Answer, Packed
from seg.service.service import PredictionService
from tests.conftest import make_set

SIZE = (60, 80)
RESULT = OVERHEAD + 60 * 80 * 3
"""Bytes of a prediction of that size, and a few for its words."""

IMAGE = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8)


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


def test_a_question_counts_as_work_until_it_is_answered(weights, service):
    @dataclass(frozen=True)
    class Quiet(Logits):
        def __call__(self, network, image, detail):
            return ACTIVITY.quiet_seconds

    record = WeightIndex(weights).record("street/fcn8s-wce")
    request = Request.of("a picture", record, folder=weights, question=Quiet())
    assert service.request(request, IMAGE).result() == 0
    assert ACTIVITY.quiet_seconds > 0


def test_another_picture_runs_the_network_again_but_does_not_load_it_again(weights, service):
    record = WeightIndex(weights).record("street/fcn8s-wce")
    for digest in ("one", "two", "one"):
        service.request(Request.of(digest, record, folder=weights), IMAGE).result()
    assert (service.loads, service.runs) == (1, 2)


@pytest.fixture
def roomy(weights):
    """A service with room for so many results beside the one network, and no more, where packing them saves nothing;
    and what asks it."""
    record = WeightIndex(weights).record("street/fcn8s-wce")
    services = []

    def with_room_for(results):
        first = PredictionService()
        first.request(Request.of("any", record, folder=weights, engine="torch"), IMAGE).result()
        first.close()
        SCALED.trim(0)
        network = first.memory.ledger()["networks"].bytes
        service = PredictionService(Memory(network + results * (RESULT + 100)))
        services.append(service)

        def ask(digest, visitor=None, question=PREDICT):
            request = Request.of(digest, record, folder=weights, engine="torch", question=question)
            return service.request(request, IMAGE, visitor)

        return service, ask

    yield with_room_for
    for service in services:
        service.close()


@pytest.fixture
def unpackable(monkeypatch):
    monkeypatch.setattr(Answer, "shrink", lambda answer: answer.bytes)


def test_finished_results_are_let_go_least_recently_used_first_when_memory_is_full(roomy, unpackable):
    service, ask = roomy(2)
    for digest in ("one", "two", "one", "three"):  # "one" was asked for again, so "two" goes
        ask(digest).result()
    assert service.runs == 3
    ask("one").result()
    assert service.runs == 3
    ask("two").result()
    assert service.runs == 4


def test_what_a_page_shows_is_not_let_go_and_what_does_not_fit_beside_it_is_refused(roomy, unpackable):
    service, ask = roomy(2)
    visitor, other = Visitor(), Visitor()
    shown = [ask("one", visitor), ask("two", visitor)]
    wait(shown)
    for _ in range(3):  # as a page does that is drawn again and again
        with pytest.raises(ServiceError, match="choose fewer networks or a smaller picture"):
            ask("three", visitor).result()
        assert [ask("one", visitor), ask("two", other)] == shown
    assert service.runs == 2
    service.release(visitor)
    ask("three", visitor).result()  # beside what the other visitor's page still shows
    assert ask("two", other) is shown[1]
    del visitor, other
    gc.collect()
    others = Visitor(), Visitor()
    newest = [ask("five", others[0]), ask("six", others[1])]
    assert all(future.result().labels.shape == SIZE for future in newest)


def test_results_that_wait_have_their_room_before_they_are_there(roomy, unpackable):
    free = threading.Event()

    class Slow(Predict):
        def __call__(self, network, image, detail):
            free.wait(20)
            return super().__call__(network, image, detail)

    _, ask = roomy(2)
    ask("none").result()
    waiting = [ask("one", question=Slow()), ask("two", question=Slow())]
    assert isinstance(ask("three").exception(), ServiceError)
    free.set()
    assert all(future.result().labels.shape == SIZE for future in waiting)


def test_shown_results_are_packed_where_there_is_no_room_and_come_back_as_they_were(roomy):
    service, ask = roomy(2)
    visitor = Visitor()
    first = ask("one", visitor).result()
    labels, confidence = first.labels.copy(), first.confidence.copy()
    del first
    for digest in ("two", "three"):
        ask(digest).result()
    future = ask("one", visitor)
    assert isinstance(future._answer, Packed)
    assert np.array_equal(future.result().labels, labels)
    assert np.array_equal(future.result().confidence, confidence)
    assert future.result() is future.result()
    assert service.runs == 3
    assert service.memory.bytes <= service.memory.limit


def test_the_ledger_says_what_holds_what(weights, service):
    SCALED.trim(0)
    record = WeightIndex(weights).record("street/fcn8s-wce")
    for digest in ("one", "two"):
        service.request(Request.of(digest, record, folder=weights, engine="torch"), IMAGE).result()
    service.close()
    ledger = service.memory.ledger()
    assert ledger["networks"] == Share(1, 4 * record.parameters)
    assert ledger["results"].count == 2
    assert 2 * RESULT <= ledger["results"].bytes < 2 * (RESULT + 100)
    assert sum(share.bytes for share in ledger.values()) == service.memory.bytes


def test_a_failure_takes_no_memory_from_what_a_page_shows(roomy, unpackable):
    _, ask = roomy(1)
    visitor = Visitor()
    assert ask("one", visitor, Predict(frozenset({"no such skip"}))).exception()
    assert ask("two", visitor).result().labels.shape == SIZE


@dataclass(frozen=True)
class Held:
    """A question that is answered once `gate` is open."""

    gate: threading.Event
    number: int

    def depends_on(self, digest: str, size: tuple[int, int], detail: int) -> tuple[str, int]:
        return digest, self.number

    def __call__(self, network: Segmenter, image: np.ndarray, detail: int) -> int:
        assert self.gate.wait(60)
        return self.number


def test_of_a_hundred_visitors_who_come_at_once_with_seven_questions_each_nobody_is_refused(weights, service):
    record, gate = WeightIndex(weights).record("street/fcn8s-wce"), threading.Event()
    visitors = [Visitor() for _ in range(100)]
    futures = [
        service.request(Request.of(f"{place}", record, folder=weights, question=Held(gate, number)), IMAGE, visitor)
        for place, visitor in enumerate(visitors)
        for number in range(7)
    ]
    gate.set()
    assert [future.result(60) for future in futures] == [*range(7)] * 100


def test_failures_are_remembered_in_numbers_only(weights, service, monkeypatch):
    monkeypatch.setattr(module, "MAX_WAITING", 3)
    record = WeightIndex(weights).record("street/fcn8s-wce")
    for number in range(9):
        request = Request.of(str(number), record, folder=weights, question=Predict(frozenset({"no such skip"})))
        assert service.request(request, IMAGE).exception()
    assert len(service._answers) <= 4


@pytest.mark.parametrize("error", [RuntimeError("of a library"), ImageError("Of ours."), MemoryError(), SystemExit(1)])
def test_a_failed_request_holds_no_picture(weights, service, monkeypatch, error):
    def failing(self, image, *given):
        try:
            raise KeyError(image.shape)
        except KeyError as reason:
            raise type(error)(*error.args) from reason

    monkeypatch.setattr(Segmenter, "_segment", failing)
    image = IMAGE.copy()
    gone = weakref.ref(image)
    record = WeightIndex(weights).record("street/fcn8s-wce")
    future = service.request(Request.of("a picture", record, folder=weights), image)
    assert isinstance(future.exception(), type(error))
    del image
    service.request(Request.of("another", record, folder=weights, question=Skips()), IMAGE).result()
    gc.collect()
    assert gone() is None


def test_old_failures_are_forgotten_whatever_is_asked_next(weights, service, monkeypatch):
    record = WeightIndex(weights).record("street/fcn8s-wce")
    monkeypatch.setattr(module, "ERROR_SECONDS", 0)
    for digest in ("one", "two"):
        request = Request.of(digest, record, folder=weights, question=Predict(frozenset({"no such skip"})))
        assert service.request(request, IMAGE).exception()
    service.request(Request.of("three", record, folder=weights), IMAGE).result()
    assert len(service._answers) == 1


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
        maps, field = ask(Strongest("score")), ask(Seen(0.1, 0.1))
    assert (service.loads, service.runs) == (1, 6)
    assert labels.shape == alone.shape == SIZE
    assert logits.shape == cut.shape == (11, 180, 240)
    assert not np.array_equal(logits, cut)
    assert maps.total == 11
    assert field.heat.max() == 1


@pytest.mark.parametrize(
    ("question", "alike"),
    [
        (Predict(), []),
        (Predict(frozenset()), ["detail"]),
        (Logits(), ["detail"]),
        (Strongest("score"), ["detail"]),
        (Seen(0.5, 0.5), ["detail"]),
        (Measure(), ["detail"]),
        (Anatomise(), ["detail", "picture"]),
        (Costs((32,)), ["detail", "picture", "size"]),
        (Timed((32,)), ["detail", "picture", "size"]),
        (Skips(), ["detail", "picture", "size", "proportions"]),
        (Kernels(), ["detail", "picture", "size", "proportions"]),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, list) else "",
)
def test_a_question_is_asked_again_only_for_what_its_answer_depends_on(weights, service, question, alike):
    record = WeightIndex(weights).record("street/fcn8s-wce")
    changes = {
        "detail": ("one", SIZE, 2),
        "picture": ("two", SIZE, 1),
        "size": ("three", (30, 40), 1),
        "proportions": ("four", (30, 30), 1),
    }

    def ask(digest, size, detail):
        request = Request.of(digest, record, folder=weights, question=question, detail=detail)
        return service.request(request, np.zeros((*size, 3), np.uint8)).result()

    first = ask("one", SIZE, 1)
    assert [name for name, change in changes.items() if ask(*change) is first] == alike


def test_all_small_networks_stay_loaded_from_one_picture_to_the_next(tmp_path, service):
    records = [make_set(tmp_path, f"shapes/conv_stack-wce-seed{i}", "conv_stack") for i in range(39)]
    for digest in ("one", "two"):
        for record in records:
            service.request(Request.of(digest, record, folder=tmp_path, question=Logits()), IMAGE).result()
    assert (service.loads, service.runs) == (39, 78)


def test_the_network_unused_for_longest_makes_room_for_another(tmp_path, monkeypatch):
    names = [f"shapes/conv_stack-wce-seed{i}" for i in range(3)]
    one, two, three = (make_set(tmp_path, name, "conv_stack") for name in names)
    monkeypatch.setattr(Segmenter, "held_bytes", 10_000_000)
    service = PredictionService(Memory(25_000_000))

    def loaded_after(*records):
        for record in records:
            picture = str(service.runs)  # one that no network has seen
            service.request(Request.of(picture, record, folder=tmp_path), IMAGE).result()
        return service.loads

    assert loaded_after(one, two, one, three, one) == 3  # two has gone for three
    assert loaded_after(two) == 4
    service.close()


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
    with pytest.raises(OptionError, match="not available here"):
        service.request(request, IMAGE).result()


def test_when_too_many_wait_the_next_is_refused_and_may_try_again(weights, service, monkeypatch):
    monkeypatch.setattr(module, "MAX_WAITING", 1)
    record, free = WeightIndex(weights).record("street/fcn8s-wce"), threading.Event()

    class Slow(Logits):
        def __call__(self, network, image, detail):
            free.wait(20)

    first = service.request(Request.of("one", record, folder=weights, question=Slow()), IMAGE)
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
