"""How fast the linked viewer is in Chromium: `make bench-viewer` prints the figures beside what they should be.

Shipped networks look at one rendered street; the viewer stands on a page of its own, without Streamlit.
"""

import json
import os
import shutil
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

import seg
from seg.app.components import viewer as module
from seg.app.components.scripts import joined
from seg.datasets import street
from seg.datasets.street import STREET
from tests.browser.conftest import CHROMIUM

NETWORKS = ("conv_stack", "encoder_decoder", "fcn32s", "fcn16s", "fcn8s", "unet")
PHOTO = (360, 480)
LARGE = (3000, 4000)
MODES = ("overlay", "outlines", "errors")
SECONDS = 2.5
STARTS = 5
STROKES = 8

THEME = """
:root { --st-text-color: #222; --st-background-color: #fff; --st-secondary-background-color: #f0f2f6;
--st-primary-color: #0072b2; --st-border-color: #ccc; --st-orange-text-color: #a50;
--st-base-radius: 8px; --st-font: sans-serif }
"""

START = """
async ({script, message}) => {
    const file = new Blob([script], {type: "text/javascript"});
    const {default: show} = await import(URL.createObjectURL(file));
    const frame = () => new Promise(requestAnimationFrame);
    const painted = (panel) => panel.dataset.state === "ready" && panel.dataset.view;
    await frame();
    const started = performance.now();
    show({data: message, parentElement: document.body, setTriggerValue: () => {}, setStateValue: () => {}});
    do await frame();
    while (![...document.querySelectorAll("[data-role]")].every(painted));
    // The maps that came last are drawn in this frame or the next, which then goes to the screen.
    await frame();
    const {port1, port2} = new MessageChannel();
    await new Promise((done) => { port1.onmessage = done; port2.postMessage(0); });
    return performance.now() - started;
}
"""

# One event of the pointer a frame, as a browser hands them over; asking for them one by one from outside is too slow.
GESTURE = """
async ({kind, seconds}) => {
    const [x, y] = window.middle;
    const box = window.pressedBox;
    const at = (clientX, clientY, more) => ({clientX, clientY, bubbles: true, cancelable: true, ...more});
    const acts = {
        pan: (i) => new PointerEvent("pointermove", at(x + 60 * Math.sin(i / 9), y + 40 * Math.cos(i / 7), {
            pointerId: window.pressedPointer, pointerType: "mouse", isPrimary: true,
        })),
        zoom: (i) => new WheelEvent("wheel", at(x, y, {deltaY: i % 80 < 40 ? -40 : 40})),
    };
    const times = [];
    const views = new Set();
    for (let i = 0; !times.length || times.at(-1) - times[0] < seconds * 1000; i++) {
        box.dispatchEvent(acts[kind](i));
        times.push(await new Promise(requestAnimationFrame));
        views.add(document.querySelector(".viewer").dataset.view);
    }
    return [times.length, (times.length - 1) / (times.at(-1) - times[0]) * 1000, views.size];
}
"""

PRESSED = """
([x, y]) => {
    window.middle = [x, y];
    document.querySelector(".grid").addEventListener("pointerdown", (event) => {
        window.pressedBox = event.target.closest(".box");
        window.pressedPointer = event.pointerId;
    });
}
"""


def networks() -> tuple[np.ndarray, np.ndarray, list[module.Panel]]:
    """Photo, truth, and with them what makes eight panels."""
    sample = street.render(7, *PHOTO)
    panels = []
    for name in NETWORKS:
        segmenter = seg.Segmenter.load(f"street/{name}-wce", device="cpu")
        prediction = segmenter(sample.image)
        panels.append(module.Panel(name, "a network", prediction.labels, prediction.confidence))
    return sample.image, sample.labels, panels


def enlarged(photo: np.ndarray, truth: np.ndarray, panels: list[module.Panel]):
    """The same as from a camera of 12 megapixels: its own noise in every pixel of the photo, maps to fit."""
    height, width = LARGE
    soft = np.asarray(Image.fromarray(photo).resize((width, height), Image.Resampling.BICUBIC))
    noise = np.random.default_rng(0).normal(0, 4, LARGE)[..., None]

    def grown(array: np.ndarray) -> np.ndarray:
        rows, columns = (np.arange(new) * old // new for new, old in zip(LARGE, array.shape, strict=True))
        return array[rows[:, None], columns]

    larger = [module.Panel(p.name, p.caption, grown(p.labels), grown(p.confidence)) for p in panels]
    return np.clip(soft + noise, 0, 255).astype(np.uint8), grown(truth), larger


def message_of(photo: np.ndarray, truth: np.ndarray, panels: list[module.Panel]) -> dict:
    data, layers = module.describe(photo, panels, STREET, truth)
    return data | {"key": "bench", "layers": layers}


@contextmanager
def opened(browser: Browser, message: dict) -> Iterator[tuple[Page, float]]:
    """A page with the viewer, and the milliseconds from its data to its picture."""
    folder = Path(module.__file__).parent
    script = joined(module.SCRIPT)
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_content((folder / "viewer.html").read_text("utf-8"))
    for file in sorted(folder.glob("*.css"), key=lambda path: path.stem != "viewer"):
        page.add_style_tag(content=file.read_text("utf-8"))
    page.add_style_tag(content=THEME)
    yield page, page.evaluate(START, {"script": script, "message": message})
    page.close()


def frames(page: Page, kind: str) -> tuple[float, float]:
    """Frames a second while panning or zooming, and milliseconds of all Chromium's processor time for each."""
    session = page.context.browser.new_browser_cdp_session()

    def processor() -> float:
        return sum(process["cpuTime"] for process in session.send("SystemInfo.getProcessInfo")["processInfo"])

    before = processor()
    count, rate, views = page.evaluate(GESTURE, {"kind": kind, "seconds": SECONDS})
    assert views > 20, "the view has hardly moved: this measures nothing"
    return rate, 1000 * (processor() - before) / count


def pan_and_zoom(page: Page) -> dict[str, tuple[float, float]]:
    x, y = middle(page)
    page.evaluate(PRESSED, [x, y])
    page.mouse.move(x, y)
    for _ in range(6):
        page.mouse.wheel(0, -120)
    page.mouse.down()
    panned = frames(page, "pan")
    page.mouse.up()
    page.locator('[data-action="reset"]').click()
    zoomed = frames(page, "zoom")
    page.locator('[data-action="reset"]').click()
    return {"pan": panned, "zoom": zoomed}


def grade(page: Page) -> list[float]:
    """Milliseconds of grading after each of some strokes, as the viewer measures them."""
    page.locator(".grid").focus()
    page.keyboard.press("p")
    x, y = middle(page)
    times = []
    for i in range(STROKES):
        page.mouse.move(x - 60, y - 40 + 10 * i)
        page.mouse.down()
        page.mouse.move(x + 60, y - 30 + 10 * i, steps=12)
        page.mouse.up()
        page.evaluate("() => new Promise((f) => requestAnimationFrame(() => requestAnimationFrame(f)))")
        times.append(float(page.locator(".grades").get_attribute("data-milliseconds") or "nan"))
    page.keyboard.press("p")
    return times


def middle(page: Page) -> tuple[float, float]:
    box = page.locator('[data-role="network"] .box').first.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def tell(what: str, figure: str, good: bool, goal: str) -> None:
    print(f"  {what:<26}{figure:>22}   {'ok ' if good else 'NOT'} {goal}", flush=True)


def measure(browser: Browser, title: str, message: dict, least: int) -> None:
    print(title)
    payload = len(json.dumps(message)) / 1000
    small = least == 50
    tell("payload", f"{payload:.0f} KB", payload <= 700 or not small, "≤ 700 KB" if small else "")
    firsts = []
    for _ in range(STARTS):
        with opened(browser, message) as (_, first):
            firsts.append(first)
    first = statistics.median(firsts)
    tell("first paint", f"{first:.0f} ms", first <= 300 or not small, "≤ 300 ms" if small else "")
    with opened(browser, message) as (page, _):
        for mode in MODES:
            page.locator(f'[data-mode="{mode}"]').click()
            for name, (rate, work) in pan_and_zoom(page).items():
                figure = f"{rate:.0f}/s, {work:.0f} ms each"
                tell(f"{name}, {mode}", figure, rate >= least, f"≥ {least} frames a second")
        times = grade(page)
        tell("one stroke graded", f"{max(times):.1f} ms at most", max(times) <= 30, "≤ 30 ms")


def main() -> None:
    photo, truth, panels = networks()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        print(f"Chromium {browser.version}, software rendering, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        measure(browser, "8 panels of 480 × 360", message_of(photo, truth, panels), 50)
        measure(browser, "8 panels of 4000 × 3000", message_of(*enlarged(photo, truth, panels)), 20)
        browser.close()


if __name__ == "__main__":
    main()
