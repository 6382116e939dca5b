"""The command line: `python -m seg`."""

import csv
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

import seg
from seg import models
from seg.bench import measure
from seg.catalogue.onnx import read_onnx
from seg.catalogue.packing import unpack_sets
from seg.catalogue.store import SHIPPED, WeightIndex, folder_of
from seg.cli import main
from seg.cli.predict import result_names
from seg.datasets import DATASETS, Folder, street, validation_scenes
from seg.datasets.street import STREET
from seg.inference.engines import build_engine
from seg.pictures import masks
from seg.scores import evaluation
from seg.scores.calibration import fit_temperature
from seg.scores.evaluation import evaluate
from tests.bad_files import BAD
from tests.conftest import make_set

PHOTO = "photo.png"


def run(*words: object) -> str:
    """The printed output of a command that must succeed."""
    result = CliRunner().invoke(main.app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(capsys, monkeypatch, *words: object) -> str:
    """The one line that a command prints when it cannot do what it was asked to."""
    monkeypatch.setattr(sys, "argv", ["seg", *map(str, words)])
    with pytest.raises(SystemExit) as stop:
        main.run()
    assert stop.value.code == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    return lines[0]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(street.render(2, 60, 80).image).save(path)
    return path


def test_models_lists_every_architecture_at_both_widths():
    found = json.loads(run("models", "--json"))
    assert len(found) == 18
    paper = {a["name"]: a for a in found if a["width"] == "paper"}
    assert paper["fc_densenet103"]["parameters"] == 9_322_091
    assert [u["stride"] for u in paper["fcn8s"]["upsampling"]] == [2, 2, 8]


def test_models_prints_a_line_for_each_width(monkeypatch):
    monkeypatch.setattr(models, "ARCHITECTURES", ("conv_stack",))
    lines = run("models").splitlines()
    assert [line.split()[:3] for line in lines[1:3]] == [
        ["conv_stack", "slim", "14,667"],
        ["conv_stack", "paper", "224,075"],
    ]


def test_weights_lists_the_sets_and_verifies_them(weights):
    (record,) = json.loads(run("weights", "--json", "--verify", "--weights-dir", weights))
    assert record["name"] == "street/fcn8s-wce"
    assert "street/fcn8s-wce" in run("weights", "--weights-dir", weights)


def test_seg_weights_names_folders_beside_the_shipped_sets_of_which_ones_own_are_taken_first(
    weights, photo, tmp_path, monkeypatch
):
    shipped = len(json.loads(run("weights", "--json")))
    monkeypatch.setenv("SEG_WEIGHTS", str(weights))
    assert len(json.loads(run("weights", "--json"))) == shipped + 1
    assert "\nown: street/fcn8s-wce" in run("weights")
    assert len(json.loads(run("weights", "--json", "--weights-dir", weights))) == 1
    assert folder_of("street/fcn8s-wce") == weights
    assert folder_of("street/unet-wce") == SHIPPED
    run("predict", photo, "--weights", "street/fcn8s-wce", "--out", tmp_path / "out")
    written = masks.read((tmp_path / "out" / "photo-ids.png").read_bytes(), "photo-ids.png", STREET).labels
    segmenter = seg.Segmenter.load("street/fcn8s-wce", weights=weights)
    assert (written == segmenter(np.asarray(Image.open(photo))).labels).all()


def test_predict_writes_the_labels_that_the_segmenter_gives(weights, photo, tmp_path):
    run("predict", photo, "--weights", "street/fcn8s-wce", "--out", tmp_path / "out", "--weights-dir", weights)
    written = masks.read((tmp_path / "out" / "photo-ids.png").read_bytes(), "photo-ids.png", STREET).labels
    segmenter = seg.Segmenter.load("street/fcn8s-wce", weights=weights)
    assert (written == segmenter(np.asarray(Image.open(photo))).labels).all()
    assert Image.open(tmp_path / "out" / "photo-overlay.png").size == (80, 60)


def test_predict_goes_on_after_a_bad_file_and_says_which_it_was(weights, photo, tmp_path):
    name, data, fragment = BAD["truncated JPEG"]
    (tmp_path / name).write_bytes(data)
    words = ["predict", tmp_path / name, photo, "--weights", "street/fcn8s-wce", "--out", tmp_path / "out"]
    result = CliRunner().invoke(main.app, [str(w) for w in [*words, "--weights-dir", weights]])
    assert result.exit_code == 1
    assert fragment in result.stderr
    assert (tmp_path / "out" / "photo-ids.png").exists()


def test_predict_names_the_file_of_a_picture_that_no_network_can_take(weights, tmp_path):
    thin = tmp_path / "thin.png"
    Image.new("RGB", (200, 2)).save(thin)
    words = ["predict", thin, "--weights", "street/fcn8s-wce", "--out", tmp_path / "out", "--weights-dir", weights]
    result = CliRunner().invoke(main.app, [str(word) for word in words])
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert result.stderr.startswith(f"{thin}: The picture is 200 pixels long and only 2 across")


@pytest.mark.parametrize(
    ("pictures", "results"),
    [
        (["a/1.jpg", "a/2.png"], ["1", "2"]),
        (["a/1.jpg"], ["1"]),
        (["a/1.jpg", "b/1.png"], ["a/1", "b/1"]),
        (["a/1.jpg", "b/1.png", "b/2.png"], ["a/1", "b/1", "b/2"]),
        (["x/a/1.jpg", "x/b/c/1.png"], ["a/1", "b/c/1"]),
        (["a/1.jpg", "a/1.png"], ["1.jpg", "1.png"]),
        (["a/1.jpg", "a/1.png", "b/1.png"], ["a/1.jpg", "a/1.png", "b/1.png"]),
        (["1.jpg", "a/1.jpg"], ["1", "a/1"]),
        (["../1.jpg", "a/1.jpg"], ["1", "here/a/1"]),
        (["a/cat.jpg", "b/CAT.jpg"], ["a/cat", "b/CAT"]),
        (["a/v1.2.jpg", "a/v1.3.jpg"], ["v1.2", "v1.3"]),
    ],
)
def test_no_two_pictures_have_results_of_one_name(monkeypatch, tmp_path, pictures, results):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert result_names([Path(picture) for picture in pictures]) == [Path(result) for result in results]


def written(out: Path) -> list[str]:
    return sorted(str(file.relative_to(out)) for file in out.rglob("*.png"))


def test_predict_keeps_pictures_of_the_same_name_apart_and_says_so(weights, tmp_path):
    pictures = [tmp_path / "a" / "1.jpg", tmp_path / "b" / "1.png"]
    for width, picture in zip((80, 90), pictures, strict=True):
        picture.parent.mkdir()
        Image.fromarray(street.render(2, 60, width).image).save(picture)
    words = ["predict", *pictures, pictures[0], "--weights", "street/fcn8s-wce", "--out", tmp_path / "out"]
    result = CliRunner().invoke(main.app, [str(word) for word in [*words, "--weights-dir", weights]])
    assert result.exit_code == 0
    assert f"keep the folders of their pictures below {tmp_path / 'out'}" in result.stderr
    assert written(tmp_path / "out") == ["a/1-ids.png", "a/1-overlay.png", "b/1-ids.png", "b/1-overlay.png"]
    assert [Image.open(tmp_path / "out" / name / "1-ids.png").width for name in "ab"] == [80, 90]


def test_predict_takes_the_pictures_of_a_folder_and_below_but_not_its_own_results(weights, photo, tmp_path):
    folder, out = tmp_path / "photos", tmp_path / "photos" / "masks"
    (folder / "old").mkdir(parents=True)
    for name in ("2.png", "old/1.png"):
        shutil.copy(photo, folder / name)
    (folder / "notes.txt").write_text("no picture")
    for _ in range(2):
        run("predict", folder, "--weights", "street/fcn8s-wce", "--out", out, "--weights-dir", weights)
        assert written(out) == ["2-ids.png", "2-overlay.png", "old/1-ids.png", "old/1-overlay.png"]


def test_predict_writes_what_is_asked_of_the_pictures_that_a_pattern_fits(weights, photo, tmp_path):
    (tmp_path / "photos" / "old").mkdir(parents=True)
    for name in ("2.png", "old/1.png"):
        shutil.copy(photo, tmp_path / "photos" / name)
    words = ["--weights", "street/fcn8s-wce", "--out", tmp_path / "out", "--weights-dir", weights]
    kinds = ("confidence", "probabilities", "ids")
    run(
        "predict", tmp_path / "photos" / "**" / "*.png", *words, *(part for kind in kinds for part in ("--write", kind))
    )
    found = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*")}
    suffixes = ("confidence.png", "ids.png", "probabilities.npz")
    assert found == {f"{name}-{suffix}" for name in ("2", "old/1") for suffix in suffixes}
    found = np.load(tmp_path / "out" / "2-probabilities.npz")
    ids, sure = (np.array(Image.open(tmp_path / "out" / f"2-{kind}.png")) for kind in ("ids", "confidence"))
    assert tuple(found["classes"]) == STREET.names
    assert found["probabilities"].sum(axis=0) == pytest.approx(1, abs=0.01)
    best = found["probabilities"].max(axis=0)
    assert best == pytest.approx(sure / 255, abs=0.01)
    assert (np.take_along_axis(found["probabilities"], ids[None].astype(int), 0)[0] >= best - 0.01).all()


def test_evaluate_prints_and_writes_what_evaluation_measures(weights, camvid, tmp_path):
    file = tmp_path / "scores.json"
    words = ["--weights", "street/fcn8s-wce", "--data", camvid, "--limit", 2, "--weights-dir", weights]
    printed = json.loads(run("evaluate", *words, "--json", "-"))
    run("evaluate", *words, "--json", file)
    frames = Folder(camvid, "val", STREET)
    measured = evaluate(seg.Segmenter.load("street/fcn8s-wce", weights=weights), [frames[0], frames[1]], "val")
    assert printed == json.loads(file.read_text()) == json.loads(json.dumps(measured))
    assert printed["images"] == 2
    assert len(printed["confusion"]) == 11


def test_evaluate_prints_a_table_of_several_networks_and_writes_each_picture(tmp_path):
    for name in ("shapes/fcn8s-wce", "shapes/fcn8s-dice"):
        make_set(tmp_path / "w", name)
    for number, folder in ((1, "val"), (2, "val")):
        scene = DATASETS["shapes"].open(number)
        for kind, pixels in (("", scene.image), ("annot", scene.labels)):
            (tmp_path / f"{folder}{kind}").mkdir(exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / f"{folder}{kind}" / f"{number}.png")
    words = ["--weights", "shapes/fcn8s-wce", "--weights", "shapes/fcn8s-dice", "--data", tmp_path]
    files = [part for kind in ("csv", "json", "report") for part in (f"--{kind}", tmp_path / "out" / f"scores.{kind}")]
    printed = run("evaluate", *words, *files, "--weights-dir", tmp_path / "w")
    written = json.loads((tmp_path / "out" / "scores.json").read_text())
    first = written["evaluations"][0]
    assert f"{first['mean_dice']:.3f} (" in next(x for x in printed.splitlines() if x.startswith("shapes/fcn8s-wce"))
    assert "2 pictures" in printed
    assert [written["differences"][0][key] for key in ("first", "second")] == ["shapes/fcn8s-dice", "shapes/fcn8s-wce"]
    rows = list(csv.DictReader((tmp_path / "out" / "scores.csv").read_text().splitlines()))
    assert [row["picture"] for row in rows] == ["1", "2"]
    assert 0 < float(rows[0]["shapes/fcn8s-wce: mean Dice"]) < 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["scores.csv", "scores.json", "scores.report"]
    called = "FCN-8s, from scratch, weighted cross-entropy"
    report = (tmp_path / "out" / "scores.report").read_text("utf-8")
    assert f'<td class="">{called}</td><td class="number best">{first["mean_dice"]:.3f}' in report


def test_a_set_is_exported_for_other_programs_and_for_another_visit(weights, tmp_path):
    run("export", "street/fcn8s-wce", tmp_path / "a.zip", "--weights-dir", weights)
    (record,) = unpack_sets((tmp_path / "a.zip").open("rb"), "a.zip", WeightIndex(tmp_path / "mine"))
    assert record == WeightIndex(weights).record("street/fcn8s-wce")
    pytest.importorskip("onnx", reason="writing an ONNX file needs the package onnx")
    run("export", "street/fcn8s-wce", tmp_path / "b.onnx", "--weights-dir", weights)
    assert read_onnx((tmp_path / "b.onnx").read_bytes(), "b.onnx").classes == record.class_map.names


def test_calibrate_keeps_temperatures_and_the_scores_that_follow_from_them(tmp_path, monkeypatch):
    scenes = validation_scenes(DATASETS["shapes"], 64, 64)[:4]
    monkeypatch.setattr(evaluation, "validation_scenes", lambda *_, **__: scenes)
    records = [make_set(tmp_path, f"shapes/{name}", "fcn8s") for name in ("fcn8s-ce", "fcn8s-dice")]
    said = run("calibrate", "shapes/*-dice", "--weights-dir", tmp_path)
    assert said.startswith("shapes/fcn8s-dice: temperature ")
    kept, fitted = WeightIndex(tmp_path).records().values()
    assert kept == records[0]
    assert fitted.temperature == fit_temperature(seg.Segmenter.load(fitted.name, weights=tmp_path), scenes) != 1
    measured = evaluate(seg.Segmenter.load(fitted.name, weights=tmp_path), scenes, "val")
    assert fitted == replace(fitted, validation=measured)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["calibrate", "street/unet*", "--weights-dir", "own"], "own has no weight set whose name fits 'street/unet*'"),
        (["export", "street/fcn8s-wce", "b.pth"], "b.pth is neither an .onnx nor a .zip"),
        (["export", "street/none", "b.zip"], "There is no weight set 'street/none'"),
        (["weights", "--weights-dir", "nowhere"], "There are no weights in nowhere"),
        (
            ["evaluate", "--weights", "street/fcn8s-wce", "--resume"],
            "beside the file of --csv, --json or --report",
        ),
        (["predict", "no*.jpg", "--weights", "street/fcn8s-wce", "--out", "out"], "Nothing is named like no*.jpg"),
        (["evaluate", "--weights", "street/none", "--data", "."], "There is no weight set 'street/none'"),
        (
            ["bench", "--only", "fcn8", "--weights-dir", "own"],
            "There is no weight set 'fcn8': choose one of street/fcn8s-wce.",
        ),
        (["evaluate", "--weights", "street/fcn8s-wce", "--data", "nowhere"], "nowhere/val is not a folder"),
        (["predict", "x.png", "--weights", "street/fcn8s-wce", "--out", "o", "--device", "abacus"], "not available"),
        (["predict", "x.png", "--weights", "street/fcn8s-wce", "--out", "o", "--engine", "steam"], "Unknown engine"),
        (["predict", "no.png", "--weights", "street/fcn8s-wce", "--out", "o"], "no.png cannot be read: No such file"),
        (["predict", ".", "--weights", "street/fcn8s-wce", "--out", "o"], ". holds no picture"),
        (["predict", PHOTO, "--weights", "street/fcn8s-wce", "--out", PHOTO], "cannot be written"),
        (["train", "--dataset", "moon", "--data", ".", "--model", "unet", "--out", "o"], "Unknown dataset 'moon'"),
        (["train", "--dataset", "street", "--data", ".", "--model", "vit", "--out", "o"], "Unknown model 'vit'"),
        (["train", "--dataset", "shapes", "--model", "unet", "--out", "o", "--levels", "0"], "levels is 0: it must be"),
        (["train", "--dataset", "shapes", "--model", "unet", "--out", "o", "--epochs", "0"], "epochs is 0: it must be"),
        (
            ["train", "--dataset", "shapes", "--model", "unet", "--out", "o", "--learning-rate", "50"],
            "learning_rate is 50.0: it must be at most 1.",
        ),
        (
            ["train", "--dataset", "street", "--data", "nowhere", "--model", "fcn8s", "--out", "o", "--levels", "9"],
            "fcn8s has no option levels=9",
        ),
        (["train", "--dataset", "shapes", "--model", "unet", "--out", "o", "--variant", "../x"], "may hold letters"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_no_traceback(capsys, monkeypatch, weights, tmp_path, words, sentence):
    monkeypatch.chdir(tmp_path)
    if PHOTO in words:
        Image.fromarray(street.render(2, 60, 80).image).save(PHOTO)
    if "nowhere" not in words or words[0] != "weights":
        monkeypatch.setenv("SEG_WEIGHTS", str(weights))
        Path("own").symlink_to(weights)
    assert sentence in refused(capsys, monkeypatch, *words)


def test_an_error_of_a_library_is_an_internal_error_and_not_advice(capsys, monkeypatch, weights):
    def surprise(self) -> None:
        raise ValueError("too many values to unpack (expected 2)")

    monkeypatch.setattr(WeightIndex, "records", surprise)
    words = ("weights", "--weights-dir", weights)
    sentence = refused(capsys, monkeypatch, *words)
    assert sentence == (
        "seg failed (ValueError): an internal error. Run it again with SEG_DEBUG=1 and report what it prints."
    )
    monkeypatch.setenv("SEG_DEBUG", "1")
    with pytest.raises(ValueError, match="too many values"):
        main.run()


def test_bench_times_every_set_beside_plain_pytorch(weights, tmp_path):
    run("bench", "--json", tmp_path / "bench.json", "--repeats", 1, "--weights-dir", weights)
    figures = json.loads((tmp_path / "bench.json").read_text())
    assert [s["name"] for s in figures["sets"]] == ["street/fcn8s-wce"]
    assert 0 < figures["sets"][0]["network"] < figures["sets"][0]["seconds"]
    assert figures["sets"][0]["eager"] > 0
    assert figures["peak"] == figures["sets"][0]["peak"] > 0
    assert torch.backends.cpu.get_cpu_capability() in figures["processor"]
    assert figures["sets"][0]["ratio"] == figures["sets"][0]["network"] / figures["sets"][0]["eager"]
    assert figures["app"]["networks"] == ["street/fcn8s-wce"]
    assert min(figures["app"][key] for key in ("decode", "run", "eager", "encode", "ratio", "start", "per_tile")) > 0


def test_a_large_picture_is_timed_and_its_memory_told(weights, monkeypatch):
    monkeypatch.setattr(measure, "LARGE", (1500, 2000))
    (found,) = measure.large_picture(["street/fcn8s-wce"], "cpu", weights, "torch")
    assert found["name"] == "street/fcn8s-wce"
    assert found["seconds"] > 0
    assert found["megabytes"] is None or found["megabytes"] > 3 * 1500 * 2000 / 1e6  # labels and confidence at least


def test_a_paper_width_is_timed_with_layers_that_a_compiler_cannot_share(monkeypatch):
    given = []
    monkeypatch.setattr(measure, "PAPER_TILE", (32, 32))
    monkeypatch.setattr(
        measure, "build_engine", lambda model, *how, **named: given.append(model) or build_engine(model, *how, **named)
    )
    peaks = [100.0, 300.0, 200.0, 1.0]
    monkeypatch.setattr(measure, "peak_gflops", lambda device: peaks.pop())
    found = measure.paper_width("fc_densenet56", 3, "cpu", "torch")
    assert found["parameters"] == 1_376_795
    assert found["ratio"] == found["seconds"] / found["eager"]
    assert not peaks, "measured in turn with the network, whose first run does not count"
    assert found["of_peak"] == found["gflops"] / found["seconds"] / found["peak"]
    assert found["peak"] == 200.0
    norms = [module for module in given[0].modules() if isinstance(module, torch.nn.BatchNorm2d)]
    assert len({float(norm.running_mean[0]) for norm in norms}) == len(norms)
    assert len({float(norm.running_var[0]) for norm in norms}) == len(norms)


def test_bench_of_chosen_ones_takes_papers_widths_too_and_records_nothing(capsys, monkeypatch, weights):
    monkeypatch.setattr(measure, "PAPER_TILE", (32, 32))
    printed = run("bench", "--only", "conv_stack", "--repeats", 1, "--engine", "torch", "--weights-dir", weights)
    (line,) = (line for line in printed.splitlines() if line.startswith("conv_stack "))
    assert line.split()[1] == "torch"
    assert "street/" not in printed
    words = ("bench", "--only", "street/fcn8s-wce", "--record", "--weights-dir", weights)
    assert "leave out --only" in refused(capsys, monkeypatch, *words)
    assert measure.read_figures(weights) is None


def test_an_evaluation_is_timed_beside_its_networks_and_a_plain_loop(weights, tmp_path):
    make_set(weights, "street/unet-wce", "unet")
    sets = ("--only", "street/fcn8s-wce", "--only", "street/unet-wce", "--weights-dir", weights)
    printed = run("bench", *sets, "--pictures", 3, "--repeats", 1, "--json", tmp_path / "speed.json")
    found = json.loads((tmp_path / "speed.json").read_text())
    assert found["names"] == ["street/fcn8s-wce", "street/unet-wce"]
    assert min(found["networks"], found["scored"], found["eager"]) > 0
    assert found["of_networks"] == pytest.approx(found["networks"] / found["scored"])
    assert found["of_eager"] == pytest.approx(found["eager"] / found["scored"])
    assert f"{1 / found['scored']:.1f} pictures a second" in printed


def test_sets_of_different_tiles_are_not_timed_together(weights, capsys, monkeypatch):
    make_set(weights, "street/unet-wce", "unet")
    index = WeightIndex(weights)
    index.add(replace(index.record("street/unet-wce"), tile=(64, 96)))
    words = ("--only", "street/fcn8s-wce", "--only", "street/unet-wce", "--weights-dir", weights, "--pictures", 3)
    assert "take tiles of different sizes" in refused(capsys, monkeypatch, "bench", *words)


def test_recorded_figures_are_kept_beside_the_sets_and_damaged_ones_are_none(weights, tmp_path):
    folder = tmp_path / "sets"
    shutil.copytree(weights, folder)
    assert measure.read_figures(folder) is None
    run("bench", "--repeats", 1, "--record", "--weights-dir", folder)
    assert measure.read_figures(folder)["sets"][0]["name"] == "street/fcn8s-wce"
    assert WeightIndex(folder).record("street/fcn8s-wce").timing.milliseconds > 0
    for text in ("", "[]", '{"sets": []}', "{"):
        (folder / measure.FIGURES).write_text(text)
        assert measure.read_figures(folder) is None


@pytest.mark.training
def test_a_training_without_a_terminal_says_a_line_an_epoch(tmp_path):
    words = "train --dataset shapes --model conv_stack --base 4 --scale 32 --epochs 2 --batch 4 --rendered 8 --out"
    result = CliRunner().invoke(main.app, [*words.split(), str(tmp_path)])
    assert result.exit_code == 0, result.output
    lines = [line for line in result.stderr.splitlines() if "epoch" in line]
    assert [line.partition(",")[0] for line in lines] == [f"shapes/conv_stack-wce: epoch {k} of 2" for k in (1, 2)]
    assert all("loss" in line and "validation mean IoU" in line and line.endswith(" left") for line in lines)
    assert "Epoch 0/" not in result.output
