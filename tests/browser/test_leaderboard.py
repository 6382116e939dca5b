"""The Leaderboard page in a real browser: the shipped records, a filter, a download, a phone."""

import csv
import io
import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from seg.catalogue.store import SHIPPED
from tests.browser import PATIENCE


def open_board(page: Page, url: str) -> None:
    page.set_default_timeout(PATIENCE)
    page.goto(f"{url}/leaderboard")
    settled(page)


def settled(page: Page) -> None:
    expect(page.get_by_role("heading", name="What they mix up")).to_be_visible()
    expect(page.locator('[data-testid="stApp"]')).to_have_attribute("data-test-script-state", "notRunning")
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()


@pytest.fixture
def page(browser, serve):
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    open_board(page, serve("streamlit_app.py"))
    yield page
    assert page.locator('[data-testid="stException"]').all_inner_texts() == []
    page.close()


def download(page: Page) -> list[dict[str, str]]:
    with page.expect_download() as file:
        page.get_by_role("button", name="These lines (CSV)").click()
    return list(csv.DictReader(io.StringIO(Path(file.value.path()).read_text())))


def test_the_csv_holds_the_numbers_of_the_index_and_follows_the_filters(page):
    index = {r["name"]: r for r in json.loads((SHIPPED / "index.json").read_text())}
    lines = download(page)
    assert sum(int(line["seeds"]) for line in lines) == len(index)
    for line in lines:
        if line["seeds"] == "1":
            assert float(line["mean_iou"]) == index[line["set"]]["validation"]["mean_iou"]
    settled(page)
    networks = page.get_by_role("combobox", name="Network")
    networks.scroll_into_view_if_needed()
    page.wait_for_timeout(500)  # scrolling, and the run after a download, would close the list
    networks.click()
    page.get_by_role("option", name="U-Net", exact=True).click()
    page.keyboard.press("Escape")
    # The choice may not have reached the script yet.
    for _ in range(20):
        settled(page)
        if {line["network"] for line in download(page)} == {"U-Net"}:
            break
        page.wait_for_timeout(250)
    assert {line["network"] for line in download(page)} == {"U-Net"}


def test_on_a_phone_nothing_is_wider_than_the_screen(browser, serve):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    open_board(page, serve("streamlit_app.py"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator('[data-testid="stMain"]').evaluate("e => e.scrollWidth <= e.clientWidth")
    page.close()
