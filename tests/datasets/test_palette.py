"""Colours that are found for classes are told apart in every colour vision, beside those that were given."""

from itertools import combinations

import pytest

from seg.datasets.own import BACKGROUND_COLOUR
from seg.datasets.palette import told_apart
from seg.labels import IGNORE_COLOUR
from tests.test_labels import VISIONS, ciede2000, to_lab


@pytest.mark.parametrize(("count", "least"), [(2, 15), (4, 15), (8, 13), (11, 11), (20, 7)])
def test_any_two_are_told_apart_in_every_colour_vision(count, least):
    colours = [*told_apart(count, (BACKGROUND_COLOUR,)), BACKGROUND_COLOUR, IGNORE_COLOUR]
    for vision in VISIONS:
        assert min(ciede2000(one, other) for one, other in combinations(to_lab(colours, vision), 2)) >= least, vision


def test_as_many_as_there_may_be_classes_are_all_different():
    assert len(set(told_apart(255))) == 255


def test_what_is_given_is_kept_away_from():
    given = told_apart(5)
    for vision in VISIONS:
        others = to_lab(told_apart(3, given), vision)
        assert min(ciede2000(one, other) for one in others for other in to_lab(given, vision)) >= 10
