"""The Upsampling page as a person uses it: type, step, point."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import PATIENCE
from tests.browser.axe import findings


@pytest.fixture
def page(browser, serve) -> Page:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{serve('streamlit_app.py')}/upsampling?dataset=shapes")
    expect(page.locator(".transposed [data-grid=output] .cell").first).to_be_visible(timeout=PATIENCE)
    yield page
    assert not errors
    page.close()


def texts(page: Page, grid: str) -> list[str]:
    return page.locator(f'.transposed [data-grid="{grid}"] .cell').all_inner_texts()


def test_values_land_one_after_the_other_until_the_output_is_torchs(page):
    expect(page.locator(".transposed .moment")).to_have_text("2 of 5 values")
    assert texts(page, "output") != texts(page, "torch")
    for _ in range(3):
        page.get_by_label("One value on").click()
    expect(page.locator(".transposed .moment")).to_have_text("5 of 5 values")
    assert texts(page, "output") == texts(page, "torch")
    expect(page.locator(".transposed .verdict")).to_contain_text("equal")


def test_a_typed_number_changes_the_sum_and_torch_agrees(page):
    before = texts(page, "torch")
    first = page.locator('.transposed [data-grid="input"] input').first
    first.fill("-7.5")
    first.press("Enter")
    expect(page.locator(".transposed .verdict")).to_contain_text("equal")
    expect(page.locator('.transposed [data-grid="torch"] .cell').first).to_have_text("−7.5")
    assert texts(page, "torch") != before


def test_pointing_at_an_output_value_says_which_input_values_overlap_there(page):
    page.locator('.transposed [data-grid="output"] .cell').nth(2).hover()
    expect(page.locator(".transposed .readout")).to_contain_text("2 input values overlap here")
    expect(page.locator('.transposed [data-grid="input"] .from')).to_have_count(2)
    expect(page.locator('.transposed [data-grid="stuffed"] .from')).to_have_count(3)


def test_the_address_restores_the_numbers(browser, serve):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{serve('streamlit_app.py')}/upsampling?dataset=street&axes=2-D&kernel=4&stride=3&padding=banana")
    expect(page.locator(".transposed [data-grid=output] .cell")).to_have_count(13 * 13, timeout=PATIENCE)
    expect(page.locator(".transposed .sum-title")).to_have_text(re.compile("6 of 16"))
    kernel, added = (
        [float(t) for t in values]
        for values in (
            page.locator(".transposed [data-grid=kernel] input").evaluate_all("cells => cells.map(c => c.value)"),
            page.locator(".transposed [data-grid=stairs] .cell").all_inner_texts(),
        )
    )
    assert added == [5 * value for value in kernel]
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth <= element.clientWidth")
    page.close()


def test_a_window_slides_over_numbers_and_says_what_it_does_with_them(page):
    lab = page.locator(".sliding")
    readout = lab.locator(".readout")
    expect(readout).to_contain_text("Dot product: 1 × −1 + 1 × 0 + 1 × 1")
    lab.get_by_label("One window on").click()
    expect(readout).to_contain_text("5 × 1 + 1 × −1 + 1 × 0 + 5 × 1 + 1 × −1 + 1 × 0 + 5 × 1 = 12")
    expect(lab.locator('[data-grid="output"] .current')).to_have_text("12")
    expect(lab.locator(".verdict")).to_contain_text("equal to torch's")
    page.get_by_role("radio", name="max pooling").click()
    expect(readout).to_contain_text("The largest of 1, 1, 1, 1 is 1", timeout=PATIENCE)
    first = lab.locator('[data-grid="input"] input').first
    first.fill("9")
    first.press("Enter")
    expect(readout).to_contain_text("The largest of 9, 1, 1, 1 is 9")
    expect(lab.locator('[data-grid="output"] .cell').first).to_have_text("9")
    page.get_by_role("radio", name="average pooling").click()
    expect(readout).to_contain_text("(9 + 1 + 1 + 1) ÷ 4 = 3", timeout=PATIENCE)
    expect(lab.locator(".verdict")).to_contain_text("equal to torch's", timeout=PATIENCE)
    assert findings(lab) == []
