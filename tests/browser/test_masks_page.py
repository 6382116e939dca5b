"""The Masks page as a person uses it: look at a pixel, on a desktop and on a phone."""

import pytest
from playwright.sync_api import expect

from tests.browser import PATIENCE


@pytest.mark.parametrize("width", [1440, 390])
def test_a_pixel_picked_changes_the_numbers_of_the_mask_and_the_loss(browser, serve, width):
    page = browser.new_page(viewport={"width": width, "height": 844})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{serve('streamlit_app.py')}/masks?dataset=shapes")
    expect(page.get_by_role("img", name="instances: which one of them?")).to_be_in_viewport(timeout=PATIENCE)
    said = page.get_by_text("The mask is a picture of whole numbers")
    expect(said).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".katex-display")).to_be_visible(timeout=PATIENCE)
    before = said.inner_text()
    picker = page.locator(".pixel-picker")
    picker.focus()
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Shift+ArrowUp")
    expect(said).not_to_have_text(before, timeout=PATIENCE)
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth <= element.clientWidth")
    assert not errors
    page.close()
