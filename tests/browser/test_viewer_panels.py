"""Panels and pointer of the viewer on a page of their own: what a hand does, told as what it means."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from seg.app.components import viewer as module
from seg.app.components.scripts import joined

FOLDER = Path(module.__file__).parent
NAMES = ["Photo", "Truth", "A", "B", "C"]

MOUNT = """
const grid = document.querySelector(".grid");
const wanted = ["Photo", "Truth", "A", "B", "C"].map((name) => ({
  id: name, role: "network", name, caption: "a caption", state: "ready", sentence: "",
}));
window.orders = [];
window.told = [];
window.state = { painting: false, enlarged: null, order: [], size: null };
const fit = () => { state.size = panels.fit({ width: 480, height: 360 }, state.enlarged); };
const panels = createPanels(grid, document.querySelector(".panel-template"), {
  reorder: (ids) => orders.push((state.order = ids)),
  enlarge: (id) => { state.enlarged = id; fit(); },
});
window.show = (ids) => {
  panels.update(wanted.filter((panel) => !ids || ids.includes(panel.id)), state.order);
  fit();
};
window.sizes = () => Object.fromEntries(panels.all().map((panel) => [panel.id, panel.size]));
show();
const names = ["zoom", "pan", "reset", "move", "leave", "draw", "divider", "mode", "opacity", "toggleSwipe",
  "togglePaint", "enlarge", "undo", "redo", "back"];
const act = Object.fromEntries(names.map((name) => [name, (...words) => told.push([name, ...words])]));
listen(grid, { ...act, point: () => {}, isWhole: () => false, isPainting: () => state.painting });
"""


class Panels:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.grid = page.locator(".grid")

    def order(self) -> list[str]:
        """The names as they stand on the screen, row by row."""
        panels = [(element.bounding_box(), element) for element in self.grid.locator(".panel").all()]
        panels.sort(key=lambda pair: (round(pair[0]["y"]), pair[0]["x"]))
        return [element.get_attribute("data-panel") for _, element in panels]

    def panel(self, name: str) -> Locator:
        return self.grid.locator(f'[data-panel="{name}"]')

    def middle(self, name: str, part: str = ".name") -> tuple[float, float]:
        box = self.panel(name).locator(part).bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def told(self) -> list[list]:
        """What the pointer and the keys have meant since the last question, the crosshair apart."""
        return [words for words in self.page.evaluate("() => told.splice(0)") if words[0] != "leave"]


def mounted(browser: Browser, **settings) -> Panels:
    page = browser.new_context(viewport={"width": 1440, "height": 900}, **settings).new_page()
    page.set_content((FOLDER / "viewer.html").read_text("utf-8"))
    for name in ("viewer.css", "panels.css"):
        page.add_style_tag(content=(FOLDER / name).read_text("utf-8"))
    script = joined(FOLDER / "panels.js", FOLDER / "pointer.js")
    page.add_script_tag(content=script + MOUNT, type="module")
    page.wait_for_function("() => window.state?.size")
    return Panels(page)


@pytest.fixture
def panels(browser: Browser) -> Iterator[Panels]:
    panels = mounted(browser)
    yield panels
    panels.page.context.close()


@pytest.fixture
def touched(browser: Browser) -> Iterator[Panels]:
    panels = mounted(browser, has_touch=True)
    yield panels
    panels.page.context.close()


def test_a_panel_is_dragged_by_its_caption(panels: Panels):
    mouse = panels.page.mouse
    mouse.move(*panels.middle("A"))
    mouse.down()
    mouse.move(*panels.middle("Photo"), steps=8)
    assert panels.order() == ["A", "Photo", "Truth", "B", "C"]
    assert panels.page.evaluate("orders.length") == 0
    mouse.up()
    assert panels.order() == ["A", "Photo", "Truth", "B", "C"]
    assert panels.page.evaluate("orders") == [["A", "Photo", "Truth", "B", "C"]]
    assert panels.page.evaluate("state.enlarged") is None  # the click that ends it is none on the name
    assert panels.page.evaluate("[...document.querySelectorAll('.panel')].map((p) => p.dataset.panel)")[0] == "A"


def test_escape_puts_a_dragged_panel_back(panels: Panels):
    panels.panel("A").locator(".name").focus()
    panels.page.mouse.move(*panels.middle("A"))
    panels.page.mouse.down()
    panels.page.mouse.move(*panels.middle("Photo"), steps=8)
    panels.page.keyboard.press("Escape")
    panels.page.mouse.up()
    assert panels.order() == NAMES
    assert panels.page.evaluate("orders.length") == 0


def test_panels_that_are_gone_for_a_while_come_back_to_their_place(panels: Panels):
    name = panels.panel("C").locator(".name")
    name.focus()
    for _ in range(3):
        panels.page.keyboard.press("Control+ArrowLeft")
        expect(name).to_be_focused()
    assert panels.order() == ["Photo", "C", "Truth", "A", "B"]
    panels.page.evaluate("show(['Photo', 'Truth', 'B'])")
    assert panels.order() == ["Photo", "Truth", "B"]
    panels.panel("B").locator(".name").focus()
    panels.page.keyboard.press("Control+ArrowLeft")
    panels.page.evaluate("show()")
    assert panels.order() == ["Photo", "C", "B", "Truth", "A"]


def test_a_click_on_a_name_enlarges_and_another_goes_back(panels: Panels):
    before = panels.page.evaluate("sizes()")
    assert len({tuple(size.values()) for size in before.values()}) == 1
    panels.panel("B").locator(".name").click()
    sizes = panels.page.evaluate("sizes()")
    assert sizes["B"]["width"] > 2 * before["B"]["width"] > 2 * sizes["A"]["width"]
    assert sizes["B"] == panels.page.evaluate("state.size")
    for size in sizes.values():
        assert size["width"] / size["height"] == pytest.approx(4 / 3, rel=0.01)
    assert panels.order()[0] == "B"
    assert panels.panel("B").locator(".box").bounding_box()["height"] <= 900 * 0.73
    expect(panels.panel("B").locator(".name")).to_have_attribute("aria-pressed", "true")
    panels.panel("B").locator(".name").click()
    assert panels.page.evaluate("sizes()") == before
    assert panels.order() == NAMES


def test_a_finger_moves_a_panel_after_a_long_press_only(touched: Panels):
    session = touched.page.context.new_cdp_session(touched.page)
    (x, y), (to_x, to_y) = touched.middle("A"), touched.middle("Photo")

    def drag(rest: int) -> None:
        session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        touched.page.wait_for_timeout(rest)
        for share in (0.3, 0.6, 1):
            point = {"x": x + (to_x - x) * share, "y": y + (to_y - y) * share}
            session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    drag(0)
    assert touched.order() == NAMES
    drag(500)
    assert touched.order() == ["A", "Photo", "Truth", "B", "C"]


def test_dragging_pans_and_while_painting_it_draws(panels: Panels):
    x, y = panels.middle("A", ".box")

    def drag(**button) -> list[list]:
        panels.page.mouse.move(x, y)
        panels.page.mouse.down(**button)
        panels.page.mouse.move(x + 20, y + 10, steps=2)
        panels.page.mouse.up(**button)
        return panels.told()

    assert drag() == [["pan", 10, 5, "A"], ["pan", 10, 5, "A"]]
    panels.page.evaluate("state.painting = true")
    stroke = drag()
    assert {words[0] for words in stroke} == {"draw"}
    assert [words[1] for words in stroke] == ["start", "move", "move", "end"]
    assert {words[2] for words in stroke} == {"A"}
    start, last = stroke[0][3], stroke[-2][3]
    assert (last["x"] - start["x"], last["y"] - start["y"]) == pytest.approx((20, 10))
    assert {words[0] for words in drag(button="middle")} == {"pan"}
    panels.grid.focus()
    panels.page.keyboard.down(" ")
    assert {words[0] for words in drag()} == {"pan"}
    panels.page.keyboard.up(" ")
    assert {words[0] for words in drag()} == {"draw"}


def test_two_fingers_zoom_while_one_would_paint(touched: Panels):
    touched.page.evaluate("state.painting = true")
    session = touched.page.context.new_cdp_session(touched.page)
    x, y = touched.middle("A", ".box")

    def fingers(kind: str, *points: tuple[float, float]) -> None:
        described = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": described})

    fingers("touchStart", (x, y))
    fingers("touchStart", (x, y), (x + 40, y))
    fingers("touchMove", (x - 20, y), (x + 60, y))
    fingers("touchEnd")
    assert {words[0] for words in touched.told()} == {"zoom", "pan"}
    touched.page.evaluate("document.querySelector('.viewer').dataset.painting = ''")
    fingers("touchStart", (x, y))
    fingers("touchMove", (x + 10, y + 20))
    fingers("touchEnd")
    assert [words[1] for words in touched.told()] == ["start", "move", "end"]
    fingers("touchStart", (x, y))
    fingers("touchEnd")
    assert [words[1] for words in touched.told()] == ["start", "end"]


def test_the_divider_is_pulled_from_near_it(panels: Panels):
    panels.panel("A").locator(".box").evaluate(
        """(box) => {
            const divider = document.createElement("i");
            divider.dataset.divider = "";
            divider.style = "position: absolute; left: 50%; top: 0; bottom: 0; width: 2px";
            box.append(divider);
        }"""
    )
    box = panels.panel("A").locator(".box").bounding_box()
    x, y = panels.middle("A", ".box")
    panels.page.mouse.move(x + 8, y)
    panels.page.mouse.down()
    panels.page.mouse.move(box["x"] + box["width"] / 4, y)
    panels.page.mouse.move(box["x"] - 50, y)
    panels.page.mouse.up()
    told = panels.told()
    assert {words[0] for words in told} == {"divider"}
    assert [words[1] for words in told[1:]] == pytest.approx([0.25, 0], abs=0.01)
    panels.page.mouse.move(x + 40, y)
    panels.page.mouse.down()
    panels.page.mouse.move(x + 50, y)
    panels.page.mouse.up()
    assert {words[0] for words in panels.told()} == {"pan"}


def test_every_key_says_what_it_means(panels: Panels):
    keys = {
        "1": ["mode", 0],
        "6": ["mode", 5],
        "[": ["opacity", -0.1],
        "]": ["opacity", 0.1],
        "s": ["toggleSwipe"],
        "p": ["togglePaint"],
        "e": ["enlarge", None],
        "0": ["reset"],
        "Escape": ["back"],
        "Control+z": ["undo"],
        "Control+Shift+Z": ["redo"],
        "ArrowRight": ["pan", -40, 0, None],
        "Shift+ArrowDown": ["move", 0, 1],
    }
    panels.grid.focus()
    for key, words in keys.items():
        panels.page.keyboard.press(key)
        assert panels.told() == [words], key
    panels.panel("B").locator(".name").focus()
    panels.page.keyboard.press("e")
    assert panels.told() == [["enlarge", "B"]]
    # The toolbar keeps the arrows for itself, and a list all its keys.
    panels.page.locator('[data-mode="mask"] input').focus()
    panels.page.keyboard.press("ArrowRight")
    panels.page.keyboard.press("p")
    assert panels.told() == [["togglePaint"]]
