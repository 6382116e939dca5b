"""A Ray cluster answers as the networks of this process do, whatever happens to its replicas."""

import os
import signal
import subprocess

import numpy as np
import pytest

from seg.datasets import street
from seg.errors import OptionError, WeightsError
from seg.inference.segmenter import Segmenter
from seg.service.memory import Memory
from seg.service.on_ray import PICTURES, Cluster
from seg.service.questions import Logits
from seg.service.requests import Request
from seg.service.service import PredictionService
from tests.conftest import make_set

pytest.importorskip("ray", reason="ray is not installed: requirements-ray.txt")
pytest.importorskip("grpc", reason="Ray Serve is not installed: requirements-ray.txt")
pytestmark = pytest.mark.training

SETS = ("street/fcn8s-wce", "street/unet-wce")
PATIENCE = 120


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    for name in SETS:
        make_set(folder, name, name.split("/")[1].split("-")[0])
    return folder


@pytest.fixture(scope="module")
def cluster(folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEG_WEIGHTS", str(folder))
        found = Cluster("local")
        yield found
        found.close()


@pytest.fixture
def service(cluster):
    service = PredictionService(Memory(500_000_000), cluster)
    yield service
    service.close()


def requests(folder, digest: str, **more) -> list[Request]:
    return [Request(digest, name, "", folder=folder, engine="torch", **more) for name in SETS]


def replicas() -> list[int]:
    """Process ids of the deployment's."""
    listed = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    lines = [line.split(None, 1) for line in listed.splitlines()]
    return [int(pid) for pid, title in lines if title.startswith("ray::ServeReplica:seg")]


def assert_answers_as_alone(service, folder, scenes: dict[str, np.ndarray]) -> None:
    futures = {
        (digest, request.record_name): service.request(request, image)
        for digest, image in scenes.items()
        for request in requests(folder, digest)
    }
    for name in SETS:
        alone = Segmenter.load(name, "cpu", "torch", folder)
        for digest, image in scenes.items():
            found, expected = futures[digest, name].result(PATIENCE), alone(image)
            assert np.array_equal(found.labels, expected.labels)
            assert np.allclose(found.confidence, expected.confidence, atol=1e-3)


def scenes(first: int, count: int = 3) -> dict[str, np.ndarray]:
    return {str(seed): street.render(seed, 96, 128).image for seed in range(first, first + count)}


def test_two_replicas_give_the_answers_of_one_process_and_each_picture_travels_once(service, cluster, folder):
    sent = []
    before = cluster._sent
    cluster._pictures.clear()
    cluster._sent = lambda digest, pixels: sent.append(before(digest, pixels)) or sent[-1]
    try:
        assert_answers_as_alone(service, folder, scenes(0))
    finally:
        cluster._sent = before
    assert len(sent) == 3 * len(SETS)
    assert len(set(sent)) == 3
    assert not service.loads, "this process has loaded a network of its own"


def test_other_questions_are_answered_there_too(service, folder):
    image = street.render(9, 96, 128).image
    alone = Segmenter.load(SETS[0], "cpu", "torch", folder)
    asked = requests(folder, "9", question=Logits())[0]
    assert np.allclose(service.request(asked, image).result(PATIENCE), alone.logits(image), atol=1e-4)


def test_no_more_pictures_stay_in_the_object_store_than_are_held(cluster):
    for number in range(PICTURES + 5):
        cluster._sent(f"blank {number}", np.zeros((2, 2, 3), np.uint8))
    assert len(cluster._pictures) == PICTURES


def test_a_replica_that_is_killed_is_replaced_and_its_work_done_again(service, folder):
    assert_answers_as_alone(service, folder, scenes(20, 1))
    killed = replicas()
    assert killed
    asked = scenes(30, 6)
    futures = [
        service.request(request, image) for digest, image in asked.items() for request in requests(folder, digest)
    ]
    for process in killed:
        os.kill(process, signal.SIGKILL)
    for future in futures:
        future.result(PATIENCE)
    assert_answers_as_alone(service, folder, asked)


def test_what_a_network_cannot_do_is_the_sentence_of_one_process(service, folder):
    unknown = Request("0", "street/none", "", folder=folder, engine="torch")
    with pytest.raises(WeightsError, match="There is no weight set 'street/none'"):
        service.request(unknown, street.render(0, 96, 128).image).result(PATIENCE)


def test_a_set_of_this_machine_alone_is_answered_here(service, tmp_path):
    make_set(tmp_path, SETS[0], "fcn8s")
    request = Request("0", SETS[0], "", folder=tmp_path, device="cpu", engine="torch")
    service.request(request, street.render(0, 96, 128).image).result(PATIENCE)
    assert service.loads == 1


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:1"])
def test_a_cluster_that_is_not_there_is_a_sentence(address):
    with pytest.raises(OptionError, match=f"There is no Ray to work with at '{address}'"):
        Cluster(address)
