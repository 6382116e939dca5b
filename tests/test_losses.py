"""The losses, against hand computations on a 2×2 picture."""

import pytest
import torch
import torch.nn.functional as F

from seg.labels import IGNORE
from seg.losses import LOSSES, WEIGHT_RANGE, build_loss, median_frequency_weights

PIXELS = torch.tensor([600, 300, 100])
LOGITS = torch.tensor([[[[2.0, 0.5], [-1.0, 0.0]], [[0.0, 1.5], [1.0, 0.3]], [[-1.0, 0.2], [0.4, 2.0]]]])
TRUTH = torch.tensor([[[0, 1], [2, IGNORE]]])


def by_hand(name: str, logits: torch.Tensor) -> torch.Tensor:
    probabilities = logits.softmax(dim=1)[0]
    pixels = [(0, 0, 0), (1, 0, 1), (2, 1, 0)]  # class, row, column; the fourth pixel is ignored
    surprise = torch.stack([-probabilities[c, y, x].log() for c, y, x in pixels])
    if name == "ce":
        return surprise.mean()
    if name == "wce":
        weights = torch.tensor([300 / 600, 1.0, 300 / 100])
        return (surprise * weights).sum() / weights.sum()
    dice = []
    for c, y, x in pixels:
        seen = torch.stack([probabilities[c, j, i] for _, j, i in pixels])
        dice.append(2 * probabilities[c, y, x] / (seen.sum() + 1))
    return 1 - torch.stack(dice).mean()


@pytest.mark.parametrize("name", LOSSES)
def test_value_and_gradient_match_a_hand_computation_ignored_pixels_included(name):
    logits = LOGITS.clone().requires_grad_()
    value = build_loss(name, PIXELS)(logits, TRUTH)
    (gradient,) = torch.autograd.grad(value, logits)
    expected_logits = LOGITS.clone().requires_grad_()
    expected = by_hand(name, expected_logits)
    (expected_gradient,) = torch.autograd.grad(expected, expected_logits)
    torch.testing.assert_close(value, expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(gradient, expected_gradient, atol=1e-5, rtol=1e-4)
    assert not gradient[..., 1, 1].any()


def test_weights_are_median_frequency_over_frequency_clipped():
    weights = median_frequency_weights(torch.tensor([1_000_000, 1000, 1000, 1]))
    assert weights.tolist() == pytest.approx([WEIGHT_RANGE[0], 1, 1, WEIGHT_RANGE[1]])


def test_weighted_cross_entropy_equals_the_plain_one_for_equal_frequencies():
    truth = torch.tensor([[[0, 1], [2, 1]]])
    equal = build_loss("wce", torch.tensor([5, 5, 5]))(LOGITS, truth)
    torch.testing.assert_close(equal, F.cross_entropy(LOGITS, truth))


def test_an_unknown_loss_is_refused_with_the_names_of_those_there_are():
    with pytest.raises(ValueError, match="ce, wce, dice"):
        build_loss("hinge", PIXELS)
