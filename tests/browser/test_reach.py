"""How one gets around the page by keys, and what axe-core finds in what we draw outside of the viewer."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import PATIENCE
from tests.browser.axe import findings
from tests.browser.test_compare import settled, still

MOST_TABS = 15
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
    page = opened(browser, serve("streamlit_app.py"))
    settled(page)
    page.get_by_role("heading", name="What do the networks see?").click()
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED_PANELS):
            break
    assert page.evaluate(FOCUSED_PANELS)
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_gallery_and_score_table(browser, serve, scheme):
    page = opened(browser, serve("streamlit_app.py"), scheme)
    settled(page)
    page.get_by_text("Try your photo").click()
    expect(page.get_by_role("toolbar", name="Samples")).to_be_visible()
    still(page)
    for part in (page.get_by_role("toolbar", name="Pictures"), page.get_by_role("toolbar", name="Samples")):
        assert findings(part) == []
    page.locator(".score-table").get_by_role("button", name="car").click()
    assert findings(page.locator(".score-table").first) == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("path", "parts"),
    [("architectures", [".stage-drawing", ".pixel-picker"]), ("upsampling", [".by-hand"]), ("training", [".player"])],
)
def test_axe_finds_nothing_in_what_other_pages_draw(browser, serve, path, parts, scheme):
    page = opened(browser, f"{serve('streamlit_app.py')}/{path}", scheme)
    expect(page.locator(parts[0])).to_be_visible()
    still(page)
    for part in parts:
        for drawn in page.locator(part).all():
            assert findings(drawn) == []
    page.close()
