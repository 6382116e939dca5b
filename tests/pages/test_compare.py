"""The Compare page without a browser: seven small random networks, real widgets."""

import io
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from seg.app import resources
from seg.app.components import viewer
from seg.app.parts import compare, exhibits, runs
from seg.catalogue.comparisons import SEVEN
from seg.catalogue.store import WeightIndex
from seg.datasets import DATASETS, street
from seg.datasets.street import STREET
from seg.inference.segmenter import Segmenter
from seg.labels import IGNORE
from seg.pictures import decode
from seg.pictures.decode import digest
from seg.pictures.drawing import colour_mask, encode_ids
from seg.service.memory import OVERHEAD, Memory, Visitor
from seg.service.requests import Request
from seg.service.results import Answer
from seg.service.service import PredictionService
from tests.bad_files import BAD, ODD, saved
from tests.conftest import make_set

APP = Path(__file__).parents[2] / "streamlit_app.py"
SCENE = street.render(3, 90, 120)
TITLES = ["Conv stack", "Encoder/decoder", "FCN-32s", "FCN-16s", "FCN-8s", "U-Net", "FC-DenseNet103"]


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


def only(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Let the app ship the sets of this folder and no others, on the visitor's own machine."""
    patch.setattr(resources, "SHIPPED", folder)
    patch.delenv("SEG_WEIGHTS", raising=False)
    patch.setenv("SEG_LOCAL_FOLDERS", "1")


@pytest.fixture
def page(seven, service, monkeypatch) -> AppTest:
    only(seven, monkeypatch)
    return visit()


@pytest.fixture(scope="module")
def long_visit(seven):
    """One visitor who tries many files, one after the other."""
    with pytest.MonkeyPatch.context() as patch:
        only(seven, patch)
        yield visit()


def arrive(own_runs: str = "") -> AppTest:
    """The page as it first appears. Later runs of an AppTest leave out what the entry script drew in the sidebar."""
    page = AppTest.from_file(APP, default_timeout=60)
    page.session_state["own_runs"] = own_runs
    return page.run()


def visit(own_runs: str = "") -> AppTest:
    return settle(arrive(own_runs))


def settle(page: AppTest) -> AppTest:
    """Run again until the page has nothing left to wait for."""
    for _ in range(20):
        if not says(page, "Scores follow"):
            return page
        wait(list(resources.SERVICE._answers.values()), timeout=60)
        page.run()
    raise AssertionError("the page never settled")


def upload(page: AppTest, which: int, name: str, data: bytes) -> AppTest:
    page.file_uploader[which].upload(name, data)
    return settle(page.run())


def control(page: AppTest, label: str):
    """The one control of that name, whatever its kind; None if there is none."""
    kinds = (page.button_group, page.selectbox)
    return next((widget for kind in kinds for widget in kind if widget.label == label), None)


def choose(page: AppTest, label: str, value) -> AppTest:
    control(page, label).set_value(value)
    return settle(page.run())


def mounted(page: AppTest, name: str) -> list[dict]:
    """What Python tells the browser's components of that name, one after the other."""
    found = [element.proto for element in page.get("bidi_component")]
    return [
        json.loads(proto.mixed.json if proto.HasField("mixed") else proto.json)
        for proto in found
        if proto.component_name == name
    ]


def pictures(page: AppTest) -> dict:
    """The gallery as the browser is told it: which pictures, and which is chosen."""
    return mounted(page, "seg_thumbnails")[0]


def show(page: AppTest, key: str) -> AppTest:
    """Choose a picture of the gallery."""
    own = key in page.session_state.uploads
    page.session_state["upload"] = key if own else None
    if not own:
        page.session_state["picture"] = key
    return settle(page.run())


def photo() -> bytes:
    return saved(Image.fromarray(SCENE.image), "PNG")


def table(page: AppTest, which: int = 0) -> pd.DataFrame:
    """A table of scores as it is printed: '–' is not-a-number, '…' still to come."""
    told = mounted(page, "seg_score_table")[which]
    cells = [row["cells"] for row in told["rows"]]
    frame = pd.DataFrame(cells, [row["name"] for row in told["rows"]], told["columns"])
    return frame.replace("–", "nan").astype(float) if "…" not in frame.to_numpy() else frame


def test_the_page_opens_on_a_sample_segmented_by_seven_networks_and_scored(page, service):
    assert not page.exception
    assert not page.error
    assert service.runs == 7
    assert list(table(page).columns) == TITLES
    assert list(table(page).index) == ["mean Dice", "mean IoU", "pixel accuracy", *STREET.names]


def says(page: AppTest, words: str) -> bool:
    return any(words in text.value for text in (*page.markdown, *page.caption))


def test_masks_that_are_there_in_a_moment_are_drawn_at_once(page, monkeypatch):
    monkeypatch.setattr(runs, "PATIENCE", 30)
    page.file_uploader[0].upload("street.png", photo())
    page.run()
    assert says(page, "7 of 7 networks done")
    assert not says(page, "Scores follow")


def test_networks_that_take_longer_are_waited_for_on_the_page(page, service, monkeypatch):
    go, answer = threading.Event(), service._answer
    monkeypatch.setattr(service, "_answer", lambda *given: go.wait(60) and answer(*given))
    monkeypatch.setattr(runs, "PATIENCE", 0.01)
    try:
        page.file_uploader[0].upload("street.png", photo())
        page.run()
        assert says(page, "0 of 7 networks done")
        assert says(page, "Scores follow")
    finally:
        go.set()
    assert says(settle(page), "7 of 7 networks done")


def with_room_for(results: int, size: tuple[int, int], patch: pytest.MonkeyPatch) -> PredictionService:
    """For so many of pictures of a size, (H, W), none of which gets any smaller; networks count for nothing."""
    patch.setattr(Answer, "shrink", lambda answer: answer.bytes)
    patch.setattr(Segmenter, "held_bytes", 0)
    service = PredictionService(Memory(results * (size[0] * size[1] * 3 + OVERHEAD + 100)))
    patch.setattr(resources, "SERVICE", service)
    return service


def test_results_that_do_not_fit_into_memory_are_refused_and_not_computed_over_and_over(seven, monkeypatch):
    only(seven, monkeypatch)
    service = with_room_for(6, (360, 480), monkeypatch)
    page = visit()
    assert says(page, "6 of 7 networks done")
    assert says(page, "1 failed")
    assert len(table(page).columns) == 6
    page.run()
    runs = service.runs
    assert runs in (6, 7)  # the one that was refused may have been begun before the others' answers took the room
    page.run()
    assert service.runs == runs
    choose(page, "Networks", ["U-Net", "FC-DenseNet103"])  # the last one of all finds room when others are not shown
    assert list(table(page).columns) == ["U-Net", "FC-DenseNet103"]
    upload(page, 0, "street.png", photo())
    choose(page, "Networks", TITLES)
    assert says(page, "7 of 7 networks done")
    service.close()


def test_labelled_photos_that_do_not_fit_into_memory_are_left_out_of_the_sum_for_all_networks(seven, monkeypatch):
    only(seven, monkeypatch)
    # Of three photos, the last finds room for three of the seven networks.
    service = with_room_for(17, (90, 120), monkeypatch)
    page = visit()
    for seed in (3, 4, 5):
        scene = street.render(seed, 90, 120)
        upload(page, 0, f"{seed}.png", saved(Image.fromarray(scene.image), "PNG"))
        upload(page, 1, f"{seed}.png", encode_ids(scene.labels, STREET))
    for _ in range(20):  # for the photos that are not shown, too
        if says(page, "2 of 3 photos scored"):
            break
        wait(list(service._answers.values()), timeout=60)
        page.run()
    assert not page.exception
    assert says(page, "2 of 3 photos scored")
    assert len(table(page, 1).columns) == 7
    wait(list(service._answers.values()), timeout=60)  # what the last visit still asked
    before = service.runs
    page.run()
    assert service.runs == before
    service.close()


def test_an_error_without_words_is_a_sentence_in_its_panel(page, monkeypatch):
    segment = Segmenter._segment

    def failing(self, *given):
        if self.record.model == "unet":
            raise MemoryError
        return segment(self, *given)

    monkeypatch.setattr(Segmenter, "_segment", failing)
    upload(page, 0, "street.png", photo())
    assert not page.exception
    assert says(page, "6 of 7 networks done")
    assert says(page, "1 failed")


def test_another_detail_takes_no_score_away_before_the_new_ones_are_there(page, service, monkeypatch):
    before = table(page)
    go, answer = threading.Event(), service._answer
    monkeypatch.setattr(service, "_answer", lambda *given: go.wait(60) and answer(*given))
    monkeypatch.setattr(runs, "PATIENCE", 0.01)
    try:
        page.button_group(key="detail").set_value(2).run()
        assert says(page, "Scores follow")
        waiting = table(page)
        assert (list(waiting.index), list(waiting.columns)) == (list(before.index), list(before.columns))
        assert (waiting == "…").all(axis=None)
    finally:
        go.set()
    after = table(settle(page))
    assert after.notna().any(axis=None)
    assert not after.equals(before)


def test_what_detail_does_is_said_and_one_network_can_be_seen_at_both(page, service):
    before = table(page)
    page.button_group(key="detail").set_value(4)
    settle(page.run())
    assert any("Trained to see 180 pixels" in info.value and "you show 720" in info.value for info in page.info)
    page.session_state["beside"] = "Conv stack"
    settle(page.run())
    panels = mounted(page, "seg_viewer")[0]["panels"]
    assert [panel["name"] for panel in panels] == ["Conv stack", "Conv stack, 1 ×", *TITLES[1:]]
    both = table(page)
    assert both["Conv stack, 1 ×"].equals(before["Conv stack"])
    assert panels[0]["confidence"] != panels[1]["confidence"]
    assert service.runs == 14
    page.button_group(key="detail").set_value(1)
    settle(page.run())
    assert list(table(page).columns) == TITLES


def test_choosing_fewer_networks_and_then_all_again_runs_none(page, service):
    choose(page, "Networks", ["U-Net", "FCN-8s"])
    assert list(table(page).columns) == ["FCN-8s", "U-Net"]
    choose(page, "Networks", TITLES)
    assert len(table(page).columns) == 7
    assert (service.runs, service.loads) == (7, 7)


def test_no_network_chosen_shows_none_and_says_so(page):
    choose(page, "Networks", [])
    assert not page.exception
    assert mounted(page, "seg_viewer")[0]["panels"] == []
    assert any("No network is chosen" in info.value for info in page.info)
    assert not mounted(page, "seg_score_table")


def test_what_changes_no_input_runs_no_network_and_encodes_nothing_anew(page, service, monkeypatch):
    masks = control(page, "Mask of")

    def never(*_):
        raise AssertionError("a map was encoded again")

    for name in ("encode_labels", "encode_confidence", "encode_photo"):
        monkeypatch.setattr(viewer, name, never)
    for option in masks.options[1:]:
        control(page, "Mask of").set_value(option).run()
        assert not page.exception
    page.run()
    assert service.runs == 7


def test_an_engine_that_gave_way_is_said_in_the_sidebar(page, service):
    assert not page.sidebar.warning
    next(iter(service._networks.values())).engine.notes.append("The CUDA device ran out of memory.")
    page.run()
    assert [warning.value for warning in page.sidebar.warning] == ["The CUDA device ran out of memory."]


def test_a_second_visitor_runs_no_network_again(page, service):
    visit()
    assert (service.runs, service.loads) == (7, 7)


def test_an_upload_without_truth_is_compared_with_the_majority_and_says_what_that_means(page):
    upload(page, 0, "street.png", photo())
    assert not page.exception
    assert says(page, "how much the networks agree, not how right they are")
    assert list(table(page).index) == ["mean Dice", *STREET.names]


def test_a_mask_gives_the_scores_of_the_maps_and_several_pairs_are_scored_together(page):
    upload(page, 0, "one.png", photo())
    upload(page, 1, "one.png", encode_ids(SCENE.labels, STREET))
    assert list(table(page).index)[:3] == ["mean Dice", "mean IoU", "pixel accuracy"]
    other = street.render(4, 90, 120)
    upload(page, 0, "two.png", saved(Image.fromarray(other.image), "PNG"))
    upload(page, 1, "two_L.png", encode_ids(other.labels, STREET))
    page.run()
    assert any("All 2 labelled photos together" in h.value for h in page.header)
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
    assert says(page, "how much the networks agree")


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
    assert says(page, "how much the networks agree")


def asked(page) -> list[str]:
    """The open questions which photo a mask belongs to."""
    return [box.label for box in page.selectbox if box.label.endswith("which one?")]


def test_a_mask_that_fits_no_photo_by_name_is_scored_on_none_before_it_is_said_which(page):
    upload(page, 0, "street.png", photo())
    upload(page, 1, "photo_mask.png", encode_ids(SCENE.labels, STREET))
    assert asked(page) == ["photo\\_mask.png fits none of your photos by name: which one?"]
    assert says(page, "how much the networks agree")
    box = next(box for box in page.selectbox if box.label.endswith("which one?"))
    assert box.options == ["street.png", "Sample 1", "Sample 2", "Sample 3", "Sample 4"]
    box.set_value(digest(SCENE.image))
    settle(page.run())
    assert not asked(page)
    assert "mean IoU" in table(page).index
    assert np.array_equal(page.session_state.truths["street", digest(SCENE.image)].truth, SCENE.labels)


def test_a_mask_whose_photo_was_refused_waits_for_it_and_finds_it_when_it_comes(page):
    upload(page, 0, "street.png", photo()[:900])
    upload(page, 1, "street_mask.png", encode_ids(SCENE.labels, STREET))
    assert asked(page) == ["street\\_mask.png fits none of your photos by name: which one?"]
    assert not page.session_state.truths
    upload(page, 0, "street.png", photo())
    assert not asked(page)
    assert list(page.session_state.truths) == [("street", digest(SCENE.image))]


def test_a_photo_brought_again_under_another_name_has_that_name(page):
    upload(page, 0, "street.png", photo())
    upload(page, 1, "avenue_mask.png", encode_ids(SCENE.labels, STREET))
    assert len(asked(page)) == 1
    upload(page, 0, "avenue.png", photo())
    assert not asked(page)
    assert list(page.session_state.truths) == [("street", digest(SCENE.image))]


def test_a_mask_may_be_left_out(page):
    upload(page, 1, "stray.png", encode_ids(SCENE.labels, STREET))
    assert len(asked(page)) == 1
    button(page, "Leave it out").click()
    settle(page.run())
    assert not asked(page)
    assert not page.session_state.truths


def test_several_masks_at_once_find_their_photos_and_photos_of_one_name_are_kept_apart(page):
    scenes = [SCENE, street.render(4, 90, 120)]
    for name, scene in zip(("a.png", "b.jpg.png"), scenes, strict=True):
        upload(page, 0, name, saved(Image.fromarray(scene.image), "PNG"))
    page.file_uploader[1].upload("b_mask.png", encode_ids(scenes[1].labels, STREET))
    page.file_uploader[1].upload("a_L.png", encode_ids(scenes[0].labels, STREET))
    settle(page.run())
    truths = page.session_state.truths
    for scene in scenes:
        assert np.array_equal(truths["street", digest(scene.image)].truth, scene.labels)
    third = street.render(5, 90, 120)
    upload(page, 0, "a.png", saved(Image.fromarray(third.image), "PNG"))
    upload(page, 1, "a_mask.png", encode_ids(third.labels, STREET))
    assert asked(page) == ["a\\_mask.png fits several of your photos by name: which one?"]


def test_what_the_app_gave_to_take_along_finds_its_photo_again(page):
    upload(page, 0, "My Street.png", photo())
    for name in ("my-street-fcn8s-wce-ids.png", "my-street-own-unet-wce-colours.png", "My Street-truth-ids.png"):
        page.session_state.truths.clear()
        upload(page, 1, name, encode_ids(SCENE.labels, STREET))
        assert list(page.session_state.truths) == [("street", digest(SCENE.image))]


def test_a_mask_whose_ids_may_count_from_1_is_asked_about_and_what_was_read_is_said_in_shares(page):
    upload(page, 0, "street.png", photo())
    from_1 = np.where(SCENE.labels == IGNORE, 0, SCENE.labels + 1).astype(np.uint8)
    upload(page, 1, "street_mask.png", saved(Image.fromarray(from_1), "PNG"))
    question = next(warning.value for warning in page.warning if "Which is it?" in warning.value)
    assert "reads as" in question
    assert "%" in question
    assert "with ids from 1" in question
    assert not page.session_state.truths
    assert button(page, "0 is sky") is not None
    button(page, "1 is sky, 0 is unlabelled").click()
    settle(page.run())
    assert np.array_equal(page.session_state.truths["street", digest(SCENE.image)].truth, SCENE.labels)


def test_a_mask_without_a_label_is_a_sentence(page):
    upload(page, 0, "street.png", photo())
    upload(page, 1, "street_mask.png", saved(Image.fromarray(np.full((90, 120), 11, np.uint8)), "PNG"))
    assert "street\\_mask.png has no labelled pixel" in page.error[0].value
    assert not page.session_state.truths


def test_what_was_taken_of_a_palette_is_said_beside_the_photo(page):
    upload(page, 0, "street.png", photo())
    image = Image.fromarray(colour_mask(SCENE.labels, STREET)).quantize(32)
    upload(page, 1, "street_mask.png", saved(image, "PNG"))
    assert any("Its palette holds the colours of the classes" in info.value for info in page.info)


def test_what_systems_leave_beside_pictures_is_ignored(page):
    upload(page, 0, "._street.png", b"\0\5\x16\7Mac OS X")
    upload(page, 1, "Thumbs.db", b"\xd0\xcf\x11\xe0")
    assert not page.error
    assert not page.session_state.uploads


def test_a_corrupt_and_a_missing_file_fail_in_their_panels_and_the_others_go_on(service, monkeypatch, tmp_path):
    for names in SEVEN:
        make_set(tmp_path, f"street/{names[0]}-wce", names[0])
    index = WeightIndex(tmp_path)
    index.file(index.record("street/unet-wce")).write_bytes(b"not tensors")
    index.file(index.record("street/fcn8s-wce")).unlink()
    only(tmp_path, monkeypatch)
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
    only(tmp_path, monkeypatch)
    page = arrive()
    assert not page.exception
    assert "transformer9000" in page.sidebar.warning[0].value
    settle(page)
    assert len(table(page).columns) == 2


@pytest.mark.parametrize("damage", ["remove", "garble"])
def test_a_missing_or_damaged_index_is_one_sentence(service, monkeypatch, tmp_path, damage):
    if damage == "garble":
        (tmp_path / "index.json").write_text("{")
    only(tmp_path, monkeypatch)
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


def test_two_networks_are_compared_with_each_other_and_their_csv_says_that_there_was_no_truth(page, monkeypatch):
    written = []
    monkeypatch.setattr(compare.st, "download_button", lambda *given, **_: written.append(given))
    choose(page, "Networks", ["U-Net", "FCN-8s"])
    upload(page, 0, "street.png", photo())
    assert list(table(page).columns) == ["agreement between the two"]
    assert table(page).loc["mean Dice"].item() < 0.999
    assert not says(page, "majority")
    csv = next(data.decode() for label, data, name, _ in written if label == "Agreement (CSV)")
    assert csv.splitlines()[0] == "score,compared with,agreement between the two"
    assert all("each other: there was no truth" in line for line in csv.splitlines()[1:])


def test_a_single_network_is_shown_alone(page):
    choose(page, "Networks", ["U-Net"])
    upload(page, 0, "street.png", photo())
    assert not page.exception
    assert says(page, "nobody to agree with")


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    """Two street families, losses, upsampling methods, membranes, and shapes in two seeds."""
    folder = tmp_path_factory.mktemp("grid")
    for model in ("conv_stack", "encoder_decoder", "fcn8s", "unet"):
        make_set(folder, f"street/{model}-wce", model)
    for model in ("fcn8s", "unet"):
        make_set(folder, f"street/{model}-wce-lite0", model, backbone="efficientnet_lite0")
        make_set(folder, f"membranes/{model}-wce", model, in_channels=1)
        make_set(folder, f"shapes/{model}-wce", model)
        make_set(folder, f"shapes/{model}-wce-seed1", model)
    make_set(folder, "street/unet-dice", "unet")
    make_set(folder, "street/encoder_decoder-wce-nearest", "encoder_decoder", upsampling="nearest")
    return folder


@pytest.fixture
def many(grid, service, monkeypatch) -> AppTest:
    only(grid, monkeypatch)
    return visit()


def test_the_page_opens_with_the_imagenet_start_and_the_switch_runs_only_what_differs(many, service):
    assert control(many, "Start").value == "ImageNet start"
    assert list(table(many).columns) == ["Conv stack", "Encoder/decoder", "FCN-8s", "U-Net"]
    assert says(many, "pre-training")
    assert service.runs == 4
    imagenet = table(many)["U-Net"]
    choose(many, "Start", "from scratch")
    assert not many.exception
    assert service.runs == 6
    assert not table(many)["U-Net"].equals(imagenet)


def test_each_topic_offers_the_networks_that_differ_in_it_alone(many):
    columns = {
        "losses": ["weighted cross-entropy", "Dice"],
        "upsampling": ["unpool", "nearest"],
        "starts": ["from scratch", "ImageNet start"],
    }
    for topic, titles in columns.items():
        choose(many, "Compare", topic)
        assert not many.exception
        assert list(table(many).columns) == titles
    assert control(many, "Network").options == ["FCN-8s", "U-Net"]


@pytest.mark.parametrize("dataset", ["membranes", "shapes"])
def test_another_data_set_has_its_own_samples_and_classes(many, dataset):
    choose(many, "Data set", dataset)
    assert not many.exception
    assert list(table(many).columns) == ["FCN-8s", "U-Net"]
    assert list(table(many).index)[3:] == list(DATASETS[dataset].class_map.names)
    assert control(many, "Compare") is None


def test_a_truth_belongs_to_the_data_set_it_was_uploaded_for(many):
    upload(many, 0, "street.png", photo())
    upload(many, 1, "street.png", encode_ids(SCENE.labels, STREET))
    assert "mean IoU" in table(many).index
    choose(many, "Data set", "membranes")
    show(many, digest(SCENE.image))
    assert not many.exception
    assert says(many, "how much the networks agree")
    choose(many, "Data set", "street")
    assert "mean IoU" in table(many).index


def paint(page: AppTest, monkeypatch: pytest.MonkeyPatch, truth: np.ndarray) -> AppTest:
    """Press 'Use as truth' in the viewer: its call back comes before the next run, from where `viewer` was called."""
    handlers = []
    with monkeypatch.context() as patch:
        patch.setattr(runs, "viewer", lambda *_, on_truth, **__: handlers.append(on_truth))
        page.run()
    # A visitor's session is only at hand while a script of theirs runs.
    pressed = [handlers[-1]]
    with monkeypatch.context() as patch:
        patch.setattr(runs, "viewer", lambda *_, **__: pressed and pressed.pop()(truth))
        page.run()
    return settle(page.run())


def button(page: AppTest, label: str):
    return next((widget for widget in page.button if widget.label == label), None)


def test_a_painted_truth_takes_the_place_of_a_samples_until_it_is_removed(page, monkeypatch):
    shown = table(page)
    truth = np.full((360, 480), IGNORE, np.uint8)
    truth[200:] = STREET.names.index("road")
    paint(page, monkeypatch, truth)
    assert not page.exception
    painted = table(page)
    assert not painted.equals(shown)
    assert painted.loc["pixel accuracy"].notna().all()
    button(page, "Remove your truth").click()
    settle(page.run())
    assert table(page).equals(shown)
    assert button(page, "Remove your truth") is None


def test_a_painted_truth_scores_an_upload_and_counts_among_the_labelled_ones(page, monkeypatch):
    upload(page, 0, "one.png", photo())
    assert says(page, "how much the networks agree")
    paint(page, monkeypatch, SCENE.labels)
    assert "mean IoU" in table(page).index
    other = street.render(4, 90, 120)
    upload(page, 0, "two.png", saved(Image.fromarray(other.image), "PNG"))
    upload(page, 1, "two.png", encode_ids(other.labels, STREET))
    page.run()
    assert any("All 2 labelled photos together" in h.value for h in page.header)
    button(page, "Remove two.png").click()
    settle(page.run())
    assert list(page.session_state.truths) == [("street", digest(SCENE.image))]


def test_a_mask_uploaded_alone_becomes_the_truth_of_the_sample_shown(page):
    shown = table(page)
    truth = np.zeros((360, 480), np.uint8)
    truth[100:] = IGNORE
    upload(page, 1, "truth-ids.png", encode_ids(truth, STREET))
    assert not page.error
    assert not table(page).equals(shown)
    show(page, "Sample 2")
    assert button(page, "Remove your truth") is None
    show(page, "Sample 1")
    button(page, "Remove your truth").click()
    settle(page.run())
    assert table(page).equals(shown)


def test_own_runs_stand_beside_the_shipped_networks_and_hide_none(seven, service, monkeypatch, tmp_path):
    make_set(tmp_path, "street/unet-wce", "unet", base=5)
    only(seven, monkeypatch)
    page = visit(str(tmp_path))
    assert not page.exception
    assert not page.warning
    assert list(table(page).columns)[5:] == ["U-Net", "FC-DenseNet103", "U-Net, your own"]
    assert not table(page)["U-Net"].equals(table(page)["U-Net, your own"])
    choose(page, "Compare", "own runs")
    assert list(table(page).columns) == ["U-Net, your own", "U-Net"]
    assert service.runs == 8


@pytest.mark.parametrize("setting", [None, "", "0"])
def test_where_others_visit_no_folder_of_the_machine_can_be_named(seven, service, monkeypatch, tmp_path, setting):
    make_set(tmp_path, "street/unet-wce", "unet", base=5)
    only(seven, monkeypatch)
    if setting is None:
        monkeypatch.delenv("SEG_LOCAL_FOLDERS")
    else:
        monkeypatch.setenv("SEG_LOCAL_FOLDERS", setting)
    for folder in (tmp_path, tmp_path / "none"):  # as a browser may send it that the field was never shown to
        page = arrive(str(folder))
        assert not page.exception
        assert not page.warning
        assert not [field for field in page.sidebar.text_input if "Folder" in field.label]
        assert any("on your own machine" in caption.value for caption in page.sidebar.caption)
        assert not any("opened" in caption.value for caption in page.sidebar.caption)
        assert "U-Net, your own" not in table(settle(page)).columns
    monkeypatch.setenv("SEG_WEIGHTS", str(tmp_path))  # what the server's owner opens, all may see
    assert "U-Net, your own" in table(visit()).columns


def test_drawing_the_page_again_measures_no_picture_again(page, monkeypatch):
    upload(page, 0, "one.png", photo())
    upload(page, 0, "two.png", saved(Image.fromarray(street.render(4, 90, 120).image), "PNG"))
    upload(page, 1, "two.png", encode_ids(SCENE.labels, STREET))
    end = time.monotonic() + 60
    while not all(resources.is_rendered("street", seed) for seed in resources.seeds("street")):
        assert time.monotonic() < end
        time.sleep(0.05)
    page.run()
    calls = []
    for module, name in [(exhibits, "encode_thumbnail"), (exhibits, "digest"), (decode, "digest")]:
        original = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *given, original=original: calls.append(original) or original(*given))
    page.run()
    assert not page.exception
    assert calls == []
    show(page, "Sample 2")
    assert len(calls) <= 1  # its truth, told from others the first time that it is scored


def test_own_runs_may_be_named_by_the_environment_and_may_be_of_another_data_set(seven, service, monkeypatch, tmp_path):
    make_set(tmp_path, "shapes/unet-wce", "unet")
    only(seven, monkeypatch)
    monkeypatch.setenv("SEG_WEIGHTS", f"{tmp_path}{os.pathsep}{seven}")
    page = visit()
    assert len(table(page).columns) == 7
    choose(page, "Data set", "shapes")
    assert list(table(page).columns) == ["U-Net, your own"]


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ("no folder", "There is no folder"),
        ("no index", "index.json is missing"),
        ("not JSON", "is damaged"),
        ("half a record", "not complete"),
        ("strange record", "cannot be read"),
        ("long name", "cannot be opened"),
    ],
)
def test_a_bad_folder_of_own_runs_is_one_sentence_and_the_shipped_sets_stay(page, tmp_path, damage, sentence):
    folder = tmp_path
    if damage == "no folder":
        folder = tmp_path / "none"
    elif damage == "not JSON":
        (folder / "index.json").write_text("{")
    elif damage == "long name":
        folder = tmp_path / ("x" * 300)
    elif damage != "no index":
        make_set(folder)
        (entry,) = json.loads((folder / "index.json").read_text())
        entry = {"name": entry["name"]} if damage == "half a record" else entry | {"tile": None, "scale": "x"}
        (folder / "index.json").write_text(json.dumps([entry]))
    page = arrive(str(folder))
    assert not page.exception
    assert len(page.warning) == 1
    assert sentence in page.sidebar.warning[0].value
    assert len(table(settle(page)).columns) == 7


def test_a_file_that_is_reported_twice_is_taken_once():
    page = AppTest.from_string(
        """
        from types import SimpleNamespace
        import streamlit as st
        from seg.app.parts import gallery
        state = st.session_state
        state["photos-0"] = [SimpleNamespace(file_id=i, name=f"{i}.png", getvalue=lambda: b"") for i in "ab"]
        state.uploads, state.taken, state.upload_round, state.upload_errors = {}, set(), 0, ["old"]
        gallery._take_photos("photos", 0)
        state.first = list(state.upload_errors)
        gallery._take_photos("photos", 0)
        """
    ).run()
    assert not page.exception
    assert page.session_state.upload_round == 1
    assert page.session_state.upload_errors == page.session_state.first
    assert [e.split(" is empty")[0] for e in page.session_state.first] == ["a.png", "b.png"]


def test_the_address_names_the_sample_and_brings_it_back(weights, monkeypatch):
    only(weights, monkeypatch)
    app = AppTest.from_file(str(APP), default_timeout=120)
    app.query_params["picture"] = "Sample 3"
    app.run()
    assert pictures(app)["chosen"] == "Sample 3"
    show(app, "Sample 2")
    assert app.query_params["picture"] in ("Sample 2", ["Sample 2"])


def test_samples_that_nobody_asked_for_are_rendered_once_the_networks_rest(monkeypatch):
    service = SimpleNamespace(busy=True)
    monkeypatch.setattr(resources, "SERVICE", service)
    monkeypatch.setattr(resources, "MEMORY", Memory())
    monkeypatch.setattr(resources, "_rendered", set())
    monkeypatch.setattr(resources, "_ordered", set())
    seeds = resources.seeds("shapes")
    resources.sample("shapes", seeds[0])  # the one shown
    resources.render_when_idle("shapes")
    time.sleep(0.3)
    assert [resources.is_rendered("shapes", seed) for seed in seeds] == [True, False, False, False]
    service.busy = False
    end = time.monotonic() + 20
    while not all(resources.is_rendered("shapes", seed) for seed in seeds):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_what_knows_the_data_set_of_a_first_photo_is_there_before_it_comes(monkeypatch):
    looked, rests = [], iter([True] * len(resources.seeds("shapes")))
    monkeypatch.setattr(resources, "looks_like", lambda digest, pixels: looked.append(digest))
    monkeypatch.setattr(resources, "_is_quiet", lambda: next(rests, False))
    resources._render("shapes")
    assert looked == []  # the program ends before that
    monkeypatch.setattr(resources, "_is_quiet", lambda: True)
    resources._render("shapes")
    assert len(looked) == 1


def test_nobody_waits_for_a_sample_that_another_visitor_asked_for(monkeypatch):
    first, second, *_ = resources.seeds("shapes")
    begun, release = threading.Event(), threading.Event()
    render = DATASETS["shapes"].open

    def slow(seed):
        if seed == first:
            begun.set()
            assert release.wait(20)
        return render(seed)

    monkeypatch.setattr(resources, "MEMORY", Memory())
    monkeypatch.setattr(resources, "_rendered", set())
    monkeypatch.setitem(DATASETS, "shapes", replace(DATASETS["shapes"], open=slow))
    with ThreadPoolExecutor(3) as visitors:
        waiting = [visitors.submit(resources.sample, "shapes", first) for _ in range(2)]
        assert begun.wait(20)
        try:
            assert visitors.submit(resources.sample, "shapes", second).result(20).image.shape == (64, 64, 3)
            assert not any(one.done() for one in waiting)
        finally:
            release.set()
        one, other = (future.result(20) for future in waiting)
        assert one is other


@dataclass(frozen=True)
class Held:
    """A question that is answered once `gate` is open."""

    gate: threading.Event

    def depends_on(self, digest: str, size: tuple[int, int], detail: int) -> str:
        return digest

    def __call__(self, network: Segmenter, image: np.ndarray, detail: int) -> str:
        assert self.gate.wait(60)
        return "open"


def test_whoever_waits_behind_two_others_reads_that_he_is_third_in_line(seven, service, monkeypatch):
    only(seven, monkeypatch)
    record, gate = WeightIndex(seven).record("street/unet-wce"), threading.Event()
    others = [Visitor(), Visitor()]
    for number, other in enumerate(others):
        held = Request.of(f"another's {number}", record, folder=seven, question=Held(gate))
        service.request(held, SCENE.image, other)
    page = arrive()
    try:
        assert says(page, "You are third in line, about ")
        assert says(page, "others come first")
    finally:
        gate.set()
    assert not says(settle(page), "You are third")
