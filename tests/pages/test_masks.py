"""The Masks page without a browser: small random networks, real widgets."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from seg.app import resources
from seg.datasets import DATASETS
from tests.conftest import make_set

APP = Path(__file__).parents[2] / "streamlit_app.py"


@pytest.fixture(params=["street", "membranes"])
def page(request, tmp_path, monkeypatch):
    channels = 1 if request.param == "membranes" else 3
    for model in ("conv_stack", "unet"):
        make_set(tmp_path, f"{request.param}/{model}-wce", model, in_channels=channels)
    monkeypatch.setattr(resources, "SHIPPED", tmp_path)
    app = AppTest.from_file(str(APP), default_timeout=120).run()
    page = app.switch_page("pages/masks.py").run()
    assert not page.exception
    page.classes = DATASETS[request.param].class_map.names
    page.is_grey = channels == 1
    return page


def images(page) -> list[str]:
    return [str(image.proto) for image in page.get("image")]


def test_semantic_stands_against_instance_before_anything_else(page):
    first = images(page)[:3]
    assert [any(word in image for image in first) for word in ("the picture", "semantic", "instances")] == [True] * 3


def test_every_class_has_a_plane_and_one_of_them_is_1_at_the_pixel(page):
    assert sum("Plane of" in image for image in images(page)) == len(page.classes)
    here = [caption.value for caption in page.caption if ", here\N{NO-BREAK SPACE}" in caption.value]
    assert len(here) == len(page.classes)
    assert sum("**1**" in caption for caption in here) == 1


def test_a_colour_picture_has_three_channels_and_a_grey_one_one(page):
    named = [caption.value for caption in page.caption if caption.value in ("red", "green", "blue", "grey")]
    assert named == (["grey"] if page.is_grey else ["red", "green", "blue"])


def test_the_loss_at_the_pixel_is_that_of_the_class_that_is_right(page):
    table = page.dataframe[0].value
    assert table["softmax p"].sum() == pytest.approx(1)
    assert table["one-hot"].sum() == 1
    p = float(table.loc[table["one-hot"] == 1, "softmax p"].iloc[0])
    (formula,) = page.latex
    assert float(formula.value.strip("$\n ").rpartition("= ")[2]) == pytest.approx(-np.log(p), rel=0.01)
