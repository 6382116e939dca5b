"""'Use as truth': what is painted in the browser arrives in Python, pixel by pixel."""

import json
from collections.abc import Callable

import numpy as np
from playwright.sync_api import expect

from seg.datasets.street import STREET
from seg.labels import IGNORE
from seg.pictures.drawing import encode_ids
from tests.browser.test_compare import score_table, settled, upload
from tests.browser.test_viewer import Viewer, open_viewer  # noqa: F401 (a fixture)
from tests.browser.test_viewer_paint import choose, download, stroke


def painter(open_viewer: Callable[..., Viewer]) -> Viewer:  # noqa: F811
    viewer = open_viewer("taught").wait("U-Net", "FCN-8s")
    viewer.root.locator('[data-action="paint"]').click()
    return viewer


def test_the_painting_becomes_the_truth_in_python(open_viewer):  # noqa: F811
    viewer = painter(open_viewer)
    use = viewer.root.locator('[data-paint="use"]')
    expect(use).to_be_disabled()
    choose(viewer, "car")
    stroke(viewer, "Your truth", (100, 100), (300, 200))
    ids, counts = np.unique(download(viewer), return_counts=True)
    assert set(ids) == {STREET.names.index("car"), IGNORE}
    use.click()
    told = json.loads(viewer.page.locator('[data-testid="stCode"] code').inner_text())
    assert told == {"size": [360, 480], "ids": ids.tolist(), "counts": counts.tolist()}


def test_the_truth_used_stands_in_its_panel_when_painting_ends(open_viewer):  # noqa: F811
    viewer = painter(open_viewer)
    choose(viewer, "road")
    stroke(viewer, "U-Net", (60, 250), (400, 250))
    viewer.root.locator('[data-paint="use"]').click()
    expect(viewer.page.locator('[data-testid="stCode"]')).to_be_visible()
    viewer.root.locator('[data-action="paint"]').click()
    viewer.wait("Truth")
    viewer.hover("Truth", (200, 250))
    expect(viewer.root.locator('[data-readout="Truth"] .class')).to_have_text("road")
    viewer.hover("Truth", (200, 20))
    expect(viewer.root.locator('[data-readout="Truth"] .class')).to_have_text("not labelled")


def test_on_the_compare_page_all_scores_follow_the_painting_and_go_back_with_it(browser, serve):
    viewer = Viewer(
        browser.new_page(viewport={"width": 1440, "height": 1000}), f"{serve('streamlit_app.py')}/?dataset=street"
    )
    page = viewer.page
    settled(page)
    before = score_table(page)
    viewer.root.locator('[data-action="paint"]').click()
    viewer.root.locator(".painter select").select_option("U-Net")
    viewer.root.locator('[data-paint="use"]').click()
    expect(page.locator(".score-table").first).to_contain_text("1.000")
    settled(page)
    painted = score_table(page)
    assert painted["U-Net"]["mean Dice"] == "1.000"
    assert painted["FCN-32s"]["mean Dice"] not in ("1.000", before["FCN-32s"]["mean Dice"])
    page.get_by_role("button", name="This photo").click()
    page.get_by_role("button", name="Remove your truth").click()
    expect(page.get_by_role("button", name="Remove your truth")).to_have_count(0)
    settled(page)
    assert score_table(page) == before
    assert not viewer.errors
    page.close()


def test_a_painting_is_downloaded_and_uploaded_again(browser, serve, tmp_path):
    viewer = Viewer(
        browser.new_page(viewport={"width": 1440, "height": 1000}), f"{serve('streamlit_app.py')}/?dataset=street"
    )
    page = viewer.page
    settled(page)
    viewer.root.locator('[data-action="paint"]').click()
    choose(viewer, "car")
    stroke(viewer, "Your truth", (100, 100), (300, 200))
    painted = download(viewer)
    viewer.root.locator('[data-action="paint"]').click()
    file = tmp_path / "truth.png"
    file.write_bytes(encode_ids(painted, STREET))
    with page.expect_response(lambda response: "upload_file" in response.url):  # a popover that closes takes it along
        upload(page, 1, file)
    settled(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="This photo").click()
    expect(page.get_by_role("button", name="Remove your truth")).to_be_visible()
    page.keyboard.press("Escape")
    settled(page)
    viewer.wait("Truth")
    for pixel, name in (((200, 150), "car"), ((20, 20), "not labelled")):
        viewer.hover("Truth", pixel)
        expect(viewer.root.locator('[data-readout="Truth"] .class')).to_have_text(name)
    page.close()


def test_the_view_outlives_other_architectures_another_picture_and_the_way_back(browser, serve):
    viewer = Viewer(
        browser.new_page(viewport={"width": 1440, "height": 1000}), f"{serve('streamlit_app.py')}/?dataset=street"
    )
    page = viewer.page
    settled(page)
    viewer.wait("U-Net")
    viewer.mode("outlines")
    viewer.hover("Photo", (300, 200))
    viewer.wheel(4)
    seen = viewer.root.get_attribute("data-view")
    assert seen != "1.000 0.5000 0.5000"
    page.get_by_role("button", name="7 architectures").click()
    page.locator('[data-testid="stButtonGroup"]').get_by_role("button", name="Conv stack", exact=True).click()
    page.keyboard.press("Escape")
    expect(page.get_by_text("6 of 6 networks done")).to_be_visible()
    assert viewer.root.get_attribute("data-view") == seen
    page.get_by_role("button", name="Sample 2", exact=True).click()
    expect(viewer.root).to_have_attribute("data-view", "1.000 0.5000 0.5000")
    page.get_by_role("button", name="Sample 1", exact=True).click()
    expect(viewer.root).to_have_attribute("data-view", seen)
    expect(viewer.root).to_have_attribute("data-look", "outlines")
    page.close()
