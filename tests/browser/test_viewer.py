"""The viewer as a visitor meets it, in a real Chromium."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from seg.app.components import viewer as module
from seg.app.components.scripts import joined
from seg.datasets.street import STREET
from seg.pictures.drawing import encode_png

APP = "tests/browser/viewer_app.py"
CAR = (130, 120)
"""A pixel, x and y, of the block where U-Net sees a car with 87 % and the truth a tree."""


class Viewer:
    """A page with the viewer, and what a visitor does to it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.sent: list[object] = []
        self.received: list[int] = []
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", lambda dialog: (self.errors.append(dialog.message), dialog.dismiss()))
        page.on("websocket", self._listen)
        page.goto(url)
        self.root = page.locator(".viewer")

    def _listen(self, socket) -> None:
        socket.on("framesent", lambda frame: self.sent.append(frame))
        socket.on("framereceived", lambda frame: self.received.append(len(frame)))

    def panel(self, name: str) -> Locator:
        return self.root.locator(f'[data-panel="{name}"]')

    def reading(self, name: str) -> Locator:
        return self.root.locator(f'[data-readout="{name}"] .value')

    def wait(self, *names: str) -> "Viewer":
        for name in names:
            expect(self.panel(name)).to_have_attribute("data-state", "ready")
        expect(self.root).to_have_attribute("data-view", "1.000 0.5000 0.5000")
        return self

    def settle(self) -> None:
        """Two frames: what was asked for is on the screen."""
        self.page.evaluate("() => new Promise((f) => requestAnimationFrame(() => requestAnimationFrame(f)))")

    def hover(self, name: str, pixel: tuple[int, int] = CAR) -> None:
        """Move the pointer to a pixel of the 480 × 360 photo, in a panel that shows all of it."""
        box = self.panel(name).locator(".box").bounding_box()
        x, y = ((at + 0.5) / side for at, side in zip(pixel, (480, 360), strict=True))
        self.page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        self.settle()

    def wheel(self, steps: int) -> None:
        for _ in range(abs(steps)):
            self.page.mouse.wheel(0, -120 if steps > 0 else 120)
        self.page.wait_for_timeout(100)
        self.settle()

    def mode(self, name: str) -> None:
        self.root.locator(f'[data-mode="{name}"]').click()
        self.settle()

    def view(self) -> list[float]:
        return [float(value) for value in self.root.get_attribute("data-view").split()]

    def pixel(self, name: str, pixel: tuple[int, int]) -> list[int]:
        """The colour that a panel shows at a pixel of the photo while it shows all of it."""
        return (
            self.panel(name)
            .locator("canvas")
            .evaluate(
                "(canvas, [x, y]) => [...canvas.getContext('2d').getImageData("
                "((x + 0.5) / 480) * canvas.width, ((y + 0.5) / 360) * canvas.height, 1, 1).data]",
                list(pixel),
            )
        )

    def drawing(self, name: str) -> str:
        return self.panel(name).locator("canvas").evaluate("(canvas) => canvas.toDataURL()")


def own_size() -> int:
    """Bytes of the component itself, which Streamlit sends with every run."""
    files = [*Path(module.__file__).parent.glob("*.css"), *Path(module.__file__).parent.glob("*.html")]
    return len(joined(module.SCRIPT)) + sum(path.stat().st_size for path in files)


@pytest.fixture
def open_viewer(browser: Browser, serve: Callable[[str], str]) -> Iterator[Callable[..., Viewer]]:
    contexts = []
    viewers = []

    def start(case: str = "street", width: int = 1440, height: int = 900, script: str = "", **settings) -> Viewer:
        context = browser.new_context(viewport={"width": width, "height": height}, **settings)
        context.add_init_script(script)
        contexts.append(context)
        viewers.append(Viewer(context.new_page(), f"{serve(APP)}/?case={case}"))
        return viewers[-1]

    yield start
    for context in contexts:
        context.close()
    assert not [error for viewer in viewers for error in viewer.errors]


@pytest.fixture
def street(open_viewer: Callable[..., Viewer]) -> Viewer:
    """Photo, truth and seven networks, the last of them waiting."""
    return open_viewer().wait("Photo", "Truth", "U-Net", "Conv stack")


def test_label_maps_arrive_in_the_browser_exactly(browser: Browser):
    rng = np.random.default_rng(0)
    maps = [rng.integers(0, 256, size, dtype=np.uint8) for size in ((1, 1), (7, 3), (64, 90))]
    maps.append(np.sort(rng.integers(0, 11, (120, 160), dtype=np.uint8), axis=1))  # filtered rows, as real masks have
    page = browser.new_page()
    script = joined(module.SCRIPT.with_name("decode.js"))
    page.add_script_tag(content=f"{script}\nwindow.decode = (text) => decodeGrey(toBytes(text));", type="module")
    page.wait_for_function("() => Boolean(window.decode)")  # a module runs when it likes
    for array in maps:
        file = base64.b64encode(encode_png(array)).decode()
        decoded = page.evaluate(
            "async (f) => { const m = await decode(f); return [m.height, m.width, [...m.data]] }", file
        )
        assert decoded == [*array.shape, array.ravel().tolist()]
    page.close()


def test_the_pixel_under_the_pointer_is_read_for_every_network(street: Viewer):
    street.hover("FCN-8s")
    expect(street.reading("Pixel")).to_have_text("130, 120")
    expect(street.reading("Truth")).to_have_text("tree")
    expect(street.reading("U-Net").locator(".class")).to_have_text("car")
    expect(street.reading("U-Net").locator(".confidence")).to_have_text("87 %")
    expect(street.root.locator('[data-readout="U-Net"]')).to_have_attribute("data-wrong", "")
    expect(street.root.locator('[data-readout="FCN-8s"]')).not_to_have_attribute("data-wrong", "")
    expect(street.reading("FC-DenseNet103")).to_have_text("–")


def test_the_panel_under_the_pointer_names_the_class(street: Viewer):
    street.hover("U-Net")
    expect(street.panel("U-Net").locator(".reading")).to_be_visible()
    assert street.panel("U-Net").locator(".reading").inner_text().split() == ["car", "87", "%"]
    expect(street.panel("FCN-8s").locator(".reading")).to_be_hidden()
    expect(street.panel("FCN-8s").locator(".across")).to_be_visible()


def test_unlabelled_pixels_of_the_truth_are_called_that_and_make_nobody_wrong(street: Viewer):
    street.hover("Truth", (200, 350))
    expect(street.reading("Truth")).to_have_text("not labelled")
    expect(street.root.locator("[data-wrong]")).to_have_count(0)


def test_nothing_moves_while_the_pointer_does(street: Viewer):
    before = street.root.bounding_box()
    street.hover("U-Net")
    assert street.root.bounding_box() == before
    street.page.mouse.move(5, 5)
    street.settle()
    assert street.root.bounding_box() == before
    expect(street.reading("U-Net")).to_have_text("–")


def test_zooming_one_panel_zooms_all_about_the_pointer(street: Viewer):
    before = street.drawing("FCN-8s")
    street.hover("U-Net")
    street.wheel(6)
    zoom, _, _ = street.view()
    assert zoom > 2
    views = {panel.get_attribute("data-view") for panel in street.root.locator("[data-role]").all()}
    assert views == {street.root.get_attribute("data-view")}
    assert street.drawing("FCN-8s") != before
    expect(street.reading("Pixel")).to_have_text("130, 120")
    expect(street.reading("U-Net").locator(".class")).to_have_text("car")


def test_dragging_pans_all_panels_and_reset_shows_the_whole_picture(street: Viewer):
    street.hover("U-Net")
    street.wheel(6)
    _, x, y = street.view()
    street.page.mouse.down()
    street.page.mouse.move(*[at - 40 for at in _middle(street.panel("U-Net"))], steps=4)
    street.page.mouse.up()
    street.settle()
    assert street.view()[1:] != [x, y]
    street.root.locator('[data-action="reset"]').click()
    street.settle()
    assert street.view() == [1, 0.5, 0.5]


def test_turning_the_wheel_outwards_on_the_whole_picture_scrolls_the_page(open_viewer: Callable[..., Viewer]):
    phone = open_viewer(width=390, height=700).wait("Photo", "U-Net")
    phone.hover("Photo")
    top = phone.root.bounding_box()["y"]
    phone.wheel(-3)
    phone.page.wait_for_timeout(300)
    assert phone.root.bounding_box()["y"] < top
    assert phone.view() == [1, 0.5, 0.5]


def test_all_can_be_done_with_the_keyboard(street: Viewer):
    street.root.locator(".modes input:checked").focus()
    street.page.keyboard.press("ArrowRight")
    expect(street.root).to_have_attribute("data-look", "mask")
    street.root.locator(".grid").focus()
    street.page.keyboard.press("+")
    street.page.keyboard.press("+")
    street.settle()
    zoom, x, _ = street.view()
    assert zoom == pytest.approx(2.25)
    street.page.keyboard.press("ArrowRight")
    street.settle()
    assert street.view()[1] > x
    street.page.keyboard.press("0")
    street.page.keyboard.press("Shift+ArrowRight")
    street.settle()
    assert street.view() == [1, 0.5, 0.5]
    expect(street.reading("Pixel")).not_to_have_text("–")


def test_a_touch_zooms_with_two_fingers(open_viewer: Callable[..., Viewer]):
    phone = open_viewer(width=390, height=844, has_touch=True).wait("Photo", "U-Net")
    x, y = _middle(phone.panel("Photo"))
    session = phone.page.context.new_cdp_session(phone.page)
    for kind, spread in (("touchStart", 20), ("touchMove", 30), ("touchMove", 45), ("touchMove", 60)):
        points = [{"x": x - spread, "y": y, "id": 1}, {"x": x + spread, "y": y, "id": 2}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    phone.settle()
    assert phone.view()[0] == pytest.approx(3, rel=0.1)


def test_a_mask_has_the_colours_of_its_classes(street: Viewer):
    street.mode("mask")
    assert street.pixel("U-Net", CAR)[:3] == list(_street_colour("car"))
    assert street.panel("U-Net").locator("canvas").get_attribute("aria-label") == "U-Net: mask"


def test_opacity_runs_from_the_photo_to_the_mask(street: Viewer):
    slider = street.root.locator(".opacity input")
    slider.fill("0")
    street.settle()
    assert street.pixel("U-Net", CAR) == street.pixel("Photo", CAR)
    slider.fill("100")
    street.settle()
    assert street.pixel("U-Net", CAR)[:3] == list(_street_colour("car"))


def test_a_class_of_the_legend_is_seen_alone_while_pointed_at_and_after_a_click(street: Viewer):
    car = street.root.locator('.legend [data-class="car"]')
    car.hover()
    expect(street.root).to_have_attribute("data-only", "car")
    street.page.mouse.move(5, 5)
    expect(street.root).to_have_attribute("data-only", "")
    car.click()
    street.page.mouse.move(5, 5)
    street.settle()
    expect(street.root).to_have_attribute("data-only", "car")
    expect(car).to_have_attribute("aria-pressed", "true")
    *tree, _ = street.pixel("FCN-8s", CAR)
    assert max(tree) - min(tree) <= 2
    car.click()
    street.page.mouse.move(5, 5)
    expect(street.root).to_have_attribute("data-only", "")


def test_a_rerun_keeps_the_view_and_sends_no_picture_again(street: Viewer):
    street.mode("mask")
    street.root.locator('.legend [data-class="car"]').click()
    street.hover("U-Net")
    street.wheel(5)
    kept = [street.root.get_attribute(name) for name in ("data-view", "data-look", "data-only")]
    street.received.clear()
    street.page.get_by_role("button", name="Rerun").click()
    street.page.wait_for_timeout(1500)
    assert [street.root.get_attribute(name) for name in ("data-view", "data-look", "data-only")] == kept
    assert street.received
    assert max(street.received) < own_size() + 20_000


def test_looking_sends_nothing_to_python(street: Viewer):
    street.page.wait_for_timeout(1500)
    street.sent.clear()
    street.hover("U-Net")
    street.wheel(4)
    street.page.mouse.down()
    street.page.mouse.move(*_middle(street.panel("U-Net")), steps=5)
    street.page.mouse.up()
    for mode in ("mask", "errors", "confidence", "photo", "overlay"):
        street.mode(mode)
    street.root.locator(".opacity input").fill("30")
    street.root.locator('.legend [data-class="tree"]').click()
    street.root.locator('[data-action="in"]').click()
    street.root.locator('[data-action="reset"]').click()
    street.page.wait_for_timeout(500)
    assert street.sent == []


def test_a_panel_that_arrives_takes_the_place_of_its_status_and_nothing_jumps(street: Viewer):
    last = street.panel("FC-DenseNet103")
    expect(last).to_have_attribute("data-state", "waiting")
    expect(last.locator(".sentence")).to_have_text("waiting")
    street.mode("mask")
    street.hover("U-Net")
    street.wheel(3)
    view, place = street.root.get_attribute("data-view"), _place(street, last)
    last.evaluate("(element) => { element.isTheSame = true }")
    street.page.get_by_role("button", name="Run the last network").click()
    expect(last.locator(".sentence")).to_have_text("running …")
    street.received.clear()
    expect(last).to_have_attribute("data-state", "ready")
    expect(last.locator(".status")).to_be_hidden()
    street.page.wait_for_timeout(1000)  # the full rerun that follows
    assert last.evaluate("(element) => element.isTheSame")
    assert (street.root.get_attribute("data-view"), _place(street, last)) == (view, place)
    expect(street.root).to_have_attribute("data-look", "mask")
    # The two layers that are new, not all eighteen
    assert sum(max(0, size - own_size()) for size in street.received) < 120_000


def test_another_photo_resets_the_zoom_but_not_the_way_to_look(street: Viewer):
    street.mode("mask")
    street.hover("U-Net")
    street.wheel(4)
    before = street.panel("Photo").get_attribute("data-view")
    street.page.get_by_text("Another photo").click()
    expect(street.root).to_have_attribute("data-view", "1.000 0.5000 0.5000")
    assert before != "1.000 0.5000 0.5000"
    expect(street.root).to_have_attribute("data-look", "mask")


def test_a_viewer_taken_away_comes_back_as_it_was(street: Viewer):
    street.mode("confidence")
    street.hover("U-Net")
    street.wheel(4)
    view = street.root.get_attribute("data-view")
    street.page.get_by_text("Hide the viewer").click()
    expect(street.root).to_have_count(0)
    street.page.get_by_text("Hide the viewer").click()
    expect(street.panel("U-Net")).to_have_attribute("data-state", "ready")
    expect(street.root).to_have_attribute("data-view", view)
    expect(street.root).to_have_attribute("data-look", "confidence")


def test_layers_that_never_arrived_are_asked_for(open_viewer: Callable[..., Viewer]):
    viewer = open_viewer("lost").wait("Photo", "Truth", "U-Net", "FC-DenseNet103")
    viewer.mode("mask")
    for name in ("U-Net", "FC-DenseNet103"):
        assert viewer.pixel(name, CAR)[3] == 255


def test_what_cannot_be_shown_says_why_and_the_others_go_on(open_viewer: Callable[..., Viewer]):
    viewer = open_viewer("untrue").wait("Photo", "U-Net", "Unsure")
    for name, words in (("Broken", "ran out of memory"), ("Square", "100 × 100"), ("Alien", "class id 14")):
        expect(viewer.panel(name)).to_have_attribute("data-state", "failed")
        expect(viewer.panel(name).locator(".sentence")).to_contain_text(words)
        expect(viewer.panel(name).locator(".warning")).to_be_visible()
    viewer.mode("confidence")
    expect(viewer.panel("Unsure").locator(".remark")).to_have_text("This network gives no confidence.")


def test_a_canvas_that_the_browser_refuses_is_a_sentence_in_its_panel_until_it_gives_one(open_viewer):
    viewer = open_viewer(
        script="""
        const give = HTMLCanvasElement.prototype.getContext;
        window.refused = "U-Net";
        HTMLCanvasElement.prototype.getContext = function (...wanted) {
          return this.closest(`[data-panel="${window.refused}"]`) ? null : give.apply(this, wanted);
        };"""
    )
    viewer.wait("Photo", "FCN-8s")
    expect(viewer.panel("U-Net").locator(".sentence")).to_contain_text("refuses to draw it")
    expect(viewer.panel("U-Net")).to_have_attribute("data-state", "failed")
    viewer.mode("mask")
    assert viewer.pixel("FCN-8s", CAR)[3] == 255
    viewer.page.evaluate("window.refused = ''")
    viewer.mode("overlay")
    expect(viewer.panel("U-Net")).to_have_attribute("data-state", "ready")
    assert viewer.pixel("U-Net", CAR)[3] == 255


def test_a_photo_that_cannot_be_decoded_says_so_and_the_masks_are_seen(open_viewer):
    viewer = open_viewer(script="window.createImageBitmap = () => Promise.reject(new Error('no'));")
    viewer.wait("Truth", "U-Net")
    expect(viewer.panel("Photo").locator(".sentence")).to_contain_text("could not decode")
    viewer.mode("mask")
    assert viewer.pixel("U-Net", CAR) == [*STREET.colours[STREET.names.index("car")], 255]


def test_without_a_truth_errors_are_those_against_a_network_and_the_button_says_so(
    open_viewer: Callable[..., Viewer],
):
    viewer = open_viewer("untrue").wait("U-Net")
    assert "no truth" in viewer.root.locator('[data-mode="errors"]').get_attribute("title")
    viewer.mode("errors")
    expect(viewer.root).to_have_attribute("data-look", "errors")
    against = viewer.root.locator(".against")
    assert against.input_value() == "network U-Net"


def test_names_are_text_and_never_html(open_viewer: Callable[..., Viewer]):
    viewer = open_viewer("hostile").wait("<i>Net</i>")
    viewer.hover("<i>Net</i>", (100, 100))
    expect(viewer.reading("<i>Net</i>").locator(".class")).to_have_text("<img src=x onerror=alert(1)>")
    expect(viewer.panel("<i>Net</i>").locator(".name")).to_have_text("<i>Net</i>")
    assert viewer.root.locator("img, u, .legend b").count() == 0


@pytest.mark.parametrize(("width", "height", "columns"), [(390, 844, 2), (1440, 900, 5), (3840, 2160, 5)])
def test_the_grid_fits_the_screen(open_viewer: Callable[..., Viewer], width: int, height: int, columns: int):
    viewer = open_viewer(width=width, height=height).wait("Photo", "U-Net")
    boxes = [panel.bounding_box() for panel in viewer.root.locator("[data-role] .box").all()]
    assert len({round(box["x"]) for box in boxes}) == columns
    assert max(box["x"] + box["width"] for box in boxes) <= width
    assert viewer.root.evaluate("(root) => root.scrollWidth <= root.clientWidth")


def test_progress_stands_still_for_those_who_want_less_motion(open_viewer: Callable[..., Viewer]):
    viewer = open_viewer(reduced_motion="reduce").wait("Photo")
    progress = viewer.panel("FC-DenseNet103").locator(".progress")
    assert progress.evaluate("(element) => getComputedStyle(element, '::after').animationName") == "none"


def test_a_call_that_is_stopped_late_neither_doubles_the_panels_nor_stops_the_later_one(browser: Browser):
    panels = [module.Panel("U-Net", status="waiting"), module.Panel("FCN-8s", status="waiting")]
    data, layers = module.describe(np.zeros((30, 40, 3), np.uint8), panels, STREET)
    folder = Path(module.__file__).parent
    script = joined(module.SCRIPT)
    page = browser.new_page()
    page.set_content((folder / "viewer.html").read_text("utf-8"))
    counts = page.evaluate(
        """async ({script, data}) => {
            const file = new Blob([script], {type: "text/javascript"});
            const {default: show} = await import(URL.createObjectURL(file));
            const call = () => show({data, parentElement: document.body, setTriggerValue: () => {}});
            const count = () => document.querySelectorAll("[data-role=network]").length;
            const first = call();
            const second = call();
            first();
            const counts = [count()];
            call();
            counts.push(count());
            second();
            call()();
            call();
            return [...counts, count()];
        }""",
        {"script": script, "data": data | {"key": "panels", "layers": layers}},
    )
    assert counts == [2, 2, 2]
    expect(page.locator('[data-panel="Photo"]')).to_have_attribute("data-state", "ready")
    expect(page.locator(".viewer")).to_have_attribute("data-view", "1.000 0.5000 0.5000")
    page.close()


def _middle(panel: Locator) -> tuple[float, float]:
    box = panel.locator(".box").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def _place(viewer: Viewer, panel: Locator) -> dict:
    """Where a panel stands within the viewer."""
    outer, inner = viewer.root.bounding_box(), panel.bounding_box()
    return {name: inner[name] - outer.get(name, 0) * (name in "xy") for name in inner}


def _street_colour(name: str) -> tuple[int, int, int]:
    return STREET.colours[STREET.names.index(name)]
