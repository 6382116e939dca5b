"""The Upsampling page without a browser: small random networks, real widgets."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from seg.anatomy.transposed import Geometry
from seg.app import resources
from seg.app.components.by_hand import describe
from tests.conftest import make_set

APP = Path(__file__).parents[2] / "streamlit_app.py"


@pytest.fixture
def page(tmp_path, monkeypatch):
    make_set(tmp_path, "street/fcn8s-wce")
    for method in ("unpool", "transposed", "bilinear", "nearest"):
        variant = "" if method == "unpool" else f"-{method}"
        make_set(tmp_path, f"street/encoder_decoder-wce{variant}", "encoder_decoder", upsampling=method)
    monkeypatch.setattr(resources, "SHIPPED", tmp_path)
    app = AppTest.from_file(str(APP), default_timeout=120).run()
    return app.switch_page("pages/upsampling.py").run()


def alts(page) -> list[str]:
    return [chart.proto.alt for chart in page.get("plotly_chart")]


def test_the_page_opens_by_hand_with_an_overlap_map_and_every_way_up(page):
    assert not page.exception
    for name in ("bilinear", "bed of nails", "max-unpooling", "pixel shuffle", "nearest", "resize, then convolve"):
        assert any(alt.startswith(f"{name}:") for alt in alts(page))
    assert "Uneven overlap" in " ".join(m.value for m in page.markdown)
    assert "Unevenness **0.00**" not in [m.value for m in page.markdown]


def test_a_kernel_that_is_a_multiple_of_the_stride_is_even(page):
    page.number_input(key="kernel").set_value(4).run()
    assert "Unevenness **0.00**" in [m.value for m in page.markdown]
    assert "Even overlap" in " ".join(m.value for m in page.markdown)


def test_a_padding_that_cuts_everything_away_is_explained_in_place_and_the_rest_stays(page):
    page.number_input(key="padding").set_value(6).run()
    assert not page.exception
    assert "smaller padding" in page.warning[0].value
    assert page.get("plotly_chart")


def test_an_output_padding_of_the_stride_is_explained(page):
    page.number_input(key="extra").set_value(2).run()
    assert "smaller than the stride (2)" in page.warning[0].value


def test_an_example_sets_all_numbers(page):
    page.number_input(key="dilation").set_value(3).run()
    page.button(key="example-2 over 2: none").click().run()
    assert [page.number_input(key=key).value for key in ("kernel", "stride", "dilation")] == [2, 2, 1]
    assert "No overlap" in " ".join(m.value for m in page.markdown)


def test_every_network_is_ranked_and_the_four_variants_stand_side_by_side(page):
    assert any(alt.startswith("Networks ranked") for alt in alts(page))
    assert sum(alt.startswith("The pattern that repeats") for alt in alts(page)) == 5
    options = page.selectbox(key="up-network-street").options
    assert len(options) == 5


def test_an_fcns_kernels_stand_beside_the_bilinear_start(page):
    page.selectbox(key="up-network-street").select("street/fcn8s-wce").run()
    assert sum(alt.endswith("bilinear, its start") for alt in alts(page)) == 3
    assert not page.exception


def test_what_the_browser_is_told_adds_up_to_what_torch_says():
    rng = np.random.default_rng(0)
    x, weight = rng.normal(size=(4, 3)), rng.normal(size=(3, 3))
    told = describe(x, weight, Geometry(3, 2, padding=1, output_padding=1, dilation=2))
    taps = np.array(told["taps"]).reshape(-1, x.size)
    sums = np.where(taps >= 0, weight.ravel()[taps] * x.ravel(), 0).sum(axis=1)
    assert sums == pytest.approx(np.array(told["torch"]))
    stuffed = np.array(told["stuffedFrom"])
    assert sorted(stuffed[stuffed >= 0]) == list(range(x.size))
