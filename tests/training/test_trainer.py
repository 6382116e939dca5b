"""Training: finishes, resumes to the same end after a kill, and says what is wrong."""

import copy
import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import lightning as L
import numpy as np
import pytest
import torch

from seg.catalogue.store import WeightIndex
from seg.datasets import DATASETS, Sample, street
from seg.errors import DataError, OptionError, TrainingError, WeightsError
from seg.training import replay
from seg.training import trainer as training
from seg.training.data import Augmented, Data, Pairs
from seg.training.recipe import POWER, Recipe
from seg.training.trainer import train

RECIPE = Recipe("street", "conv_stack", base=8, scale=36, epochs=3, batch=2, rendered=1)


def test_a_run_writes_weights_that_load_and_a_record_with_scores_and_learning_curve(data, tmp_path):
    record = train(RECIPE, data, tmp_path, progress=False)
    index = WeightIndex(tmp_path)
    assert index.record("street/conv_stack-wce") == record
    index.load(record)
    assert record.tile == (36, 48)
    assert record.validation.images == 2
    assert [point.epoch for point in record.curve] == [1, 2, 3]
    log = tmp_path / "runs" / record.name / "log" / "version_0" / "metrics.csv"
    assert "val_mean_iou" in log.read_text()


def test_the_record_holds_the_class_weights_of_a_loss_that_has_them(data, tmp_path):
    counts = np.stack(
        [np.bincount(street.render(seed, 54, 72).labels.ravel(), minlength=256)[:11] for seed in range(4)]
    )
    held = ((counts > 0) * counts.sum(axis=1, keepdims=True)).sum(axis=0)
    seen = held > 0
    frequency = counts.sum(axis=0)[seen] / held[seen]
    weighted, plain = (
        train(replace(RECIPE, epochs=1, loss=loss), data, tmp_path, progress=False) for loss in ("wce", "dice")
    )
    found = np.array(weighted.recipe["class_weights"])
    assert found[seen] == pytest.approx((np.median(frequency) / frequency).clip(0.4, 4), abs=1e-4)
    assert (found[~seen] == 4).all()
    assert "class_weights" not in plain.recipe


def test_the_network_learns(data, tmp_path):
    record = train(replace(RECIPE, model="unet", epochs=40, learning_rate=1e-2), data, tmp_path, progress=False)
    losses = [point.loss for point in record.curve]
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
    for kept in ("street/unet-wce.safetensors", "replays/street/unet-wce.png"):
        whole_file, cut_file = ((tmp_path / out / kept).read_bytes() for out in ("whole", "cut"))
        assert whole_file == cut_file, kept
    curves = [WeightIndex(tmp_path / out).record("street/unet-wce").curve for out in ("whole", "cut")]
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
    assert record.curve[-1].epoch < 100_000
    assert len(record.curve) <= training.VALIDATIONS + 1
    assert rates[-1] < 0.2 * RECIPE.learning_rate
    assert rates == sorted(rates, reverse=True)


def test_a_loss_that_turns_nan_stops_with_a_sentence_and_keeps_the_last_good_checkpoint(
    data, tmp_path, focal_gives_no_number
):
    train(replace(RECIPE, epochs=2), data, tmp_path, progress=False)
    good = (tmp_path / "runs" / "street" / "conv_stack-wce" / "last.ckpt").read_bytes()
    with pytest.raises(TrainingError, match="lower the learning rate"):
        train(replace(RECIPE, loss="focal"), data, tmp_path, progress=False)
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
    with pytest.raises(DataError, match=r"2\.png is empty"):
        train(RECIPE, broken, tmp_path / "out", progress=False)


def test_the_index_is_plain_json_without_nan(data, tmp_path):
    train(replace(RECIPE, epochs=1), data, tmp_path, progress=False)

    def refuse(word: str) -> None:
        raise AssertionError(word)

    (entry,) = json.loads((tmp_path / "index.json").read_text(), parse_constant=refuse)
    assert entry["name"] == "street/conv_stack-wce"


def test_a_full_disk_stops_with_a_sentence_and_the_last_good_checkpoint_resumes(data, tmp_path, monkeypatch):
    save = L.Trainer.save_checkpoint

    def full_from_the_second_epoch_on(trainer, path, **options):
        if trainer.current_epoch == 0:
            return save(trainer, path, **options)
        return save(trainer, "/dev/full", **options)

    def in_place(checkpoint, path):  # a rename onto /dev/full would not notice
        with open(path, "wb") as file:
            torch.save(checkpoint, file)

    with monkeypatch.context() as patched:
        patched.setattr(L.Trainer, "save_checkpoint", full_from_the_second_epoch_on)
        patched.setattr("lightning.fabric.plugins.io.torch_io._atomic_save", in_place)
        with pytest.raises(TrainingError, match=r"disk .* is full: make room"):
            train(RECIPE, data, tmp_path, progress=False)
    assert not (tmp_path / "index.json").exists()
    record = train(RECIPE, data, tmp_path, resume=True, progress=False)
    assert [point.epoch for point in record.curve] == [1, 2, 3]


@pytest.mark.parametrize("damage", [b"", b"not a checkpoint", None])
def test_a_damaged_checkpoint_is_a_sentence(data, tmp_path, damage):
    run = tmp_path / "runs" / "street" / "conv_stack-wce"
    run.mkdir(parents=True)
    if damage is None:
        train(RECIPE, data, tmp_path, progress=False)
        damage = (run / "last.ckpt").read_bytes()[:-1000]
    (run / "last.ckpt").write_bytes(damage)
    with pytest.raises(TrainingError, match="is damaged: remove it"):
        train(RECIPE, data, tmp_path, resume=True, progress=False)


def test_a_run_keeps_a_replay_of_a_dozen_moments_that_ends_with_the_trained_network(data, tmp_path):
    records = [train(replace(RECIPE, epochs=8), data, tmp_path / out, progress=False) for out in ("a", "b")]
    first, second = (replay.frames(tmp_path / out, record) for out, record in zip("ab", records, strict=True))
    assert (first == second).all()
    assert first.shape == (len(replay.MOMENTS), 180, 240)
    assert list(records[0].replay.steps) == sorted(records[0].replay.steps)
    assert records[0].replay.steps[0] == 0
    assert records[0].replay.epochs[-1] == 8
    scene = replay.picture(tmp_path / "a", records[0])
    assert scene.image.shape == (180, 240, 3)
    assert (first[0] != first[-1]).any()


def test_a_replay_that_is_missing_or_damaged_is_a_sentence(data, tmp_path):
    record = train(replace(RECIPE, epochs=1), data, tmp_path, progress=False)
    file = replay.path(tmp_path, record.name)
    file.write_bytes(file.read_bytes()[:50])
    with pytest.raises(WeightsError, match="is damaged"):
        replay.frames(tmp_path, record)
    file.unlink()
    with pytest.raises(WeightsError, match="is missing"):
        replay.frames(tmp_path, record)
    with pytest.raises(WeightsError, match="has no replay"):
        replay.frames(tmp_path, replace(record, replay=None))


def test_a_second_phase_trains_at_full_size_and_the_best_weights_are_kept(data, tmp_path, monkeypatch):
    seen = []
    step = training.SegmentationModule.training_step

    def watch(module, batch, index):
        seen.append((tuple(batch[0].shape), module.learning_rate))
        return step(module, batch, index)

    monkeypatch.setattr(training.SegmentationModule, "training_step", watch)
    first = replace(RECIPE, model="unet", base=4, epochs=2, crop=(24, 24), optimizer="rmsprop", jitter=False, decay=0.5)
    recipe = replace(first, finetune_epochs=3, finetune_batch=1, finetune_rate=1e-4, patience=1)
    record = train(recipe, data, tmp_path, progress=False)
    sizes = [size for size, _ in seen]
    assert sizes[:4] == [(2, 3, 24, 24)] * 4
    assert set(sizes[4:]) == {(1, 3, 36, 48)}
    rates = [rate for _, rate in seen]
    assert rates[:4] == pytest.approx([1.5e-3] * 2 + [0.75e-3] * 2)
    assert rates[4] == pytest.approx(1e-4)
    last_phase = [point.val_mean_iou for point in record.curve[2:]]
    assert record.validation.mean_iou == pytest.approx(max(last_phase), abs=0.02)


def test_the_first_phase_falls_to_where_the_second_begins():
    recipe = replace(RECIPE, learning_rate=0.1, finetune_epochs=2, finetune_rate=0.01)
    rates = [recipe.rate(share) for share in (0, 0.5, 1)]
    assert rates == pytest.approx([0.1, 0.01 + 0.09 * 0.5**POWER, 0.01])
    assert recipe.fallen(recipe.finetune_rate, 1, 2) == 0


def test_the_mean_of_the_weights_is_validated_and_kept_where_the_recipe_averages(data, tmp_path, monkeypatch):
    seen = []

    class Watch(training.Checkpoint):
        def on_train_batch_end(self, trainer, module, outputs, batch, index):
            seen.append(module.model.classifier.weight.detach().clone())

    monkeypatch.setattr(training, "Checkpoint", Watch)
    recipe = replace(RECIPE, model="unet", base=4, average=0.75, learning_rate=0.05)
    record = train(recipe, data, tmp_path, progress=False)
    mean = seen[0]
    for weights in seen[1:]:
        mean = 0.75 * mean + 0.25 * weights
    kept = WeightIndex(tmp_path).load(record).classifier.weight.detach()
    assert kept == pytest.approx(mean.half().float(), abs=1e-3)
    assert (kept - seen[-1]).abs().max() > 1e-2
    assert record.curve[-1].val_mean_iou == pytest.approx(record.validation.mean_iou, abs=0.02)


def test_an_encoder_learns_at_its_share_of_the_learning_rate(data):
    recipe = replace(RECIPE, model="fcn32s", base=None, backbone="efficientnet_lite0", encoder_rate=1e-6)
    module = training.SegmentationModule(recipe, Data(recipe, data))
    before = copy.deepcopy(module.model.state_dict())
    optimizer = module.configure_optimizers()
    for group in optimizer.param_groups:
        group["lr"] = recipe.learning_rate * group["share"]
    module.model(torch.rand(2, 3, 64, 64)).square().mean().backward()
    optimizer.step()
    moved = {name: (tensor - before[name]).abs().max() for name, tensor in module.model.named_parameters()}
    assert 0 < max(change for name, change in moved.items() if name.startswith("encoder.")) < 1e-6
    assert all(change > 1e-4 for name, change in moved.items() if name.startswith("score."))


def test_processes_beside_the_training_give_it_the_same_crops(data, tmp_path, monkeypatch):
    first = train(RECIPE, data, tmp_path / "alone", progress=False)
    monkeypatch.setattr(training, "loaders", lambda: 2)
    assert train(RECIPE, data, tmp_path / "beside", progress=False).sha256 == first.sha256


def test_shapes_are_trained_and_measured_without_a_folder(tmp_path):
    record = train(Recipe("shapes", "unet", base=4, scale=64, rendered=8, epochs=1), None, tmp_path, progress=False)
    assert record.validation.images == 200
    with pytest.raises(DataError, match="needs a folder"):
        train(RECIPE, None, tmp_path, progress=False)


@pytest.mark.parametrize(
    ("field", "value"), [("scale", 1), ("epochs", -1), ("learning_rate", 0.0), ("optimizer", "sgd")]
)
def test_a_recipe_that_cannot_be_is_refused_with_a_sentence(field, value):
    with pytest.raises(OptionError, match=rf"{field}.*(more than 0|at least 16|choose one of)"):
        replace(RECIPE, **{field: value})


def test_the_learning_rate_rises_over_the_warm_up_and_then_falls_to_zero():
    recipe = replace(RECIPE, warmup=0.25, learning_rate=0.1)
    rate = training.SegmentationModule.learning_rate.fget
    rates = [
        rate(SimpleNamespace(recipe=recipe, epochs=recipe.epochs, finetuning=False, progress=progress))
        for progress in (0, 0.125, 0.25, 0.625, 1)
    ]
    assert rates == pytest.approx([0, 0.05, 0.1, 0.1 * 0.5**POWER, 0])
    with pytest.raises(OptionError, match=r"warmup is 1\.0: it must be less than 1\."):
        replace(RECIPE, warmup=1.0)


def test_only_pictures_without_up_and_down_are_turned():
    def orientations(dataset: str) -> int:
        image = np.zeros((32, 32, 3), np.uint8)
        image[0, 0], image[0, -1], image[-1, 0] = 10, 20, 30
        sample = Sample("", image, np.zeros((32, 32), np.uint8))
        pairs = Pairs([sample], [0], 32, 3)
        recipe = replace(RECIPE, dataset=dataset, scale=32, jitter=False)
        crops = Augmented(pairs, recipe, (32, 32), DATASETS[dataset].any_way_up)
        pictures = (crops[epoch, 0][0][0] for epoch in range(60))
        return len({tuple(int(p[y, x]) for y in (0, -1) for x in (0, -1)) for p in pictures})

    assert orientations("street") == 2
    assert orientations("shapes") == 8
