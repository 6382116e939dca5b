"""Each tool to paint with, by mouse and by finger: which pixels become which class, exactly."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from seg.datasets.street import STREET
from seg.labels import IGNORE
from tests.browser.test_viewer import Viewer, open_viewer  # noqa: F401 (a fixture)
from tests.browser.test_viewer_paint import choose, download
from tests.browser.viewer_app import BLOCK, flat_photo

CAR, SKY = STREET.names.index("car"), STREET.names.index("sky")
HEIGHT, WIDTH = 360, 480
Point = tuple[float, float]


class Hand:
    """A mouse or a finger over the panel that is painted in. Points are x and y in pixels of the photo."""

    def __init__(self, viewer: Viewer, touch: bool) -> None:
        self.viewer = viewer
        self.page: Page = viewer.page
        self.finger = self.page.context.new_cdp_session(self.page) if touch else None
        self.box = viewer.panel("Your truth").locator(".box").bounding_box()

    def drag(self, *points: Point) -> None:
        """Press at the first point, go to all others, and let go."""
        self._do("Start", points[0])
        for point in points[1:]:
            self._do("Move", point)
        self._do("End", points[-1])
        self.viewer.settle()

    def press(self, point: Point) -> None:
        self.drag(point)

    def actual(self, point: Point) -> Point:
        """The point where a whole pixel of the screen is, as it is pressed."""
        x, y = self._screen(point)
        return (x - self.box["x"]) * WIDTH / self.box["width"], (y - self.box["y"]) * HEIGHT / self.box["height"]

    def _screen(self, point: Point) -> Point:
        x = self.box["x"] + point[0] / WIDTH * self.box["width"]
        return round(x), round(self.box["y"] + point[1] / HEIGHT * self.box["height"])

    def _do(self, what: str, point: Point) -> None:
        x, y = self._screen(point)
        if self.finger:
            points = [] if what == "End" else [{"x": x, "y": y, "id": 1}]
            self.finger.send("Input.dispatchTouchEvent", {"type": f"touch{what}", "touchPoints": points})
        elif what == "Start":
            self.page.mouse.move(x, y)
            self.page.mouse.down()
        elif what == "Move":
            self.page.mouse.move(x, y)
        else:
            self.page.mouse.up()


@pytest.fixture(params=["mouse", "finger"])
def hand(open_viewer: Callable[..., Viewer], request) -> Hand:  # noqa: F811
    touch = request.param == "finger"
    size = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True} if touch else {}
    viewer = open_viewer("flat", **size).wait("Net")
    viewer.root.locator('[data-action="paint"]').click()
    expect(viewer.panel("Your truth")).to_have_attribute("data-state", "ready")
    viewer.settle()
    viewer.page.wait_for_timeout(300)
    return Hand(viewer, touch)


def tool(hand: Hand, kind: str) -> None:
    hand.viewer.root.locator(f'[data-tool="{kind}"]').click()


def empty() -> np.ndarray:
    return np.full((HEIGHT, WIDTH), IGNORE, np.uint8)


def middles() -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return x + 0.5, y + 0.5


def line(start: Point, end: Point, radius: float) -> np.ndarray:
    """Pixels no further than ``radius`` from a line."""
    x, y = middles()
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = dx * dx + dy * dy
    share = np.clip(((x - start[0]) * dx + (y - start[1]) * dy) / length, 0, 1) if length else 0
    return np.hypot(x - start[0] - share * dx, y - start[1] - share * dy) <= radius


def within(corners: Sequence[Point]) -> np.ndarray:
    """Pixels whose middles are within a polygon, by the even-odd rule."""
    x, y = middles()
    inside = np.zeros((HEIGHT, WIDTH), bool)
    for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], corners[0]], strict=True):
        between = (y1 <= y) != (y2 <= y)
        with np.errstate(divide="ignore", invalid="ignore"):
            inside ^= between & (x < x1 + (y - y1) / (y2 - y1) * (x2 - x1))
    return inside


def assert_painted(hand: Hand, corners, label: int) -> None:
    """The polygon of these corners is painted with this class, and nothing else is painted."""
    expected = empty()
    expected[within([hand.actual(corner) for corner in corners])] = label
    np.testing.assert_array_equal(download(hand.viewer), expected)


def test_the_brush_paints_all_that_is_near_its_line_and_erases_it_again(hand: Hand):
    choose(hand.viewer, "car")
    points = [(101.3, 80.2), (180.7, 120.6), (240.4, 90.8)]
    hand.drag(*points)
    a, b, c = map(hand.actual, points)
    expected = empty()
    expected[line(a, b, 6) | line(b, c, 6)] = CAR
    np.testing.assert_array_equal(download(hand.viewer), expected)
    tool(hand, "erase")
    hand.press((180.7, 120.6))
    expected[line(b, b, 6)] = IGNORE
    np.testing.assert_array_equal(download(hand.viewer), expected)


def test_the_wand_takes_the_block_pressed_on_and_with_more_tolerance_its_neighbour(hand: Hand):
    choose(hand.viewer, "car")
    tool(hand, "wand")
    photo = flat_photo().astype(int)
    y, x = BLOCK[0] + 20, BLOCK[1] + 20
    hand.press((x, y))
    expected = empty()
    expected[np.abs(photo - photo[y, x]).max(axis=2) <= 2] = CAR
    np.testing.assert_array_equal(download(hand.viewer), expected)
    slider = hand.viewer.root.get_by_label("Tolerance")
    slider.fill("60")
    more = empty()
    more[np.abs(photo - photo[y, x]).max(axis=2) <= 60] = CAR
    assert (more == CAR).sum() > (expected == CAR).sum()
    np.testing.assert_array_equal(download(hand.viewer), more)
    hand.viewer.root.locator('[data-paint="undo"]').click()
    assert hand.viewer.root.locator('[data-paint="download"]').is_disabled()
    hand.viewer.root.locator('[data-paint="redo"]').click()
    np.testing.assert_array_equal(download(hand.viewer), more)
    tool(hand, "erase")
    slider.fill("24")
    hand.press((x, y))
    more[expected == CAR] = IGNORE
    np.testing.assert_array_equal(download(hand.viewer), more)


def test_a_polygon_is_closed_by_its_first_corner(hand: Hand):
    choose(hand.viewer, "car")
    tool(hand, "polygon")
    corners = [(60.3, 60.4), (300.6, 40.7), (380.2, 250.3), (150.1, 300.8)]
    for corner in corners:
        hand.press(corner)
    assert hand.viewer.root.locator('[data-paint="download"]').is_disabled()
    hand.press(corners[0])
    assert_painted(hand, corners, CAR)


def test_a_polygon_is_closed_by_its_button_and_loses_a_corner_by_undo(hand: Hand):
    choose(hand.viewer, "sky")
    tool(hand, "polygon")
    corners = [(60.3, 60.4), (300.6, 40.7), (380.2, 250.3)]
    close, undo = (hand.viewer.root.locator(f'[data-paint="{name}"]') for name in ("close", "undo"))
    for corner in (*corners[:2], (20, 330)):
        hand.press(corner)
    undo.click()
    expect(close).to_be_disabled()
    hand.press(corners[2])
    close.click()
    assert_painted(hand, corners, SKY)
    undo.click()
    assert hand.viewer.root.locator('[data-paint="download"]').is_disabled()


def test_drawn_around_in_one_go_a_polygon_closes_itself(hand: Hand):
    choose(hand.viewer, "car")
    tool(hand, "polygon")
    points = [(100, 100), (300, 100), (300, 250), (100, 250)]
    hand.drag(*points)
    assert_painted(hand, points, CAR)


def test_a_fill_goes_up_to_what_is_painted(hand: Hand):
    choose(hand.viewer, "car")
    tool(hand, "polygon")
    corners = [(100.3, 100.4), (300.6, 100.7), (300.2, 250.3), (100.1, 250.8)]
    hand.drag(*corners)
    inside = within([hand.actual(corner) for corner in corners])
    choose(hand.viewer, "sky")
    tool(hand, "fill")
    hand.press((20, 20))
    expected = np.where(inside, CAR, SKY).astype(np.uint8)
    np.testing.assert_array_equal(download(hand.viewer), expected)
    tool(hand, "erase")
    hand.press((200, 200))
    np.testing.assert_array_equal(download(hand.viewer), np.where(inside, IGNORE, SKY))


def test_what_is_painted_is_all_in_sight_and_no_reading_covers_it(hand: Hand):
    tool(hand, "brush")
    hand.press((100, 340))
    box = hand.viewer.panel("Your truth").locator(".box").bounding_box()
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= hand.page.viewport_size["height"]
    assert hand.viewer.root.locator(".readout").bounding_box()["y"] >= box["y"] + box["height"]


def test_keys_choose_tools_alt_turns_them_round_and_enter_closes(open_viewer: Callable[..., Viewer]):  # noqa: F811
    viewer = open_viewer("flat").wait("Net")
    viewer.root.locator('[data-action="paint"]').click()
    expect(viewer.panel("Your truth")).to_have_attribute("data-large", "")
    keyboard = viewer.page.keyboard
    choose(viewer, "car")
    viewer.root.locator(".grid").focus()
    hand = Hand(viewer, touch=False)
    for key, kind in {"w": "wand", "l": "polygon", "f": "fill", "b": "brush", "x": "erase"}.items():
        keyboard.press(key)
        expect(viewer.root.locator(f'[data-tool="{kind}"]')).to_have_attribute("aria-pressed", "true")
    keyboard.press("x")
    keyboard.press("l")
    corners = [(60.3, 60.4), (300.6, 40.7), (380.2, 250.3)]
    for corner in corners:
        hand.press(corner)
    keyboard.press("Enter")
    expected = empty()
    expected[within([hand.actual(corner) for corner in corners])] = CAR
    np.testing.assert_array_equal(download(viewer), expected)
    viewer.root.locator(".grid").focus()
    keyboard.press("f")
    keyboard.down("Alt")
    Hand(viewer, touch=False).press((250, 100))
    keyboard.up("Alt")
    assert viewer.root.locator('[data-paint="download"]').is_disabled()


def test_escape_lets_go_of_a_polygon_before_it_leaves_the_painting(open_viewer: Callable[..., Viewer]):  # noqa: F811
    viewer = open_viewer("flat").wait("Net")
    viewer.root.locator('[data-action="paint"]').click()
    hand = Hand(viewer, touch=False)
    viewer.root.locator('[data-tool="polygon"]').click()
    hand.press((100, 100))
    hand.press((200, 100))
    path = viewer.panel("Your truth").locator(".outline path").first
    expect(path).not_to_have_attribute("d", "")
    viewer.page.keyboard.press("Escape")
    expect(path).to_have_attribute("d", "")
    expect(viewer.panel("Your truth")).to_be_visible()
    viewer.page.keyboard.press("Escape")
    expect(viewer.panel("Your truth")).to_have_count(0)
    expect(viewer.root.locator("[data-large]")).to_have_count(0)
