"""The Compare page as a person uses it: the shipped networks, a real photo, a real browser."""

import csv
import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from seg.catalogue.comparisons import WeightSet, comparisons
from seg.catalogue.store import Record
from seg.datasets import Folder
from seg.datasets.street import STREET
from seg.inference.segmenter import Segmenter
from seg.pictures import masks
from seg.pictures.drawing import encode_ids
from seg.scores.evaluation import evaluate
from tests.bad_files import BAD, HEIGHT, ODD, WIDTH
from tests.browser import PATIENCE
from tests.conftest import make_set

FRAME = "0016E5_07965"


@pytest.fixture(scope="session")
def opened(shipped) -> dict[str, Record]:
    """Title → record of the networks that street scenes open with."""
    all_ = comparisons(WeightSet(record) for record in shipped.records().values())
    first = next(comparison for comparison in all_ if comparison.dataset == "street")
    return {entry.title: entry.record for entry in first.entries}


@pytest.fixture
def page(browser, serve):
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.set_default_timeout(PATIENCE)
    page.goto(f"{serve('streamlit_app.py')}/?dataset=street")
    settled(page)
    yield page
    assert page.locator('[data-testid="stException"]').all_inner_texts() == []
    page.close()


def settled(page: Page, networks: int = 7) -> None:
    """All masks are there, and the scores with the downloads below them, and nothing is being drawn any more."""
    expect(page.get_by_text(f"{networks} of {networks} networks done")).to_be_visible()
    expect(page.locator('[data-role="network"][data-state="ready"]')).to_have_count(networks)
    expect(page.get_by_text("Take it with you")).to_have_count(1)
    still(page)
    expect(page.locator(".score-table thead").first).to_be_visible()
    expect(page.get_by_text("Scores follow")).to_have_count(0)
    expect(page.get_by_text("Take it with you")).to_be_visible()


def still(page: Page) -> None:
    """No script is running and no part of the page is on its way."""
    expect(page.locator('[data-testid="stApp"]')).to_have_attribute("data-test-script-state", "notRunning")
    expect(page.locator('[data-testid="stSkeleton"]')).to_have_count(0)


def upload(page: Page, which: int, *files) -> None:
    """Bring photos, 0, or masks, 1, once the page is still: the uploader is a fresh one after each round."""
    still(page)
    page.wait_for_timeout(300)
    if which:
        page.get_by_role("button", name="This photo").click()
        page.locator('input[type="file"]').nth(which).wait_for(state="attached")
        page.wait_for_timeout(1000)  # the page is drawn anew for what has been opened, on a busy machine not at once
        still(page)
    page.locator('input[type="file"]').nth(which).set_input_files(list(files))


def score_table(page: Page) -> dict[str, dict[str, str]]:
    """Network → {row: text} of the first table on the page."""
    table = page.locator(".score-table").first
    head = [h.strip() for h in table.locator("thead th").all_inner_texts()]
    rows = [row.locator("th, td").all_inner_texts() for row in table.locator("tbody tr").all()]
    return {name: {row[0].strip(): row[i].strip() for row in rows} for i, name in enumerate(head) if i}


def watch(page: Page) -> None:
    """From now on remember how many results stood on the page together at most, and which scores."""
    page.evaluate(
        """() => {
            window.most = {heading: 0, scores: 0};
            const count = () => {
                const text = [...document.querySelectorAll("h2")].map((h) => h.innerText.trim());
                const of = (...names) => text.filter((t) => names.includes(t)).length;
                window.most.heading = Math.max(window.most.heading, of("Take it with you"));
                window.most.scores = Math.max(window.most.scores, of("Dice per class", "Where the networks agree"));
            };
            new MutationObserver(count).observe(document.body, {childList: true, subtree: true, characterData: true});
        }"""
    )


@pytest.fixture
def one_frame(camvid, tmp_path) -> Path:
    """A data folder with one real validation frame and its label."""
    for folder, suffix in (("val", ".webp"), ("valannot", ".png")):
        (tmp_path / folder).mkdir()
        shutil.copy(camvid / folder / f"{FRAME}{suffix}", tmp_path / folder)
    return tmp_path


def test_the_dice_table_of_an_uploaded_frame_and_label_equals_the_command_lines(page, one_frame, shipped, opened):
    watch(page)
    upload(page, 0, one_frame / "val" / f"{FRAME}.webp")
    expect(page.get_by_text("how much the networks agree")).to_be_visible()
    settled(page)
    upload(page, 1, one_frame / "valannot" / f"{FRAME}.png")
    expect(page.get_by_text("Which classes does each network find?")).to_be_visible()
    settled(page)
    assert page.evaluate("window.most") == {"heading": 1, "scores": 1}
    shown = score_table(page)
    assert list(shown) == list(opened)

    words = ["--weights", opened["U-Net"].name, "--data", str(one_frame), "--json", "-"]
    command = [sys.executable, "-m", "seg", "evaluate", *words]
    printed = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    samples = Folder(one_frame, "val", STREET)
    measured = {"U-Net": printed} | {
        title: evaluate(Segmenter(opened[title], shipped.load(opened[title])), samples, "val")
        for title in ("FCN-8s", "Conv stack")
    }
    for title, scores in measured.items():
        wanted = {"mean Dice": scores["mean_dice"], "mean IoU": scores["mean_iou"]}
        wanted |= {"pixel accuracy": scores["pixel_accuracy"]}
        wanted |= {name: values["dice"] for name, values in scores["per_class"].items()}
        texts = {row: "–" if value is None else f"{value:.3f}" for row, value in wanted.items()}
        assert shown[title] == texts, title


def test_each_kind_of_bad_file_is_one_sentence_and_the_masks_stay(page, tmp_path):
    for kind, (name, data, fragment) in BAD.items():
        (tmp_path / name).write_bytes(data)
        upload(page, 0, tmp_path / name)
        alert = page.locator('[data-testid="stAlert"]').filter(has_text=fragment)
        expect(alert, kind).to_have_count(1)
        expect(page.locator('[data-role="network"][data-state="ready"]')).to_have_count(7)
        expect(page.locator('[data-testid="stAlert"]')).to_have_count(1)


def test_an_animation_is_segmented_and_its_masks_must_fit(page, tmp_path):
    name, data, _, note = ODD["animated GIF"]
    (tmp_path / name).write_bytes(data)
    upload(page, 0, tmp_path / name)
    expect(page.get_by_text(note)).to_be_visible()
    settled(page)
    masks = {
        "moving_mask.png": (np.zeros((5, 5), np.uint8), "make the mask the same size"),
        "ids.png": (np.full((HEIGHT, WIDTH), 99, np.uint8), "the value 99 of no class"),
    }
    for mask, (ids, sentence) in masks.items():
        Image.fromarray(ids).save(tmp_path / mask)
        upload(page, 1, tmp_path / mask)
        expect(page.get_by_text(sentence)).to_be_visible()
    expect(page.locator('[data-role="network"][data-state="ready"]')).to_have_count(7)


def test_good_files_among_bad_ones_are_taken(page, tmp_path):
    name, data, fragment = BAD["truncated PNG"]
    (tmp_path / name).write_bytes(data)
    Image.fromarray(np.full((90, 120, 3), 120, np.uint8)).save(tmp_path / "fine.png")
    upload(page, 0, tmp_path / name, tmp_path / "fine.png")
    expect(page.get_by_text(fragment)).to_be_visible()
    settled(page)
    page.get_by_role("button", name="This photo").click()
    expect(page.get_by_role("button", name="Remove fine.png")).to_be_visible()


def test_switching_between_samples_and_hovering_reads_the_class_of_every_network(page):
    page.get_by_role("button", name="Sample 2", exact=True).click()
    settled(page)
    page.locator('[data-panel="U-Net"] .box').hover()
    for network in ("U-Net", "FCN-8s", "Conv stack"):
        expect(page.locator(f'[data-readout="{network}"] .value')).to_contain_text(re.compile("|".join(STREET.names)))


def test_a_downloaded_mask_and_the_scores_are_what_is_on_the_screen(page):
    shown = score_table(page)
    with page.expect_download() as scores:
        page.get_by_role("button", name="Scores (CSV)").click()
    rows = list(csv.DictReader(io.StringIO(Path(scores.value.path()).read_text())))
    assert f"{float(rows[0]['U-Net']):.3f}" == shown["U-Net"]["mean Dice"]
    with page.expect_download() as ids:
        page.get_by_role("button", name="Class ids (PNG)").click()
    labels = masks.read(Path(ids.value.path()).read_bytes(), "ids.png", STREET, (360, 480)).labels
    assert Path(ids.value.suggested_filename).suffix == ".png"
    assert encode_ids(labels, STREET)
    with page.expect_download() as colours:
        page.get_by_role("button", name="Colours (PNG)").click()
    drawn = np.asarray(Image.open(colours.value.path()))
    assert (drawn == np.array(STREET.colours, np.uint8)[labels]).all()


def test_on_a_phone_nothing_is_wider_than_the_screen(browser, serve):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.set_default_timeout(PATIENCE)
    page.goto(f"{serve('streamlit_app.py')}/?dataset=street")
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()


def test_own_runs_opened_in_the_sidebar_stand_beside_the_shipped_network(page, tmp_path):
    page.get_by_text("Your own runs").click()
    field = page.get_by_role("textbox", name="Folder on the machine that runs this app")
    field.fill(str(tmp_path / "none"))
    field.press("Enter")
    expect(page.locator('[data-testid="stSidebar"]').get_by_text("There is no folder")).to_be_visible()
    expect(page.locator('[data-role="network"][data-state="ready"]')).to_have_count(7)
    make_set(tmp_path, "street/unet-wce", "unet")
    field.fill(str(tmp_path))
    field.press("Enter")
    expect(page.get_by_text("1 weight set opened.")).to_be_visible()
    page.get_by_role("button", name="7 architectures").click()
    page.locator('[data-testid="stButtonGroup"]').get_by_text("own runs", exact=True).click()
    expect(page.locator('[data-panel="U-Net, your own"]')).to_be_visible()
    settled(page, networks=2)
    assert list(score_table(page)) == [
        "U-Net, your own",
        "U-Net",
    ]


def test_a_click_on_a_class_in_the_table_or_on_a_mark_in_the_chart_sees_it_alone(page):
    page.locator(".score-table").get_by_role("button", name="car").click()
    expect(page.locator(".viewer")).to_have_attribute("data-only", "car")
    page.locator(".score-table").get_by_role("button", name="All classes").click()
    expect(page.locator(".viewer")).to_have_attribute("data-only", "")
    mark = page.locator('[data-testid="stPlotlyChart"] .scatterlayer .trace').last.locator("path.point").last
    mark.scroll_into_view_if_needed()
    mark.click(force=True)
    expect(page.locator(".viewer")).to_have_attribute("data-only", re.compile("|".join(STREET.names)))


def test_another_detail_is_explained_above_the_masks_and_leaves_the_reader_where_he_is(page):
    heading = page.get_by_role("heading", name="Dice per class")
    heading.scroll_into_view_if_needed()
    page.locator(".score-table tbody tr").last.scroll_into_view_if_needed()
    before = heading.bounding_box()["y"]
    page.evaluate(
        """() => {
            const main = document.querySelector('[data-testid="stMain"]');
            window.least = main.scrollTop;
            const look = () => {
                window.least = Math.min(window.least, main.scrollTop);
                requestAnimationFrame(look);
            };
            look();
        }"""
    )
    at = page.evaluate("window.least")
    page.locator('[data-testid="stSidebar"]').get_by_text("2 ×", exact=True).click()
    expect(page.get_by_text("Trained to see")).to_be_visible()
    settled(page)
    assert page.evaluate("window.least") >= at - 5
    assert abs(heading.bounding_box()["y"] - before) < 300
    notice = page.get_by_text("Trained to see").bounding_box()
    assert notice["y"] < page.locator('[data-role="photo"] .box').bounding_box()["y"]


def test_one_network_at_both_details_is_swiped_side_by_side(page):
    page.locator('[data-testid="stSidebar"]').get_by_text("2 ×", exact=True).click()
    page.get_by_role("button", name="1 × and 2 × side by side").click()
    page.get_by_role("menuitem", name="FCN-8s").click()
    expect(page.locator('[data-panel="FCN-8s, 1 × | FCN-8s"]')).to_be_visible()
    settled(page, networks=8)
