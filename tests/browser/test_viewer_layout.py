"""Where things stand in the viewer, how one gets there by keys and by finger, and what axe-core finds."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.axe import findings
from tests.browser.test_viewer import Viewer, open_viewer, street  # noqa: F401 (fixtures)

PHONE = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}
MODES = ("overlay", "mask", "outlines", "confidence", "errors", "photo")
FOCUS = """() => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    return [element?.className, Boolean(element?.closest(".viewer")), element?.textContent.trim()];
}"""


def seen(viewer: Viewer, selector: str) -> bool:
    """Whether all of an element is on the screen."""
    box = viewer.root.locator(selector).bounding_box()
    return box["y"] >= 0 and box["y"] + box["height"] <= viewer.page.viewport_size["height"]


@pytest.mark.parametrize("by", ["click", "key"])
def test_an_enlarged_panel_is_in_sight_and_so_it_is_when_small_again(open_viewer: Callable[..., Viewer], by):  # noqa: F811
    viewer = open_viewer(height=620).wait("U-Net", "FCN-8s")
    box = '[data-panel="U-Net"] .box'
    for _ in range(2):
        viewer.panel("U-Net").locator(".name").scroll_into_view_if_needed()
        viewer.page.mouse.wheel(0, 2000)
        viewer.page.wait_for_timeout(200)
        if by == "click":
            viewer.panel("U-Net").locator(".name").click()
        else:
            viewer.panel("U-Net").locator(".name").focus()
            viewer.page.keyboard.press("e")
        viewer.settle()
        assert seen(viewer, box)


@pytest.mark.parametrize("width", [1440, 1140, 1024, 840, 700, 390])
def test_nothing_moves_from_one_way_to_look_to_another(open_viewer: Callable[..., Viewer], width: int):  # noqa: F811
    viewer = open_viewer(width=width).wait("U-Net", "Truth")
    box = viewer.panel("U-Net").locator(".box")
    for alone in (False, True):
        if alone:
            viewer.root.locator('.legend [data-class="car"]').click()
        places = []
        for mode in MODES:
            viewer.mode(mode)
            places.append(box.evaluate("(box) => box.offsetTop + box.closest('figure').offsetTop"))
        assert len(set(places)) == 1
        assert viewer.root.evaluate("(root) => root.scrollWidth <= root.clientWidth")


@pytest.mark.parametrize("width", [1440, 1140, 1024, 840, 700])
def test_no_tool_is_cut_off_or_covers_another(open_viewer: Callable[..., Viewer], width: int):  # noqa: F811
    viewer = open_viewer(width=width).wait("U-Net", "Truth")
    viewer.root.locator('.legend [data-class="car"]').click()
    viewer.mode("errors")
    parts = [".modes", ".tools", ".zoom", ".aside select", ".aside .outcomes"]
    found = [viewer.root.locator(part).first.bounding_box() for part in parts]
    boxes = [box for box in found if box]
    assert len(boxes) >= 4
    for i, one in enumerate(boxes):
        assert one["x"] + one["width"] <= width
        for other in boxes[:i]:
            beside = one["x"] >= other["x"] + other["width"] or other["x"] >= one["x"] + one["width"]
            assert beside or one["y"] >= other["y"] + other["height"] or other["y"] >= one["y"] + one["height"]


def test_the_panels_are_a_few_tabs_away_and_the_viewer_has_few_stops(street: Viewer):  # noqa: F811
    street.page.get_by_text("Hide the viewer").focus()
    street.root.locator(".modes input:checked").focus()
    stops = []
    while len(stops) < 30:
        stops.append(street.page.evaluate(FOCUS))
        street.page.keyboard.press("Tab")
        if not street.page.evaluate(FOCUS)[1]:
            break
    names = [name for name, *_ in stops]
    assert names.index("grid") <= 4
    assert len(stops) <= 8


def test_arrow_keys_go_from_tool_to_tool_and_from_class_to_class(street: Viewer):  # noqa: F811
    street.root.locator('[data-action="swipe"]').focus()
    street.page.keyboard.press("ArrowRight")
    assert street.page.evaluate(FOCUS)[2] == "Paint"
    street.page.keyboard.press("ArrowLeft")
    street.page.keyboard.press("ArrowLeft")
    assert street.page.evaluate(FOCUS)[2] == "Fit"
    street.root.locator('.legend [data-class="sky"]').focus()
    for _ in range(3):
        street.page.keyboard.press("ArrowRight")
    assert street.page.evaluate(FOCUS)[2] == "building"
    street.page.keyboard.press("Enter")
    expect(street.root).to_have_attribute("data-only", "building")
    street.panel("Truth").locator(".name").focus()
    for _ in ("keep", "cut out", "the next name"):
        street.page.keyboard.press("ArrowRight")
    assert street.page.evaluate(FOCUS)[2] == "Conv stack"


def test_keys_work_before_any_click(street: Viewer):  # noqa: F811
    street.hover("U-Net")
    street.wheel(4)
    assert street.view() != [1, 0.5, 0.5]
    street.page.keyboard.press("0")
    street.settle()
    assert street.view() == [1, 0.5, 0.5]
    street.page.keyboard.press("2")
    expect(street.root).to_have_attribute("data-look", "mask")


@pytest.fixture
def phone(open_viewer: Callable[..., Viewer]) -> Viewer:  # noqa: F811
    return open_viewer(**PHONE).wait("U-Net", "Truth")


def test_on_a_phone_tools_and_legend_take_a_line_each_and_the_first_pictures_follow(phone: Viewer):
    top = phone.root.bounding_box()["y"]
    assert phone.panel("Truth").locator(".box").bounding_box()["y"] - top <= 170
    first = phone.panel("Conv stack").locator(".box").bounding_box()
    assert first["y"] + first["height"] - top <= 510


@pytest.mark.parametrize(
    "target", [".legend .eye", ".legend [data-class]", ".modes label", ".tools button", ".zoom button"]
)
def test_on_a_phone_what_one_presses_is_as_large_as_a_finger(phone: Viewer, target: str):
    boxes = [element.bounding_box() for element in phone.root.locator(target).all()]
    assert min(box["height"] for box in boxes) >= 43.5
    if target in (".legend .eye", ".zoom button"):
        assert min(box["width"] for box in boxes) >= 43.5


def test_on_a_phone_all_of_the_reading_is_to_be_seen(phone: Viewer):
    box = phone.panel("Truth").locator(".box").bounding_box()
    phone.page.touchscreen.tap(box["x"] + 60, box["y"] + 60)
    phone.settle()
    expect(phone.reading("Truth")).not_to_have_text("–")
    cells = phone.root.locator(".cell")
    assert cells.count() == 11
    frame = phone.root.locator(".readout").bounding_box()
    for cell in cells.all():
        inside = cell.bounding_box()
        assert frame["y"] <= inside["y"]
        assert inside["y"] + inside["height"] <= min(frame["y"] + frame["height"], 844) + 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [{"width": 1440, "height": 900}, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing_in_the_viewer(open_viewer: Callable[..., Viewer], size: dict, scheme: str):  # noqa: F811
    viewer = open_viewer(color_scheme=scheme, **size).wait("U-Net", "Truth")
    assert findings(viewer.root) == []
    viewer.root.locator('.legend [data-class="car"]').click()
    viewer.root.locator('[data-hide="sky"]').click(force=True)
    viewer.root.locator(".shares summary").click()
    for mode in ("errors", "confidence"):
        viewer.mode(mode)
        assert findings(viewer.root) == []
    viewer.root.locator('[data-action="swipe"]').click()
    viewer.root.locator('[data-action="paint"]').click()
    expect(viewer.panel("Your truth")).to_have_attribute("data-state", "ready")
    assert findings(viewer.root) == []


def test_axe_finds_nothing_where_networks_have_failed(open_viewer: Callable[..., Viewer]):  # noqa: F811
    viewer = open_viewer("untrue").wait("U-Net", "Unsure")
    viewer.mode("confidence")
    assert findings(viewer.root) == []
    for part in (".sentence", ".remark"):
        sizes = viewer.root.locator(part).evaluate_all("(all) => all.map((one) => getComputedStyle(one).fontSize)")
        assert set(sizes) == {"16px"}
