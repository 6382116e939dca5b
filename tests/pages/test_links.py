"""A link is the whole state, without a browser: what controls and components say comes back, and nonsense does not."""

import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from seg.app import resources
from seg.service.jobs import OVER
from tests.conftest import make_set
from tests.fuzzing import TIMES, of_address, results

APP = Path(__file__).parents[2] / "streamlit_app.py"
PAGES = (
    "start",
    "compare",
    "masks",
    "architectures",
    "upsampling",
    "losses",
    "leaderboard",
    "training",
    "teach",
    "your_data",
)
HOSTILE = ("<script>alert(1)</script>", "-1", "1e999", "nan", "x" * 100_000, "0,0,0,0", "a=b&c=d", "%00", "../../etc")


@pytest.fixture
def shipped(tmp_path, monkeypatch) -> Path:
    for name, model in (("unet-wce", "unet"), ("unet-dice", "unet"), ("fcn8s-wce", "fcn8s"), ("conv_stack-wce", "")):
        make_set(tmp_path, f"street/{name}", model or "conv_stack")
    make_set(tmp_path, "shapes/unet-wce", "unet")
    make_set(tmp_path, "shapes/fcn8s-wce", "fcn8s")
    monkeypatch.setattr(resources, "SHIPPED", tmp_path)
    return tmp_path


def visit(page: str, said: dict[str, str]) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=120)
    for name, value in said.items():
        app.query_params[name] = value
    app.run()
    return app if page == "compare" else app.switch_page(f"pages/{page}.py").run()


def values(app: AppTest) -> dict[str, Any]:
    """What every control on the page says, but for what is drawn only once all networks are done."""
    kinds = ("button_group", "selectbox", "multiselect", "slider", "select_slider", "number_input", "toggle")
    found = {widget.key: widget.value for kind in kinds for widget in getattr(app, kind)}
    return {key: value for key, value in found.items() if key and key != "mask-of" and "use-camera" not in key}


CHOSEN: dict[str, dict[str, Any]] = {
    "compare": {"detail": 2, "topic-street": "losses", "device": "cpu"},
    "masks": {"network": "FCN-8s"},
    "architectures": {"network": "FCN-8s", "skips-fcn8s-street": []},
    "upsampling": {
        "window": "max pooling", "window-size-max pooling": 3, "window-stride-max pooling": 1, "axes": "2-D",
        "kernel": 4, "stride": 1, "padding": 1, "dilation": 2, "layers": 3, "up-network-street": "street/unet-wce",
    },
    "losses": {"where-street": "street/unet-dice", "where-losses": ["Dice"], "disc": "0.1%", "shift": 7},
    "leaderboard": {
        "leaderboard-reference": "street/unet-dice", "leaderboard-one": "shapes", "leaderboard-score": "mean_dice",
        "leaderboard-cost": "gflops", "leaderboard-Network": ["U-Net"], "leaderboard-Loss": ["weighted cross-entropy"],
    },
    "training": {"show": "Train now", "live-compare": "networks", "rarity": 0.2, "rate": 1e-3, "steps": 120},
}  # fmt: skip
"""Page → key of a control → what is not usual there."""


@pytest.mark.parametrize("page", sorted(CHOSEN))
def test_every_control_says_the_same_to_whoever_opens_the_link(shipped, page):
    app = visit(page, {"dataset": "street"})
    kinds = ("button_group", "selectbox", "multiselect", "slider", "select_slider", "number_input", "toggle")
    for key, value in CHOSEN[page].items():
        widget = next(one for kind in kinds for one in getattr(app, kind) if one.key == key)
        widget.set_value(value).run()
        assert not app.exception
    here = values(app)
    assert {key: here[key] for key in CHOSEN[page] if key in here}
    link = {name: value[0] if isinstance(value, list) else value for name, value in app.query_params.items()}
    there = visit(page, link)
    assert not there.exception
    assert values(there) == here


def followed(page: str, app: AppTest) -> AppTest:
    """The page as whoever opens its link sees it."""
    link = {name: value[0] if isinstance(value, list) else value for name, value in app.query_params.items()}
    there = visit(page, link)
    assert not there.exception
    return there


def press(app: AppTest, label: str) -> AppTest:
    app = next(button for button in app.button if label in button.label).click().run()
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    return " ".join(str(one.value) for kind in ("markdown", "info", "success") for one in getattr(app, kind))


def test_an_answer_of_the_tour_is_in_its_link(shipped):
    app = press(visit("start", {"dataset": "street", "step": "2"}), "Show me")
    assert "Many would say so" not in said(app)
    assert said(followed("start", app)) == said(app)
    assert app.query_params["answer-2"] in ("-1", ["-1"])


def test_a_link_to_teach_brings_the_photos_that_come_with_it_their_names_and_the_one_shown(monkeypatch):
    app = press(visit("teach", {}), "Coins")
    app.text_input(key="teach-classes").set_value("penny").run()
    app.session_state["teach-desk"].shown = list(app.session_state["teach-desk"].photos)[2]
    app.run()
    there = followed("teach", app)
    here, other = app.session_state["teach-desk"], there.session_state["teach-desk"]
    assert other.names == here.names == ("penny",)
    assert list(other.photos) == list(here.photos)
    assert other.photo.key == here.photo.key == list(here.photos)[2]
    press(there, "Start over")
    assert any(button.label == "Coins" for button in there.button)


def evaluated(app: AppTest) -> AppTest:
    end = time.monotonic() + 120
    while app.session_state["your-evaluation"].state not in OVER:
        assert time.monotonic() < end
        time.sleep(0.1)
    return app.run()


def test_a_link_to_your_data_brings_the_example_its_networks_and_how_one_looks_at_it(shipped):
    app = evaluated(press(visit("your_data", {}), "street scenes"))
    app.button_group(key="your-data-networks-street-11").set_value(["street/unet-wce", "street/unet-dice"]).run()
    app = evaluated(press(app, "Score"))
    app.button_group(key="your-data-order").set_value("disagreement").run()
    app.button_group(key="your-data-measure").set_value("mean_iou").run()
    app.selectbox(key="your-data-truth").set_value(3).run()
    app.selectbox(key="your-data-said").set_value(0).run()
    assert not app.exception
    there = evaluated(followed("your_data", app))
    assert not there.exception
    assert values(there) == values(app)
    assert there.session_state["your-evaluation"].task.names == app.session_state["your-evaluation"].task.names


def test_a_link_that_was_made_on_pictures_of_ones_own_says_that_they_stayed(shipped):
    there = visit("your_data", {"your-data-split": "val", "your-data-order": "doubt"})
    assert "have stayed with him" in said(there)
    assert "have stayed with him" not in said(visit("your_data", {}))


def test_a_folder_of_own_sets_is_in_the_link_where_folders_may_be_named(shipped, monkeypatch, tmp_path_factory):
    own = tmp_path_factory.mktemp("own")
    make_set(own, "street/unet-wce", "unet")
    link = {"own_runs": str(own)}
    assert "1 weight set opened." not in [caption.value for caption in visit("compare", link).caption]
    monkeypatch.setenv("SEG_LOCAL_FOLDERS", "1")
    assert "1 weight set opened." in [caption.value for caption in visit("compare", link).caption]


@pytest.mark.parametrize("page", sorted(PAGES))
def test_nonsense_in_an_address_gives_the_usual_page(shipped, page):
    usual = visit(page, {})
    names = [
        *values(usual),
        "dataset",
        "picture",
        "look",
        "look-skips",
        "replay",
        "beside",
        "at",
        "present",
        "own_runs",
        "step",
        "wish",
        "device",
        "example",
        "answer-1",
        "teach-example",
        "teach-photo",
        "teach-classes",
        "your-data-split",
    ]
    names += ["layer-unet", "window-input", "window-kernel-3", "input-1d", "kernel-3-1d", "at-Sample 1"]
    for turn in range(3):
        app = visit(page, {name: HOSTILE[(3 * turn + i) % len(HOSTILE)] for i, name in enumerate(names)})
        assert not app.exception
        assert values(app) == values(usual)
        said = [str(one.value) for kind in ("markdown", "info", "warning", "error") for one in getattr(app, kind)]
        assert not [text for text in said if "script" in text]


@pytest.mark.fuzz
@pytest.mark.parametrize("page", sorted(CHOSEN))
def test_a_damaged_link_opens_its_page(shipped, page):
    app = visit(page, {})
    good = {**{name: str(value) for name, value in CHOSEN[page].items()}, "dataset": "shapes", "picture": "2"}

    def read(said: dict[str, str | list[str]]) -> None:
        for name, value in said.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception, app.exception[0].value

    times = max(TIMES // 100, 1)  # a page takes its time
    assert results(read, lambda rng: of_address(rng, good), times) == times
