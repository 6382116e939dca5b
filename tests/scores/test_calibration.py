"""A network's confidence says how often it is right, whatever loss it learned from; its labels stay."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from seg.datasets import Sample, dataset_named, validation_scenes
from seg.inference.segmenter import Segmenter
from seg.labels import IGNORE
from seg.scores import calibration
from seg.scores.calibration import fit_temperature, temperature_of
from seg.scores.evaluation import evaluate

NAMES = ("shapes/unet-dice", "shapes/unet-focal", "shapes/conv_stack-wce")


@pytest.fixture(scope="module")
def scenes() -> list[Sample]:
    return validation_scenes(dataset_named("shapes"), 64, 64, rarity=0.5)[:60]


@pytest.mark.parametrize("scale", [0.25, 1, 3])
def test_a_known_scaling_of_the_logits_is_found(scale):
    torch.manual_seed(0)
    logits = torch.randn(5, 200_000) * 2
    truth = torch.multinomial(logits.softmax(dim=0).T, 1)[:, 0]
    assert temperature_of(scale * logits, truth) == pytest.approx(scale, rel=0.02)


def test_no_temperature_nearby_has_a_lower_cross_entropy():
    torch.manual_seed(0)
    logits, truth = torch.randn(4, 3000), torch.randint(0, 4, (3000,))
    logits[truth, torch.arange(3000)] += 1
    found = temperature_of(logits, truth)
    losses = [torch.nn.functional.cross_entropy((logits / (found * f)).T, truth) for f in (0.98, 1, 1.02)]
    assert losses[1] == min(losses)


def test_networks_without_a_mistake_or_a_labelled_pixel_have_a_temperature():
    sure = torch.eye(3) * 9
    assert temperature_of(sure, torch.arange(3)) == calibration.RANGE[0]
    assert temperature_of(torch.zeros(3, 0), torch.zeros(0, dtype=torch.long)) == 1


@pytest.mark.parametrize("name", NAMES)
def test_the_confidence_of_a_shipped_set_is_nearer_to_its_accuracy_and_its_labels_are_the_same(name, shipped, scenes):
    record = replace(shipped.record(name), temperature=1.0)
    network = shipped.load(record)
    plain = Segmenter(record, network, engine="torch")
    fitted = Segmenter(replace(record, temperature=fit_temperature(plain, scenes)), network, engine="torch")
    before, after = evaluate(plain, scenes, "val"), evaluate(fitted, scenes, "val")
    assert after["ece"] < before["ece"]
    assert after["confusion"] == before["confusion"]


def test_unlabelled_pixels_play_no_part_and_neither_does_the_records_own_temperature(shipped, scenes):
    record = shipped.record(NAMES[0])
    network = shipped.load(record)
    some = [Sample(s.name, s.image, np.where(s.labels == 4, IGNORE, s.labels).astype(np.uint8)) for s in scenes[:8]]
    first, *rest = (
        fit_temperature(Segmenter(replace(record, temperature=t), network, engine="torch"), some) for t in (1.0, 7.0)
    )
    assert rest == [first]
    assert fit_temperature(Segmenter(record, network, engine="torch"), scenes[:8]) != first


def test_few_pixels_of_each_picture_do_when_there_are_many(shipped, scenes, monkeypatch):
    segmenter = Segmenter(shipped.record(NAMES[0]), shipped.load(shipped.record(NAMES[0])), engine="torch")
    whole = fit_temperature(segmenter, scenes)
    monkeypatch.setattr(calibration, "VALUES", 60 * 5 * 500)
    assert fit_temperature(segmenter, scenes) == pytest.approx(whole, rel=0.1)
