"""How one gets around the page by keys, and what axe-core finds on all pages."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import PATIENCE
from tests.browser.axe import whole
from tests.browser.test_compare import settled, still

MOST_TABS = 15
LONGEST = 5700
"""Of a page as it opens on a phone, in pixels: under seven screens."""
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
LENGTH = "document.querySelector('[data-testid=stMain]').scrollHeight"
FOCUSED_PANELS = """() => {
    let focused = document.activeElement;
    while (focused.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
    return focused.className === "grid";
}"""


def opened(browser, url: str, scheme: str = "light", **options) -> Page:
    page = browser.new_page(color_scheme=scheme, **options)
    page.set_default_timeout(PATIENCE)
    page.goto(url)
    return page


def test_the_panels_are_within_fifteen_tabs_of_the_title(browser, serve):
    page = opened(browser, f"{serve('streamlit_app.py')}/?dataset=street")
    settled(page)
    page.get_by_role("heading", name="What do the networks see?").click()
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED_PANELS):
            break
    assert page.evaluate(FOCUSED_PANELS)
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_compare_whatever_is_open(browser, serve, scheme):
    page = opened(browser, f"{serve('streamlit_app.py')}/?dataset=street", scheme)
    settled(page)
    assert whole(page) == []
    page.locator(".score-table").get_by_role("button", name="car").click()
    page.get_by_text("Try your photo").click()
    expect(page.get_by_role("toolbar", name="Samples")).to_be_visible()
    still(page)
    assert whole(page) == []
    page.get_by_role("button", name="7 architectures").click()
    expect(page.get_by_text("Networks", exact=True)).to_be_visible()
    still(page)
    assert whole(page) == []
    page.close()


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path",
    [
        "start?",
        "masks?",
        "architectures?",
        "upsampling?",
        "losses?",
        "leaderboard?",
        "training?",
        "training?show=Train+now&",
        "your_data?",
    ],
)
def test_axe_finds_nothing_on_the_other_pages(browser, serve, path, scheme, width):
    page = opened(
        browser, f"{serve('streamlit_app.py')}/{path}dataset=street", scheme, viewport={"width": width, "height": 900}
    )
    page.wait_for_timeout(1000)
    still(page)
    assert whole(page) == []
    page.close()


@pytest.mark.parametrize(
    ("path", "last"),
    [
        ("?", "What to look at"),
        ("architectures?", "What does resolution cost?"),
        ("leaderboard?", "How fast does it run?"),
        ("losses?", "The formulas"),
        ("masks?", "What numbers is it?"),
        ("training?", "How do the curves run?"),
        ("upsampling?", "What do our networks do?"),
    ],
)
def test_no_page_is_longer_on_a_phone_than_seven_screens(browser, serve, path, last):
    page = opened(browser, f"{serve('streamlit_app.py')}/{path}dataset=street", **PHONE)
    expect(page.get_by_role("heading", name=last)).to_be_visible()
    still(page)
    page.wait_for_function(f"{LENGTH} <= {LONGEST}")
    page.close()


def test_a_row_that_is_wider_than_a_phone_can_be_reached_and_scrolled_by_keys(browser, serve):
    page = opened(browser, f"{serve('streamlit_app.py')}/upsampling?dataset=street", **PHONE)
    row = page.locator(".st-key-row-ways-up")
    expect(row).to_have_attribute("tabindex", "0")
    row.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.st-key-row-ways-up').scrollLeft > 0")
    page.set_viewport_size({"width": 1440, "height": 900})
    expect(row).not_to_have_attribute("tabindex", "0")
    page.close()
