"""Networks made elsewhere on every page, and the dialog that adopts one: without a browser, real widgets."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from streamlit.testing.v1 import AppTest

from seg.app import resources
from seg.datasets import DATASETS
from seg.models import build_model
from seg.scores.adoption import adopt
from seg.service.service import PredictionService
from tests.conftest import make_set
from tests.elsewhere import Tiny, write_onnx
from tests.pages.test_compare import control, settle, table

APP = str(Path(__file__).parents[2] / "streamlit_app.py")
STREET = DATASETS["street"].class_map


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Shipped street networks; a folder with a module and an ONNX file that were made elsewhere, of the same classes,
    and two of an orchard."""
    shipped, own = tmp_path_factory.mktemp("shipped"), tmp_path_factory.mktemp("own")
    for model in ("conv_stack", "fcn8s", "unet"):
        make_set(shipped, f"street/{model}-wce", model)
    torch.manual_seed(0)
    save_file(build_model("unet", 11, base=4).state_dict(), own / "unet.safetensors")
    onnx = write_onnx(own / "whole.onnx", Tiny(11), (1, 3, 96, 128))
    adopt(str(own / "unet.safetensors"), "street/theirs", own, "unet", classes=STREET, size=96)
    adopt(str(onnx), "street/whole", own, classes=STREET)
    for name in ("one", "two"):
        onnx = write_onnx(own / "orchard.onnx", Tiny(3), (1, 3, 96, 128))
        adopt(str(onnx), f"orchard/{name}", own, classes=("ground", "apple", "pear"))
    return shipped, own


@pytest.fixture
def page(folders, monkeypatch):
    shipped, own = folders
    service = PredictionService()
    monkeypatch.setattr(resources, "SERVICE", service)
    monkeypatch.setattr(resources, "SHIPPED", shipped)
    monkeypatch.setenv("SEG_WEIGHTS", str(own))
    monkeypatch.setenv("SEG_LOCAL_FOLDERS", "1")
    yield AppTest.from_file(APP, default_timeout=120).run()
    service.close()


def to(page: AppTest, name: str) -> AppTest:
    return page.switch_page(f"pages/{name}.py").run()


def said(page: AppTest) -> str:
    return "\n".join(element.value for kind in (page.info, page.markdown, page.error) for element in kind)


def test_compare_puts_them_beside_each_other_and_the_shipped_ones_of_their_classes(page):
    settle(page)
    control(page, "Compare").set_value("own runs")
    settle(page.run())
    assert not page.exception
    assert list(table(page).columns) == ["own: theirs", "own: whole", "conv_stack-wce", "fcn8s-wce", "unet-wce"]
    assert table(page).notna().any().all()


def test_a_data_set_of_ones_own_has_its_networks_side_by_side(page):
    settle(page)
    control(page, "Data set").set_value("orchard")
    page.run()
    assert not page.exception
    assert any("Upload a picture" in info.value for info in page.info)


def test_the_leaderboard_lists_them_by_their_own_names(page):
    to(page, "leaderboard")
    assert not page.exception
    shown = page.dataframe[0].value.to_string()
    assert all(name in shown for name in ("own: street/theirs", "own: street/whole", "own: orchard/one"))


def test_architectures_looks_into_a_module_and_says_of_an_onnx_file_that_nobody_can(page):
    to(page, "architectures")
    assert not page.exception
    page.segmented_control(key="network").set_value("own: theirs").run()
    assert not page.exception
    assert "Operations and memory of every stage" in {chart.proto.alt for chart in page.get("plotly_chart")}
    seen = [str(image.proto) for image in page.get("image")]
    assert sum("Receptive field of" in image for image in seen) == 4, "of every network but the ONNX file"
    page.segmented_control(key="network").set_value("own: whole").run()
    assert not page.exception
    assert not page.error
    assert "own: whole is an ONNX file, which runs as a whole" in said(page)
    assert not any("Receptive field of" in str(image.proto) for image in page.get("image"))


def test_upsampling_measures_the_modules_and_names_the_others(page):
    to(page, "upsampling")
    assert not page.exception
    assert not page.error
    assert "Not measured, an ONNX file runs as a whole: own: street/whole." in said(page)


@pytest.mark.parametrize("name", ["losses", "training"])
def test_other_pages_open_beside_them(page, name):
    to(page, name)
    assert not page.exception
    assert not page.error
