"""The page 'Teach' without a browser: photos and masks come in, a network learns, what cannot be is a sentence."""

import io
import threading
import time
import zipfile
from collections.abc import Callable, Generator
from functools import partialmethod
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from seg.app import resources
from seg.app.parts import teach_keep, teach_photos, teach_why
from seg.app.parts.teach_desk import LONG_SIDE, MOST_PHOTOS, Desk, Photo, understood
from seg.app.parts.teach_photos import DESK
from seg.catalogue.store import WeightIndex
from seg.datasets.own import open_data
from seg.labels import IGNORE
from seg.pictures import masks
from seg.pictures.decode import Picture
from seg.service.jobs import DONE, OVER, WAITING, Job, Turns
from seg.service.memory import Memory
from seg.service.service import PredictionService
from seg.service.teachings import NEEDED_BYTES
from seg.training.teacher import Teacher
from tests.conftest import make_set

APP = Path(__file__).parents[2] / "streamlit_app.py"
PATIENCE = 120


@pytest.fixture(scope="module")
def sets(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sets")
    make_set(folder, "street/unet-wce", "unet")
    return folder


@pytest.fixture
def page(sets, monkeypatch):
    service, turns = PredictionService(), Turns()
    monkeypatch.setattr(resources, "SHIPPED", sets)
    monkeypatch.setattr(resources, "SERVICE", service)
    monkeypatch.setattr(resources, "TRAININGS", turns)
    monkeypatch.setattr(Teacher, "teach", partialmethod(Teacher.teach, steps=20))
    monkeypatch.delenv("SEG_WEIGHTS", raising=False)
    page = AppTest.from_file(str(APP), default_timeout=PATIENCE)
    page.switch_page("pages/teach.py")
    yield page.run()
    assert not page.exception
    turns.close()
    service.close()


def disc(place: int, height: int = 60, width: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """An orange disc on green, and its mask: 1 on it, 0 around it."""
    y, x = np.mgrid[:height, :width]
    mask = ((y - 30) ** 2 + (x - 25 - 5 * place) ** 2 < 250).astype(np.uint8)
    noise = np.random.default_rng(place).integers(-20, 20, (height, width, 3))
    image = np.where(mask[..., None], (220, 130, 30), (40, 120, 60)) + noise
    return np.clip(image, 0, 255).astype(np.uint8), mask


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def bring(page: AppTest, count: int = 3, painted: int | None = None) -> Desk:
    """Photos of discs, painted but for the last ones."""
    for place in range(count):
        page.file_uploader[0].upload(f"disc {place}.png", png(disc(place)[0]))
    page.run()
    desk = page.session_state[DESK]
    for place, photo in enumerate([*desk.photos.values()][:painted]):
        photo.begin(disc(place)[1])
    page.run()
    return desk


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if label in button.label).click().run()


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def taught(page: AppTest) -> Desk:
    """The desk once the lesson that is begun now is over and shown."""
    press(page, "Teach")
    desk = page.session_state[DESK]
    until(lambda: desk.lesson.state in OVER)
    page.run()
    return desk


def said(page: AppTest) -> str:
    kinds = (page.markdown, page.caption, page.info, page.warning, page.error)
    return "\n".join(element.value for kind in kinds for element in kind)


def test_the_first_screen_says_what_to_do_and_shows_photos_to_begin_with(page):
    assert "in less than a minute a network of your own knows it" in said(page)
    assert all(f"**{step}**" in said(page) for step in (2, 3, 4, 5))
    assert page.file_uploader[0].label.startswith("1 ·")
    for title in teach_photos.READY:
        assert any(title in str(image.proto) for image in page.get("image"))


def test_photos_to_begin_with_come_named_and_painted_but_for_one(page):
    page = press(page, "A cat and people")
    desk = page.session_state[DESK]
    assert desk.names == ("cat", "person")
    assert page.text_input(key=teach_photos.CLASSES).value == "cat, person"
    assert [photo.is_painted for photo in desk.photos.values()] == [True, True, False, True]
    assert "3 of 4 photos painted, the rest is held out" in said(page)


def test_painted_photos_teach_a_network_that_stands_on_every_page_for_the_visit(page):
    bring(page, 4, painted=3)
    page.text_input(key=teach_photos.CLASSES).set_value("disc").run()
    desk = taught(page)
    assert desk.taught is desk.lesson
    assert "by 3 photos; on a new one like these expect a Dice between" in said(page)
    masks = [str(image.proto) for image in page.get("image")]
    assert sum("mask of disc" in one for one in masks) == 4
    assert {chart.proto.alt for chart in page.get("plotly_chart")} >= {"Dice of photos left out, by step"}
    assert not page.warning
    assert desk.taught.record.name == "mine/disc"
    page = press(page, "Open in Compare")
    assert page.session_state["upload"] in desk.photos
    page = page.switch_page("pages/leaderboard.py").run()
    assert not page.exception
    assert "own: mine/disc" in " ".join(str(frame.value.to_dict()) for frame in page.dataframe)


def test_what_is_taught_is_taken_along_and_opens_again(page, tmp_path):
    desk = bring(page, 3, painted=2)
    lesson = taught(page).taught
    with zipfile.ZipFile(io.BytesIO(teach_keep.set_as_zip(lesson))) as archive:
        archive.extractall(tmp_path / "mine")
    index = WeightIndex(tmp_path / "mine")
    assert index.load(index.record("mine/thing")) is not None
    with open_data(io.BytesIO(teach_keep.paintings_as_zip(desk)), "paintings.zip") as opened:
        assert opened.class_map.names == ("background", "thing")
        found = opened.split("all", masks.AS_FILED)
        assert len(found) == 2
        np.testing.assert_array_equal(found[0].labels, disc(0)[1])
    titles = [button.label for button in page.get("download_button")]
    assert titles[0] == "Weight set (ZIP)"
    assert "Paintings (ZIP)" in titles


def test_the_reasons_are_shown_on_request(page):
    bring(page, 4, painted=3)
    lesson = taught(page).taught
    assert {metric.label for metric in page.metric} == {"All strides", *(f"Without stride {n}" for n in (8, 16, 32))}
    page = press(page, "Try it without the encoder")
    reasons = page.session_state[teach_why.REASONS]
    reasons.seconds = 2.0
    until(lambda: reasons.state in OVER)
    page.run()
    assert not page.error
    assert reasons.state == DONE
    assert sorted(reasons.grown) == [1, 2]
    images = [str(image.proto) for image in page.get("image")]
    assert sum("by a network from scratch" in one for one in images) == len(lesson.paintings) + 1
    assert "Dice by the number of photos learned from" in {chart.proto.alt for chart in page.get("plotly_chart")}


def test_the_next_photo_is_looked_at_by_what_is_taught_and_the_next_round_finds_the_features_there(page):
    desk = bring(page, 2)
    first = taught(page).taught
    page.file_uploader[0].upload("next.png", png(disc(7)[0]))
    page.run()
    assert desk.photo.name == "next.png"
    until(lambda: not resources.SERVICE.busy)
    page.run()
    desk.photo.begin(disc(7)[1])
    features = desk._teacher.features
    second = taught(page).taught
    assert second is not first
    assert len(second.taught.photos) == 3
    assert desk._teacher.features is features
    assert second.taught.computed < first.taught.computed


@pytest.mark.parametrize(
    ("paint", "sentence"),
    [
        (lambda mask: np.full_like(mask, IGNORE), "Nothing is painted on any photo"),
        (lambda mask: np.where(mask == 1, mask, np.uint8(IGNORE)), "Only thing is painted"),
        (np.ones_like, "thing covers every photo in full"),
    ],
    ids=["nothing", "one class", "in full"],
)
def test_what_cannot_be_taught_is_a_sentence(page, paint, sentence):
    desk = bring(page, 2)
    for photo in desk.photos.values():
        photo.begin(paint(photo.labels))
    desk = taught(page)
    assert desk.taught is None
    assert sentence in page.error[0].value
    page = page.run()
    assert any("Teach" in button.label and not button.disabled for button in page.button)


def test_the_rest_of_a_photo_is_background_on_request(page):
    desk = bring(page, 2)
    for photo in desk.photos.values():
        photo.begin(np.where(photo.labels == 1, photo.labels, np.uint8(IGNORE)))
        desk.shown = photo.key
        page.run()
        page.toggle(key=f"teach-rest-{photo.painting_name}").set_value(True).run()
        assert (photo.painted == 0).sum() == (photo.labels == IGNORE).sum() > 0
    assert taught(page).taught is not None


def test_a_lesson_waits_for_that_of_another_visitor_and_says_so(page):
    class Another(Job):
        total, done = 1, 0

        def steps(self) -> Generator[None]:
            go_on.wait(PATIENCE)
            yield

    go_on = threading.Event()
    resources.TRAININGS.start(Another())
    bring(page, 2)
    press(page, "Teach")
    desk = page.session_state[DESK]
    assert desk.lesson.state == WAITING
    assert "Waiting: 1 other visitor learns first" in str([bar.proto for bar in page.get("progress")])
    go_on.set()
    until(lambda: desk.lesson.state in OVER)


def test_more_photos_than_can_be_taught_are_named_and_large_ones_reduced(page):
    page.file_uploader[0].upload("large.png", png(np.zeros((400, 3 * LONG_SIDE, 3), np.uint8)))
    for place in range(MOST_PHOTOS + 4):
        page.file_uploader[0].upload(f"{place}.png", png(np.full((8, 8), place, np.uint8)))
    page.file_uploader[0].upload("notes.png", b"no picture")
    page.run()
    desk = page.session_state[DESK]
    assert len(desk.photos) == MOST_PHOTOS
    assert max(max(photo.image.shape) for photo in desk.photos.values()) == LONG_SIDE
    assert "6 photos are left out" in page.error[0].value


def test_a_file_that_is_no_picture_is_named(page):
    page.file_uploader[0].upload("notes.png", b"no picture")
    page.run()
    assert "notes.png" in page.error[0].value


def test_a_black_and_white_mask_is_asked_about_and_then_is_the_painting(page):
    desk = bring(page, 2, painted=0)
    photo = desk.photo
    number = next(i for i, one in enumerate(page.file_uploader) if one.label == "Masks instead of paint")
    page.file_uploader[number].upload("white.png", png(disc(1)[1] * 255))
    page.run()
    assert "Which is it?" in page.warning[0].value
    page = press(page, "White is thing")
    assert not page.warning
    np.testing.assert_array_equal(photo.labels, disc(1)[1])
    assert "1 of 2 photos painted" in said(page)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "has no name"),
        ("mug, ,spoon", "has no name"),
        ("mug, spoon, Mug", "Two classes are called mug"),
        ("background", "Background alone"),
        (", ".join(map(str, range(20))), "20 classes are more"),
        ("m" * 50, "too long"),
    ],
)
def test_names_that_cannot_be_are_a_sentence_and_leave_those_before(page, text, sentence):
    desk = bring(page, 1)
    page.text_input(key=teach_photos.CLASSES).set_value(text).run()
    assert sentence in page.error[0].value
    assert desk.names == ("thing",)
    assert next(button for button in page.button if "Teach" in button.label).disabled


def test_names_are_text_whatever_they_hold(page):
    desk = bring(page, 2, painted=1)
    page.text_input(key=teach_photos.CLASSES).set_value("<b>mug</b>, *a* [link](x)").run()
    assert desk.names == ("<b>mug</b>", "*a* [link](x)")
    desk = taught(page)
    assert desk.taught.record.class_map.names[1:] == desk.names
    assert "<b>" not in said(page).replace("\\<b>", "")


def test_a_lesson_that_finds_no_room_does_not_begin_and_that_is_said(page, monkeypatch):
    desk = bring(page, 2)
    monkeypatch.setattr(resources, "MEMORY", Memory(NEEDED_BYTES - 1))
    press(page, "Teach")
    assert desk.lesson is None
    assert "There is no memory for a lesson now: try again when others have finished theirs." in said(page)
    monkeypatch.setattr(resources, "MEMORY", Memory(10 * NEEDED_BYTES))
    press(page, "Teach")
    assert desk.lesson is not None
    assert "no memory" not in said(page)


def test_understood_names_are_without_the_background_and_without_needless_spaces():
    assert understood(" mug ,  soup   spoon,background") == ("mug", "soup spoon")


def painted_desk() -> tuple[Desk, Photo]:
    photo = Photo.of(Picture.of(np.zeros((2, 4, 3), np.uint8), "a"))
    photo.begin(np.array([[0, 1, 2, IGNORE]] * 2, np.uint8))
    desk = Desk(("mug", "spoon"))
    desk.add([photo])
    return desk, photo


def test_a_new_name_in_the_place_of_one_that_is_gone_is_for_the_same_paint():
    desk, photo = painted_desk()
    before = photo.painting_name
    desk.rename(("cup", "fork"))
    assert photo.labels[0].tolist() == [0, 1, 2, IGNORE]
    assert photo.painting_name == before
    assert desk.class_map.names == ("background", "cup", "fork")
    desk.rename(("cup", "fork", "knife"))
    assert photo.painting_name == before


def test_paint_follows_the_name_that_is_left_and_goes_with_the_one_that_is_not():
    desk, photo = painted_desk()
    before = photo.painting_name
    desk.rename(("spoon",))
    assert photo.labels[0].tolist() == [0, IGNORE, 1, IGNORE]
    assert photo.painting_name != before
    desk.rename(("plate", "spoon"))
    assert photo.labels[0].tolist() == [0, IGNORE, 2, IGNORE]


def test_nothing_is_left_when_one_starts_over(page):
    desk = bring(page, 2)
    press(page, "Teach")
    page = press(page, "Start over")
    until(lambda: desk.lesson.state in OVER)
    assert not page.session_state[DESK].photos
    assert "of your own knows it" in said(page)
