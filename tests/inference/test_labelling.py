"""Labels and confidence are those of the whole map, interpolated bilinearly, however they are made."""

import os

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from seg.inference import labelling
from seg.inference.engines.native import labels as kernels
from seg.inference.labelling import labels_at

NEEDS = pytest.mark.skipif(
    not kernels.are_there() and not os.environ.get("CI"), reason="there is no compiler for the kernels"
)
WAYS = ["torch", pytest.param("auto", marks=NEEDS)]
SIZES = [(1, 1), (7, 5), (23, 31), (15, 31), (360, 480), (50, 700), (3, 1025), (1200, 901)]


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    monkeypatch.setenv("SEG_ENGINE", request.param)


def expected(logits, size, temperature=1.0):
    whole = F.interpolate(logits[None].double(), size, mode="bilinear", align_corners=False)[0]
    return whole.argmax(dim=0).numpy(), (whole / temperature).softmax(dim=0).amax(dim=0).numpy()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("strip", [2_000_000, 5 * 480 * 13])
@pytest.mark.parametrize("classes", [1, 2, 5, 21])
def test_labels_made_strip_by_strip_are_those_of_bilinear_interpolation_as_a_whole(
    size, strip, classes, way, monkeypatch
):
    monkeypatch.setattr(labelling, "STRIP_VALUES", strip)
    monkeypatch.setattr(labelling, "PATIENT_PIXELS", strip // 5)
    logits = torch.randn(classes, 23, 31) * 3
    labels, confidence = labels_at(logits, *size, 1.7)
    best, share = expected(logits, size, 1.7)
    assert (labels == best).mean() > 0.999
    np.testing.assert_allclose(confidence, share, atol=5e-4)
    assert labels.dtype == np.uint8
    assert confidence.dtype == np.float16


@pytest.mark.parametrize("temperature", [1.0, 0.4, 5.0])
def test_the_first_of_the_largest_wins_with_its_softmax_probability(temperature, way):
    logits = torch.randint(-4, 5, (12, 40, 50)).float() * 7
    labels, confidence = labels_at(logits, 40, 50, temperature)
    _, share = expected(logits, (40, 50), temperature)
    assert labels.tolist() == logits.numpy().argmax(axis=0).tolist()
    np.testing.assert_allclose(confidence, share, atol=5e-4)


def test_a_part_of_larger_logits_is_decided_where_it_lies(way):
    whole = torch.randn(3, 40, 64)
    part, turned = whole[:, 3:20, 5:40], whole.transpose(1, 2)
    for logits in (part, turned):
        labels, confidence = labels_at(logits, 33, 70)
        alone, sure = labels_at(logits.clone().contiguous(), 33, 70)
        assert (labels == alone).all()
        assert (confidence == sure).all()


def test_logits_far_apart_and_infinite_ones_are_certain(way):
    logits = torch.tensor([1e30, -1e30, -torch.inf, 0.0]).view(4, 1, 1).expand(4, 8, 24)
    labels, confidence = labels_at(logits, 8, 24)
    assert (labels == 0).all()
    assert (confidence == 1).all()


def test_what_is_no_number_gives_no_confidence(way):
    logits = torch.zeros(3, 8, 24)
    logits[1, 2, 5] = torch.nan
    _, confidence = labels_at(logits, 8, 24)
    assert np.argwhere(np.isnan(confidence)).tolist() == [[2, 5]]


@NEEDS
def test_large_pictures_give_way_between_their_parts(monkeypatch):
    monkeypatch.delenv("SEG_ENGINE", raising=False)
    monkeypatch.setattr(labelling, "PATIENT_PIXELS", 700_000)
    gaps = []
    logits = torch.randn(4, 100, 100)
    labels, _ = labels_at(logits, 2000, 1000, 1.0, lambda: gaps.append(1))
    assert len(gaps) == 2
    assert (labels == labels_at(logits, 2000, 1000)[0]).all()


def test_without_kernels_or_where_pytorch_is_asked_for_pytorch_decides(monkeypatch):
    monkeypatch.setattr(labelling, "_by_kernels", pytest.fail)
    logits = torch.randn(5, 30, 40)
    monkeypatch.setenv("SEG_ENGINE", "torch")
    labels, _ = labels_at(logits, 30, 40)
    monkeypatch.delenv("SEG_ENGINE")
    monkeypatch.setattr(kernels, "are_there", lambda: False)
    assert (labels_at(logits, 30, 40)[0] == labels).all()
