"""Training: finishes, resumes to the same end after a kill, and says what is wrong."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seg import training
from seg.datasets import street
from seg.errors import DataError, TrainingError
from seg.labels import IGNORE
from seg.training import Recipe, train
from seg.weights import WeightIndex

RECIPE = Recipe("street", "conv_stack", base=8, scale=36, epochs=3, batch=2, rendered=1)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for split, seeds in (("train", range(4)), ("val", range(4, 6))):
        for suffix in ("", "annot"):
            (folder / (split + suffix)).mkdir()
        for seed in seeds:
            scene = street.render(seed, 54, 72)
            Image.fromarray(scene.image).save(folder / split / f"{seed}.png")
            ids = np.where(scene.labels == IGNORE, 11, scene.labels)
            Image.fromarray(ids).save(folder / f"{split}annot" / f"{seed}.png")
    return folder


def test_a_run_writes_weights_that_load_and_a_record_with_scores_and_learning_curve(data, tmp_path):
    record = train(RECIPE, data, tmp_path, progress=False)
    index = WeightIndex(tmp_path)
    assert index.record("street/conv_stack-wce") == record
    index.load(record)
    assert record.tile == (36, 48)
    assert record.validation["images"] == 2
    assert len(record.validation["confidence_range"]) == 2
    assert [point["epoch"] for point in record.recipe["curve"]] == [1, 2, 3]
    log = tmp_path / "runs" / record.name / "log" / "version_0" / "metrics.csv"
    assert "val_mean_iou" in log.read_text()


def test_the_network_learns(data, tmp_path):
    record = train(replace(RECIPE, model="unet", epochs=40, learning_rate=1e-2), data, tmp_path, progress=False)
    losses = [point["loss"] for point in record.recipe["curve"]]
    assert losses[-1] < 0.85 * losses[0]


def test_a_run_killed_at_any_moment_resumes_to_the_same_weights_as_an_uninterrupted_one(data, tmp_path):
    def command(out: str, *more: str) -> list[str]:
        fixed = f"--dataset street --data {data} --model unet --base 4 --scale 36 --batch 2 --rendered 1 --threads 1"
        words = [*fixed.split(), "--epochs", "10", "--out", str(tmp_path / out), *more]
        return [sys.executable, "-m", "seg", "train", *words]

    whole = subprocess.Popen(command("whole"), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    cut = subprocess.Popen(command("cut"), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    checkpoint = tmp_path / "cut" / "runs" / "street" / "unet-wce" / "last.ckpt"
    deadline = time.monotonic() + 120
    while not checkpoint.exists() and cut.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    cut.send_signal(signal.SIGKILL)
    assert cut.wait() == -signal.SIGKILL, "the run ended before it could be killed"
    assert not WeightIndex(tmp_path / "cut").path.exists()
    resumed = subprocess.run(command("cut", "--resume"), capture_output=True, text=True, check=False)
    assert resumed.returncode == 0, resumed.stderr
    assert whole.wait() == 0
    files = [(tmp_path / out / "street" / "unet-wce.safetensors").read_bytes() for out in ("whole", "cut")]
    assert files[0] == files[1]
    curves = [WeightIndex(tmp_path / out).record("street/unet-wce").recipe["curve"] for out in ("whole", "cut")]
    assert curves[0] == curves[1]


def test_a_time_budget_ends_the_run_early_with_the_learning_rate_at_its_end(data, tmp_path, monkeypatch):
    rates = []

    class Watch(training.Checkpoint):
        def on_train_batch_end(self, trainer, module, outputs, batch, index):
            rates.append(trainer.optimizers[0].param_groups[0]["lr"])

    monkeypatch.setattr(training, "Checkpoint", Watch)
    start = time.monotonic()
    record = train(replace(RECIPE, epochs=100_000, minutes=0.05), data, tmp_path, progress=False)
    assert time.monotonic() - start < 60
    assert record.recipe["curve"][-1]["epoch"] < 100_000
    assert rates[-1] < 0.2 * RECIPE.learning_rate
    assert rates == sorted(rates, reverse=True)


def test_a_loss_that_turns_nan_stops_with_a_sentence_and_keeps_the_last_good_checkpoint(data, tmp_path):
    train(replace(RECIPE, epochs=2), data, tmp_path, progress=False)
    good = (tmp_path / "runs" / "street" / "conv_stack-wce" / "last.ckpt").read_bytes()
    with pytest.raises(TrainingError, match="lower the learning rate"):
        train(replace(RECIPE, learning_rate=1e30, variant="wild"), data, tmp_path, progress=False)
    assert (tmp_path / "runs" / "street" / "conv_stack-wce" / "last.ckpt").read_bytes() == good


def test_resuming_with_another_recipe_is_refused_with_what_differs(data, tmp_path):
    train(replace(RECIPE, epochs=1), data, tmp_path, progress=False)
    with pytest.raises(TrainingError, match="another batch"):
        train(replace(RECIPE, epochs=1, batch=3), data, tmp_path, resume=True, progress=False)


def test_a_broken_picture_in_the_data_is_named(data, tmp_path):
    broken = tmp_path / "data"
    for folder in ("train", "trainannot", "val", "valannot"):
        (broken / folder).mkdir(parents=True)
        for file in (data / folder).iterdir():
            (broken / folder / file.name).write_bytes(file.read_bytes())
    (broken / "train" / "2.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"2\.png cannot be read"):
        train(RECIPE, broken, tmp_path / "out", progress=False)


def test_the_index_is_plain_json_without_nan(data, tmp_path):
    train(replace(RECIPE, epochs=1), data, tmp_path, progress=False)

    def refuse(word: str) -> None:
        raise AssertionError(word)

    (entry,) = json.loads((tmp_path / "index.json").read_text(), parse_constant=refuse)
    assert entry["name"] == "street/conv_stack-wce"
