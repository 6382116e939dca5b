"""`seg evaluate` on inputs that people's bug reports led to: the right value, or a sentence and no value."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from seg.cli import main as cli
from seg.datasets import membranes, street
from seg.datasets.membranes import MEMBRANES
from seg.datasets.street import STREET
from tests.conftest import DATA, make_set
from tests.faults import BLACK_AND_WHITE, DOUBTFUL_STREET, STREET_FAULTS, with_junk

CASES = DATA.parent / "cases"
SCENE = street.render(3, 120, 160)


def evaluated(*words: object, weights: str = "street/fcn8s-wce"):
    """(exit status, scores or None, what was said) of `seg evaluate`."""
    given = ["evaluate", "--weights", weights, "--engine", "torch", "--json", "-", *map(str, words)]
    result = CliRunner().invoke(cli.app, given)
    status = getattr(result.exception, "status", result.exit_code)
    scores = json.loads(result.stdout) if result.stdout else None
    said = result.stderr + ("" if isinstance(result.exception, SystemExit | None) else str(result.exception))
    return status, scores, said


def case(name: str) -> Path:
    if not (CASES / name).is_dir():
        pytest.skip(f"there is no {CASES / name}")
    return CASES / name


@pytest.mark.parametrize(
    ("name", "score"),
    [
        ("good", 0.593),
        ("exif_photo_mask_upright", 0.593),
        ("exif180_photo_mask_upright", 0.593),
        ("mask_palette_reordered", 0.593),
        ("mask_rgb_camvid", 0.593),
        ("mask_rgba", 0.593),
        ("names_mask", 0.591),
        ("names_upper", 0.591),
        ("macos_dot_files", 0.593),
    ],
)
def test_a_street_case_has_the_score_of_good_data(name, score):
    status, scores, _ = evaluated("--data", case(name))
    assert status == 0
    assert scores["mean_iou"] == pytest.approx(score, abs=0.002)


def good_membranes() -> float:
    """The mean IoU of good data by the set that is shipped."""
    return evaluated("--data", case("good_membranes"), weights="membranes/unet-wce")[1]["mean_iou"]


def test_a_16_bit_slice_has_the_score_of_good_data():
    status, scores, said = evaluated("--data", case("photo_16bit_grey_membranes"), weights="membranes/unet-wce")
    assert (status, scores["mean_iou"]) == (0, pytest.approx(good_membranes(), abs=0.002))
    assert scores["mean_iou"] > 0.75
    assert "16-bit grey was scaled" in said


def test_a_cut_out_photo_is_laid_on_white_and_that_is_said():
    status, scores, said = evaluated("--data", case("photo_rgba_cutout"))
    assert status == 0
    assert scores["images"] == 1
    assert "laid on white" in said


def test_the_case_of_ids_from_1_has_no_score_before_that_is_said():
    folder = case("mask_ids_1_to_N")
    status, scores, said = evaluated("--data", folder)
    assert (status, scores) == (2, None)
    assert "a.png reads as pole 31 %" in said
    assert "--ids-from 0 or --ids-from 1" in said
    assert evaluated("--data", folder, "--ids-from", 1)[1]["mean_iou"] == pytest.approx(0.593, abs=0.001)
    assert evaluated("--data", folder, "--ids-from", 0)[1]["mean_iou"] < 0.05


def test_the_case_of_white_membranes_has_no_score_before_white_is_said_to_be_which():
    folder = case("mask_0_255_two_class")
    status, scores, said = evaluated("--data", folder, weights="membranes/unet-wce")
    assert (status, scores) == (2, None)
    assert "if white is membrane" in said
    status, scores, _ = evaluated("--data", folder, "--white", "membrane", weights="membranes/unet-wce")
    assert (status, scores["mean_iou"]) == (0, pytest.approx(good_membranes(), abs=0.001))


def test_the_case_of_a_long_strip_names_it_and_scores_the_rest():
    status, scores, said = evaluated("--data", case("aspect_96"))
    assert (status, scores["images"], scores["mean_iou"]) == (1, 1, pytest.approx(0.593, abs=0.001))
    assert "w.png: The picture is 1920 pixels long and only 20 across" in said


def test_the_case_without_labels_is_a_sentence():
    status, scores, said = evaluated("--data", case("all_void"))
    assert (status, scores) == (1, None)
    assert "a.png has no labelled pixel" in said


@pytest.mark.parametrize("name", ["classes3", "memb_0_255"])
def test_a_case_of_other_classes_is_not_trained_before_that_is_said(name, tmp_path, monkeypatch, capsys):
    dataset = "membranes" if name == "memb_0_255" else "street"
    words = f"seg train --dataset {dataset} --model conv_stack --base 4 --scale 45 --epochs 1 --batch 2 --rendered 0"
    folder = case(f"train/{name}")
    monkeypatch.setattr(sys, "argv", [*words.split(), "--data", str(folder), "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as stop:
        cli.run()
    said = capsys.readouterr().err
    assert stop.value.code == 2
    assert ("sky 67 %" if dataset == "street" else "if white is membrane") in said
    assert not list(tmp_path.glob("**/*.safetensors"))


def test_a_network_of_20_outputs_and_11_names_is_refused():
    status, scores, said = evaluated("--data", case("good"), "--weights-dir", case("own_classes_20"))
    assert (status, scores) == (1, None)
    assert "20" in said


# The same on rendered samples


@pytest.mark.parametrize("fault", ["photo turned, EXIF 6", "median cut", "colours and alpha", "a.png and a_mask.png"])
def test_a_fault_on_a_rendered_street_changes_no_score(weights, tmp_path, fault):
    folders = {name: tmp_path / name for name in ("nothing", fault)}
    for name, folder in folders.items():
        STREET_FAULTS[name](folder, SCENE, STREET)
    good, found = (evaluated("--data", folder, "--weights-dir", weights) for folder in folders.values())
    assert found[:2] == good[:2]


@pytest.mark.parametrize("fault", DOUBTFUL_STREET)
def test_a_doubtful_mask_is_exit_status_2_and_no_score(weights, tmp_path, monkeypatch, capsys, fault):
    DOUBTFUL_STREET[fault](tmp_path, SCENE, STREET)
    words = ["seg", "evaluate", "--weights", "street/fcn8s-wce", "--data", tmp_path, "--weights-dir", weights]
    monkeypatch.setattr(sys, "argv", list(map(str, words)))
    with pytest.raises(SystemExit) as stop:
        cli.run()
    printed = capsys.readouterr()
    assert stop.value.code == 2
    assert not printed.out
    assert "a.png reads as" in printed.err
    assert evaluated("--data", tmp_path, "--weights-dir", weights, "--ids-from", 0)[0] == 0


def test_white_that_is_no_class_is_a_sentence(tmp_path):
    make_set(tmp_path / "weights", "membranes/unet-wce", "unet", in_channels=1)
    BLACK_AND_WHITE["grey"](tmp_path / "data", membranes.render(3, 64, 64), MEMBRANES)
    words = ["--data", tmp_path / "data", "--weights-dir", tmp_path / "weights"]
    status, _, said = evaluated(*words, "--white", "snow", weights="membranes/unet-wce")
    assert status == 1
    assert "White cannot mean 'snow'" in said
    assert evaluated(*words, "--white", "membrane", weights="membranes/unet-wce")[0] == 0


def test_bad_files_are_listed_at_the_end_and_the_others_are_scored(weights, tmp_path):
    good, bad = tmp_path / "good", tmp_path / "bad"
    for folder in (good, bad):
        STREET_FAULTS["nothing"](folder, SCENE, STREET)
    for part in ("val", "valannot"):
        for name in ("cut", "void", "strip", "lonely", "small"):
            shutil.copy(bad / part / "a.png", bad / part / f"{name}.png")
    (bad / "val" / "cut.png").write_bytes((bad / "val" / "cut.png").read_bytes()[:500])
    Image.fromarray(np.full((120, 160), 11, np.uint8)).save(bad / "valannot" / "void.png")
    Image.fromarray(SCENE.image[:2]).save(bad / "val" / "strip.png")
    Image.fromarray(np.full((2, 160), 3, np.uint8)).save(bad / "valannot" / "strip.png")
    Image.fromarray(np.full((60, 80), 3, np.uint8)).save(bad / "valannot" / "small.png")
    (bad / "valannot" / "lonely.png").unlink()
    status, scores, said = evaluated("--data", bad, "--weights-dir", weights)
    assert status == 1
    assert (0, scores) == evaluated("--data", good, "--weights-dir", weights)[:2]
    assert "5 of 6 pictures were left out" in said
    for sentence in (
        f"{bad / 'val' / 'cut.png'} is damaged",
        f"{bad / 'val' / 'void.png'} has no labelled pixel",
        f"{bad / 'val' / 'strip.png'}: The picture is 160 pixels long and only 2 across",
        f"{bad / 'val' / 'lonely.png'} has no label",
        f"{bad / 'valannot' / 'small.png'} is 80 × 60 pixels but its picture is 160 × 120",
    ):
        assert sentence in said


def test_a_path_written_as_on_windows_is_a_sentence_elsewhere(weights):
    assert "separates folders by /" in evaluated("--data", r"C:\photos\street", "--weights-dir", weights)[2]
    words = ["predict", r"photos\a.png", "--weights", "street/fcn8s-wce", "--out", "o", "--weights-dir", str(weights)]
    result = CliRunner().invoke(cli.app, words)
    assert result.exit_code == 1
    assert r"photos\a.png cannot be read: No such file: this system separates folders by /, as in photos/a.png" in (
        result.stderr
    )


def test_predict_ignores_what_systems_leave_beside_pictures(weights, tmp_path):
    for name in ("._a.png", "Thumbs.db", ".DS_Store"):
        with_junk(name)(tmp_path, SCENE, STREET)
    files = sorted((tmp_path / "val").iterdir())
    assert len(files) == 4
    for images in (files, [tmp_path / "val"]):
        out = tmp_path / f"out{len(images)}"
        words = ["predict", *images, "--weights", "street/fcn8s-wce", "--out", out, "--weights-dir", weights]
        result = CliRunner().invoke(cli.app, list(map(str, words)))
        assert result.exit_code == 0, result.output
        assert sorted(path.name for path in out.iterdir()) == ["a-ids.png", "a-overlay.png"]
