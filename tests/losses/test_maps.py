"""What every pixel adds to a loss, and how hard it pulls there."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seg.errors import ImageError
from seg.labels import IGNORE
from seg.losses import LOSSES, build_loss
from seg.losses.maps import Say, loss_maps


def problem(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, (6, 5)).astype(np.uint8)
    truth[0, :2] = IGNORE
    return rng.normal(size=(3, 6, 5)).astype(np.float32), truth


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_what_the_pixels_add_makes_up_the_loss(seed):
    logits, truth = problem(seed)
    for name in ("ce", "focal"):
        found = loss_maps(name, logits, truth)
        assert np.nanmean(found.pixels) == pytest.approx(found.value, rel=1e-5)
        assert np.isnan(found.pixels).sum() == np.isnan(found.gradient).sum() == 2


def test_weighted_cross_entropy_is_the_weighted_mean_of_what_pixels_add():
    logits, truth = problem(1)
    found, plain = (loss_maps(name, logits, truth) for name in ("wce", "ce"))
    weights = found.pixels / plain.pixels
    assert np.nansum(found.pixels) / np.nansum(weights) == pytest.approx(found.value, rel=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_the_gradient_is_the_slope_of_the_loss(name):
    logits, truth = problem(2)
    logits = logits * 2
    found = loss_maps(name, logits, truth)
    pixels = torch.from_numpy(np.bincount(truth.ravel())[:3])
    loss = build_loss(name, pixels, pixels.sum())
    target = torch.from_numpy(truth).long()[None]
    y, x, step = 3, 2, 1e-3
    total = 0.0
    for c in range(3):
        ends = []
        for sign in (-1, 1):
            moved = torch.from_numpy(logits).double()[None].clone()
            moved[0, c, y, x] += sign * step
            ends.append(float(loss(moved.float(), target)))
        total += abs(ends[1] - ends[0]) / (2 * step)
    assert found.gradient[y, x] == pytest.approx(total, rel=0.02, abs=2e-4)


@pytest.mark.parametrize("name", ["dice", "tversky", "lovasz", "ce_dice"])
def test_a_loss_of_whole_masks_has_no_map(name):
    assert loss_maps(name, *problem(3)).pixels is None


def test_a_larger_truth_is_reduced_to_the_logits_size():
    logits, truth = problem(4)
    twice = truth.repeat(2, axis=0).repeat(2, axis=1)
    assert loss_maps("ce", logits, twice).value == pytest.approx(loss_maps("ce", logits, truth).value)


@pytest.mark.parametrize("name", LOSSES)
def test_a_truth_that_is_ignored_everywhere_is_refused_with_a_sentence(name):
    logits, truth = problem(5)
    with pytest.raises(ImageError, match="ignored everywhere"):
        loss_maps(name, logits, np.full_like(truth, IGNORE))


def test_the_say_of_a_class_is_what_its_pixels_or_it_as_a_class_have_of_the_loss():
    truth = np.array([[0, 0, 0, 2], [0, 0, 0, IGNORE]], np.uint8)
    say = Say.of(truth, 4)
    assert say.pixels.tolist() == pytest.approx([6 / 7, 0, 1 / 7, 0])
    assert say.classes.tolist() == [0.5, 0, 0.5, 0]
    assert say.rarest == 2
    # The gradient of cross-entropy is a mean over pixels: where the answer is the same, each pixel pulls alike.
    pull = loss_maps("ce", np.zeros((4, *truth.shape), np.float32), truth).gradient
    assert pull[truth == 2].sum() / np.nansum(pull) == pytest.approx(say.pixels[2], rel=1e-5)


def test_a_truth_that_is_ignored_everywhere_gives_nobody_a_say():
    with pytest.raises(ImageError, match="ignored everywhere"):
        Say.of(np.full((2, 2), IGNORE, np.uint8), 3)
