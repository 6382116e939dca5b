"""What a long day leaves behind: `python -m tests.benchmarks.soak --uploads 500`.

Three visitors bring photos of 0.2 to 24 megapixels, each in turn, and walk over all pages with them; now and then one
has networks learn. Every 25 uploads it prints what the process takes and what the ledger says; it fails where the
ledger is over its bound, a page shows an error that is none of ours, or an answer that came again is another one.
"""

import argparse
import io
import os
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


def taken() -> float:
    """What the process has in memory, MB."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


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
    first, warm, most = photo(random.Random(1)), 0.0, 0.0
    print(f"bound {resources.MEMORY.limit / 1e6:,.0f} MB; after the first page {taken():,.0f} MB", flush=True)
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
        most = max(most, taken())
        if number % REPORT == 0:
            warm = warm or taken()
            held = ", ".join(f"{kind} {share.bytes / 1e6:,.0f}" for kind, share in resources.MEMORY.ledger().items())
            print(
                f"{number} uploads, {time.monotonic() - begun:,.0f} s: {taken():,.0f} MB in the process, "
                f"{resources.MEMORY.bytes / 1e6:,.0f} in the ledger ({held})",
                flush=True,
            )
    again(visitors[1 % VISITORS], first)
    print(f"most {most:,.0f} MB; warm {warm:,.0f}, at the end {taken():,.0f} MB", flush=True)


def again(app: AppTest, data: bytes) -> None:
    """The first photo once more, which has been let go long ago. Raises AssertionError where it is another one."""
    picture = decode(data, "1.jpg")
    upload = app.session_state.uploads[picture.digest].picture
    assert np.array_equal(upload.pixels, picture.pixels)
    weights = next(iter(resources.sets().values()))
    alone = Segmenter.load(weights.record.name)(picture.pixels)
    from seg.service.service import Request

    request = Request.of(picture.digest, weights.record, folder=weights.folder)
    found = resources.SERVICE.request(request, upload.pixels).result()
    assert np.mean(found.labels == alone.labels) > 0.999  # two engines may differ in a pixel


if __name__ == "__main__":
    main()
