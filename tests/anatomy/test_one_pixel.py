"""A mask as numbers, and one pixel's way to its label and its loss."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from seg.anatomy.one_pixel import OnePixel, on_an_outline, one_hot, patch, shares
from seg.labels import IGNORE

LOGITS = np.random.default_rng(0).normal(scale=3, size=(4, 6, 8)).astype(np.float32)


def test_cross_entropy_at_a_pixel_is_torchs():
    pixel = OnePixel.of(LOGITS, 3.5 / 6, 5.5 / 8, 2)
    expected = F.cross_entropy(torch.from_numpy(LOGITS[:, 3, 5])[None].double(), torch.tensor([2]))
    assert pixel.cross_entropy == pytest.approx(float(expected))
    assert pixel.softmax.sum() == pytest.approx(1)
    assert pixel.label == LOGITS[:, 3, 5].argmax()
    assert pixel.one_hot.tolist() == [0, 0, 1, 0]


@pytest.mark.parametrize("target", [None, IGNORE])
def test_a_pixel_without_a_class_costs_nothing(target):
    pixel = OnePixel.of(LOGITS, 0, 0, target)
    assert pixel.cross_entropy is pixel.one_hot is pixel.target is None


def test_a_pixel_that_is_surely_wrong_costs_a_finite_number():
    logits = np.array([2000.0, 0.0]).reshape(2, 1, 1)
    assert np.isfinite(OnePixel.of(logits, 0, 0, 1).cross_entropy)


def test_the_planes_add_up_to_one_wherever_there_is_a_class():
    labels = np.array([[0, 2], [1, IGNORE]], np.uint8)
    planes = one_hot(labels, 3)
    assert planes.shape == (3, 2, 2)
    assert planes.sum(axis=0).tolist() == [[1, 1], [1, 0]]
    assert planes.argmax(axis=0)[0].tolist() == [0, 2]


@pytest.mark.parametrize(
    ("y", "x", "top", "left"), [(0, 0, 0, 0), (0.5, 0.5, 4, 9), (0.999, 0.999, 7, 17), (0.5, 0, 4, 0)]
)
def test_a_patch_stays_inside_of_its_picture(y, x, top, left):
    values = np.arange(200).reshape(10, 20)
    cells, *place = patch(values, y, x, 3)
    assert place == [top, left]
    assert cells.tolist() == values[top : top + 3, left : left + 3].tolist()


def test_a_patch_of_a_tiny_picture_is_all_of_it():
    cells, top, left = patch(np.zeros((2, 5), np.uint8), 0.9, 0.9, 3)
    assert (cells.shape, top, left) == ((2, 3), 0, 2)


def test_the_first_place_looked_at_is_where_two_classes_meet():
    labels = np.zeros((10, 20), np.uint8)
    assert on_an_outline(labels) == (0.5, 0.5)
    labels[:, 14:] = 1
    y, x = on_an_outline(labels)
    assert (int(y * 10), int(x * 20)) == (5, 14)


def test_shares_are_softmax_at_every_pixel():
    found = shares(LOGITS)
    assert found == pytest.approx(F.softmax(torch.from_numpy(LOGITS), dim=0).numpy(), abs=1e-6)
    assert found[:, 3, 5] == pytest.approx(OnePixel.of(LOGITS, 3.5 / 6, 5.5 / 8, None).softmax, abs=1e-6)
