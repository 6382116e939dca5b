"""The page 'Your data' without a browser: what comes in, what is scored, what is shown and taken along."""

import io
import json
import re
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from seg.app import resources
from seg.app.parts import exports, scored_pictures
from seg.app.parts.exhibits import Exhibit
from seg.app.parts.runs import Run
from seg.catalogue.comparisons import Entry
from seg.datasets import street
from seg.datasets.street import STREET
from seg.inference.segmenter import Segmenter
from seg.labels import IGNORE
from seg.pictures import masks
from seg.pictures.decode import Picture
from seg.scores import listing, tables
from seg.service.evaluations import Evaluation, Task
from seg.service.jobs import DONE, OVER, STOPPED, Turns
from seg.service.service import PredictionService
from tests.conftest import make_set
from tests.own_data import trained

APP = Path(__file__).parents[2] / "streamlit_app.py"
NETWORKS = ("street/fcn8s-wce", "street/unet-wce")
PATIENCE = 120


@pytest.fixture(scope="module")
def sets(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sets")
    for name in NETWORKS:
        make_set(folder, name, name.split("/")[1].removesuffix("-wce"))
    return folder


@pytest.fixture
def page(sets, monkeypatch):
    service, turns = PredictionService(), Turns()
    monkeypatch.setattr(resources, "SHIPPED", sets)
    monkeypatch.setattr(resources, "SERVICE", service)
    monkeypatch.setattr(resources, "TURNS", turns)
    monkeypatch.delenv("SEG_WEIGHTS", raising=False)
    monkeypatch.setenv("SEG_LOCAL_FOLDERS", "1")
    page = AppTest.from_file(str(APP), default_timeout=PATIENCE)
    page.switch_page("pages/your_data.py")
    yield page.run()
    assert not page.exception
    turns.close()
    service.close()


def scene(seed: int) -> tuple[bytes, bytes]:
    """A street picture and the ids of its mask, both PNG."""
    drawn = street.render(seed, 60, 80)
    files = []
    for pixels in (drawn.image, drawn.labels):
        files.append(io.BytesIO())
        Image.fromarray(pixels).save(files[-1], "PNG")
    return files[0].getvalue(), files[1].getvalue()


def packed(count: int = 4, **others: bytes) -> bytes:
    """A ZIP of images/ and masks/, with the street's classes named."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("dataset.toml", f"classes = {json.dumps(STREET.names)}")
        for seed in range(count):
            photo, mask = scene(seed)
            archive.writestr(f"images/scene {seed}.png", photo)
            archive.writestr(f"masks/scene {seed}.png", mask)
        for name, data in others.items():
            archive.writestr(name.replace("__", "/") + ".png", data)
    return file.getvalue()


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label == label).click().run()


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def scored(page: AppTest) -> Evaluation:
    """The evaluation, once it is over and shown."""
    evaluation = page.session_state["your-evaluation"]
    until(lambda: evaluation.state in OVER)
    page.run()
    return evaluation


def said(page: AppTest) -> str:
    kinds = (page.markdown, page.caption, page.info, page.warning, page.error)
    return "\n".join(element.value for kind in kinds for element in kind)


def progress(page: AppTest) -> str:
    return page.progress[0].text


def bring(page: AppTest, count: int = 4, **others: bytes) -> AppTest:
    page.file_uploader[0].upload("orchard.zip", packed(count, **others))
    page = page.run()
    page.selectbox(key="your-data-split").set_value("all").run()
    return page


def lines(page: AppTest) -> list[str]:
    """The pictures of the table, in its order."""
    return next(frame.value for frame in page.dataframe if "Picture" in frame.value)["Picture"].tolist()


def test_an_example_is_scored_in_one_click(page):
    page = press(page, "16 street scenes")
    evaluation = scored(page)
    assert evaluation.state == DONE
    assert len(evaluation.rows) == 16
    assert [header.value for header in page.header] == [
        "Which network is best?", "What is found, and what is missed?", "Picture by picture", "Take it with you",
    ]  # fmt: skip
    assert len(lines(page)) == 16


def test_a_zip_is_understood_in_a_line_and_scored(page):
    page = bring(page, masks__lonely=scene(9)[1])
    assert "**orchard**: 4 pictures, laid out as images/ and masks/, 11 classes" in said(page)
    assert "masks/lonely.png is the label of no picture" in said(page)
    assert "/tmp" not in said(page)
    press(page, "Score")
    evaluation = scored(page)
    assert [row.file for row in evaluation.rows] == [f"images/scene {seed}.png" for seed in range(4)]
    assert sorted(lines(page)) == [f"scene {seed}" for seed in range(4)]


def test_the_table_of_pictures_is_printed_line_by_line(page):
    page = bring(page)
    press(page, "Score")
    scored(page)
    (table,) = (html.proto.body for html in page.get("html") if 'aria-label="Pictures"' in html.proto.body)
    rows = re.findall("<tr>(.*?)</tr>", table)[1:]
    assert [re.findall("<td>(.*?)</td>", row)[0] for row in rows] == lines(page)
    assert all(re.search(r"<td>0\.\d+</td>", row) for row in rows)


def test_single_files_find_one_another_by_name(page):
    for seed in range(2):
        photo, mask = scene(seed)
        page.file_uploader[0].upload(f"a{seed}.png", photo)
        page.file_uploader[0].upload(f"a{seed}_mask.png", mask)
    page.file_uploader[0].upload("notes.pdf", b"%PDF")
    page = page.run()
    assert "**upload**: 2 pictures" in said(page)
    assert "notes.pdf is nothing that data sets hold" in said(page)
    assert "their numbers are taken for the networks' own" in said(page)


def test_files_without_a_mask_are_a_sentence_and_the_way_in_stays(page):
    page.file_uploader[0].upload("a.png", scene(0)[0])
    page.file_uploader[0].upload("b.png", scene(1)[0])
    page = page.run()
    assert "says that it is a mask" in page.error[0].value
    page = bring(page)
    assert "**orchard**" in said(page)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 cut off", scene(0)[0]])
def test_what_is_no_zip_is_a_sentence(page, data):
    page.file_uploader[0].upload("orchard.zip", data)
    page = page.run()
    assert "orchard.zip is no ZIP or is damaged" in page.error[0].value


def test_a_folder_of_the_machine_opens_where_it_may(page, tmp_path, monkeypatch):
    with zipfile.ZipFile(io.BytesIO(packed())) as archive:
        archive.extractall(tmp_path / "orchard")
    page.text_input(key="your-data-folder").set_value(str(tmp_path / "orchard")).run()
    assert "**orchard**: 4 pictures" in said(page)
    press(page, "Other pictures")
    monkeypatch.delenv("SEG_LOCAL_FOLDERS")
    page.run()
    assert not [field for field in page.text_input if field.key == "your-data-folder"]


def test_masks_that_can_be_read_in_two_ways_are_asked_about_and_then_scored(page):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for seed in range(2):
            from_one = io.BytesIO()
            Image.fromarray(street.render(seed, 60, 80).labels + 1).save(from_one, "PNG")
            archive.writestr(f"images/{seed}.png", scene(seed)[0])
            archive.writestr(f"masks/{seed}.png", from_one.getvalue())
    page.file_uploader[0].upload("from-one.zip", file.getvalue())
    page.run()
    page.selectbox(key="your-data-split").set_value("all").run()
    press(page, "Score")
    scored(page)
    assert "Which is it, in all of them?" in said(page)
    assert not page.error
    assert "/tmp" not in said(page)
    press(page, "1 is sky, 0 is unlabelled")
    evaluation = scored(page)
    truth = street.render(0, 60, 80).labels
    assert evaluation.rows[0].counts[0].areas[:, 1].tolist() == np.bincount(truth.ravel(), minlength=11).tolist()


def test_networks_of_other_classes_cannot_be_chosen_and_the_page_says_why(page):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("dataset.toml", 'classes = ["sky", "apple", "plum"]')
        archive.writestr("images/a.png", scene(0)[0])
        archive.writestr("masks/a.png", scene(0)[1])
    page.file_uploader[0].upload("fruit.zip", file.getvalue())
    page = page.run()
    assert "No network knows these classes" in said(page)
    assert "has apple, plum, which the network of street pictures does not know" in said(page)
    assert not [button for button in page.button if button.label == "Score"]


def test_it_can_be_stopped_and_goes_on_where_it_was(page, monkeypatch):
    page = bring(page, count=6)
    page = press(page, "Score")
    evaluation = page.session_state["your-evaluation"]
    until(lambda: evaluation.rows or evaluation.state in OVER)
    resources.TURNS.stop(evaluation)
    until(lambda: resources.TURNS._thread is None)
    before = list(evaluation.rows)
    page = page.run()
    if evaluation.state == STOPPED:
        assert f"Stopped at {len(before)} of 6 pictures" in progress(page)
        press(page, "Go on")
    assert scored(page).state == DONE
    assert evaluation.rows[: len(before)] == before
    assert sorted(row.index for row in evaluation.rows) == list(range(6))


def test_another_visitors_evaluation_comes_first(page):
    page = bring(page)
    until(lambda: resources.TURNS._thread is None)
    resources.TURNS._thread = object()  # nobody works: what is started waits
    other = Evaluation(Task((), [], "another visitor's", "all"))
    resources.TURNS.start(other)
    page = press(page, "Score")
    for job in (other, page.session_state["your-evaluation"]):
        resources.TURNS.stop(job)
    resources.TURNS._thread = None
    assert "another visitor's comes first" in progress(page)


def test_leaving_the_page_loses_nothing(page):
    page = bring(page)
    page = press(page, "Score")
    evaluation = page.session_state["your-evaluation"]
    page = page.switch_page("pages/leaderboard.py").run().switch_page("pages/your_data.py").run()
    assert page.session_state["your-evaluation"] is evaluation
    assert scored(page).state == DONE
    assert len(lines(page)) == 4


def test_orders_and_confusions_choose_the_pictures_of_the_table(page):
    page = bring(page)
    press(page, "Score")
    evaluation = scored(page)
    totals = evaluation.totals()

    def names(places: list[int]) -> list[str]:
        return [totals.rows[place].name for place in places]

    assert lines(page) == names(listing.in_order(totals, listing.WORST))
    for order in (listing.DISAGREEMENT, listing.DIFFERENCE, listing.DOUBT):
        page.segmented_control(key="your-data-order").set_value(order).run()
        assert lines(page) == names(listing.in_order(totals, order))
    assert "May the label be wrong?" in said(page)
    truth, taken = listing.largest_confusions(totals.confusion[0], 1)[0]
    page.selectbox(key="your-data-truth").set_value(truth)
    page.selectbox(key="your-data-said").set_value(taken).run()
    held = listing.holding(totals, 0, truth, taken)
    assert lines(page) == names(held)
    assert f"In {len(held)} of 4 pictures" in said(page)


def test_the_next_picture_is_one_button_away(page):
    page = bring(page)
    press(page, "Score")
    evaluation = scored(page)
    order = [evaluation.rows[place].name for place in listing.in_order(evaluation.totals(), listing.WORST)]
    assert f"**{order[0]}** · 1 of 4" in said(page)
    press(page, "Next")
    assert f"**{order[1]}** · 2 of 4" in said(page)


def test_the_exports_are_those_of_the_command_line(page):
    page = bring(page)
    press(page, "Score")
    evaluation = scored(page)
    totals = evaluation.totals()
    files = {name: make() for name, _, make in exports.written(evaluation, totals).values()}
    totals = replace(totals, networks=NETWORKS)
    assert files["pictures.csv"].decode() == tables.pictures_csv(totals)
    assert files["totals.csv"].decode() == tables.totals_csv(totals)
    assert json.loads(files["scores.json"]) == tables.as_json(totals, "all")
    assert {button.label for button in page.get("download_button")} >= {"Pictures (CSV)", "Totals (CSV)"}


def test_masks_and_report_are_made_when_asked_for(page):
    page = bring(page)
    press(page, "Score")
    evaluation = scored(page)
    for label, key in (("Make the masks (ZIP)", exports.MASKS), ("Make the report (HTML)", exports.REPORT)):
        press(page, label)
        job = page.session_state[key][1]
        until(lambda job=job: job.state in OVER)
        assert job.error is None
        page = page.run()
    with zipfile.ZipFile(page.session_state[exports.MASKS][1].file) as archive:
        assert sorted(archive.namelist()) == sorted(f"{n}/scene {i}.png" for n in NETWORKS for i in range(4))
        ids = masks.read(archive.read(f"{NETWORKS[0]}/scene 1.png"), "mask", STREET).labels
    truth = evaluation.task.samples[1].labels
    areas = next(row for row in evaluation.rows if row.index == 1).counts[0].areas
    assert [np.count_nonzero((ids == truth) & (truth == c)) for c in range(11)] == areas[:, 0].tolist()
    html = page.session_state[exports.REPORT][1].html
    assert "seg evaluate --weights street/fcn8s-wce --weights street/unet-wce --data orchard.zip" in html
    assert "FCN-8s, from scratch, weighted cross-entropy" in html
    assert {"Masks (ZIP)", "Report (HTML)"} <= {button.label for button in page.get("download_button")}


def test_a_picture_that_cannot_be_read_is_left_out_and_the_rest_is_scored(page):
    page = bring(page, images__broken=b"no picture", masks__broken=scene(0)[1])
    press(page, "Score")
    evaluation = scored(page)
    assert len(evaluation.rows) == 4
    assert "1 picture left out" in said(page)
    assert "images/broken.png" in said(page)


def test_nothing_of_an_upload_stays_when_it_is_let_go(page):
    page = bring(page)
    folder = page.session_state["your-data"].own.folder
    assert folder.is_dir()
    press(page, "Other pictures")
    assert not folder.exists()


def test_the_pixels_of_a_confusion_stand_in_a_panel_of_their_own(page):
    page = bring(page)
    press(page, "Score")
    evaluation = scored(page)
    row = evaluation.rows[0]
    truth, taken = listing.largest_confusions(row.counts[1].confusion, 1)[0]
    sample = evaluation.task.samples[row.index]
    exhibit = Exhibit(Picture.of(sample.image, row.name), sample.labels)
    cell = scored_pictures.Confusion(1, truth, taken)
    panel_of = scored_pictures.confused(exhibit, evaluation.totals(), cell)
    panels = []
    for name, weights in zip(("FCN-8s", "U-Net"), evaluation.task.sets, strict=True):
        future = Future()
        future.set_result(Segmenter.load(weights.record.name, weights=weights.folder)(sample.image))
        panels.append(panel_of(Run(Entry(name, weights), None, future)))
    assert panels[0] is None
    held = listing.confused_pixels(row, 1, truth, taken)
    assert np.count_nonzero(panels[1].labels == taken) == held
    assert np.count_nonzero(panels[1].labels != IGNORE) == held
    assert panels[1].name == f"{STREET.names[truth]} taken for {STREET.names[taken]}"


@pytest.mark.training
def test_class_names_are_text_wherever_they_stand(page, tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "SHIPPED", trained(tmp_path))
    page.text_input(key="your-data-folder").set_value(str(tmp_path / "bowl")).run()
    page.selectbox(key="your-data-split").set_value("all").run()
    press(page, "Score")
    scored(page)
    for cell in ("your-data-truth", "your-data-said"):
        page.selectbox(key=cell).set_value(int(cell.endswith("said")))
    page.run()
    assert not page.error
    unescaped = re.sub(r"\\.", "", said(page))
    assert "img src=x" in unescaped
    for mark in ("<img", "<b>", "_bold_", "$x$", "&lt;", "\n# name"):
        assert mark not in unescaped
