"""A link is the whole state, without a browser: what controls and components say comes back, and nonsense does not."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from seg.app import resources
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
    """What every control on the page says."""
    kinds = ("button_group", "selectbox", "multiselect", "slider", "select_slider", "number_input", "toggle")
    found = {widget.key: widget.value for kind in kinds for widget in getattr(app, kind)}
    return {key: value for key, value in found.items() if key and key != "device" and "use-camera" not in key}


CHOSEN: dict[str, dict[str, Any]] = {
    "compare": {"detail": 2, "topic-street": "losses"},
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
