"""What whoever runs the app has switched off is said where a visitor looks for it, and what he bounds is bounded."""

import io

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from seg.app import resources
from seg.service.service import PredictionService
from tests.conftest import make_set
from tests.pages.test_teach import APP, PATIENCE


@pytest.fixture
def page(tmp_path, monkeypatch):
    service = PredictionService()
    make_set(tmp_path, "street/unet-wce", "unet")
    monkeypatch.setattr(resources, "SHIPPED", tmp_path)
    monkeypatch.setattr(resources, "SERVICE", service)
    monkeypatch.delenv("SEG_WEIGHTS", raising=False)
    yield AppTest.from_file(str(APP), default_timeout=PATIENCE)
    service.close()


def png(height: int, width: int, value: int = 0) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((height, width), value, np.uint8)).save(file, "PNG")
    return file.getvalue()


def said(page: AppTest) -> str:
    return "\n".join(element.value for kind in (page.info, page.error, page.warning) for element in kind)


def test_training_that_is_switched_off_is_said_on_both_pages(page, monkeypatch):
    monkeypatch.setenv("SEG_TRAINING", "0")
    page.switch_page("pages/teach.py").run()
    assert "switched off teaching" in said(page)
    assert not page.file_uploader
    page.switch_page("pages/training.py").run()
    page.segmented_control(key="show").set_value("Train now").run()
    assert "switched off training" in said(page)
    assert not [button for button in page.button if button.label == "Train"]
    assert not page.exception


@pytest.mark.parametrize(("allowed", "count"), [("1", 1), ("0", 0)])
def test_zips_of_weight_sets_are_taken_where_they_are_allowed(page, monkeypatch, allowed, count):
    monkeypatch.setenv("SEG_OWN_SETS", allowed)
    page.run()
    assert len([button for button in page.button if button.label == "Open a ZIP"]) == count


def test_photos_beyond_what_a_visit_holds_and_beyond_their_size_are_refused_by_name(page, monkeypatch):
    monkeypatch.setenv("SEG_PICTURES", "2")
    monkeypatch.setenv("SEG_MEGAPIXELS", "1")
    page.run()
    page.file_uploader[0].upload("large.png", png(1000, 1001))
    for place in range(3):
        page.file_uploader[0].upload(f"{place}.png", png(40, 60, place))
    page.run()
    assert "large.png is 1001 × 1000 pixels, more than the 1 megapixels" in said(page)
    assert "2.png is left out: a visit holds 2: remove some" in said(page)
    assert len(page.session_state.uploads) == 2


def test_a_setting_that_cannot_be_is_told_in_the_sidebar(page, monkeypatch):
    monkeypatch.setenv("SEG_PICTURES", "many")
    page.run()
    assert "PICTURES is 'many': input should be a valid integer" in said(page)
