"""The Leaderboard page without a browser: made-up records, real widgets."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from seg.app import resources
from seg.catalogue.record import Record
from seg.catalogue.store import WeightIndex
from seg.datasets import DATASETS
from tests.records import record

APP = Path(__file__).parents[2] / "streamlit_app.py"


def measured(name: str, iou: float | None, **more) -> Record:
    """A record with its scores, and no weights behind it: the page opens none."""
    names = DATASETS[name.split("/")[0]].class_map.names
    n = len(names)
    confusion = [[90 if i == j else 1 for j in range(n)] for i in range(n)]
    validation = {"split": "val", "images": 5, "mean_iou": iou, "mean_dice": iou, "boundary_f1": 0.2, "ece": 0.05}
    validation["mean_iou_interval"] = None if iou is None else [iou - 0.01, iou + 0.01]
    validation |= {"confusion": confusion, "per_class": {c: {"dice": 0.5} for c in names}}
    validation["calibration"] = [[10, 6.0, 5]] * 15
    return replace(record(name, validation=validation, seconds=600), **more)


def visit(folder: Path, monkeypatch, *found: Record) -> AppTest:
    for one in found:
        WeightIndex(folder).add(one)
    monkeypatch.setattr(resources, "SHIPPED", folder)
    monkeypatch.delenv("SEG_WEIGHTS", raising=False)
    page = AppTest.from_file(APP, default_timeout=60)
    page.switch_page("pages/leaderboard.py")
    page.run()
    assert not page.exception
    return page


@pytest.fixture
def page(tmp_path, monkeypatch) -> AppTest:
    sets = (
        measured("street/fcn8s-wce", 0.55),
        measured("street/unet-wce", 0.545),
        measured("street/unet-dice", 0.4, gflops=3.5, timing={"milliseconds": 8.0, "device": "cpu", "threads": 2}),
    )
    return visit(tmp_path, monkeypatch, *sets)


def said(page: AppTest) -> str:
    return " ".join(element.value for element in (*page.caption, *page.info, *page.markdown))


def test_the_page_lists_every_set_with_the_verdict_of_the_intervals(page):
    table = page.dataframe[0].value.set_index("set")
    assert dict(table["verdict"]) == {
        "street/fcn8s-wce": "★ best",
        "street/unet-wce": "≈ within noise",
        "street/unet-dice": "▼ worse",
    }
    assert "the two 95 % intervals overlap" in said(page)
    assert len(page.get("plotly_chart")) == 6


def test_a_set_of_which_only_the_scores_are_kept_stands_here_and_is_asked_nothing(tmp_path, monkeypatch):
    alone = measured("street/unet-wce", 0.5, scores_alone=True)
    page = visit(tmp_path, monkeypatch, measured("street/fcn8s-wce", 0.55), alone)
    assert set(page.dataframe[0].value["set"]) == {"street/fcn8s-wce", "street/unet-wce"}
    assert set(resources.sets()) == {"street/fcn8s-wce"}


def test_what_stays_in_sight_when_the_table_scrolls_leaves_room_for_the_scores_on_a_phone(page):
    columns = json.loads(page.dataframe[0].proto.columns)
    assert sum(column["width"] for column in columns.values() if column.get("pinned")) < 150
    assert page.dataframe[0].value["trained"].tolist() == [
        "from scratch, weighted cross-entropy",
        "from scratch, weighted cross-entropy",
        "from scratch, Dice",
    ]


def test_a_set_that_nothing_beats_is_named_and_no_line_is_spoken_of(page):
    assert "only FCN-8s, from scratch, weighted cross-entropy is worth choosing" in said(page)
    assert "dotted line are" not in said(page)


def test_the_filters_narrow_the_table_and_its_csv(page):
    page.multiselect(key="leaderboard-Loss").set_value(["Dice"]).run()
    assert list(page.dataframe[0].value["set"]) == ["street/unet-dice"]
    assert not page.exception
    page.multiselect(key="leaderboard-Network").set_value(["FCN-8s"]).run()
    assert not page.exception
    assert "take one of the filters away" in said(page)
    assert not page.dataframe


def test_a_chosen_set_becomes_what_the_others_are_compared_with(page):
    page.selectbox(key="leaderboard-reference").set_value("street/unet-dice").run()
    assert list(page.dataframe[0].value["verdict"]) == ["▲ better", "▲ better", "● reference"]
    page.multiselect(key="leaderboard-Loss").set_value(["weighted cross-entropy"]).run()
    assert not page.exception
    assert list(page.dataframe[0].value["verdict"]) == ["★ best", "≈ within noise"]


def test_the_better_decoder_is_judged_from_the_records(page):
    pairs = next(frame.value for frame in page.dataframe if "Decoder" in frame.value)
    assert pairs["Decoder"].tolist() == ["U-Net"]
    assert pairs["Pays?"].tolist() == ["≈ within noise"]
    assert "It pays in none of 1 pair, and is within noise in 1." in said(page)


def test_a_price_that_few_sets_have_on_record_is_drawn_for_those_and_the_rest_counted(page):
    page.get_by_key("leaderboard-cost").set_value("milliseconds")
    page.run()
    assert not page.exception
    assert "2 of 3 sets lack one of the two numbers" in said(page)
    page.get_by_key("leaderboard-score").set_value("boundary_f1")
    page.run()
    assert "intervals for mean IoU alone" in said(page)


def test_records_of_an_earlier_version_are_listed_and_what_they_lack_is_said(tmp_path, monkeypatch):
    old = measured("street/unet-wce", 0.5)
    old = replace(old, validation=replace(old.validation, calibration=None))
    bare = measured("street/fcn8s-wce", None, validation={})
    page = visit(tmp_path, monkeypatch, old, bare)
    assert "the records lack mean IoU for 1, GFLOPs for 2, milliseconds for 2 of these 2 lines" in said(page)
    assert "no calibration bins to draw it from" in said(page)
    assert "holds no confusion matrix" in said(page)
    page.get_by_key("leaderboard-cost").set_value("gflops")
    page.run()
    assert not page.exception
    assert "None of these sets has both mean IoU and GFLOPs on record" in said(page)


@pytest.mark.parametrize(("dataset", "classes"), [("street", ("pole", "sign")), ("shapes", ("line", "disc"))])
def test_the_rarest_classes_of_the_data_set_shown_are_named(tmp_path, monkeypatch, dataset, classes):
    names = DATASETS[dataset].class_map.names
    pixels = {name: {"dice": 0.5, "pixels": 10 if name in classes else 1000} for name in names}
    pixels[classes[0]]["pixels"] = 9
    page = visit(tmp_path, monkeypatch, measured(f"{dataset}/conv_stack-wce", 0.3, validation={"per_class": pixels}))
    assert f"{classes[0]} and {classes[1]} are rarest" in said(page)


def test_a_single_set_has_a_page_of_its_own(tmp_path, monkeypatch):
    page = visit(tmp_path, monkeypatch, measured("street/conv_stack-wce", 0.3))
    assert list(page.dataframe[0].value["verdict"]) == ["★ best"]
    assert "No U-Net or FC-DenseNet" in said(page)


def test_seeds_share_a_line_until_each_is_asked_for(tmp_path, monkeypatch):
    sets = [measured(f"street/unet-wce{f'-seed{s}' if s else ''}", 0.5 + s / 50, recipe={"seed": s}) for s in range(3)]
    page = visit(tmp_path, monkeypatch, *sets)
    table = page.dataframe[0].value
    assert list(table["seeds"]) == [3]
    assert table["spread"][0] == pytest.approx(0.02)
    page.toggle(key="leaderboard-seeds").set_value(True).run()
    assert list(page.dataframe[0].value["seeds"]) == [1, 1, 1]
    assert not page.exception


def test_an_own_run_stands_beside_the_shipped_sets_and_is_marked(tmp_path, monkeypatch):
    own = tmp_path / "own"
    WeightIndex(own).add(measured("street/unet-wce", 0.7))
    page = visit(tmp_path / "shipped", monkeypatch, measured("street/unet-wce", 0.5))
    monkeypatch.setenv("SEG_WEIGHTS", str(own))
    page.run()
    assert not page.exception
    assert list(page.dataframe[0].value["set"]) == ["own: street/unet-wce", "street/unet-wce"]
    assert page.dataframe[0].value["words"].iloc[0].endswith(", your own")
    assert "called **your own**" in said(page)


def test_no_weights_at_all_is_one_sentence(tmp_path, monkeypatch):
    page = visit(tmp_path, monkeypatch)
    assert len(page.error) == 1
    assert "weights" in page.error[0].value


TIMED = {
    "engine": "openvino", "parameters": 1000, "gflops": None, "network": 0.05, "seconds": 0.06, "spread": 0.01,
    "eager": 0.1, "ratio": 0.5, "of_peak": None, "megabytes": None,
}  # fmt: skip
FIGURES = {
    "device": "cuda", "processor": "A GPU *1*", "threads": 2, "torch": "2.15", "peak": 200.0, "all_seconds": 0.1,
    "app": {"networks": ["street/unet-wce"], "decode": 0.002, "run": 0.1, "eager": 0.2, "encode": 0.05, "ratio": 0.5},
    "paper": [{"name": "fc_densenet103", **TIMED}],
    "sets": [{"name": "street/unet-wce", **TIMED}],
}  # fmt: skip


def test_the_last_recorded_times_are_shown_and_without_any_the_page_says_how_to_get_them(tmp_path, monkeypatch):
    page = visit(tmp_path, monkeypatch, measured("street/unet-wce", 0.5))
    assert any("seg bench" in info.value for info in page.info)
    (tmp_path / "bench.json").write_text(json.dumps(FIGURES))
    page.run()
    assert not page.exception
    assert [metric.value for metric in page.metric] == ["100 ms", "2.0 × as long", "2.0 ms", "50 ms"]
    paper = page.dataframe[-1].value
    page.button_group(key="leaderboard-speed").set_value("The weight sets").run()
    sets = page.dataframe[-1].value
    assert paper[["Network", "ms"]].values.tolist() == [["FC-DenseNet103", 60]]
    assert sets[["Weight set", "ms"]].values.tolist() == [["U-Net, from scratch, weighted cross-entropy", 50]]
    assert "The weight sets" in page.query_params["leaderboard-speed"]
    assert any(r"on CUDA (A GPU \*1\*) with 2 threads" in text.value for text in page.markdown)
    (tmp_path / "bench.json").write_text(json.dumps({key: FIGURES[key] for key in FIGURES if key != "processor"}))
    page.run()
    assert any("on CUDA with 2 threads" in text.value for text in page.markdown), "recorded before it was told"


def test_the_shipped_records_fill_the_page(monkeypatch):
    page = visit(resources.SHIPPED, monkeypatch)
    index = json.loads((resources.SHIPPED / "index.json").read_text())
    table = page.dataframe[0].value
    assert table["seeds"].sum() == len(index)
    best = max((r for r in index if r["dataset"] == "street"), key=lambda r: r["validation"]["mean_iou"])
    assert (
        table["mean_iou"][(table["verdict"] == "★ best") & (table["dataset"] == "street")].iloc[0]
        == best["validation"]["mean_iou"]
    )
