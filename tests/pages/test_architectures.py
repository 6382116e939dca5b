"""The Architectures page without a browser: small random networks, real widgets."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from seg.app import resources
from tests.conftest import make_set

APP = Path(__file__).parents[2] / "streamlit_app.py"


@pytest.fixture
def page(tmp_path, monkeypatch):
    for model in ("conv_stack", "encoder_decoder", "fcn8s", "unet"):
        make_set(tmp_path, f"street/{model}-wce", model)
    monkeypatch.setattr(resources, "SHIPPED", tmp_path)
    app = AppTest.from_file(str(APP), default_timeout=120).run()
    return app.switch_page("pages/architectures.py").run()


def test_the_page_opens_on_a_network_its_maps_its_skips_and_its_cost(page):
    assert not page.exception
    images = [str(image.proto) for image in page.get("image")]
    assert sum("Channel" in image for image in images) >= 4
    assert sum("Receptive field of" in image for image in images) == 4
    assert [metric.label for metric in page.metric] == [f"mean Dice, {n}" for n in ("all on", "as ticked", "all off")]
    assert {chart.proto.alt for chart in page.get("plotly_chart")} >= {
        "Operations and memory of every stage",
        "Change of every class's Dice",
        "GFLOPs by size",
        "MB of maps by size",
    }


def test_all_skips_ticked_change_nothing(page):
    page.pills(key="skips-unet-street").set_value(["level1", "level2", "level3", "level4"]).run()
    assert page.metric[1].delta in ("+0.000", "-0.000")
    page.pills(key="skips-unet-street").set_value([]).run()
    assert page.metric[1].value == page.metric[2].value


def test_a_network_without_skips_says_which_have_some(page):
    page.segmented_control(key="network").set_value("Conv stack").run()
    assert not page.exception
    assert "has no skips" in page.info[0].value
    assert not page.metric


def test_the_drawing_asks_how_the_picture_becomes_small_only_where_it_does(page):
    asked = [text.value.split("?")[0] for text in page.markdown if "GFLOPs and" in text.value]
    assert asked == ["How does the picture become small and deep, and large again"]
    page.segmented_control(key="network").set_value("Conv stack").run()
    asked = [text.value.split("?")[0] for text in page.markdown if "GFLOPs and" in text.value]
    assert asked == ["What can a network find that never makes the picture small"]


def test_times_are_measured_when_asked_for(page):
    assert not any("Measured" in chart.proto.alt for chart in page.get("plotly_chart"))
    next(button for button in page.button if button.label == "Measure the time here").click().run()
    assert any("Measured" in chart.proto.alt for chart in page.get("plotly_chart"))
