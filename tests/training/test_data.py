"""What people keep in folders: grey and colour mixed, pictures without labels, of one colour, too many to hold."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from seg.catalogue.store import WeightIndex
from seg.datasets import DATASETS, Sample, membranes, street
from seg.errors import DataError, OptionError, TrainingError
from seg.labels import IGNORE
from seg.training import data as module
from seg.training import trainer as training
from seg.training.batch import run as train_all
from seg.training.data import Augmented, Data, EpochOrder, Pairs, Summary, repeat_factors, tile_for
from seg.training.recipe import Recipe
from seg.training.trainer import train

RECIPE = Recipe("street", "fcn8s", base=4, scale=45, epochs=1, batch=2, rendered=0)


def write(folder: Path, samples: dict[str, list[Sample]], ignore: int = 11) -> Path:
    """A data folder of the samples of each split."""
    for split, scenes in samples.items():
        for part in (split, f"{split}annot"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        for number, scene in enumerate(scenes):
            Image.fromarray(scene.image).save(folder / split / f"{number}.png")
            ids = np.where(scene.labels == IGNORE, ignore, scene.labels).astype(np.uint8)
            Image.fromarray(ids).save(folder / f"{split}annot" / f"{number}.png")
    return folder


def scene(seed: int, height: int = 54, width: int = 72) -> Sample:
    return street.render(seed, height, width)


def grey(sample: Sample) -> Sample:
    return replace(sample, image=np.asarray(Image.fromarray(sample.image).convert("L")))


def void(sample: Sample) -> Sample:
    return replace(sample, labels=np.full_like(sample.labels, IGNORE))


def colour(sample: Sample) -> Sample:
    return replace(sample, image=np.repeat(sample.image[..., None], 3, axis=2))


def relabelled(sample: Sample) -> Sample:
    return replace(sample, labels=np.where(sample.labels == 0, 1, sample.labels).astype(np.uint8))


SAME_NAMES = "pictures or labels of the same names"


@pytest.mark.parametrize(
    ("change", "channels"), [(grey, 1), (lambda s: grey(s) if s.name.endswith("1") else s, 3)], ids=["grey", "mixed"]
)
def test_the_channels_are_those_of_the_data_and_mixed_pictures_are_made_one(tmp_path, change, channels):
    folder = write(tmp_path / "data", {"train": [change(scene(i)) for i in range(4)], "val": [change(scene(5))]})
    record = train(RECIPE, folder, tmp_path / "out", progress=False)
    assert len(record.mean) == channels
    assert record.validation.images == 1
    WeightIndex(tmp_path / "out").load(record)


def test_membranes_saved_in_colour_are_trained_in_colour(tmp_path):
    slices = [colour(membranes.render(i, 64, 64)) for i in range(3)]
    folder = write(tmp_path / "data", {"train": slices[:2], "val": slices[2:]}, ignore=255)
    recipe = replace(RECIPE, dataset="membranes", scale=64)
    assert len(train(recipe, folder, tmp_path / "out", progress=False).mean) == 3


@pytest.mark.parametrize("split", ["train", "val"])
def test_pictures_without_labels_are_left_out_and_counted(tmp_path, split, capsys):
    samples = {"train": [scene(i) for i in range(4)], "val": [scene(i) for i in range(4, 6)]}
    samples[split][0] = void(samples[split][0])
    record = train(RECIPE, write(tmp_path / "data", samples), tmp_path / "out", progress=False)
    kind, count = {"train": ("training", 4), "val": ("validation", 2)}[split]
    assert f"1 of the {count} {kind} pictures have no label and are left out" in capsys.readouterr().err
    assert np.isfinite(record.validation.mean_iou)


@pytest.mark.parametrize("split", ["train", "val"])
def test_no_labels_at_all_are_a_sentence_before_training_starts(tmp_path, split, monkeypatch):
    samples = {"train": [scene(i) for i in range(2)], "val": [scene(2)]}
    samples[split] = [void(sample) for sample in samples[split]]
    monkeypatch.setattr(training.L, "Trainer", None)
    with pytest.raises(DataError, match=r"None of the \d pictures has a labelled pixel"):
        train(RECIPE, write(tmp_path / "data", samples), tmp_path / "out", progress=False)


@pytest.mark.parametrize("loss", ["ce", "wce", "dice", "ce_dice", "focal", "tversky", "lovasz"])
def test_a_crop_without_labels_teaches_nothing_and_is_no_nan(tmp_path, loss):
    corner = scene(1)
    labels = np.full_like(corner.labels, IGNORE)
    labels[:2, :2] = 0
    few = replace(corner, labels=labels)
    folder = write(tmp_path / "data", {"train": [few, few], "val": [scene(2)]})
    recipe = replace(RECIPE, loss=loss, crop=(16, 16), epochs=3)
    record = train(recipe, folder, tmp_path / "out", progress=False)
    assert all(np.isfinite(point.loss) for point in record.curve)


def test_pictures_of_one_colour_are_trained_on(tmp_path):
    flat = [replace(scene(i), image=np.full((54, 72, 3), 128, np.uint8)) for i in range(3)]
    record = train(RECIPE, write(tmp_path / "data", {"train": flat, "val": flat}), tmp_path / "out", progress=False)
    assert min(record.std) > 0
    assert np.isfinite(record.validation.mean_iou)


def test_a_list_goes_on_after_a_run_that_cannot_be_trained(tmp_path, focal_gives_no_number):
    samples = {"train": [scene(i) for i in range(2)], "val": [scene(2)]}
    folder = write(tmp_path / "data", samples)
    recipes = [replace(RECIPE, model="fcn32s", loss="focal"), replace(RECIPE, model="fcn16s")]
    recipes[0] = replace(recipes[0], epochs=2)
    first, second = train_all(recipes, folder, tmp_path / "out")
    assert "lower the learning rate" in first.failure
    assert second.record is not None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda samples: {**samples, "train": samples["train"][:-1]}, "other training pictures"),
        (lambda samples: {**samples, "val": [scene(9, 60, 72)]}, "other validation pictures"),
        (lambda samples: {split: [grey(s) for s in part] for split, part in samples.items()}, "grey instead of colour"),
        (lambda samples: {**samples, "train": [*samples["train"][:-1], relabelled(samples["train"][-1])]}, SAME_NAMES),
        (lambda samples: {**samples, "val": [replace(scene(9), name=samples["val"][0].name)]}, SAME_NAMES),
    ],
    ids=["fewer", "other sizes", "channels", "other labels", "other pictures"],
)
def test_a_run_is_not_resumed_on_other_data(tmp_path, change, reason):
    samples = {"train": [scene(i) for i in range(4)], "val": [scene(5)]}
    train(RECIPE, write(tmp_path / "one", samples), tmp_path / "out", progress=False)
    other = write(tmp_path / "other", change(samples))
    with pytest.raises(TrainingError, match=reason):
        train(RECIPE, other, tmp_path / "out", resume=True, progress=False)


DEEPLAB = {"model": "smp", "backbone": "deeplabv3plus/resnet18", "base": None, "pretrained": False}


@pytest.mark.parametrize(
    ("change", "advice"),
    [({"batch": 1}, "set batch to 2"), ({"batch": 2, "finetune_epochs": 1}, "set finetune_batch to 2")],
)
def test_one_picture_a_batch_is_refused_before_a_picture_is_read_where_a_network_needs_more(tmp_path, change, advice):
    with pytest.raises(OptionError, match=rf"^smp on deeplabv3plus/resnet18 .*: {advice} or more\.$"):
        train(replace(RECIPE, **DEEPLAB, **change), tmp_path / "nowhere", tmp_path / "out", progress=False)


def test_one_picture_in_all_is_refused_before_training_where_a_network_needs_more(tmp_path):
    folder = write(tmp_path / "data", {"train": [scene(0)], "val": [scene(1)]})
    with pytest.raises(OptionError, match="give two pictures or more to learn from"):
        train(replace(RECIPE, **DEEPLAB, batch=2), folder, tmp_path / "out", progress=False)


def test_a_backbone_that_an_architecture_does_not_have_is_a_sentence(tmp_path):
    folder = write(tmp_path / "data", {"train": [scene(0), scene(1)], "val": [scene(2)]})
    with pytest.raises(OptionError, match="resnet34"):
        train(replace(RECIPE, model="unet", base=None, backbone="resnet34"), folder, tmp_path / "out", progress=False)


def test_pictures_beyond_what_may_be_held_are_read_again_each_time(monkeypatch):
    read = []

    class Samples(list):
        def __getitem__(self, index):
            read.append(index)
            return super().__getitem__(index)

    samples = Samples(scene(i) for i in range(6))
    monkeypatch.setattr(module, "HELD_BYTES", 2 * 54 * 72 * 4)
    pairs = Pairs(samples, range(6), 54, 3)
    for _ in range(3):
        for index in range(6):
            image, mask = pairs[index]
            assert (image.permute(1, 2, 0).numpy() == samples[index].image).all()
            assert (mask.numpy() == samples[index].labels).all()
    of_pairs = len(read) - 3 * 6 * 2  # the checks read, too
    assert of_pairs == 2 + 3 * 4


def test_what_there_is_room_for_can_be_read_at_once(monkeypatch):
    monkeypatch.setattr(module, "HELD_BYTES", 3 * 54 * 72 * 4)
    pairs = Pairs([scene(i) for i in range(6)], range(6), 54, 3)
    pairs.read_all()
    assert [pairs[index] is pairs[index] for index in range(6)] == [True] * 3 + [False] * 3


def test_an_epoch_in_parts_draws_what_an_epoch_in_one_draws():
    for weights in (None, torch.tensor([1.0, 3.0, 1.0, 1.0, 2.0])):
        order = EpochOrder(5, 3, weights)
        order.set_epoch(2)
        whole = list(order)
        parts = []
        for start, stop in ((0, 2), (2, 4), (4, 9)):
            order.set_epoch(2, start, stop)
            assert len(order) == len(list(order))
            parts += order
        assert parts == whole


@pytest.mark.parametrize("average", [None, 0.9])
def test_a_run_cut_off_within_an_epoch_goes_on_to_the_same_end_as_an_uninterrupted_one(tmp_path, monkeypatch, average):
    folder = write(tmp_path / "data", {"train": [scene(i) for i in range(8)], "val": [scene(9)]})
    recipe = replace(RECIPE, epochs=3, average=average)
    monkeypatch.setattr(training, "PART", 1)
    monkeypatch.setattr("seg.training.callbacks.CHECKPOINT_SECONDS", 0.0)
    whole = train(recipe, folder, tmp_path / "whole", progress=False)
    steps = []
    learn = training.SegmentationModule.training_step

    def cut_off(self, batch, index):
        steps.append(self.trainer.global_step)
        if len(steps) == 7:
            raise KeyboardInterrupt
        return learn(self, batch, index)

    with monkeypatch.context() as patched:
        patched.setattr(training.SegmentationModule, "training_step", cut_off)
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            train(recipe, folder, tmp_path / "parts", progress=False)
    parts = train(recipe, folder, tmp_path / "parts", resume=True, progress=False)
    assert parts.curve == whole.curve
    assert parts.replay == whole.replay
    assert parts.sha256 == whole.sha256
    assert len(steps) == 7


def test_a_training_that_nobody_watches_says_a_line_an_epoch(tmp_path, capsys):
    folder = write(tmp_path / "data", {"train": [scene(i) for i in range(4)], "val": [scene(9)]})
    train(replace(RECIPE, epochs=2), folder, tmp_path / "out", progress=False)
    first, second = [line for line in capsys.readouterr().err.splitlines() if "epoch" in line]
    assert first.startswith("street/fcn8s-wce: epoch 1 of 2, loss ")
    assert "validation mean IoU 0." in first
    assert first.endswith(" left")
    assert second.endswith(", 0 s left")


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_picture_too_thin_for_any_network_is_named_before_training_starts(tmp_path, split):
    line = Sample("line", np.zeros((1, 72, 3), np.uint8), np.zeros((1, 72), np.uint8))
    samples = {"train": [scene(0), scene(1)], "val": [scene(9)]}
    folder = write(tmp_path, {**samples, split: [*samples[split], line]})
    thin = folder / split / f"{len(samples[split])}.png"
    with pytest.raises(DataError, match=rf"^{thin}: The picture is 72 pixels long and only 1 across"):
        Data(RECIPE, folder)


def test_upright_pictures_are_not_padded_away():
    """Pictures of one colour, upright and lying: no crop holds what no picture has."""
    lying, upright = (np.full((*size, 3), 200, np.uint8) for size in ((48, 64), (64, 48)))
    samples = [Sample(str(i), image, np.zeros(image.shape[:2], np.uint8)) for i, image in enumerate((lying, upright))]
    summary = Summary.of(samples, 11)
    assert summary.mixed
    recipe = replace(RECIPE, dataset="everyday" if "everyday" in DATASETS else "street", scale=48, jitter=False)
    pairs = Pairs(samples, summary.indices, 48, 3)
    crops = Augmented(pairs, recipe, (48, 48), any_way_up=False)
    for epoch in range(20):
        for index in range(2):
            image, mask = crops[epoch, index]
            assert (image == 200).all()
            assert (mask == 0).all()


def test_jitter_scales_the_short_side_of_lying_and_upright_pictures_alike(monkeypatch):
    sides = {"lying": set(), "upright": set()}
    for name, size in (("lying", (90, 120)), ("upright", (120, 90))):
        sample = Sample(name, np.zeros((*size, 3), np.uint8), np.zeros(size, np.uint8))
        crops = Augmented(Pairs([sample], [0], 90, 3), replace(RECIPE, scale=60), (60, 60), any_way_up=False)
        resized = crops.transform.transforms[0]
        for seed in range(200):
            torch.manual_seed(seed)
            sides[name].add(min(resized(crops.pairs[0][0]).shape[-2:]))
    for found in sides.values():
        assert min(found) in range(48, 51)
        assert max(found) in range(87, 91)


def test_nine_pictures_of_ten_fit_a_tile():
    assert tile_for(360, np.full(7, 480 / 360)) == (360, 480)
    assert tile_for(512, np.ones(3)) == (512, 512)
    aspects = np.r_[np.full(80, 4 / 3), np.full(15, 1.5), np.full(5, 3.0)]
    assert tile_for(256, aspects) == (256, 384)
    assert tile_for(256, np.array([1.0, 9.0])) == (256, 512)


def test_pictures_of_rare_classes_are_drawn_as_often_as_the_paper_says():
    classes = np.zeros((100, 3), bool)
    classes[:, 0] = True
    classes[:25, 1] = True
    classes[:1, 2] = True
    factors = repeat_factors(classes, 0.25)
    assert factors[0] == pytest.approx(5.0)
    assert (factors[1:] == 1).all()
    drawn = list(EpochOrder(100_000, 0, factors))
    share = np.mean([index % 100 == 0 for _, index in drawn])
    assert share == pytest.approx(5 / 104, rel=0.05)


def test_class_shares_of_a_data_set_add_up_and_name_every_class():
    for dataset in DATASETS.values():
        usual = dataset.class_map.usual
        assert len(usual.presence) == len(dataset.class_map)
        assert [sum(row) for row in usual.shares] == pytest.approx([1, 1, 1, 1], abs=5e-3)


def test_presence_counts_the_pictures_that_hold_a_class():
    """Two pictures of four pixels, one ignored: class 1 is in the second alone."""
    first = Sample("a", np.zeros((2, 2), np.uint8), np.array([[0, 0], [0, IGNORE]], np.uint8))
    second = Sample("b", np.zeros((2, 2), np.uint8), np.array([[0, 1], [1, 1]], np.uint8))
    summary = Summary.of([first, second], 2)
    assert summary.pixels.tolist() == [4, 3]
    assert summary.presence.tolist() == [7, 4]


def test_a_folder_of_frames_that_has_no_renderer_refuses_rendered_ones(tmp_path, monkeypatch):
    monkeypatch.setitem(DATASETS, "street", replace(DATASETS["street"], render=None))
    folder = write(tmp_path / "data", {"train": [scene(0)], "val": [scene(1)]})
    with pytest.raises(DataError, match="--rendered 0"):
        Data(replace(RECIPE, rendered=4), folder)
