"""An engineer's way, from end to end: a network trained elsewhere, adopted three ways, scored on one set in three
layouts, with a report."""

import csv
import json

import pytest
import torch
from torchmetrics.functional.classification import multiclass_f1_score, multiclass_jaccard_index
from typer.testing import CliRunner

from seg.cli.main import app
from seg.datasets.own import open_data
from seg.inference.segmenter import Segmenter
from tests import own_data
from tests.elsewhere import trained_unet, write_onnx

pytestmark = pytest.mark.training

PICTURES = 30
WAYS = ("folder", "state-dict", "onnx")
BEFORE = ("--mean", "0,0,0", "--std", "1,1,1", "--scale-255", "--size", "40")


def seg(*words: object) -> str:
    result = CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with sets, a network adopted three ways."""
    folder = tmp_path_factory.mktemp("place")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(own_data, "SPLITS", {"train": 1, "val": PICTURES})
        for layout in ("voc", "coco", "labelme"):
            own_data.LAYOUTS[layout](folder / layout)
    network = trained_unet()
    network.save_pretrained(folder / "fruit")
    torch.save(network.state_dict(), folder / "fruit.pth")
    write_onnx(folder / "fruit.onnx", network, (1, 3, 64, 64), free=(0, 2, 3))
    named = ("--class-names", ",".join(own_data.NAMES), "--out", folder / "weights")
    seg("adopt", folder / "fruit", "--name", "orchard/folder", *named, *BEFORE)
    built = ("--arch", "unet", "--encoder", "resnet18")
    seg("adopt", folder / "fruit.pth", "--name", "orchard/state-dict", *built, *named, *BEFORE)
    seg("adopt", folder / "fruit.onnx", "--name", "orchard/onnx", *named, *BEFORE)
    return folder


@pytest.fixture(scope="module")
def scores(place):
    """Layout → what evaluate wrote of the three networks."""
    found = {}
    for layout in ("voc", "coco", "labelme"):
        files = [f"--{kind}={place / layout}.{kind}" for kind in ("json", "csv", "report")]
        networks = [part for way in WAYS for part in ("--weights", f"orchard/{way}")]
        seg("evaluate", *networks, "--data", place / layout, "--weights-dir", place / "weights", *files)
        found[layout] = json.loads((place / f"{layout}.json").read_text())
    return found


def test_the_three_files_are_one_network(scores):
    first, *others = scores["voc"]["evaluations"]
    for other in others:
        assert other["mean_dice"] == pytest.approx(first["mean_dice"], abs=2e-3)
    assert first["images"] == PICTURES


def test_one_set_has_one_score_in_every_layout(scores):
    first, *others = (found["evaluations"][0] for found in scores.values())
    for other in others:
        assert other["confusion"] == first["confusion"]
        for key in ("mean_dice", "mean_iou", "pixel_accuracy", "boundary_f1"):
            assert other[key] == pytest.approx(first[key], abs=1e-6), key


def test_torchmetrics_gives_the_same_dice_and_iou(place, scores):
    network = Segmenter.load("orchard/folder", weights=place / "weights")
    samples = list(open_data(place / "coco").split("val"))
    said = torch.stack([torch.from_numpy(network(s.image).labels).long() for s in samples])
    truth = torch.stack([torch.from_numpy(s.labels).long() for s in samples])
    found = scores["coco"]["evaluations"][0]
    options = {"num_classes": 3, "average": "macro", "ignore_index": 255}
    assert found["mean_dice"] == pytest.approx(multiclass_f1_score(said, truth, **options).item(), abs=1e-5)
    assert found["mean_iou"] == pytest.approx(multiclass_jaccard_index(said, truth, **options).item(), abs=1e-5)


def test_every_picture_has_its_line_and_the_report_names_all(place, scores):
    rows = list(csv.DictReader((place / "labelme.csv").read_text().splitlines()))
    assert len(rows) == PICTURES
    report = (place / "labelme.report").read_text("utf-8")
    assert all(f"orchard/{way}" in report for way in WAYS)
    assert f"{scores['labelme']['evaluations'][0]['mean_dice']:.3f}" in report
