"""Networks trained on own data stand on every page beside the shipped ones, and class names are text, whatever they
hold."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from seg.app import resources
from seg.catalogue.store import WeightIndex
from seg.service.memory import Memory
from tests.own_data import MARKUP, trained

APP = Path(__file__).parents[2] / "streamlit_app.py"

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    """A folder of networks trained on own data whose classes are called `MARKUP`."""
    folder = trained(tmp_path_factory.mktemp("own"))
    assert {record.class_map.names for record in WeightIndex(folder).records().values()} == {MARKUP}
    return folder


@pytest.fixture(params=["compare", "masks", "architectures", "losses", "upsampling", "leaderboard", "training"])
def page(request) -> str:
    return request.param


def opened(page: str, **chosen: str) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=120)
    app.switch_page(f"pages/{page}.py")
    for name, value in chosen.items():
        app.query_params[name] = value
    return app.run()


def test_every_page_opens_with_own_data_beside_the_shipped_networks(page, runs, monkeypatch):
    monkeypatch.setenv("SEG_WEIGHTS", str(runs))
    app = opened(page, dataset="bowl")
    assert not app.exception, page
    assert not app.error, page
    assert "bowl" in str(app._tree), page


def test_every_page_opens_with_own_data_alone(page, runs, monkeypatch):
    monkeypatch.setattr("seg.app.resources.SHIPPED", runs)
    app = opened(page, dataset="bowl")
    assert not app.exception, page
    assert not app.error, page


def test_the_training_page_plays_what_was_learned_on_the_picture_kept_beside_the_weights(runs, monkeypatch):
    monkeypatch.setattr("seg.app.resources.SHIPPED", runs)
    app = opened("training", dataset="bowl")
    assert any("Press play" in text.value for text in app.markdown)
    assert not app.info
    kept = runs / "replays" / "bowl" / "unet-wce.truth.png"
    content = kept.read_bytes()
    for damage in (content[:20], None):
        kept.write_bytes(damage) if damage else kept.unlink()
        monkeypatch.setattr(resources, "MEMORY", Memory())
        app = opened("training", dataset="bowl")
        assert not app.exception
        assert ["its picture, of the data set bowl, is missing or damaged" in info.value for info in app.info] == [True]
    kept.write_bytes(content)


def test_no_markdown_holds_a_class_name_that_is_more_than_text(page, runs, monkeypatch):
    monkeypatch.setattr("seg.app.resources.SHIPPED", runs)
    app = opened(page, dataset="bowl")
    said = [text.value for text in (*app.markdown, *app.caption, *app.info, *app.warning, *app.error)]
    for name in MARKUP:
        assert not any(name in text for text in said), page
