"""The grid: what a recipe file means, what is done of it, and that a lost worker's run ends as it would have."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from seg.catalogue.store import WeightIndex
from seg.cli.main import app
from seg.errors import OptionError, SegError, TrainingError, WeightsError
from seg.training import batch as grid
from seg.training.batch import DONE, RESUME, TO_DO, read
from seg.training.recipe import Recipe

ROOT = Path(__file__).resolve().parents[2]

TINY = """
[defaults]
dataset = "street"
base = 4
scale = 36
epochs = 1
batch = 2
rendered = 1
"""


@pytest.fixture
def recipes(tmp_path):
    """A function that writes a recipe file."""

    def write(text: str) -> Path:
        path = tmp_path / "some.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_lists_in_a_run_stand_for_every_combination_and_the_variant_names_what_differs(recipes):
    found = read(
        recipes(
            """
            [defaults]
            dataset = "street"
            learning_rate = 1
            [[run]]
            model = ["unet", "fcn8s"]
            loss = ["ce", "dice"]
            crop = [90, 120]
            [[run]]
            model = "encoder_decoder"
            upsampling = ["bilinear", "nearest"]
            seed = [0, 1]
            variant = "{upsampling}-seed{seed}"
            """
        )
    )
    assert [recipe.name for recipe in found] == [
        "street/unet-ce",
        "street/unet-dice",
        "street/fcn8s-ce",
        "street/fcn8s-dice",
        "street/encoder_decoder-wce-bilinear-seed0",
        "street/encoder_decoder-wce-bilinear-seed1",
        "street/encoder_decoder-wce-nearest-seed0",
        "street/encoder_decoder-wce-nearest-seed1",
    ]
    assert found[0] == Recipe("street", "unet", "ce", crop=(90, 120), learning_rate=1)


RUN = '[[run]]\ndataset = "street"\nmodel = "unet"\n'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[run]\n", "is not TOML"),
        ("", "there is no"),
        ("run = 3", "there is no"),
        ("defaults = 3", "defaults must be a table"),
        ("[other]\n" + RUN, "unknown key 'other'"),
        ("[defaults]\nepoch = 3\n" + RUN, "run 1: unknown key 'epoch'"),
        (RUN + "epoch = 3", "run 1: unknown key 'epoch'"),
        (RUN + RUN.replace("unet", "vnet"), "run 2: unknown model 'vnet': choose one of conv_stack"),
        (RUN + 'loss = ["ce", "cee"]', "unknown loss 'cee'"),
        (RUN.replace("street", "moon"), "unknown dataset 'moon'"),
        (RUN + 'backbone = "vgg"', "unknown backbone 'vgg'"),
        (RUN + 'scale = "180"', "scale = '180' is of the wrong type"),
        (RUN + "scale = true", "scale = True is of the wrong type"),
        (RUN + "crop = [90]", "crop = [90] is of the wrong type: it must be two whole numbers"),
        (RUN + "seed = []", "seed is an empty list"),
        (RUN + "epochs = 0", "epochs is 0"),
        ('[[run]]\ndataset = "street"', "run 1: model is missing"),
        (RUN + "seed = [1, 2]", "street/unet-wce is there twice"),
        (RUN + RUN, "run 2: street/unet-wce is there twice"),
        (RUN + 'variant = "{upsampling}"', "names upsampling, which this run does not set"),
        (RUN + 'variant = "{nothing}"', "names nothing, which this run does not set"),
        (RUN + 'variant = "../../x"', "may hold letters"),
    ],
)
def test_a_file_that_cannot_be_understood_is_named_with_the_key_at_fault(recipes, text, sentence):
    path = recipes(text)
    with pytest.raises(TrainingError) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert sentence in str(caught.value)


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(TrainingError, match=r"nowhere\.toml cannot be read"):
        read("nowhere.toml")


def test_the_projects_own_recipes_are_the_grid():
    names = {path.stem: {recipe.name for recipe in read(path)} for path in (ROOT / "recipes").glob("*.toml")}
    seven = {"conv_stack", "encoder_decoder", "fcn32s", "fcn16s", "fcn8s", "unet", "fc_densenet103"}
    losses = {"ce", "wce", "dice", "ce_dice", "focal", "tversky", "lovasz"}
    assert names["street"] == {
        *(f"street/{model}-wce" for model in seven),
        *(f"street/unet-{loss}" for loss in losses),
        *(f"street/fcn8s-{loss}" for loss in ("ce", "dice")),
        *(f"street/encoder_decoder-wce-{way}" for way in ("transposed", "bilinear", "nearest")),
        *(f"street/{model}-wce-lite0" for model in ("fcn32s", "fcn16s", "fcn8s", "unet", "encoder_decoder")),
        "street/fcn8s-wce-lite2",
    }
    assert names["membranes"] == {
        *(f"membranes/{model}-wce" for model in ("conv_stack", "fcn8s", "unet", "fc_densenet56")),
        "membranes/unet-dice",
    }
    once = {f"shapes/{model}-wce" for model in seven} | {f"shapes/unet-{loss}" for loss in losses}
    assert names["shapes"] == {name + seed for name in once for seed in ("", "-seed1", "-seed2")}
    assert names["street-paper"] == {f"street/{model}-wce-paper" for model in ("fc_densenet103", "unet", "fcn8s")}


def test_a_grid_trains_what_is_missing_goes_on_with_what_was_cut_off_and_skips_what_is_done(data, recipes, tmp_path):
    first, second = read(recipes(TINY + '[[run]]\nmodel = ["conv_stack", "unet"]'))
    out = tmp_path / "out"
    assert [grid.state(recipe, out) for recipe in (first, second)] == [TO_DO, TO_DO]

    (outcome,) = grid.run([first], data, out)
    assert outcome.found == TO_DO
    assert outcome.record == WeightIndex(out).record(first.name)
    assert grid.state(first, out) == DONE
    assert grid.state(replace(first, minutes=5), out) == DONE
    assert grid.state(replace(first, seed=1), out) == RESUME

    tensors = out / f"{first.name}.safetensors"
    whole = tensors.read_bytes()
    tensors.write_bytes(whole[:-1])
    assert grid.state(first, out) == RESUME
    assert [outcome.found for outcome in grid.run([first, second], data, out)] == [RESUME, TO_DO]
    assert tensors.read_bytes() == whole

    written = tensors.stat().st_mtime_ns
    outcomes = list(grid.run([first, second], data, out))
    assert [outcome.found for outcome in outcomes] == [DONE, DONE]
    assert outcomes[0].record.name == first.name
    assert tensors.stat().st_mtime_ns == written

    (out / "index.json").write_text("[")
    with pytest.raises(WeightsError, match="damaged"):
        list(grid.run([first], data, out))


def test_a_run_that_fails_is_reported_the_others_go_on_and_the_exit_status_is_1(
    data, recipes, tmp_path, focal_gives_no_number
):
    wild = '[[run]]\nmodel = "conv_stack"\nloss = "focal"'
    path = recipes(f'{TINY}{wild}\n[[run]]\nmodel = ["unet", "conv_stack"]')
    out = tmp_path / "out"
    damaged = out / "runs" / "street" / "unet-wce" / "last.ckpt"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"no checkpoint")
    result = CliRunner().invoke(app, ["grid", str(path), "--data", str(data), "--out", str(out)])
    assert result.exit_code == 1, result.output
    assert "street/conv_stack-focal: The loss became nan" in result.stderr
    assert f"street/unet-wce: The checkpoint {damaged} is damaged" in result.stderr
    assert "street/conv_stack-wce: trained, validation mean IoU 0." in result.stdout
    assert "2 failed, 1 trained" in result.stdout
    assert list(WeightIndex(out).records()) == ["street/conv_stack-wce"]


def test_what_nobody_foresaw_in_one_run_is_a_sentence_too(monkeypatch, tmp_path):
    def train(*_, **__):
        raise ZeroDivisionError("division by zero\nand more")

    monkeypatch.setattr("seg.training.trainer.train", train)
    (outcome,) = grid.run([Recipe("shapes", "unet")], None, tmp_path)
    assert outcome.record is None
    assert outcome.failure == "ZeroDivisionError: division by zero"


def test_a_dry_run_tells_the_state_of_the_runs_that_the_pattern_chooses(recipes, tmp_path):
    path = recipes(TINY + '[[run]]\nmodel = ["conv_stack", "fcn8s", "fcn16s"]')
    command = ["grid", str(path), "--out", str(tmp_path / "out"), "--only", "street/fcn*", "--dry-run"]
    result = CliRunner().invoke(app, command)
    assert result.stdout.splitlines() == ["missing street/fcn8s-wce", "missing street/fcn16s-wce"]
    assert not (tmp_path / "out").exists()
    result = CliRunner().invoke(app, [*command, "--only", "unet"])
    assert isinstance(result.exception, TrainingError)
    assert "has no run whose name fits 'unet'" in str(result.exception)


def test_without_ray_the_sentence_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(OptionError, match=r"pip install -r requirements-ray\.txt"):
        list(grid.run([Recipe("shapes", "unet")], None, tmp_path, ray="local"))


with_ray = pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed: requirements-ray.txt")


@with_ray
@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:1", "host:port"])
def test_a_ray_that_is_not_there_is_a_sentence(address, tmp_path):
    with pytest.raises(SegError, match=f"There is no Ray to work with at '{address}'"):
        list(grid.run([Recipe("shapes", "unet")], None, tmp_path, ray=address))


def workers(driver: int) -> dict[str, int]:
    """The Ray tasks that a process and its children run: name → process id, as Ray titles its workers."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    processes = {int(pid): (int(parent), title) for pid, parent, title in rows}

    def descends(pid: int) -> bool:
        while pid in processes and pid != driver:
            pid = processes[pid][0]
        return pid == driver

    titles = {pid: title for pid, (_, title) in processes.items() if title.startswith("ray::street/")}
    return {title.removeprefix("ray::").strip(): pid for pid, title in titles.items() if descends(pid)}


@with_ray
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="two workers need two cores")
def test_a_ray_worker_that_is_killed_loses_nothing_the_run_goes_on_to_the_same_weights(data, recipes, tmp_path):
    path = recipes(TINY.replace("epochs = 1", "epochs = 15") + '[[run]]\nmodel = "unet"\nloss = ["ce", "dice"]')
    killed, other = read(path)
    whole, cut = tmp_path / "whole", tmp_path / "cut"

    fixed = f"grid {path} --data {data} --out {cut} --threads 1 --ray local"
    process = subprocess.Popen(
        [sys.executable, "-m", "seg", *fixed.split()],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        checkpoint = cut / "runs" / killed.name / "last.ckpt"
        deadline = time.monotonic() + 400
        found = {}
        while not (checkpoint.exists() and len(found) == 2) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
            found = workers(process.pid)
        assert set(found) == {killed.name, other.name}
        os.kill(found[killed.name], signal.SIGKILL)
        assert grid.state(killed, cut) == RESUME
        output, errors = process.communicate(timeout=400)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    assert f"{killed.name}: resumed, validation mean IoU" in output
    assert f"{other.name}: trained, validation mean IoU" in output

    threads = torch.get_num_threads()
    (uninterrupted,) = grid.run([killed], data, whole, threads=1)
    torch.set_num_threads(threads)
    again = WeightIndex(cut).record(killed.name)
    assert again.sha256 == uninterrupted.record.sha256
    assert [grid.state(recipe, cut) for recipe in (killed, other)] == [DONE, DONE]
