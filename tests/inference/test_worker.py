"""Work is done one after another, on one thread, and what waits when the program ends is dropped."""

import gc
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import pytest

from seg.inference.worker import Worker

ROOT = Path(__file__).parents[2]


def test_work_is_done_in_turn_on_one_thread():
    worker, done = Worker("test"), []
    futures = [worker.submit(lambda i=i: done.append(i) or threading.get_ident()) for i in range(20)]
    assert len({future.result(10) for future in futures} - {threading.get_ident()}) == 1
    assert done == list(range(20))


def test_an_error_is_the_futures_and_the_next_work_is_done():
    worker = Worker("test")
    failed, good = worker.submit(int, "none"), worker.submit(int, "7")
    with pytest.raises(ValueError, match="none"):
        failed.result(10)
    assert good.result(10) == 7


def test_closed_it_finishes_what_it_is_at_and_cancels_what_waits():
    worker, begun, go_on = Worker("test"), threading.Event(), threading.Event()
    first = worker.submit(lambda: begun.set() or go_on.wait(10))
    second = worker.submit(int)
    assert begun.wait(10)
    threading.Timer(0.1, go_on.set).start()
    worker.close()
    assert first.result(0) is True
    assert second.cancelled()
    assert worker.submit(int).cancelled()
    worker.close()


def test_when_nothing_waits_it_rests_and_holds_nothing():
    class Picture:
        pass

    class Resting(Worker):
        def rest(self):
            rested.set()

    rested, worker, picture = threading.Event(), Resting("test"), Picture()
    gone = weakref.ref(picture)
    assert worker.submit(type, picture).result(10) is Picture
    assert rested.wait(10)
    del picture
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(
            """
import time
from seg.inference.worker import Worker
worker = Worker("test")
worker.submit(lambda: time.sleep(0.2) or print("begun"))
worker.submit(lambda: print("waited"))
time.sleep(0.1)
""",
            id="worker",
        ),
        pytest.param(
            """
import time
from seg.service.jobs import Turns
from seg.service.trainings import Training
from seg.training.learner import recipe
training = Training({"U-Net": recipe("unet", "ce", 1.0, 0.003, 720)}, 720)
Turns().start(training)
while training.share == 0 and not training.error:
    time.sleep(0.01)
print(training.error or "begun")
""",
            id="training",
            marks=pytest.mark.training,
        ),
    ],
)
def test_a_program_that_ends_does_not_wait_for_what_waits(program):
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("begun\n", "")
