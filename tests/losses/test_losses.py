"""The losses, against hand computations on a 2×2 picture."""

import pytest
import torch
import torch.nn.functional as F

from seg.errors import OptionError
from seg.labels import IGNORE
from seg.losses import LOSSES, WEIGHT_RANGE, build_loss, median_frequency_weights

PIXELS = torch.tensor([600, 300, 100])
ALL = PIXELS.sum()  # as of a single picture
LOGITS = torch.tensor([[[[2.0, 0.5], [-1.0, 0.0]], [[0.0, 1.5], [1.0, 0.3]], [[-1.0, 0.2], [0.4, 2.0]]]])
TRUTH = torch.tensor([[[0, 1], [2, IGNORE]]])


PIXEL_PLACES = [(0, 0, 0), (1, 0, 1), (2, 1, 0)]  # class, row, column; the fourth pixel is ignored


def by_hand(name: str, logits: torch.Tensor) -> torch.Tensor:
    probabilities = logits.softmax(dim=1)[0]
    surprise = torch.stack([-probabilities[c, y, x].log() for c, y, x in PIXEL_PLACES])
    if name == "ce":
        return surprise.mean()
    if name == "wce":
        weights = torch.tensor([300 / 600, 1.0, 300 / 100])
        return (surprise * weights).sum() / weights.sum()
    if name == "ce_dice":
        return surprise.mean() + by_hand("dice", logits)
    if name == "focal":
        return focal_by_hand(logits[0])
    lost = []
    for c, y, x in PIXEL_PLACES:  # every class has one true pixel
        hit = probabilities[c, y, x]
        wrong = torch.stack([probabilities[c, j, i] for _, j, i in PIXEL_PLACES if (j, i) != (y, x)])
        if name == "dice":
            lost.append(1 - 2 * hit / (hit + wrong.sum() + 1))
        elif name == "tversky":
            lost.append(1 - hit / (hit + 0.3 * wrong.sum() + 0.7 * (1 - hit)))
        elif name == "lovasz":
            lost.append(lovasz_by_hand(1 - hit, wrong))
    return torch.stack(lost).mean()


def focal_by_hand(logits: torch.Tensor) -> torch.Tensor:
    """A sigmoid for every class and pixel; the mean over both."""
    total = torch.zeros(())
    for t, y, x in PIXEL_PLACES:
        for c in range(3):
            p = torch.sigmoid(logits[c, y, x])
            right = p if c == t else 1 - p
            total = total - (1 - right) ** 2 * right.log() / (3 * len(PIXEL_PLACES))
    return total


def lovasz_by_hand(miss: torch.Tensor, wrong: torch.Tensor) -> torch.Tensor:
    """One true pixel with error `miss`, others with errors `wrong`: the sorted errors, each times what the Jaccard
    loss grows by when its pixel joins the mistakes."""
    errors = sorted([(miss, True), *((w, False) for w in wrong)], key=lambda pair: -pair[0].item())
    total, before, hit, false = torch.zeros(()), 0.0, 1, 0
    for error, true in errors:
        hit, false = (0, false) if true else (hit, false + 1)
        jaccard_loss = 1 - hit / (1 + false)
        total = total + error * (jaccard_loss - before)
        before = jaccard_loss
    return total


@pytest.mark.parametrize("name", LOSSES)
def test_value_and_gradient_match_a_hand_computation_ignored_pixels_included(name):
    logits = LOGITS.clone().requires_grad_()
    value = build_loss(name, PIXELS, ALL)(logits, TRUTH)
    (gradient,) = torch.autograd.grad(value, logits)
    expected_logits = LOGITS.clone().requires_grad_()
    expected = by_hand(name, expected_logits)
    (expected_gradient,) = torch.autograd.grad(expected, expected_logits)
    torch.testing.assert_close(value, expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(gradient, expected_gradient, atol=1e-5, rtol=1e-4)
    assert not gradient[..., 1, 1].any()


@pytest.mark.parametrize(
    ("pictures", "weights"),
    [
        # All classes in every picture, so frequencies are shares: 0.8 and 0.2. Their median is 0.5, not the rarer's.
        ([[70, 30], [90, 10]], [0.5 / 0.8, 0.5 / 0.2]),
        # 110/200, 40/100 and 50/100: of classes 1 and 2, only the picture that holds them counts.
        ([[60, 40, 0], [50, 0, 50]], [0.5 / 0.55, 0.5 / 0.4, 0.5 / 0.5]),
        # 80/200, 20/100, 60/100 and 40/200: the median of four lies between the middle two, 0.2 and 0.4.
        ([[60, 20, 0, 20], [20, 0, 60, 20]], [0.3 / 0.4, 0.3 / 0.2, 0.3 / 0.6, 0.3 / 0.2]),
    ],
)
def test_weights_are_median_frequency_over_frequency_in_the_pictures_that_hold_the_class(pictures, weights):
    counts = torch.tensor(pictures)
    presence = ((counts > 0) * counts.sum(dim=1, keepdim=True)).sum(dim=0)
    assert median_frequency_weights(counts.sum(dim=0), presence).tolist() == pytest.approx(weights)


def test_weights_are_clipped_and_a_class_without_a_pixel_gets_the_largest():
    weights = median_frequency_weights(torch.tensor([1_000_000, 1000, 1000, 1, 0]), torch.tensor(1_002_001))
    assert weights.tolist() == pytest.approx([WEIGHT_RANGE[0], 1, 1, WEIGHT_RANGE[1], WEIGHT_RANGE[1]])


def test_weighted_cross_entropy_equals_the_plain_one_for_equal_frequencies():
    truth = torch.tensor([[[0, 1], [2, 1]]])
    equal = build_loss("wce", torch.tensor([5, 5, 5]), torch.tensor(15))(LOGITS, truth)
    torch.testing.assert_close(equal, F.cross_entropy(LOGITS, truth))


def test_an_unknown_loss_is_refused_with_the_names_of_those_there_are():
    with pytest.raises(OptionError, match="ce, wce, dice, ce_dice, focal, tversky, lovasz"):
        build_loss("hinge", PIXELS, ALL)


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_has_a_title_a_formula_and_a_paper(name):
    kind = LOSSES[name]
    assert kind.title
    assert "\\" in kind.formula
    assert any(year in kind.paper for year in map(str, range(2014, 2025)))


@pytest.mark.parametrize("name", LOSSES)
def test_a_perfect_mask_costs_next_to_nothing_and_a_wrong_one_much(name):
    truth = torch.tensor([[[0, 1], [2, 1]]])
    right = 20.0 * F.one_hot(truth, 3).permute(0, 3, 1, 2) - 10
    loss = build_loss(name, torch.tensor([5, 5, 5]), torch.tensor(15))
    assert loss(right, truth) < 1e-3
    assert loss(right.roll(1, dims=1), truth) > 0.5
