"""Many visitors at once, without browsers: `python -m tests.benchmarks.load --visitors 50 --minutes 5`.

Each brings photos of his own, one after another, and looks at all masks of one before he brings the next. Printed is
how long that takes from the upload on, beside what the machine's own limit is: as many times the seven networks' time
as there are visitors. Fails where a page fails, or a photo gets no masks.
"""

import argparse
import io
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import numpy as np
from PIL import Image

from seg.catalogue.store import WeightIndex
from seg.datasets import DATASETS
from seg.service.requests import Request
from seg.service.service import PredictionService
from tests.benchmarks.bench_app import DONE, started
from tests.benchmarks.fairness import NAMES
from tests.visitor import Visitor

LOOK = 1.0
"""Seconds that a visitor looks at his masks."""

FAILED = " failed · "
"""What the page says where a network gave no mask."""

ALONE = 8
"""Pictures for which the networks are timed alone."""

COMPILING = 40
"""Seconds that the networks are given to be compiled in the background."""


def photo(scene: np.ndarray, seed: int) -> bytes:
    """The scene as no other photo shows it, a JPEG."""
    noise = np.random.default_rng(seed).integers(-9, 10, scene.shape)
    file = io.BytesIO()
    Image.fromarray(np.clip(scene + noise, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=90)
    return file.getvalue()


def networks_seconds(scene: np.ndarray) -> float:
    """Of the seven networks for one picture, one after another, when nobody else asks."""
    index, service, taken = WeightIndex("weights"), PredictionService(), []
    for number in range(ALONE):
        picture = np.roll(scene, number, 1)
        begun = time.monotonic()
        wait([service.request(Request.of(f"{number}", index.record(f"street/{one}-wce")), picture) for one in NAMES])
        taken.append(time.monotonic() - begun)
        if not number:
            time.sleep(COMPILING)
    service.close()
    return float(np.median(taken[1:]))


def visit(url: str, number: int, scene: np.ndarray, over: threading.Event) -> list[float]:
    """Seconds from each upload to its seven masks."""
    visitor, taken = Visitor(url, patience=900), []
    visitor.until(DONE, never=FAILED)
    while not over.is_set():
        data = photo(scene, 1000 * number + len(taken))
        begun = time.monotonic()
        visitor.upload(f"{number}-{len(taken)}.jpg", data)
        visitor.until(DONE, run_first=True, never=FAILED)
        taken.append(time.monotonic() - begun)
        visitor.follow(LOOK)
    visitor.close()
    return taken


def resident(process: int) -> str:
    status = Path(f"/proc/{process}/status").read_text()
    held = {
        line.split(":")[0]: int(line.split()[1]) for line in status.splitlines() if line.startswith(("VmR", "RssA"))
    }
    return f"{held['VmRSS'] / 1e3:,.0f} MB, {held['RssAnon'] / 1e3:,.0f} MB of them its own"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--visitors", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=5)
    asked = parser.parse_args()
    dataset = DATASETS["street"]
    scenes = [dataset.open(seed).image for seed in dataset.samples]
    alone = networks_seconds(scenes[0])
    limit = alone * asked.visitors
    print(f"seven networks alone {alone:.2f} s; for {asked.visitors} visitors {limit:.1f} s", flush=True)
    with tempfile.TemporaryDirectory() as cache, started(Path(cache)) as (url, _, process):
        wait_for(url)
        url += "/?dataset=street"
        first = Visitor(url, patience=900)
        first.until(DONE)
        first.follow(COMPILING)
        first.close()
        over = threading.Event()
        with ThreadPoolExecutor(asked.visitors) as crowd:
            visits = [crowd.submit(visit, url, i, scenes[i % len(scenes)], over) for i in range(asked.visitors)]
            over.wait(60 * asked.minutes)
            over.set()
            taken = np.concatenate([one.result() for one in visits])
        print(f"the server's process: {resident(process)}")
    middle, most = np.percentile(taken, (50, 95))
    print(
        f"{len(taken)} photos of {asked.visitors} visitors in {asked.minutes:g} minutes, no failure: upload to seven "
        f"masks {middle:.1f} s in the median, 95th percentile {most:.1f} s, {most / limit:.2f} times the limit"
    )


def wait_for(url: str) -> None:
    for _ in range(240):
        try:
            Visitor(url).close()
            return
        except OSError:
            time.sleep(0.5)
    raise RuntimeError(f"{url} is not served within two minutes")


if __name__ == "__main__":
    main()
