"""What a long day leaves behind: `python -m tests.benchmarks.soak --uploads 500`.

Three visitors bring photos of 0.2 to 24 megapixels, each in turn, and walk over all pages with them; now and then one
has networks learn. Every 25 uploads it prints what the process takes and what the ledger says; it fails where the
ledger is over its bound, a page shows an error that is none of ours, or an answer that came again is another one.
"""

import argparse
import io
import random
import time

import numpy as np
from PIL import Image
from streamlit.testing.v1 import AppTest

from seg.app import resources
from seg.inference.segmenter import Segmenter
from seg.pictures.decode import decode
from tests.imports import ROOT

PAGES = ("masks", "architectures", "upsampling", "losses", "leaderboard", "training", "teach", "your_data")
VISITORS = 3
REPORT = 25
STATUS = {"its own": "RssAnon", "with the libraries' files": "VmRSS", "at most": "VmHWM"}
"""What /proc calls it."""


def taken() -> dict[str, float]:
    """What the process has in memory, MB: in all, of that its own alone, and the most that it has had."""
    with open("/proc/self/status", encoding="ascii") as file:
        found = dict(line.split(":", 1) for line in file)
    return {name: int(found[key].split()[0]) / 1e3 for name, key in STATUS.items()}


def said(found: dict[str, float]) -> str:
    return ", ".join(f"{name} {megabytes:,.0f} MB" for name, megabytes in found.items())


def photo(order: random.Random) -> bytes:
    """A JPEG of 0.2 to 24 megapixels, small ones more often, of large soft patches and a little noise."""
    pixels = 0.2e6 * 120 ** order.random()
    width = round((pixels * order.choice((4 / 3, 3 / 2, 3 / 4))) ** 0.5)
    height = round(pixels / width)
    rng = np.random.default_rng(order.randrange(2**32))
    patches = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8))
    picture = np.asarray(patches.resize((width, height), Image.Resampling.BICUBIC))
    file = io.BytesIO()
    Image.fromarray(picture ^ rng.integers(0, 4, picture.shape, dtype=np.uint8)).save(file, "JPEG", quality=88)
    return file.getvalue()


def check(app: AppTest, where: str) -> None:
    """Raises AssertionError with what went wrong."""
    assert not app.exception, f"{where}: {app.exception[0].value}"
    memory = resources.MEMORY
    assert memory.make_room(), f"{where}: {memory.bytes:,} of {memory.limit:,} bytes are held: {memory.ledger()}"


def train(app: AppTest) -> None:
    """Let the visitor have networks learn, if he has none that do."""
    app.switch_page("pages/training.py").run()
    for button in app.button:
        if button.label == "Train" and not button.disabled:
            button.click().run()
            return


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--uploads", type=int, default=500)
    parser.add_argument("--trainings", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    order, begun = random.Random(asked.seed), time.monotonic()
    visitors = [AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=600).run() for _ in range(VISITORS)]
    first, owns = photo(random.Random(1)), []
    print(f"bound {resources.MEMORY.limit / 1e6:,.0f} MB; after the first page {said(taken())}", flush=True)
    for number in range(1, asked.uploads + 1):
        app = visitors[number % VISITORS]
        app.switch_page("pages/compare.py").run()
        app.file_uploader[0].upload(f"{number}.jpg", first if number <= VISITORS else photo(order)).run()
        check(app, f"upload {number}")
        page = order.choice(PAGES)
        app.switch_page(f"pages/{page}.py").run()
        check(app, f"upload {number}, {page}")
        if asked.trainings and number % max(asked.uploads // asked.trainings, 1) == 0:
            train(app)
        owns.append(taken()["its own"])
        if number % REPORT == 0:
            held = ", ".join(f"{kind} {share.bytes / 1e6:,.0f}" for kind, share in resources.MEMORY.ledger().items())
            print(
                f"{number} uploads, {time.monotonic() - begun:,.0f} s: {said(taken())}; "
                f"{resources.MEMORY.bytes / 1e6:,.0f} in the ledger ({held})",
                flush=True,
            )
    again(visitors[1 % VISITORS], first)
    fifths = [f"{np.median(part):,.0f} ({max(part):,.0f})" for part in np.array_split(owns, 5)]
    print(f"its own after each upload, median (and most) of each fifth of the day: {', '.join(fifths)} MB", flush=True)


def again(app: AppTest, data: bytes) -> None:
    """The first photo once more, which has been let go long ago. Raises AssertionError where it is another one."""
    picture = decode(data, "1.jpg")
    upload = app.session_state.uploads[picture.digest].picture
    assert np.array_equal(upload.pixels, picture.pixels)
    weights = next(iter(resources.sets().values()))
    alone = Segmenter.load(weights.record.name)(picture.pixels)
    from seg.service.requests import Request

    request = Request.of(picture.digest, weights.record, folder=weights.folder)
    found = resources.SERVICE.request(request, upload.pixels).result()
    assert np.mean(found.labels == alone.labels) > 0.999  # two engines may differ in a pixel


if __name__ == "__main__":
    main()
