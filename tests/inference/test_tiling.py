"""Tiles cover, align and blend back to what went in."""

from itertools import pairwise

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seg.inference.tiling import ALIGNMENT, MIN_OVERLAP, Tiling, reflected, starts


@given(st.integers(1, 3000), st.sampled_from([128, 180, 240, 320]))
def test_tiles_cover_every_pixel_overlap_enough_and_start_on_the_pooling_grid(length, tile):
    found = starts(length, tile)
    assert found[0] == 0
    assert found[-1] + tile >= length
    assert len(found) == 1 or found[-2] + tile < length  # no tile too many
    assert all(start % ALIGNMENT == 0 for start in found)
    assert all(b - a <= tile - MIN_OVERLAP for a, b in pairwise(found))


@given(st.integers(1, 40), st.integers(1, 90))
def test_reflection_is_numpys(length, padded):
    expected = np.pad(np.arange(length), (0, max(0, padded - length)), "reflect" if length > 1 else "edge")[:padded]
    assert reflected(length, padded).tolist() == expected.tolist()


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 400), st.integers(1, 500))
def test_blending_the_tiles_of_a_pointwise_network_gives_the_network_on_the_whole(height, width):
    image = torch.rand(2, height, width)
    blended = Tiling((height, width), (180, 240)).blend(image, lambda tiles: tiles * 3 - 1, batch=2)
    torch.testing.assert_close(blended, image * 3 - 1, atol=1e-5, rtol=1e-5)
