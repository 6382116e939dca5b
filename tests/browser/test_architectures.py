"""The Architectures page as a person uses it: click a stage, untick a skip, pick a pixel."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import PATIENCE


@pytest.fixture(scope="module")
def page(browser, serve) -> Page:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{serve('streamlit_app.py')}/architectures?dataset=street")
    expect(page.locator(".network svg")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("heading", name="What a mask does not know")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE)
    yield page
    assert not errors
    assert page.locator('[data-testid="stException"]').count() == 0
    page.close()


def test_a_stage_tells_its_numbers_and_shows_its_maps(page):
    box = page.locator(".network .box[data-name='decoder.blocks.1']")
    box.hover()
    expect(page.locator(".network .readout")).to_contain_text(re.compile(r"128 channels of \d+ × \d+ · 488,960 param"))
    box.click()
    expect(page.get_by_text("What decoder.blocks.1 sees")).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".network .skip")).to_have_count(4)


def test_a_smaller_feature_map_is_drawn_lower(page):
    def height(name: str) -> float:
        return page.locator(f".network .box[data-name='{name}'] rect").first.bounding_box()["height"]

    assert height("encoder.model.conv_stem") == pytest.approx(2 * height("encoder.model.blocks.1"), rel=0.1)


def test_skips_taken_away_change_the_score(page):
    ticked = page.get_by_test_id("stMetric").filter(has_text="mean Dice, as ticked").get_by_test_id("stMetricValue")
    before = ticked.inner_text()
    page.get_by_role("button", name="level3", exact=True).click()
    expect(ticked).not_to_have_text(before, timeout=PATIENCE)


def test_a_pixel_picked_changes_its_numbers(page):
    text = page.get_by_text("Pixel in row").first
    before = text.inner_text()
    page.locator(".pixel-picker").click(position={"x": 40, "y": 20})
    expect(text).not_to_have_text(before, timeout=PATIENCE)
    expect(text).to_contain_text("row 2")
