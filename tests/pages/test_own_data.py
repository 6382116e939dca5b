"""Networks trained on own data stand on every page beside the shipped ones, and class names are text, whatever they
hold."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from seg.catalogue.store import WeightIndex
from seg.cli.main import app as command_line
from tests import own_data

APP = Path(__file__).parents[2] / "streamlit_app.py"
NAMES = ("<img src=x onerror=alert(1)>", 'a "quoted"\n# name', "<b>_bold_</b> $x$ &lt;")

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    """A folder of networks trained on own data whose classes are called `NAMES`."""
    folder = tmp_path_factory.mktemp("own")
    own_data.side_by_side(folder / "bowl")
    described = ", ".join(f'"{name}"'.replace('a "quoted"\n', 'a \\"quoted\\"\\n') for name in NAMES)
    (folder / "bowl" / "dataset.toml").write_text(f"classes = [{described}]", "utf-8")
    for model, loss in (("conv_stack", "wce"), ("fcn8s", "wce"), ("fcn8s", "ce"), ("unet", "wce")):
        words = f"train --data {folder / 'bowl'} --model {model} --loss {loss} --out {folder / 'out'}".split()
        result = CliRunner().invoke(command_line, [*words, "--base", "4", "--scale", "40", "--epochs", "1"])
        assert result.exit_code == 0, result.output
    assert {record.class_map.names for record in WeightIndex(folder / "out").records().values()} == {NAMES}
    return folder / "out"


@pytest.fixture(params=["compare", "architectures", "losses", "upsampling", "leaderboard", "training"])
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


def test_no_markdown_holds_a_class_name_that_is_more_than_text(page, runs, monkeypatch):
    monkeypatch.setattr("seg.app.resources.SHIPPED", runs)
    app = opened(page, dataset="bowl")
    said = [text.value for text in (*app.markdown, *app.caption, *app.info, *app.warning, *app.error)]
    for name in NAMES:
        assert not any(name in text for text in said), page
