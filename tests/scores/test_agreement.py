"""What is said about masks when nobody knows the truth."""

import numpy as np
import pytest

from seg.labels import IGNORE
from seg.scores.agreement import disagreement, majority, pairwise_dice
from seg.scores.metrics import score

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
