"""The page 'Your data' as a person uses it: files in, scores out, a line clicked, the picture in the viewer."""

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from seg.datasets import street
from tests.browser import PATIENCE
from tests.browser.axe import whole
from tests.browser.test_compare import still

HEAD, LINE = 35, 44
"""Heights in the table, pixels."""

SIZES = {"small": (60, 80), "large": (90, 120)}


@pytest.fixture(params=["light", "dark"])
def page(browser, serve, request):
    page = browser.new_page(color_scheme=request.param, viewport={"width": 1440, "height": 1000})
    page.set_default_timeout(PATIENCE)
    page.goto(f"{serve('streamlit_app.py')}/your_data")
    yield page
    assert page.locator('[data-testid="stException"]').all_inner_texts() == []
    page.close()


def file(name: str, pixels: np.ndarray) -> dict:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": out.getvalue()}


def pairs() -> list[dict]:
    scenes = {name: street.render(3, *size) for name, size in SIZES.items()}
    photos = [file(f"{name}.png", scene.image) for name, scene in scenes.items()]
    return photos + [file(f"{name}_mask.png", scene.labels) for name, scene in scenes.items()]


def expect_shown(page: Page, name: str, place: int) -> None:
    """This picture is in the viewer, with its truth and every network's mask."""
    height, width = SIZES[name]
    expect(page.locator(".st-key-your-data-walk")).to_contain_text(f"{name} · {place} of 2")
    expect(page.locator('[data-role="photo"]')).to_contain_text(f"{width} × {height} pixels")
    expect(page.locator('[data-role="network"][data-state="ready"]')).to_have_count(3)
    still(page)


def test_two_pairs_are_scored_and_a_click_on_a_line_opens_its_picture(page):
    page.locator('input[type="file"]').first.set_input_files(pairs())
    expect(page.get_by_text("2 pictures, laid out as images/ and masks/")).to_be_visible()
    page.get_by_role("combobox", name="Classes of").click()
    page.get_by_role("option", name="street, 11 classes").click()
    page.get_by_role("combobox", name="Pictures").click()
    page.get_by_role("option", name="all: 2").click()
    page.get_by_role("button", name="Score", exact=True).click()
    expect(page.get_by_role("heading", name="Which network is best?")).to_be_visible()
    first = page.locator(".st-key-your-data-walk strong")
    names = [first.inner_text()]
    names += [name for name in SIZES if name not in names]
    expect_shown(page, names[0], 1)
    table = page.get_by_test_id("stDataFrame").last
    table.scroll_into_view_if_needed()
    table.click(position={"x": 100, "y": HEAD + 1.5 * LINE})
    expect_shown(page, names[1], 2)
    page.get_by_role("button", name="Previous").click()
    expect_shown(page, names[0], 1)
    page.get_by_text("Only pictures with one confusion").click()
    expect(page.get_by_text("The largest: truth → what it is taken for")).to_be_visible()
    still(page)
    assert whole(page) == []


def test_a_cell_of_what_is_taken_for_what_filters_the_pictures(page):
    page.get_by_role("button", name="16 street scenes").click()
    expect(page.locator(".st-key-your-data-walk")).to_contain_text("1 of 16")
    still(page)
    chart = page.locator(".st-key-your-data-confusion")
    chart.scroll_into_view_if_needed()
    cells = chart.locator(".scatterlayer .point")
    classes = chart.locator(".ytick text").all_text_contents()[::-1]  # from the bottom up
    truth, said = classes.index("building"), classes.index("tree")
    cells.nth(truth * len(classes) + said).click(force=True)
    expect(page.get_by_text("takes building for tree: those with most such pixels first.")).to_be_visible()
    still(page)
    cells.nth(truth * len(classes) + truth).click(force=True)
    expect(page.get_by_text("those with most such pixels first.")).to_have_count(0)


def test_an_example_that_is_stopped_goes_on_to_its_end(page):
    page.get_by_role("button", name="16 street scenes").click()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("Stopped at")).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".st-key-your-data-walk")).to_contain_text("1 of 16")
    expect(page.get_by_role("button", name="Go on")).to_have_count(0)
