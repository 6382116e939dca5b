"""The order of scored pictures, and those that hold a confusion, against sums over their pixels."""

import numpy as np
import pytest

from seg.inference.segmenter import Prediction
from seg.labels import IGNORE
from seg.scores import listing
from seg.scores.counts import Row
from seg.scores.metrics import score
from seg.scores.totals import Totals

CLASSES = ("ground", "apple", "plum")


def prediction(labels: np.ndarray) -> Prediction:
    return Prediction(labels, np.full(labels.shape, 0.5, np.float16), 0.0, "cpu")


@pytest.fixture(scope="module")
def pictures() -> list[tuple[np.ndarray, list[np.ndarray]]]:
    """(truth, what two networks say) of seven pictures, the truth ignored in a corner."""
    rng = np.random.default_rng(4)
    found = []
    for _ in range(7):
        truth = rng.integers(0, 3, (8, 9)).astype(np.uint8)
        said = [np.where(rng.random(truth.shape) < 0.7, truth, rng.integers(0, 3, truth.shape)) for _ in range(2)]
        truth[:2, :2] = IGNORE
        found.append((truth, [np.where(one == IGNORE, 0, one).astype(np.uint8) for one in said]))
    return found


@pytest.fixture(scope="module")
def totals(pictures) -> Totals:
    rows = [
        Row.of(index, f"picture {index}", "", truth, [prediction(one) for one in said], 3)
        for index, (truth, said) in enumerate(pictures)
    ]
    return Totals(("a", "b"), CLASSES, rows)


def test_dice_of_each_picture_is_that_of_the_picture_alone(totals, pictures):
    expected = [[score(one, truth, 3).mean_dice for one in said] for truth, said in pictures]
    assert totals.dice_of_each == pytest.approx(np.array(expected))
    assert totals.dice_of_each == pytest.approx(np.array([row.dice for row in totals.rows]))


def test_every_order_puts_the_most_telling_first(totals, pictures):
    known = [truth != IGNORE for truth, _ in pictures]
    dice = totals.dice_of_each
    keys = {
        listing.WORST: dice.mean(axis=1),
        listing.DIFFERENCE: -np.abs(dice[:, 0] - dice[:, 1]),
        listing.DISAGREEMENT: [-np.mean((a != b)[k]) for (_, (a, b)), k in zip(pictures, known, strict=True)],
        listing.DOUBT: [-np.mean(((a == b) & (a != t))[k]) for (t, (a, b)), k in zip(pictures, known, strict=True)],
    }
    for by, key in keys.items():
        order = listing.in_order(totals, by)
        assert sorted(order) == list(range(7))
        assert np.all(np.diff(np.array(key)[order]) >= 0), by


def test_pictures_that_hold_a_confusion_come_with_most_pixels_first(totals, pictures):
    pixels = [np.count_nonzero((truth == 1) & (said[1] == 2)) for truth, said in pictures]
    held = listing.holding(totals, 1, 1, 2)
    assert set(held) == {place for place, count in enumerate(pixels) if count}
    assert [pixels[place] for place in held] == sorted((count for count in pixels if count), reverse=True)


def test_the_largest_confusions_are_the_largest_cells_beside_the_diagonal():
    confusion = np.array([[90, 3, 0], [7, 80, 1], [0, 0, 70]])
    assert listing.largest_confusions(confusion, 2) == [(1, 0), (0, 1)]
    assert listing.largest_confusions(confusion, 9) == [(1, 0), (0, 1), (1, 2)]
    assert confusion[0, 0] == 90


def test_the_worst_class_is_of_the_network_with_the_lowest_dice_and_in_the_truth(totals):
    for place, row in enumerate(totals.rows):
        network = int(np.argmin(row.dice))
        found, dice = listing.worst_class(totals, place)
        assert found == row.worst_class(network)
        assert dice == pytest.approx(row.counts[network].scores.dice[found])


def test_dice_by_size_knows_only_pictures_with_the_class():
    only_ground, apple = np.zeros((4, 4), np.uint8), np.zeros((4, 4), np.uint8)
    apple[0, 0] = 1
    rows = [Row.of(i, f"p{i}", "", truth, [prediction(apple)], 3) for i, truth in enumerate((only_ground, apple))]
    shares, dice, names = listing.by_size(Totals(("a",), CLASSES, rows), 1)
    assert (shares.tolist(), dice.tolist(), names) == ([1 / 16], [[1.0]], ["p1"])
