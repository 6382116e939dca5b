"""Networks of one's own classes in a real browser: whatever a class is called is text in viewer, table and figure."""

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser import PATIENCE
from tests.browser.test_compare import settled, upload
from tests.own_data import MARKUP, fruit, trained

SHOWN = [" ".join(name.split()) for name in MARKUP]


def file(name: str, pixels: np.ndarray) -> dict:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": out.getvalue()}


@pytest.fixture
def page(browser, request, tmp_path, monkeypatch):
    monkeypatch.setenv("SEG_WEIGHTS", str(trained(tmp_path)))
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.set_default_timeout(PATIENCE)
    alerts: list[str] = []
    page.on("dialog", lambda dialog: alerts.append(dialog.message) or dialog.dismiss())
    page.goto(f"{request.getfixturevalue('fresh_app')}/?dataset=bowl")
    yield page
    assert page.locator('[data-testid="stException"]').all_inner_texts() == []
    assert alerts == []
    page.close()


def texts(page: Page, selector: str) -> list[str]:
    return [" ".join(text.split()) for text in page.locator(selector).all_inner_texts()]


def test_class_names_are_text_in_the_viewer_the_table_and_the_chart(page):
    one = fruit(4)
    upload(page, 0, file("bowl.png", one.image))
    settled(page, 3)
    upload(page, 1, file("bowl_mask.png", one.labels))
    expect(page.get_by_text("Which classes does each network find?")).to_be_visible()
    settled(page, 3)
    assert set(SHOWN) <= set(texts(page, ".score-table tbody th"))
    assert set(SHOWN) <= set(texts(page, ".viewer .legend button"))
    expect(page.locator(".ytick text").first).to_be_visible()
    ticks = page.locator(".ytick text").evaluate_all("(all) => all.map((text) => text.textContent)")
    assert {" ".join(tick.split()) for tick in ticks} >= {*SHOWN[:1], SHOWN[2]}
    assert page.locator('img[src="x"]').count() == 0
