"""Networks made elsewhere on every page, and the dialog that adopts one: without a browser, real widgets."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from streamlit.testing.v1 import AppTest

from seg.app import resources
from seg.catalogue.store import WeightIndex
from seg.datasets import DATASETS
from seg.models import build_model
from seg.scores.adoption import adopt
from seg.service.service import PredictionService
from tests.conftest import make_set
from tests.elsewhere import Tiny, write_fruit, write_onnx
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
    assert list(table(page).columns) == [
        *(f"{name}, trained elsewhere, your own" for name in ("theirs", "whole")),
        *(f"{network}, from scratch, weighted cross-entropy" for network in ("Conv stack", "FCN-8s", "U-Net")),
    ]
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
    assert all(f"{name}, trained elsewhere, your own" in shown for name in ("theirs", "whole", "one"))
    filters = {field.label: field.options for field in page.multiselect}
    assert "trained elsewhere" in filters["Start"]
    assert "not known" in filters["Loss"]
    assert "" not in (*filters["Start"], *filters["Loss"])


def test_architectures_looks_into_a_module_and_says_of_an_onnx_file_that_nobody_can(page):
    to(page, "architectures")
    assert not page.exception
    page.segmented_control(key="network").set_value("theirs, trained elsewhere, your own").run()
    assert not page.exception
    assert "Operations and memory of every stage" in {chart.proto.alt for chart in page.get("plotly_chart")}
    seen = [str(image.proto) for image in page.get("image")]
    assert sum("Receptive field of" in image for image in seen) == 4, "of every network but the ONNX file"
    page.segmented_control(key="network").set_value("whole, trained elsewhere, your own").run()
    assert not page.exception
    assert not page.error
    assert "whole, trained elsewhere, your own is an ONNX file, which runs as a whole" in said(page)
    assert not any("Receptive field of" in str(image.proto) for image in page.get("image"))


def test_upsampling_measures_the_modules_and_names_the_others(page):
    to(page, "upsampling")
    assert not page.exception
    assert not page.error
    assert "Not measured, an ONNX file runs as a whole: whole, trained elsewhere, your own." in said(page)


@pytest.mark.parametrize("name", ["losses", "training"])
def test_other_pages_open_beside_them(page, name):
    to(page, name)
    assert not page.exception
    assert not page.error


# The dialog ---------------------------------------------------------------------------------------------------------

DIALOG = """
import streamlit as st
from seg.app import resources
from seg.catalogue.store import WeightIndex
from seg.app.parts import adopt
adopt.offer()
st.text_input("own", key="own_runs")
adopt.show()
st.session_state.opened = [str(folder) for folder in resources.own_folders()]
"""


@pytest.fixture
def dialog(tmp_path, monkeypatch):
    monkeypatch.setenv("SEG_LOCAL_FOLDERS", "1")
    monkeypatch.delenv("SEG_WEIGHTS", raising=False)
    page = AppTest.from_string(DIALOG, default_timeout=120).run()
    page.button[0].click().run()
    fill(page, "Folder to write to", str(tmp_path / "mine"))
    return page


def fill(page: AppTest, label: str, value: str) -> None:
    next(field for field in page.text_input if field.label.startswith(label)).set_value(value)


def press(page: AppTest, label: str) -> AppTest:
    next(button for button in page.button if button.label == label).click().run()
    assert not page.exception
    return page


def test_a_network_adopted_in_the_dialog_is_opened_at_once(dialog, folders, tmp_path):
    fill(dialog, "File or folder", str(folders[1] / "orchard.onnx"))
    fill(dialog, "Name", "orchard/mine")
    fill(dialog, "Classes", "ground, apple, pear")
    press(dialog, "Adopt")
    assert "orchard/mine is adopted." in dialog.success[0].value
    assert dialog.session_state.own_runs == str(tmp_path / "mine")
    assert dialog.session_state.opened == [str(tmp_path / "mine")]
    assert not [field for field in dialog.text_input if field.label == "Name"], "the dialog is closed"
    dialog.text_input[0].set_value("").run()
    assert dialog.session_state.opened == [], "a folder that was taken out again stays out"
    assert "Mean and std are ImageNet's" in dialog.success[0].value, "what was assumed stays to be read"


def test_what_cannot_be_adopted_is_a_sentence_in_the_dialog_which_stays(dialog, folders, tmp_path):
    press(dialog, "Adopt")
    assert "Name the file or folder" in dialog.error[0].value
    fill(dialog, "File or folder", str(tmp_path / "nowhere.onnx"))
    fill(dialog, "Name", "orchard/mine")
    press(dialog, "Adopt")
    assert "There is no file or folder" in dialog.error[0].value
    fill(dialog, "File or folder", str(folders[1] / "orchard.onnx"))
    fill(dialog, "Mean", "none")
    press(dialog, "Adopt")
    assert "are no numbers with commas between" in dialog.error[0].value
    assert not (tmp_path / "mine").exists()
    press(dialog, "Adopt a network")
    assert not dialog.error


@pytest.mark.parametrize(("answer", "is_bytes"), [("Take the better one", True), ("Keep the one named", False)])
def test_a_better_input_is_offered_and_either_can_be_taken(dialog, tmp_path, answer, is_bytes):
    class TakesBytes(Tiny):
        def forward(self, x):  # red above 150 is an apple, all other is ground
            return torch.cat([x[:, :1] * 0, (x[:, :1] - 150), x[:, :1] * 0 - 1000], dim=1) + 0 * super().forward(x)

    file = write_onnx(tmp_path / "bytes.onnx", TakesBytes(3), (1, 3, 96, 128))
    write_fruit(tmp_path / "data", 2)
    fill(dialog, "File or folder", str(file))
    fill(dialog, "Name", "orchard/bytes")
    fill(dialog, "Classes", "ground, apple, pear")
    fill(dialog, "Labelled pictures", str(tmp_path / "data"))
    press(dialog, "Adopt")
    assert "from 0 to 255 gives a mean Dice of" in dialog.warning[0].value
    assert not (tmp_path / "mine").exists()
    press(dialog, answer)
    assert "orchard/bytes is adopted." in dialog.success[0].value
    record = WeightIndex(tmp_path / "mine").record("orchard/bytes")
    assert (max(record.std) < 0.01) == is_bytes
    assert record.validation.images == 2


def test_where_others_visit_there_is_no_dialog(monkeypatch):
    monkeypatch.delenv("SEG_LOCAL_FOLDERS", raising=False)
    page = AppTest.from_string(DIALOG.replace("adopt.offer()", "st.session_state['adopt-open'] = True")).run()
    assert not page.exception
    assert not page.button
