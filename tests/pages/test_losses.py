"""The Losses page without a browser: small random networks, real widgets."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from seg.app import resources
from seg.losses import LOSSES
from tests.conftest import make_set

APP = Path(__file__).parents[2] / "streamlit_app.py"


def opened(folder: Path, monkeypatch) -> AppTest:
    monkeypatch.setattr(resources, "SHIPPED", folder)
    app = AppTest.from_file(str(APP), default_timeout=120).run()
    return app.switch_page("pages/losses.py").run()


@pytest.fixture
def page(tmp_path, monkeypatch):
    for loss in ("ce", "wce", "dice"):
        make_set(tmp_path, f"street/unet-{loss}", "unet")
    make_set(tmp_path, "street/fcn8s-wce")
    return opened(tmp_path, monkeypatch)


def test_the_losses_stand_side_by_side_with_scores_outlines_and_calibration(page):
    assert not page.exception
    table = page.dataframe[0].value
    assert set(table.index) == {"cross-entropy", "weighted cross-entropy", "Dice"}
    for column in ("mean Dice", "boundary F1", "calibration error", "mean confidence"):
        assert table[column].between(0, 1).all()


def test_who_comes_from_a_data_set_without_several_losses_sees_one_that_has_them_and_is_told(tmp_path, monkeypatch):
    make_set(tmp_path, "everyday/fcn8s-ce")
    for loss in ("ce", "dice"):
        make_set(tmp_path, f"street/unet-{loss}", "unet")
    page = opened(tmp_path, monkeypatch)
    said = "No network was trained on everyday with several losses: these learned street."
    assert said in [caption.value for caption in page.caption]
    assert set(page.dataframe[0].value.index) == {"cross-entropy", "Dice"}


def test_the_imbalance_table_names_every_loss_and_cross_entropy_forgives_a_small_disc(page):
    def nothing_over_right() -> float:
        table = page.dataframe[-1].value
        assert list(table.index) == [kind.title for kind in LOSSES.values()]
        return table.loc["cross-entropy", "all background"] - table.loc["cross-entropy", "right"]

    page.select_slider(key="disc").set_value("50.0%").run()
    large = nothing_over_right()
    page.select_slider(key="disc").set_value("0.1%").run()
    assert nothing_over_right() < large / 100
    assert not page.exception


def test_each_loss_chosen_has_its_maps_and_a_loss_of_masks_says_why_it_has_one_only(page):
    def maps() -> list[str]:
        return [str(image.proto) for image in page.get("image") if "how hard it pulls" in str(image.proto)]

    assert len(maps()) == 3
    assert any("no mean over pixels" in text.value for text in page.markdown)
    page.pills(key="where-losses").set_value(["Lovász"]).run()
    assert len(maps()) == 1


def test_a_data_set_without_several_losses_says_so_and_the_rest_of_the_page_stands(tmp_path, monkeypatch):
    make_set(tmp_path, "street/unet-wce", "unet")
    page = opened(tmp_path, monkeypatch)
    assert not page.exception
    assert "choose another data set" in page.info[0].value
    assert len(page.dataframe[-1].value) == len(LOSSES)
    assert len(page.latex) == len(LOSSES)


def test_every_formula_stands_with_its_paper(page):
    assert [latex.value.strip("$\n ") for latex in page.latex] == [kind.formula for kind in LOSSES.values()]
    assert np.all([any("CVPR 2015" in c.value for c in page.markdown)])
