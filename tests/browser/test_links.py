"""A link is the whole state: each page set to something unusual, its link copied, and opened by somebody else."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import PATIENCE
from tests.browser.test_compare import settled, still

WIDE = {"width": 1440, "height": 1000}


@pytest.fixture
def visitor(browser: Browser, serve):
    """``visitor(path)`` opens a page of the app as somebody who has never been there."""
    contexts = []

    def visit(path: str) -> Page:
        url = path if path.startswith("http") else f"{serve('streamlit_app.py')}/{path}"
        context = browser.new_context(viewport=WIDE, permissions=["clipboard-read", "clipboard-write"])
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(url)
        return page

    yield visit
    for context in contexts:
        assert context.pages[0].locator('[data-testid="stException"]').all_inner_texts() == []
        context.close()


def copied(page: Page) -> str:
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator(".page-tools .said")).to_contain_text("Copied.")
    link = page.evaluate("navigator.clipboard.readText()")
    page.wait_for_function("link => location.href === link", arg=link)  # once Python has heard
    still(page)
    return link


def passed_on(visitor: Callable[[str], Page], page: Page, ready: Callable[[Page], None], shown: Callable[[Page], dict]):
    """What the page shows, once somebody else sees the same by its link, and so does a reload."""
    link, here = copied(page), shown(page)
    other = visitor(link)
    ready(other)
    assert shown(other) == here
    page.reload()
    ready(page)
    assert shown(page) == here
    return here


LOOK = """(viewer) => {
    const all = (selector) => [...viewer.querySelectorAll(selector)];
    return {
        way: viewer.dataset.look,
        opacity: viewer.querySelector(".opacity input").value,
        alone: all(".legend [aria-pressed=true]").map((one) => one.textContent),
        magnification: viewer.querySelector(".zoom output").textContent,
        panels: all("figure").map((one) => one.dataset.panel),
        divider: viewer.querySelector("[data-divider]")?.getAttribute("aria-valuenow"),
        readout: all(".readout .cell").map((cell) => cell.textContent),
    };
}"""


def looked(page: Page) -> dict:
    picture = page.get_by_role("toolbar", name="Pictures").locator("[aria-pressed=true]")
    return page.locator(".viewer").evaluate(LOOK) | {"picture": picture.get_attribute("aria-label")}


def test_compare(visitor):
    page = visitor("?dataset=street")
    settled(page)
    page.get_by_role("toolbar", name="Pictures").get_by_role("button").nth(2).click()
    page.get_by_text("2 ×", exact=True).click()
    settled(page)
    steps = page.evaluate("history.length")
    page.locator("[data-mode=errors]").click()
    page.locator(".viewer").get_by_role("button", name="car", exact=True).first.click()
    box = page.locator('[data-panel="U-Net"] .box')
    box.hover(position={"x": 120, "y": 60})
    page.mouse.wheel(0, -400)
    box.click(position={"x": 130, "y": 70})
    page.mouse.move(2, 2)
    here = passed_on(visitor, page, settled, looked)
    assert here["way"] == "errors"
    assert here["magnification"] != "1×"
    assert any("%" in cell for cell in here["readout"])
    assert page.evaluate("history.length") == steps, "to look about is no step of the way back"
    page.locator("[data-action=swipe]").click()
    page.locator(".pair select").first.select_option("photo")
    assert "Photo | U-Net" in passed_on(visitor, page, settled, looked)["panels"]
    page.get_by_role("toolbar", name="Pictures").get_by_role("button").nth(1).click()
    settled(page)
    assert looked(page)["picture"] != here["picture"]
    page.go_back()
    chosen = page.get_by_role("toolbar", name="Pictures").locator("[aria-pressed=true]")
    expect(chosen).to_have_attribute("aria-label", here["picture"])


def test_masks(visitor):
    page = visitor("masks?dataset=street")

    def ready(page: Page) -> None:
        expect(page.get_by_text("around row")).to_be_visible()
        still(page)

    def shown(page: Page) -> dict:
        return {"at": page.get_by_text("around row").inner_text()}

    ready(page)
    before = shown(page)
    page.locator(".pixel-picker").click(position={"x": 40, "y": 50})
    expect(page.get_by_text("around row")).not_to_have_text(before["at"])
    passed_on(visitor, page, ready, shown)


def test_architectures(visitor):
    page = visitor("architectures?dataset=street&network=FCN-8s")
    sees = re.compile("^What .* sees, ")

    def ready(page: Page) -> None:
        expect(page.get_by_text("Full resolution is dear")).to_be_visible()
        expect(page.locator('[data-role="network"][data-state="ready"]')).to_have_count(3)
        still(page)

    def shown(page: Page) -> dict:
        return looked(page) | {
            "sees": page.get_by_text(sees).inner_text(),
            "seen": page.get_by_text("95 % of what counts").all_inner_texts(),
            "checked": page.locator("[aria-checked=true], [aria-selected=true]").all_inner_texts(),
        }

    ready(page)
    before = shown(page)
    page.locator(".stage-drawing [role=button], .stage-drawing button").first.click()
    expect(page.get_by_text(sees)).not_to_have_text(before["sees"])
    page.locator(".pixel-picker").click(position={"x": 60, "y": 80})
    still(page)
    page.locator("[data-mode=mask]").click()
    here = passed_on(visitor, page, ready, shown)
    assert here["way"] == "mask"
    assert here["seen"] != before["seen"]


def test_upsampling(visitor):
    page = visitor("upsampling?dataset=shapes")

    def ready(page: Page) -> None:
        expect(page.locator(".transposed .verdict")).to_contain_text("equal")
        still(page)

    def shown(page: Page) -> dict:
        return {"numbers": page.locator(".by-hand input.cell").evaluate_all("(all) => all.map((one) => one.value)")}

    ready(page)
    lab, other = ".by-hand:not(.transposed) [data-grid=kernel] input", ".transposed [data-grid=input] input"
    for part, value in ((lab, "-7.25"), (other, "8")):
        address = page.url
        page.locator(part).first.fill(value)
        page.locator(part).first.press("Enter")
        page.wait_for_function("address => location.href !== address", arg=address)
        still(page)
    here = passed_on(visitor, page, ready, shown)
    assert {"−7.25", "8"} <= set(here["numbers"])


def test_training(visitor):
    page = visitor("training?dataset=street")

    def ready(page: Page) -> None:
        expect(page.locator('.player [data-role="network"][data-state="ready"]').first).to_be_visible()
        still(page)

    def shown(page: Page) -> dict:
        root = page.locator(".player")
        return {"moment": root.get_attribute("data-moment"), "way": root.get_attribute("data-look")}

    ready(page)
    slider = page.get_by_role("slider", name="Moment of the training")
    slider.press("End")
    page.locator(".player [data-mode=mask]").click()
    here = passed_on(visitor, page, ready, shown)
    assert here == {"moment": slider.get_attribute("max"), "way": "mask"}


@pytest.mark.parametrize(("path", "choice"), [("losses?dataset=street", "Tversky"), ("leaderboard", "FLOPs")])
def test_pages_of_controls_alone(visitor, path, choice):
    page = visitor(path)

    def control(page: Page) -> Locator:
        return page.locator('[data-testid="stButtonGroup"] button').filter(has_text=choice).first

    def ready(page: Page) -> None:
        expect(control(page)).to_be_visible()
        still(page)

    def shown(page: Page) -> dict:
        states = "(all) => all.map((one) => one.getAttribute('data-selected') ?? one.getAttribute('aria-checked'))"
        return {"chosen": page.locator('[data-testid="stButtonGroup"] button').evaluate_all(states)}

    ready(page)
    before, address = shown(page), page.url
    control(page).click()
    page.wait_for_function("address => location.href !== address", arg=address)
    still(page)
    assert passed_on(visitor, page, ready, shown) != before


def test_a_link_without_the_visitors_own_photos_says_so(visitor):
    page = visitor("teach")
    page.get_by_role("button", name="Cars in streets", exact=True).click()
    expect(page.get_by_text("2 · What shall it find?")).to_be_visible()
    still(page)
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator(".page-tools .said")).to_contain_text("What you add and paint stays with you")


def test_a_presented_page_has_no_controls_and_a_way_out(visitor):
    page = visitor("?dataset=street&present=1")
    settled(page)
    out = page.get_by_role("button", name="Leave (Esc)")
    expect(out).to_be_visible()
    expect(page.get_by_text("Dice per class")).to_be_visible()
    for hidden in ("Save", "Try your photo", "Copy link", "7 architectures"):
        expect(page.get_by_text(hidden, exact=True).locator("visible=true")).to_have_count(0)
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Present")).to_be_visible()
    expect(page.get_by_test_id("stSidebar")).to_be_visible()
    assert "present" not in urlsplit(page.url).query
    page.get_by_role("button", name="Present").click()
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    out.click()
    expect(page.get_by_test_id("stSidebar")).to_be_visible()
