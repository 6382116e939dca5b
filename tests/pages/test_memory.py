"""A visitor with more photos than there is memory for loses none of them, and reads a sentence where one cannot be."""

import io

import numpy as np
import pytest
from PIL import Image
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.testing.v1 import AppTest

from seg.app import resources
from seg.service.memory import Memory
from seg.service.service import PredictionService
from tests.conftest import make_set
from tests.imports import ROOT

APP = ROOT / "streamlit_app.py"


@pytest.fixture
def visit(tmp_path, monkeypatch):
    make_set(tmp_path, "street/fcn8s-wce", "fcn8s")
    make_set(tmp_path, "street/unet-wce", "unet")
    monkeypatch.setattr(resources, "SHIPPED", tmp_path)
    monkeypatch.delenv("SEG_WEIGHTS", raising=False)
    services = []

    def visit(limit: int) -> AppTest:
        memory = Memory(limit)
        service = PredictionService(memory)
        services.append(service)
        monkeypatch.setattr(resources, "MEMORY", memory)
        monkeypatch.setattr(resources, "SERVICE", service)
        return AppTest.from_file(APP, default_timeout=120).run()

    yield visit
    for service in services:
        service.close()


def photo(number: int, side: int = 400) -> bytes:
    file = io.BytesIO()
    pixels = np.random.default_rng(number).integers(0, 256, (side // 20, side // 20, 3), dtype=np.uint8)
    Image.fromarray(pixels).resize((side, side)).save(file, "PNG")
    return file.getvalue()


def words(page: AppTest) -> str:
    return " ".join(str(element.value) for element in (*page.markdown, *page.error, *page.caption))


def test_every_photo_is_there_still_when_it_is_looked_at_again(visit):
    page, count = visit(200_000_000), 4
    for number in range(count):
        page.file_uploader[0].upload(f"{number}.png", photo(number)).run()
    memory, uploads = resources.MEMORY, page.session_state.uploads
    assert len(uploads) == count
    usual, memory.limit = memory.limit, 0
    memory.make_room()
    memory.limit = usual
    assert [memory.holds(one.picture.key) for one in uploads.values()] == [False] * (count - 1) + [
        True
    ]  # the one shown
    for number, exhibit in enumerate(uploads.values()):
        expected = np.asarray(Image.open(io.BytesIO(photo(number))))
        assert np.array_equal(exhibit.picture.pixels, expected)
    assert not page.exception


def test_a_photo_for_which_there_is_no_room_is_left_out_with_a_sentence(visit):
    page = visit(200_000_000)
    resources.MEMORY.limit = 1_000_000
    page.file_uploader[0].upload("large.png", photo(0, 1200)).run()
    assert "large.png is left out: there is no memory for it now." in words(page)
    assert not page.exception
    assert not page.session_state.uploads


def test_more_files_than_a_visitor_may_keep_are_left_out_with_a_sentence(visit, monkeypatch):
    monkeypatch.setattr("seg.app.parts.exhibits.MOST_BYTES", 1.5 * len(photo(0)))
    page = visit(200_000_000)
    for number in range(2):
        page.file_uploader[0].upload(f"{number}.png", photo(number)).run()
    assert "1.png is left out: your photos take 0 GB already." in words(page)
    assert len(page.session_state.uploads) == 1
    assert not page.exception


def test_files_that_have_been_taken_are_held_by_no_uploader(visit, monkeypatch):
    gone, remove = [], MemoryUploadedFileManager.remove_file

    def removed(self, session_id: str, file_id: str) -> None:
        remove(self, session_id, file_id)
        gone.append(len(self.get_files(session_id, [file_id])))

    monkeypatch.setattr(MemoryUploadedFileManager, "remove_file", removed)
    page = visit(200_000_000)
    page.file_uploader[0].upload("a.png", photo(0)).upload("no picture.png", b"x" * 1000).run()
    assert gone == [0, 0]
    assert len(page.session_state.uploads) == 1
    page.switch_page("pages/teach.py").run()
    page.file_uploader[0].upload("b.png", photo(1)).run()
    assert gone == [0, 0, 0]
    page.switch_page("pages/your_data.py").run()
    page.file_uploader[0].upload("c.png", photo(2)).upload("c_mask.png", photo(2)).run()
    assert gone == [0] * 5
    assert not page.exception


def test_the_sidebar_says_what_holds_what(visit):
    page = visit(200_000_000)
    said = [caption.value for caption in page.sidebar.caption if "are held for all visitors together" in caption.value]
    assert len(said) == 1
    assert "of 200 MB" in said[0]
