"""The page 'Teach' as a person uses it, from the first photo to the network that is taken along."""

import io
import shutil
from pathlib import Path
from zipfile import ZipFile

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from seg.catalogue.onnx import read_onnx
from tests.browser import PATIENCE
from tests.browser.axe import whole
from tests.browser.conftest import CHROMIUM
from tests.browser.test_compare import still
from tests.pages.test_teach import disc


@pytest.fixture(params=["light", "dark"])
def page(browser, serve, request):
    page = browser.new_page(color_scheme=request.param, viewport={"width": 1440, "height": 900})
    page.set_default_timeout(PATIENCE)
    page.goto(f"{serve('streamlit_app.py')}/teach")
    yield page
    assert page.locator('[data-testid="stException"]').all_inner_texts() == []
    page.close()


def photo(place: int) -> dict:
    file = io.BytesIO()
    Image.fromarray(disc(place)[0]).save(file, "PNG")
    return {"name": f"disc {place}.png", "mimeType": "image/png", "buffer": file.getvalue()}


def panel(page: Page, name: str) -> Locator:
    return page.locator(f'[data-panel="{name}"]')


def choose(page: Page, place: int) -> None:
    """The photo at this place of the row, once it is there."""
    photo = page.locator(".thumbnails button").nth(place)
    photo.click()
    expect(photo).to_have_attribute("aria-pressed", "true")
    expect(page.locator('.thumbnails[aria-busy="true"]')).to_have_count(0)
    still(page)


def press_on(page: Page, place: int) -> None:
    """A click on the disc, in the picture of 80 × 60."""
    box = panel(page, "Your painting").locator(".box")
    box.scroll_into_view_if_needed()
    bounds = box.bounding_box()
    assert bounds
    x, y = (25 + 5 * place) / 80, 30 / 60
    page.mouse.click(bounds["x"] + x * bounds["width"], bounds["y"] + y * bounds["height"])


def paint(page: Page, place: int, painted: str) -> None:
    """The disc with the wand, and background for the rest."""
    press_on(page, place)
    expect(page.get_by_text(painted)).to_be_visible()
    page.get_by_text("The rest of this photo is background").click()
    still(page)


def teach(page: Page, label: str) -> None:
    page.get_by_role("button", name=label).click()
    expect(page.get_by_text("Taught in")).to_be_visible()
    still(page)


def test_five_steps_from_photos_to_a_network_of_ones_own(page):
    page.locator('input[type="file"]').first.set_input_files([photo(0), photo(1), photo(9)])
    names = page.get_by_role("textbox", name="What shall it find?")
    names.fill("disc")
    names.press("Enter")
    expect(page.locator(".paint-classes")).to_contain_text("disc")
    page.locator('[data-tool="wand"]').click()
    strip = page.locator(".thumbnails button")
    for place in (0, 1):
        choose(page, place)
        paint(page, place, f"{place + 1} of 3 photos painted")
    teach(page, "4 · Teach")
    expect(page.get_by_text("by 2 photos; on a new one like these expect a Dice between")).to_be_visible()
    choose(page, 2)
    expect(panel(page, "Network")).to_contain_text("has never seen this photo")
    expect(panel(page, "Network")).to_have_attribute("data-state", "ready")
    assert whole(page) == []

    # The next photo, and the correction
    page.get_by_role("button", name="More photos").click()
    page.locator('input[type="file"]').first.set_input_files([photo(5)])
    expect(strip).to_have_count(4)
    page.keyboard.press("Escape")
    expect(panel(page, "Network")).to_have_attribute("data-state", "ready")
    paint(page, 5, "3 of 4 photos painted")
    teach(page, "5 · Teach on")
    expect(page.get_by_text("by 3 photos")).to_be_visible()

    page.get_by_role("button", name="Open in Compare").click()
    expect(page.get_by_role("heading", name="What do the networks see?")).to_be_visible()
    expect(page.locator('[data-role="network"][data-state="ready"]')).to_have_count(1)
    expect(page.locator('[data-role="photo"]')).to_contain_text("80 × 60 pixels")
    assert "dataset=mine" in page.url


def test_what_is_painted_is_there_when_one_comes_back_to_the_photo_and_to_the_page(page):
    page.locator('input[type="file"]').first.set_input_files([photo(0), photo(1)])
    page.locator('[data-tool="wand"]').click()
    press_on(page, 1)
    strip = page.locator(".thumbnails button")
    strip.nth(0).click()  # at once: the painting of the other photo is still on its way
    expect(page.get_by_text("1 of 2 photos painted")).to_be_visible()
    page.locator('[data-testid="stSidebar"]').get_by_role("link", name="Losses").click()
    expect(page.get_by_role("heading", name="The formulas")).to_be_visible()
    page.locator('[data-testid="stSidebar"]').get_by_role("link", name="Teach").click()
    expect(page.get_by_text("1 of 2 photos painted")).to_be_visible()
    strip.nth(1).click()
    expect(page.locator('[data-paint="undo"]')).to_be_enabled()
    page.locator('[data-paint="undo"]').click()
    expect(page.get_by_text("0 of 2 photos painted")).to_be_visible()


def test_photos_to_begin_with_can_be_taught_at_once_and_left_in_the_middle(page):
    page.get_by_role("button", name="A cat and people", exact=True).click()
    expect(page.get_by_text("3 of 4 photos painted")).to_be_visible()
    page.get_by_role("button", name="4 · Teach").click()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("Stopped before its end")).to_be_visible()
    expect(page.get_by_role("button", name="4 · Teach")).to_be_enabled()


def taught_once(page: Page) -> None:
    """A network taught by two painted photos, with a third that it has not seen."""
    page.locator('input[type="file"]').first.set_input_files([photo(0), photo(1), photo(9)])
    page.locator('[data-tool="wand"]').click()
    for place in (0, 1):
        choose(page, place)
        paint(page, place, f"{place + 1} of 3 photos painted")
    teach(page, "4 · Teach")


def downloaded(page: Page, title: str) -> Path:
    with page.expect_download(timeout=PATIENCE) as download:
        page.get_by_role("button", name=title).click()
    return download.value.path()


def test_what_was_taught_is_taken_along_and_opens_again_in_another_visit(page, browser, tmp_path):
    taught_once(page)
    with ZipFile(downloaded(page, "Paintings (ZIP)")) as paintings:
        assert sum(name.startswith("masks/") for name in paintings.namelist()) == 2
    network = read_onnx(downloaded(page, "Network (ONNX)").read_bytes(), "thing.onnx")
    assert network.classes == ("background", "thing")
    taken = tmp_path / "thing.zip"
    taken.write_bytes(downloaded(page, "Weight set (ZIP)").read_bytes())

    another = browser.new_page()
    another.set_default_timeout(PATIENCE)
    another.goto(page.url.removesuffix("/teach"))
    still(another)
    another.get_by_text("Your own runs").click()
    another.get_by_role("button", name="Open a ZIP").click()
    another.get_by_role("dialog").locator('input[type="file"]').set_input_files(taken)
    expect(another.get_by_text("Opened: thing, taught on ")).to_be_visible()
    still(another)
    assert another.locator('[data-testid="stException"]').all_inner_texts() == []
    another.close()


def test_why_a_few_photos_do_is_shown_beside_a_network_from_scratch(page):
    taught_once(page)
    for stride in ("All strides", "Without stride 8", "Without stride 16", "Without stride 32"):
        expect(page.get_by_text(stride, exact=True)).to_be_visible()
    page.get_by_role("button", name="Try it without the encoder, and with fewer photos").click()
    expect(page.get_by_text("How much does each photo bring?")).to_be_visible()
    expect(page.get_by_alt_text("by your network")).to_have_count(3)
    expect(page.get_by_alt_text("by a network from scratch")).to_have_count(3)
    assert whole(page) == []


def test_the_second_of_two_visitors_is_told_that_he_waits_and_has_his_turn(page, browser):
    another = browser.new_page()
    another.set_default_timeout(PATIENCE)
    another.goto(page.url)
    for one in (page, another):
        one.get_by_role("button", name="Cars in streets", exact=True).click()
        expect(one.get_by_text("3 of 4 photos painted")).to_be_visible()
    page.get_by_role("button", name="4 · Teach").click()
    expect(page.get_by_text("The encoder looks at the photos").or_(page.get_by_text("The head learns"))).to_be_visible()
    another.get_by_role("button", name="4 · Teach").click()
    expect(another.get_by_text("Waiting: 1 other visitor learns first. Paint on meanwhile.")).to_be_visible()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("Stopped before its end")).to_be_visible()
    expect(another.get_by_text("Taught in")).to_be_visible()
    another.close()


def test_a_photo_taken_with_the_camera_can_be_painted(browser, serve):
    camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    chromium = browser.browser_type.launch(executable_path=shutil.which("chromium"), args=[*CHROMIUM, *camera])
    page = chromium.new_page(viewport={"width": 390, "height": 844})
    page.set_default_timeout(PATIENCE)
    page.goto(f"{serve('streamlit_app.py')}/teach")
    page.get_by_text("With the camera").click()
    page.wait_for_function("document.querySelector('video')?.readyState >= 3")
    page.get_by_role("button", name="Take Photo", exact=True).click()
    expect(page.get_by_text("0 of 1 photo painted")).to_be_visible()
    expect(page.locator(".thumbnails button")).to_have_count(1)
    assert page.locator('[data-testid="stException"]').all_inner_texts() == []
    chromium.close()
