"""The pictures of Compare as a person meets them: first on the page, one row, buttons themselves."""

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser import PATIENCE
from tests.browser.test_compare import settled, still

UPLOADS = 50


def opened(browser, serve, width: int, height: int, **options) -> Page:
    page = browser.new_page(viewport={"width": width, "height": height}, **options)
    page.set_default_timeout(PATIENCE)
    page.goto(f"{serve('streamlit_app.py')}/?dataset=street")
    settled(page)
    return page


@pytest.fixture
def page(browser, serve):
    page = opened(browser, serve, 1440, 900)
    yield page
    assert page.locator('[data-testid="stException"]').all_inner_texts() == []
    page.close()


def row(page: Page):
    return page.get_by_role("toolbar", name="Pictures")


def picture(name: str, size: tuple[int, int], shade: int) -> dict:
    pixels = np.full((*size[::-1], 3), shade, np.uint8)
    pixels[: size[1] // 2] = 255 - shade
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": file.getvalue()}


def shown(page: Page) -> str:
    return row(page).locator('[aria-pressed="true"]').get_attribute("aria-label")


def boxes_of(page: Page, selector: str) -> list[dict]:
    return [element.bounding_box() for element in page.locator(selector).all()]


def test_on_a_desktop_a_whole_row_of_panels_lies_on_the_first_screen(page):
    boxes = boxes_of(page, "[data-panel] .box")
    first = [box for box in boxes if abs(box["y"] - boxes[0]["y"]) < 1]
    assert len(first) >= 3
    assert all(box["y"] + box["height"] <= 900 for box in first)


def test_on_a_phone_a_networks_whole_mask_lies_on_the_first_screen(browser, serve):
    page = opened(browser, serve, 390, 844, is_mobile=True, has_touch=True)
    masks = boxes_of(page, '[data-panel]:not([data-role="photo"], [data-role="truth"]) .box')
    assert min(box["y"] + box["height"] for box in masks) <= 844
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()


def test_a_click_on_a_picture_shows_it_and_the_address_names_it(page):
    row(page).locator("img").nth(1).click()
    page.wait_for_url("**picture=Sample+2**")
    settled(page)
    assert shown(page) == "Sample 2"


def test_a_photo_given_in_the_moment_that_the_way_in_opens_is_taken(page):
    page.get_by_text("Try your photo").click()
    page.get_by_test_id("stMain").locator('input[type="file"]').first.set_input_files(picture("new.png", (64, 48), 90))
    expect(row(page).get_by_role("button", name="new.png")).to_be_visible()
    expect(page.locator(".st-key-try-your-photo details[open]")).to_have_count(0)
    assert page.locator(".st-key-try-your-photo").bounding_box()["width"] < 200


def test_the_row_is_one_tab_stop_and_arrow_keys_go_through_it(page):
    assert row(page).locator('button[tabindex="0"]').count() == 1
    row(page).get_by_role("button", name="Sample 1").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    expect(row(page).get_by_role("button", name="Sample 4")).to_be_focused()
    assert shown(page) == "Sample 1"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    page.wait_for_url("**picture=Sample+3**")
    settled(page)
    assert shown(page) == "Sample 3"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('[data-testid=stPopover]') !== null")


def test_fifty_uploads_of_any_shape_stand_in_one_row_of_squares_with_the_shown_one_in_sight(page):
    shapes = [(60, 45), (45, 60), (90, 30), (30, 90)]
    files = [picture(f"holiday number {i}.png", shapes[i % 4], 2 * i) for i in range(UPLOADS)]
    top = page.locator('[data-role="photo"] .box').bounding_box()["y"]
    still(page)
    page.locator('input[type="file"]').first.set_input_files(files)
    last = row(page).get_by_role("button", name=f"holiday number {UPLOADS - 1}.png", exact=True)
    expect(last).to_have_attribute("aria-pressed", "true")
    settled(page)
    boxes = [button.bounding_box() for button in row(page).get_by_role("button").all()]
    assert len(boxes) == UPLOADS + 4
    assert {(box["y"], box["width"], box["height"]) for box in boxes} == {(boxes[0]["y"], 72, 72)}
    frame, at = row(page).bounding_box(), last.bounding_box()
    assert frame["x"] <= at["x"]
    assert at["x"] + at["width"] <= frame["x"] + frame["width"]
    assert frame["height"] < 100
    notice = 120  # what the networks make of such pictures is said above them
    assert page.locator('[data-role="photo"] .box').bounding_box()["y"] < top + notice
    assert last.get_attribute("title") == f"holiday number {UPLOADS - 1}.png"
    assert not page.locator("details[open]").count()


def test_the_camera_is_asked_for_only_when_a_visitor_wants_it(page):
    page.get_by_text("Try your photo").click()
    expect(page.get_by_role("toolbar", name="Samples")).to_be_visible()
    assert page.locator('[data-testid="stCameraInput"]').count() == 0
    page.get_by_text("With the camera").click()
    expect(page.locator('[data-testid="stCameraInput"]')).to_be_visible()
