"""The Compare page without a browser: seven small random networks, real widgets."""

import io
import json
from concurrent.futures import wait
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bad_files import BAD, ODD, saved
from conftest import make_set
from PIL import Image
from streamlit.testing.v1 import AppTest

from seg.app import resources
from seg.datasets import street
from seg.drawing import encode_ids
from seg.families import SEVEN
from seg.labels import STREET
from seg.service import PredictionService
from seg.weights import WeightIndex

APP = Path(__file__).parents[2] / "streamlit_app.py"
SCENE = street.render(3, 90, 120)


@pytest.fixture(scope="module")
def seven(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seven")
    for names in SEVEN:
        make_set(folder, f"street/{names[0]}-wce", names[0])
    return folder


@pytest.fixture
def service(monkeypatch):
    service = PredictionService()
    monkeypatch.setattr(resources, "SERVICE", service)
    yield service
    service.close()


@pytest.fixture
def page(seven, service, monkeypatch) -> AppTest:
    monkeypatch.setenv("SEG_WEIGHTS", str(seven))
    return visit()


@pytest.fixture(scope="module")
def long_visit(seven):
    """One visitor who tries many files, one after the other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEG_WEIGHTS", str(seven))
        yield visit()


def visit() -> AppTest:
    return settle(AppTest.from_file(APP, default_timeout=60).run())


def settle(page: AppTest) -> AppTest:
    """Run again until the page has nothing left to wait for."""
    for _ in range(20):
        if not any("Scores follow" in c.value for c in page.caption):
            return page
        wait(list(resources.SERVICE._futures.values()), timeout=60)
        page.run()
    raise AssertionError("the page never settled")


def upload(page: AppTest, which: int, name: str, data: bytes) -> AppTest:
    page.file_uploader[which].upload(name, data)
    return settle(page.run())


def photo() -> bytes:
    return saved(Image.fromarray(SCENE.image), "PNG")


def table(page: AppTest, which: int = 0):
    return page.table[which].value


def test_the_page_opens_on_a_sample_segmented_by_seven_networks_and_scored(page, service):
    assert not page.exception
    assert not page.error
    assert service.runs == 7
    assert list(table(page).columns) == [
        "Conv stack", "Encoder/decoder", "FCN-32s", "FCN-16s", "FCN-8s", "U-Net", "FC-DenseNet103",
    ]  # fmt: skip
    assert list(table(page).index) == ["mean Dice", "mean IoU", "pixel accuracy", *STREET.names]


def test_choosing_fewer_networks_and_then_all_again_runs_none(page, service):
    pills = page.button_group[0] if page.button_group else page.pills[0]
    pills.set_value(["U-Net", "FCN-8s"])
    settle(page.run())
    assert list(table(page).columns) == ["FCN-8s", "U-Net"]
    pills = page.button_group[0] if page.button_group else page.pills[0]
    pills.set_value([])
    settle(page.run())
    assert len(table(page).columns) == 7
    assert (service.runs, service.loads) == (7, 7)


def test_a_second_visitor_runs_no_network_again(page, service):
    visit()
    assert (service.runs, service.loads) == (7, 7)


def test_an_upload_without_truth_is_compared_with_the_majority_and_says_what_that_means(page):
    upload(page, 0, "street.png", photo())
    assert not page.exception
    said = " ".join(c.value for c in page.caption)
    assert "how much the networks agree, not how right they are" in said
    assert list(table(page).index) == ["mean Dice", *STREET.names]


def test_a_mask_gives_the_scores_of_the_maps_and_several_pairs_are_scored_together(page):
    upload(page, 0, "one.png", photo())
    upload(page, 1, "one.png", encode_ids(SCENE.labels, STREET))
    assert list(table(page).index)[:3] == ["mean Dice", "mean IoU", "pixel accuracy"]
    other = street.render(4, 90, 120)
    upload(page, 0, "two.png", saved(Image.fromarray(other.image), "PNG"))
    upload(page, 1, "two_L.png", encode_ids(other.labels, STREET))
    page.run()
    assert any("All 2 labelled photos together" in h.value for h in page.subheader)
    assert table(page, 1).shape == table(page, 0).shape


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_becomes_one_sentence_and_nothing_shown_is_lost(long_visit, kind):
    page = long_visit
    before = table(page)
    name, data, fragment = BAD[kind]
    upload(page, 0, name, data)
    assert not page.exception
    assert len(page.error) == 1
    assert fragment in page.error[0].value
    assert page.error[0].value.count(". ") == 0
    assert table(page).equals(before)


@pytest.mark.parametrize("kind", ["CMYK JPEG", "16-bit grey PNG", "animated GIF", "RGBA PNG", "JPEG on its side"])
def test_an_odd_picture_is_segmented_and_what_was_done_to_it_is_said(long_visit, kind):
    page = long_visit
    name, data, _, note = ODD[kind]
    upload(page, 0, name, data)
    assert not page.exception
    assert not page.error
    assert any(note in i.value for i in page.info) if note else True
    assert any("agree" in c.value for c in page.caption)


@pytest.mark.parametrize(
    ("name", "mask", "sentence"),
    [
        ("street.png", encode_ids(SCENE.labels[:50], STREET), "make the mask the same size"),
        ("street.png", saved(Image.fromarray(np.full((90, 120), 99, np.uint8)), "PNG"), "the value 99 of no class"),
        ("street.jpg", b"", "is empty"),
    ],
)
def test_a_bad_mask_becomes_one_sentence_and_the_photo_stays(page, name, mask, sentence):
    upload(page, 0, "street.png", photo())
    upload(page, 1, name, mask)
    assert not page.exception
    assert len(page.error) == 1
    assert sentence in page.error[0].value
    assert any("how much the networks agree" in c.value for c in page.caption)


def test_a_mask_that_belongs_to_no_photo_is_said_to(page):
    upload(page, 1, "stray.png", encode_ids(SCENE.labels, STREET))
    assert "belongs to no uploaded photo" in page.error[0].value


def test_a_picture_unlike_the_training_data_gets_a_notice(page, seven, monkeypatch, tmp_path):
    assert not page.warning
    for names in SEVEN:
        record = make_set(tmp_path, f"street/{names[0]}-wce", names[0])
        WeightIndex(tmp_path).add(replace(record, validation={"confidence_range": [0.999, 1.0]}))
    monkeypatch.setenv("SEG_WEIGHTS", str(tmp_path))
    page.run()
    settle(page)
    assert "unlike what these networks were trained on" in page.warning[0].value


def test_a_corrupt_and_a_missing_file_fail_in_their_panels_and_the_others_go_on(service, monkeypatch, tmp_path):
    for names in SEVEN:
        make_set(tmp_path, f"street/{names[0]}-wce", names[0])
    index = WeightIndex(tmp_path)
    index.file(index.record("street/unet-wce")).write_bytes(b"not tensors")
    index.file(index.record("street/fcn8s-wce")).unlink()
    monkeypatch.setenv("SEG_WEIGHTS", str(tmp_path))
    page = visit()
    assert not page.exception
    assert list(table(page).columns) == ["Conv stack", "Encoder/decoder", "FCN-32s", "FCN-16s", "FC-DenseNet103"]


def test_a_set_of_unknown_architecture_is_named_and_the_others_go_on(service, monkeypatch, tmp_path):
    for names in SEVEN[:3]:
        make_set(tmp_path, f"street/{names[0]}-wce", names[0])
    index = WeightIndex(tmp_path)
    entries = json.loads(index.path.read_text())
    entries[0]["model"] = "transformer9000"
    index.path.write_text(json.dumps(entries))
    monkeypatch.setenv("SEG_WEIGHTS", str(tmp_path))
    page = visit()
    assert not page.exception
    assert "transformer9000" in page.warning[0].value
    assert len(table(page).columns) == 2


@pytest.mark.parametrize("damage", ["remove", "garble"])
def test_a_missing_or_damaged_index_is_one_sentence(service, monkeypatch, tmp_path, damage):
    if damage == "garble":
        (tmp_path / "index.json").write_text("{")
    monkeypatch.setenv("SEG_WEIGHTS", str(tmp_path))
    page = AppTest.from_file(APP, default_timeout=60).run()
    assert not page.exception
    assert len(page.error) == 1
    assert "index.json" in page.error[0].value


def test_a_picture_of_one_pixel_is_segmented(page):
    file = io.BytesIO()
    Image.new("RGB", (1, 1)).save(file, "PNG")
    upload(page, 0, "dot.png", file.getvalue())
    assert not page.exception
    assert not page.error


def test_a_single_network_is_shown_alone(page):
    pills = page.button_group[0] if page.button_group else page.pills[0]
    pills.set_value(["U-Net"])
    settle(page.run())
    upload(page, 0, "street.png", photo())
    assert not page.exception
    assert any("nobody to agree with" in c.value for c in page.caption)
