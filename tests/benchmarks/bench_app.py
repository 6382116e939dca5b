"""How long a visitor waits, in Chromium on the same machine: `make bench-app` prints the figures.

They stand in docs/performance.md. The app is started twice with a cache of its own: once with nothing kept, and again
when every network is compiled.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from seg.datasets import street
from tests.browser.conftest import CHROMIUM, ROOT

NETWORKS = 7
CONVERTED = NETWORKS - 1
"""FC-DenseNet runs in kernels of its own."""
DONE = f"{NETWORKS} of {NETWORKS} networks done"
PATIENCE = 120_000
COMPILING = 600
UPLOADS = 3
STILL = 1.5
"""Seconds without a change after which a page is taken to be finished."""

WATCH = """
() => {
    const roots = () => [...document.querySelectorAll("*")].map((e) => e.shadowRoot).filter(Boolean);
    const networks = () => roots().flatMap((root) => [...root.querySelectorAll('[data-role="network"]')]);
    const print = (panel) => {
        const small = new OffscreenCanvas(16, 16).getContext("2d", {willReadFrequently: true});
        small.drawImage(panel.querySelector("canvas"), 0, 0, 16, 16);
        return small.getImageData(0, 0, 16, 16).data.join();
    };
    const before = new Set(networks().map(print));
    window.begun = window.changed = performance.now();
    window.masks = null;
    new MutationObserver(() => window.changed = performance.now())
        .observe(document.body, {subtree: true, childList: true, characterData: true});
    const look = () => {
        const panels = networks();
        const all = panels.every((panel) => panel.dataset.state === "ready" && !before.has(print(panel)));
        if (panels.length && all) window.masks = performance.now();
        else setTimeout(look, 20);
    };
    look();
}
"""
"""Notes when every network's panel is ready and shows something else than before, and when the page last changed."""


@contextmanager
def started(cache: Path) -> Iterator[tuple[str, float, int]]:
    """The app's address, when its command was given, and the number of its process."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    begun = time.monotonic()
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py"]
    settings = ["--server.headless=true", f"--server.port={port}"]
    server = subprocess.Popen(
        [*command, *settings],
        cwd=ROOT,
        env={**os.environ, "SEG_CACHE": str(cache)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://localhost:{port}", begun, server.pid
    finally:
        server.terminate()
        server.wait()


def open_app(page: Page, address: str, begun: float) -> tuple[float, float]:
    """Seconds from the command to the first page's heading and to all masks of the sample."""
    while True:
        try:
            page.goto(address)
            break
        except Exception:  # the server does not listen yet
            time.sleep(0.05)
    page.get_by_role("heading", name="What do the networks see?").wait_for(timeout=PATIENCE)
    heading = time.monotonic() - begun
    page.get_by_text(DONE).wait_for(timeout=PATIENCE)
    return heading, time.monotonic() - begun


def wait_for_compiled(cache: Path) -> None:
    """Until every network that is converted is kept and has run its race."""
    end = time.monotonic() + COMPILING
    while len(list(cache.glob("seg-openvino/*/network.xml"))) < CONVERTED and time.monotonic() < end:
        time.sleep(1)
    time.sleep(10)


def after(page: Page, act: Callable[[], None]) -> tuple[float, float]:
    """Seconds from an act until all masks are there, and until nothing changes any more."""
    page.evaluate(WATCH)
    act()
    page.wait_for_function(
        "still => window.masks !== null && performance.now() - window.changed > still",
        arg=1000 * STILL,
        timeout=PATIENCE,
    )
    masks, changed = page.evaluate("[window.masks - window.begun, window.changed - window.begun]")
    return masks / 1000, changed / 1000


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        cache = Path(folder)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        with started(cache) as (address, begun, _):
            heading, masks = open_app(page, address, begun)
            print(f"first start, nothing kept: heading {heading:.1f} s, seven masks {masks:.1f} s", flush=True)
            wait_for_compiled(cache)
        with started(cache) as (address, begun, _):
            heading, masks = open_app(page, address, begun)
            print(f"second start: heading {heading:.1f} s, seven masks {masks:.1f} s", flush=True)
            page.wait_for_timeout(3000)
            for name in ("Sample 2", "Sample 3", "Sample 4"):
                button = page.get_by_role("button", name=name, exact=True)
                masks, still = after(page, button.click)
                print(f"{name}: seven masks {masks:.1f} s, page still {still:.1f} s", flush=True)
            for seed in range(1, UPLOADS + 1):
                file = cache / f"photo-{seed}.jpg"
                Image.fromarray(street.render(seed, 360, 480).image).save(file, quality=92)
                masks, still = after(page, lambda f=file: page.locator("input[type=file]").first.set_input_files(f))
                print(f"upload of 480×360: seven masks {masks:.1f} s, page still {still:.1f} s", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
