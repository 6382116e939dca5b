"""Windows that slide: where they lie, and what they make of their numbers."""

import numpy as np
import pytest

from seg.anatomy.windows import CONVOLUTION, KINDS, LARGEST, MEAN, Window, liveliest
from seg.app.components.sliding_window import describe
from seg.errors import OptionError

X = np.random.default_rng(0).normal(size=(6, 7))
KERNEL = np.random.default_rng(1).normal(size=(3, 3))


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_what_each_window_holds_makes_what_torch_says(kind, stride):
    window = Window(kind, 3, stride)
    held = X.ravel()[window.places(X.shape)]
    by_hand = {CONVOLUTION: held @ KERNEL.ravel(), LARGEST: held.max(axis=1), MEAN: held.mean(axis=1)}[kind]
    assert window.over(X, KERNEL).ravel() == pytest.approx(by_hand)


def test_a_window_that_does_not_fit_is_explained():
    with pytest.raises(OptionError, match="A window of 7 does not fit into 6 values"):
        describe(X, None, Window(LARGEST, 7, 1))


def test_the_browser_is_told_no_kernel_for_a_pooling():
    told = describe(X, None, Window(MEAN, 2, 2))
    assert told["kernel"] == []
    assert told["shape"] == [3, 3]
    assert len(told["windows"]) == len(told["torch"]) == 9


def test_the_liveliest_numbers_are_those_that_vary_most():
    values = np.zeros((8, 9))
    values[5, 6] = 9
    row, column = liveliest(values, 3)
    assert row <= 5 < row + 3
    assert column <= 6 < column + 3
    assert [place % 2 for place in liveliest(values, 4, 2)] == [0, 0]
