"""Masks brought in the browser: what their names or ids leave open is asked with its choices."""

import io

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect

from seg.datasets import street
from seg.labels import IGNORE
from tests.browser.test_compare import page, settled, upload  # noqa: F401 (a fixture)

SCENE = street.render(3, 180, 240)


def png(name: str, pixels: np.ndarray) -> dict:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": file.getvalue()}


def is_scored(page: Page) -> None:  # noqa: F811
    expect(page.get_by_text("Which classes does each network find?")).to_be_visible()
    settled(page)


def test_a_mask_that_fits_no_photo_by_name_goes_where_the_visitor_says(page):  # noqa: F811
    upload(page, 0, png("mine.png", SCENE.image))
    expect(page.get_by_text("how much the networks agree")).to_be_visible()
    disk = np.where(SCENE.labels == IGNORE, 11, SCENE.labels).astype(np.uint8)
    upload(page, 1, png("photo_mask.png", disk))
    question = page.get_by_text("photo_mask.png fits none of your photos by name: which one?")
    expect(question).to_be_visible()
    expect(page.get_by_text("how much the networks agree")).to_be_visible()
    page.locator('[data-testid="stSelectbox"]').filter(has_text="photo_mask.png").locator("input").click()
    page.get_by_role("option", name="mine.png").click()
    expect(question).to_have_count(0)
    is_scored(page)


def test_ids_that_may_count_from_1_are_read_as_the_visitor_says(page):  # noqa: F811
    upload(page, 0, png("mine.png", SCENE.image))
    expect(page.get_by_text("how much the networks agree")).to_be_visible()
    from_1 = np.where(SCENE.labels == IGNORE, 0, SCENE.labels + 1).astype(np.uint8)
    upload(page, 1, png("mine_labelIds.png", from_1))
    expect(page.get_by_text("with ids from 1, it reads as")).to_be_visible()
    page.get_by_role("button", name="1 is sky, 0 is unlabelled").click()
    expect(page.get_by_text("with ids from 1, it reads as")).to_have_count(0)
    is_scored(page)
