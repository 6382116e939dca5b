"""The tour as a person walks it: by keys alone, on a desktop and on a phone, there and back again."""

import re

import pytest
from playwright.sync_api import Page, expect

from seg.app.parts.tour import TITLES
from tests.browser import PATIENCE
from tests.browser.axe import whole
from tests.browser.test_compare import still

FOCUSED = """() => {
    let focused = document.activeElement;
    while (focused.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
    return (focused.innerText ?? "").trim();
}"""
MOST_TABS = 40
LONGEST = 2600
"""Of a step on a phone, in CSS pixels."""


def opened(browser, url: str, step: int, width: int = 1440, scheme: str = "light") -> Page:
    page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page.set_default_timeout(PATIENCE)
    page.goto(f"{url}/start?dataset=shapes&step={step}")
    stands_at(page, step)
    return page


def stands_at(page: Page, step: int) -> None:
    expect(page.get_by_role("heading", name=f"{step}. {TITLES[step - 1]}")).to_be_visible(timeout=PATIENCE)
    expect(page.locator('.steps [aria-current="step"]')).to_have_text(str(step))
    still(page)


def tab_to(page: Page, text: str) -> None:
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if re.search(text, page.evaluate(FOCUSED)):
            return
    raise AssertionError(f"{text} is not reached by Tab")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_tour_is_walked_by_keys_alone_and_axe_finds_nothing(browser, serve, width, scheme):
    page = opened(browser, serve("streamlit_app.py"), 1, width, scheme)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.get_by_role("heading", name="What is semantic segmentation?").click()
    tab_to(page, "^Next")
    for step in range(1, len(TITLES) + 1):
        assert whole(page) == []
        tab_to(page, "Show me$")
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("stAlert")).to_be_visible()
        still(page)
        assert page.evaluate(FOCUSED).endswith("Show me")
        assert whole(page) == []
        main = page.get_by_test_id("stMain")
        assert main.evaluate("element => element.scrollWidth <= element.clientWidth")
        assert main.evaluate("element => element.scrollHeight") <= LONGEST
        if step < len(TITLES):
            tab_to(page, f"^Next: {TITLES[step]}")
            page.keyboard.press("Enter")
            stands_at(page, step + 1)
            assert page.evaluate(FOCUSED) == str(step + 1)
            expect(page.locator(".steps")).to_be_in_viewport()
    assert not errors
    page.close()


def test_reload_and_the_way_back_bring_the_step(browser, serve):
    page = opened(browser, serve("streamlit_app.py"), 3)
    page.get_by_role("button", name="Step 5: ").click()
    stands_at(page, 5)
    page.wait_for_url("**step=5*")
    page.get_by_role("button", name="Next", exact=True).click()
    stands_at(page, 6)
    page.wait_for_url("**step=6*")
    page.reload()
    stands_at(page, 6)
    page.go_back()
    stands_at(page, 5)
    page.go_back()
    stands_at(page, 3)
    page.go_forward()
    stands_at(page, 5)
    page.get_by_role("button", name="Previous").click()
    stands_at(page, 4)
    page.close()


def test_a_way_into_another_page_takes_the_picture_along_and_comes_back_to_the_step(browser, serve):
    page = opened(browser, serve("streamlit_app.py"), 9)
    page.get_by_role("button", name="Sample 2").first.click()
    page.wait_for_url("**picture=Sample*")
    still(page)
    page.get_by_role("link", name="Take skips away, one by one").click()
    expect(page.get_by_role("heading", name="What is each network made of?")).to_be_visible()
    expect(page.get_by_role("button", name="Sample 2").first).to_have_attribute("aria-pressed", "true")
    page.go_back()
    stands_at(page, 9)
    page.close()


def test_the_tour_stands_first_in_the_menu(browser, serve):
    page = browser.new_page()
    page.goto(serve("streamlit_app.py"))
    first = page.locator('[data-testid="stSidebar"]').get_by_role("link").first
    expect(first).to_have_text(re.compile("Start here"))
    first.click()
    expect(page).to_have_title("Start here · Segmentation lab")
    stands_at(page, 1)
    page.close()


def test_on_a_phone_whose_menu_is_closed_compare_leads_to_the_tour(browser, serve):
    page = browser.new_page(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    page.goto(f"{serve('streamlit_app.py')}/?dataset=street")
    way = page.get_by_role("link", name="New here?")
    expect(way).to_be_in_viewport(timeout=PATIENCE)
    still(page)
    way.click()
    stands_at(page, 1)
    page.close()


def test_an_audience_sees_the_question_with_its_answers(browser, serve):
    page = browser.new_page()
    page.goto(f"{serve('streamlit_app.py')}/start?dataset=shapes&step=3&present=1")
    stands_at(page, 3)
    page.get_by_role("button", name="5: one for each class").click()
    expect(page.get_by_text("Right.")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("heading", name="On which picture?")).to_have_count(0)
    page.close()
