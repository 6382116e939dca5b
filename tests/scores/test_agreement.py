"""What is said about masks when nobody knows the truth."""

import numpy as np
import pytest

from seg.labels import IGNORE
from seg.scores.agreement import BETWEEN_TWO, agreement, disagreement, majority, pairwise_dice
from seg.scores.metrics import Scores, score

MAPS = [np.array(m, np.uint8) for m in ([[0, 1, 2, 0]], [[0, 1, 1, 1]], [[0, 2, 1, 2]])]


def test_the_majority_is_the_most_frequent_class_and_a_tie_is_ignored():
    assert majority(MAPS, 3).tolist() == [[0, 1, 1, IGNORE]]


def test_disagreement_counts_the_networks_that_do_not_say_the_most_frequent_class():
    assert disagreement(MAPS, 3).tolist() == [[0, 1, 1, 2]]


def test_pairwise_dice_is_symmetric_one_on_the_diagonal_and_the_mean_dice_between():
    matrix = pairwise_dice(MAPS, 3)
    assert (matrix == matrix.T).all()
    assert np.diag(matrix).tolist() == [1, 1, 1]
    assert matrix[0, 1] == pytest.approx(score(MAPS[0], MAPS[1], 3).mean_dice)


def test_two_maps_have_no_majority_but_one_agreement_between_them():
    with pytest.raises(ValueError, match="no majority"):
        majority(MAPS[:2], 3)
    ((name, counts),) = agreement(MAPS[:2], ["a", "b"], 3).items()
    assert name == BETWEEN_TWO == "agreement between the two"
    assert Scores(counts).pixel_accuracy == 0.5
    np.testing.assert_array_equal(Scores(counts).dice, score(MAPS[1], MAPS[0], 3).dice)
    assert Scores(counts).mean_dice < 1


def test_three_maps_are_each_compared_with_the_majority():
    found = agreement(MAPS, ["a", "b", "c"], 3)
    assert list(found) == ["a", "b", "c"]
    assert Scores(found["b"]).pixel_accuracy == 1.0
