"""What is taken along of a page: pictures, a handout, paper."""

import io
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser import PATIENCE
from tests.browser.axe import findings
from tests.browser.test_compare import settled, still

CHART = "Dice of every class, one mark a network"


@pytest.fixture
def page(browser, serve):
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.set_default_timeout(PATIENCE)
    page.goto(f"{serve('streamlit_app.py')}/?dataset=street")
    settled(page)
    yield page
    page.close()


def taken(page: Page, button: str) -> bytes:
    with page.expect_download() as file:
        page.get_by_role("button", name=button, exact=True).click()
    return Path(file.value.path()).read_bytes()


def test_charts_and_the_viewer_are_taken_as_svg_and_png(page):
    page.get_by_text("Pictures", exact=True).click()
    expect(page.locator(".pictures li")).to_have_count(2)
    assert findings(page.locator(".page-tools")) == []
    chart = ElementTree.fromstring(taken(page, f"{CHART} as SVG"))
    assert {"pedestrian", "U-Net", "Dice"} <= set(chart.itertext())
    viewer = ElementTree.fromstring(taken(page, "The masks as SVG"))
    pictures = [element for element in viewer.iter() if element.tag.endswith("image")]
    assert len(pictures) == 9
    assert all(one.get("href", "").startswith("data:image/png") for one in pictures)
    words = set(viewer.itertext())
    assert {"FC-DenseNet103", "bicyclist"} <= words
    assert not {"Overlay", "Save", "Patterns"} & words
    for name, svg in ((CHART, chart), ("The masks", viewer)):
        picture = Image.open(io.BytesIO(taken(page, f"{name} as PNG")))
        assert picture.size == (2 * int(svg.get("width", 0)), 2 * int(svg.get("height", 0)))
        assert len(picture.convert("RGB").getcolors(2**24) or []) > 5, "it is not empty"


def test_a_handout_opens_without_a_network_and_holds_the_page(page, browser, tmp_path):
    page.locator("[data-mode=errors]").click()
    file = tmp_path / "handout.html"
    file.write_bytes(taken(page, "Handout"))
    expect(page.locator(".page-tools .said")).to_contain_text("what-do-the-networks-see.html is written.")
    context = browser.new_context(offline=True, java_script_enabled=False)
    other, asked = context.new_page(), []
    other.on("request", lambda request: asked.append(request.url))
    other.goto(file.as_uri())
    assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]
    expect(other.get_by_role("heading", level=1)).to_have_text("What do the networks see?")
    expect(other.get_by_role("img", name="The masks")).to_be_visible()
    expect(other.get_by_role("img", name=CHART)).to_be_visible()
    expect(other.get_by_role("cell", name="mean Dice")).to_be_visible()
    expect(other.get_by_role("link")).to_have_attribute("href", page.url)
    assert "way%3Derrors" in page.url
    expect(other.get_by_text("How the weights were made")).to_be_visible()
    expect(other.get_by_text("street/unet-wce-lite0")).to_be_visible()
    widths = "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    scroll, client = other.evaluate(widths)
    assert scroll <= client
    context.close()


def test_paper_gets_the_page_without_sidebar_and_controls_and_charts_as_wide_as_it_is(page):
    before = page.locator('[data-testid="stPlotlyChart"]').count()
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    for control in ("Save", "Try your photo", "Class ids (PNG)"):
        expect(page.get_by_text(control, exact=True).locator("visible=true")).to_have_count(0)
    expect(page.get_by_text("Dice per class")).to_be_visible()
    expect(page.locator(".seg-printed")).to_have_count(before)
    expect(page.locator(".js-plotly-plot").first).to_be_hidden()
    colour = page.get_by_text("Dice per class").evaluate("(heading) => getComputedStyle(heading).color")
    assert colour == "rgb(16, 25, 29)"
    page.emulate_media(media="screen")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    expect(page.locator(".seg-printed")).to_have_count(0)
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")
    still(page)


def test_an_audience_sees_no_marks_to_save_and_no_patterns_to_choose(browser, serve):
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.set_default_timeout(PATIENCE)
    page.goto(f"{serve('streamlit_app.py')}/?dataset=street&present=1")
    settled(page)
    expect(page.locator('[data-panel="U-Net"] .name')).to_be_visible()
    for control in (".keep", "[data-action=patterns]", "[data-action=save]"):
        expect(page.locator(f".viewer {control} >> visible=true")).to_have_count(0)
    page.close()


def lightness(colour: str) -> float:
    """Of 'rgb(16, 25, 29)', 'color(srgb 0.1 0.2 0.3 / 0.6)' or '#fff', from 0 to 1."""
    if colour == "#fff":
        return 1.0
    most = 1 if colour.startswith("color") else 255
    return max(float(number) for number in re.findall(r"[\d.]+", colour)[:3]) / most


def test_a_handout_of_the_dark_theme_is_dark_on_white(browser, serve):
    page = browser.new_page(viewport={"width": 1440, "height": 1000}, color_scheme="dark")
    page.set_default_timeout(PATIENCE)
    page.goto(f"{serve('streamlit_app.py')}/?dataset=street")
    settled(page)
    expect(page.locator(".js-plotly-plot")).to_have_count(1)
    html = taken(page, "Handout").decode()
    page.close()
    other = browser.new_page()
    other.set_content(html)
    for name in ("The masks", CHART):
        drawing = other.get_by_role("img", name=name).evaluate(
            """async (image) => {
                const svg = new DOMParser().parseFromString(await (await fetch(image.src)).text(), "image/svg+xml");
                const texts = [...svg.querySelectorAll("text")].filter((text) => text.textContent !== "best");
                const fills = texts.map((text) => text.style.fill || text.getAttribute("fill"));
                return { ground: svg.querySelector("rect").getAttribute("fill"), fills };
            }"""
        )
        assert lightness(drawing["ground"]) > 0.9
        assert drawing["fills"]
        assert max(map(lightness, drawing["fills"])) < 0.7, "but for the mark of the best, which is light on dark"
    other.close()


def test_paper_gets_all_lines_of_a_long_table(browser, serve):
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.set_default_timeout(PATIENCE)
    page.goto(f"{serve('streamlit_app.py')}/leaderboard")
    expect(page.get_by_role("heading", name="How fast does it run?")).to_be_visible()
    still(page)
    lines = page.locator(".seg-paper").first.locator("tbody tr")
    assert lines.count() > 30
    expect(lines.last).to_be_hidden()
    page.emulate_media(media="print")
    expect(lines.last).to_be_visible()
    expect(page.get_by_test_id("stDataFrame").first).to_be_hidden()
    title, table = page.get_by_role("heading", level=1).bounding_box(), page.locator(".seg-paper").first.bounding_box()
    assert title
    assert table
    assert table["y"] - title["y"] < 200, "nothing is left open where the screen's table stands"
    page.close()


def test_paper_and_a_handout_have_the_numbers_of_the_dark_theme_in_ink_and_pictures_in_rows(browser, serve):
    page = browser.new_page(viewport={"width": 1000, "height": 1000}, color_scheme="dark")
    page.set_default_timeout(PATIENCE)
    page.goto(f"{serve('streamlit_app.py')}/upsampling?dataset=street")
    expect(page.get_by_role("heading", name="What do our networks do?")).to_be_visible()
    still(page)
    html = taken(page, "Handout").decode()
    matrix = page.locator(".matrix")
    ink = "(matrix) => getComputedStyle(matrix.querySelector('text')).fill"
    assert lightness(matrix.evaluate(ink)) > 0.7
    page.emulate_media(media="print")
    assert lightness(matrix.evaluate(ink)) < 0.3
    tops = {box["y"] for one in page.locator(".st-key-row-ways-down > *").all() if (box := one.bounding_box())}
    assert len(tops) == 1
    page.close()
    other = browser.new_page()
    other.set_content(html)
    fills = other.get_by_role("img", name="A transposed convolution, by hand").evaluate(
        """async (image) => {
            const svg = new DOMParser().parseFromString(await (await fetch(image.src)).text(), "image/svg+xml");
            return [...svg.querySelectorAll("text")].map((text) => text.style.fill || text.getAttribute("fill"));
        }"""
    )
    assert max(map(lightness, fills)) < 0.7
    captions = other.locator("figcaption").all_inner_texts()
    assert captions.index("input") < captions.index("max pooling") < captions.index("average pooling")
    other.close()
