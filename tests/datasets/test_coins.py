"""The coins that a network is taught from: what their masks say is what the photo shows."""

import numpy as np
import pytest

from seg.datasets.everyday import COINS, coins


@pytest.mark.parametrize("number", range(len(COINS)))
def test_the_coins_are_brighter_than_what_lies_around_them(number):
    sample = coins(number)
    assert sample.labels.shape == sample.image.shape[:2]
    assert set(np.unique(sample.labels)) == {0, 1}
    assert 0.2 < sample.labels.mean() < 0.6
    assert sample.image[sample.labels == 1].mean() > 1.5 * sample.image[sample.labels == 0].mean()
