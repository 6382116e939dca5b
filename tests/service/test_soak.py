"""Three visitors with more pictures than there is memory for: the ledger stays below its bound, and what was let go
comes again as it was."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from seg.inference.segmenter import Segmenter
from seg.service.memory import Memory, Visitor
from seg.service.requests import Request
from seg.service.service import PredictionService
from tests.conftest import make_set

NAMES = ("street/conv_stack-wce", "street/fcn8s-wce", "street/unet-wce")
PICTURES = 40
VISITS = 60


def picture(number: int) -> np.ndarray:
    rng = np.random.default_rng(number)
    height, width = (int(side) for side in rng.integers(40, 240, 2))
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_three_visitors_with_more_pictures_than_there_is_memory_for(tmp_path):
    records = [make_set(tmp_path, name, name.split("/")[1].split("-")[0]) for name in NAMES]
    alone = {record.name: Segmenter.load(record.name, engine="torch", weights=tmp_path) for record in records}
    networks = sum(4 * record.parameters for record in records)
    service = PredictionService(Memory(networks + 2_000_000))
    most, watching, over = 0, threading.Event(), []

    def watch() -> None:
        nonlocal most
        while not watching.wait(0.005):
            most = max(most, service.memory.bytes)

    def visit(number: int) -> None:
        order, visitor = random.Random(number), Visitor()
        for _ in range(VISITS):
            which = order.randrange(PICTURES)
            image = picture(which)
            service.release(visitor)
            for record in records:
                wanted = Request.of(str(which), record, folder=tmp_path, engine="torch")
                found = service.request(wanted, image, visitor).result(120)
                if order.random() < 0.1:
                    expected = alone_labels(record.name, image)
                    over.append(not np.array_equal(found.labels, expected))

    exclusive = threading.Lock()

    def alone_labels(name: str, image: np.ndarray) -> np.ndarray:
        with exclusive:
            return alone[name](image).labels

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    with ThreadPoolExecutor(3) as visitors:
        list(visitors.map(visit, range(3)))
    watching.set()
    watcher.join()
    service.close()
    assert service.memory.make_room()
    assert service.runs > 3 * PICTURES  # some were let go, and have come again
    assert len(over) > 10
    assert not any(over)
    assert not service.busy
    # What is entered stands there for a moment before others have made room for it.
    assert most <= service.memory.limit + 1_000_000
