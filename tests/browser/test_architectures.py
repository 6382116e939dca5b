"""The Architectures page as a person uses it: click a stage, untick a skip, pick a pixel."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import PATIENCE
from tests.browser.axe import findings


@pytest.fixture(scope="module")
def page(browser, serve) -> Page:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{serve('streamlit_app.py')}/architectures?dataset=street")
    expect(page.locator(".network svg")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("heading", name="What does resolution cost?")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE)
    yield page
    assert not errors
    assert page.locator('[data-testid="stException"]').all_inner_texts() == []
    page.close()


def test_a_stage_tells_its_numbers_and_shows_its_maps(page):
    box = page.locator(".network .box[data-name='decoder.blocks.1']")
    readout = page.locator(".network .readout")
    expect(readout).not_to_contain_text("decoder.blocks")
    box.hover()
    expect(readout).to_contain_text(re.compile(r"Decoder 4 · \d+×\d+ · 128 channels · 488,960 param"))
    expect(readout).to_contain_text("decoder.blocks.1")
    box.click()
    expect(page.get_by_text("What Decoder 4 sees")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("heading", name="What do the skips bring?").hover()
    expect(readout).not_to_contain_text("decoder.blocks")


def test_the_drawing_goes_from_the_picture_to_the_mask_and_every_box_holds_a_map(page):
    drawing = page.locator(".network")
    expect(drawing.get_by_role("img", name="The picture")).to_be_visible()
    expect(drawing.get_by_role("img", name="The mask")).to_be_visible()
    images = drawing.locator(".box image").evaluate_all("images => images.map((image) => image.getAttribute('href'))")
    assert len(images) == len(set(images)) == drawing.locator(".box").count()
    assert drawing.locator(".part text").all_text_contents() == ["encoder", "bottleneck", "decoder"]
    assert drawing.locator(".step").all_text_contents() == ["÷2"] * 5 + ["×2"] * 5
    assert drawing.locator(".skip").evaluate_all("skips => skips.map((skip) => skip.dataset.how)") == ["joined"] * 4
    assert findings(drawing) == []


def test_at_a_desk_all_of_the_drawing_is_seen(page):
    assert page.locator(".stage-drawing").evaluate("place => place.scrollWidth <= place.clientWidth")


def test_the_drawing_opens_on_the_bottleneck_and_is_walked_by_keys(browser, serve):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{serve('streamlit_app.py')}/architectures?dataset=shapes&network=FCN-8s")
    chosen = page.locator(".network .box[aria-pressed=true]")
    expect(chosen).to_have_attribute("aria-label", re.compile("^Bottleneck 2 · 2×2 · 256 channels"), timeout=PATIENCE)
    expect(page.get_by_text("What Bottleneck 2 sees")).to_be_visible(timeout=PATIENCE)
    assert page.locator(".skip").evaluate_all("skips => skips.map((skip) => skip.dataset.how)") == ["added"] * 2
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE)
    chosen.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".network .readout")).to_contain_text("Classifier")
    page.keyboard.press("Enter")
    expect(page.get_by_text("What Classifier sees")).to_be_visible(timeout=PATIENCE)
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth <= element.clientWidth")
    page.close()


def test_a_smaller_feature_map_is_drawn_lower(page):
    def height(name: str) -> float:
        return page.locator(f".network .box[data-name='{name}'] .frame").bounding_box()["height"]

    names = ["encoder.model.conv_stem", *(f"encoder.model.blocks.{i}" for i in (1, 2, 4))]
    heights = [height(name) for name in names]
    assert heights == sorted(set(heights), reverse=True)


def test_skips_taken_away_change_the_score(page):
    ticked = page.get_by_test_id("stMetric").filter(has_text="mean Dice, as ticked").get_by_test_id("stMetricValue")
    before = ticked.inner_text()
    page.get_by_role("button", name="level3", exact=True).click()
    expect(ticked).not_to_have_text(before, timeout=PATIENCE)


def test_a_pixel_picked_is_seen_by_every_network(page):
    fields = page.get_by_role("img", name="Receptive field of U-Net")
    before = fields.get_attribute("src")
    page.locator(".pixel-picker").click(position={"x": 40, "y": 20})
    expect(fields).not_to_have_attribute("src", before, timeout=PATIENCE)


def test_a_dense_block_opens_and_counts_its_growth(browser, serve):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{serve('streamlit_app.py')}/architectures?dataset=shapes&network=FC-DenseNet103")
    block = page.locator(".dense")
    readout = block.locator(".readout")
    said = "Layer 15 reads the input and 14 layers before it: 122 + 14 × 3 = 164 channels, and adds 3."
    expect(readout).to_have_text(said, timeout=PATIENCE)
    expect(block.locator(".arc.read")).to_have_count(15)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE)
    block.locator(".layer.chosen").focus()
    page.keyboard.press("End")
    expect(readout).to_have_text(
        "Output: the input and all that was added, 122 + 15 × 3 = 167 channels. "
        "Only the 15 × 3 = 45 new ones go on up, else the number would explode."
    )
    assert findings(block) == []
    page.close()
