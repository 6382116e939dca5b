"""The arithmetic of going up, against torch."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given
from hypothesis import strategies as st

from seg.anatomy.transposed import (
    Geometry,
    by_zero_stuffing,
    describe_overlap,
    matrix,
    overlap,
    pooled,
    stacked,
    transposed,
    unevenness,
    ways_up,
    zero_stuffed,
)  # fmt: skip
from seg.errors import OptionError


@st.composite
def geometries(draw) -> Geometry:
    stride, dilation = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    return Geometry(
        draw(st.integers(1, 5)),
        stride,
        draw(st.integers(0, 4)),
        draw(st.integers(0, max(stride, dilation) - 1)),
        dilation,
    )


@st.composite
def problems(draw, axes=(1, 2)):
    """(input, weight, geometry) with an output that is not empty."""
    geometry, dims = draw(geometries()), draw(st.sampled_from(axes))
    sides = draw(st.lists(st.integers(1, 5), min_size=dims, max_size=dims))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    for side in sides:
        try:
            geometry.size(side)
        except OptionError:
            assume(False)
    return rng.normal(size=sides), rng.normal(size=(geometry.kernel,) * dims), geometry


@given(problems())
def test_the_overlap_is_torchs_transposed_convolution_of_ones(problem):
    x, weight, geometry = problem
    counted = transposed(np.ones_like(x), np.ones_like(weight), geometry)
    axes = [overlap(side, geometry) for side in x.shape]
    expected = axes[0] if x.ndim == 1 else np.outer(*axes)
    np.testing.assert_array_equal(expected, counted)


@given(problems())
def test_an_ordinary_convolution_over_the_zero_stuffed_input_gives_the_same(problem):
    x, weight, geometry = problem
    np.testing.assert_allclose(by_zero_stuffing(x, weight, geometry), transposed(x, weight, geometry), atol=1e-12)


@given(problems())
def test_the_matrix_times_the_input_is_the_output_and_its_transpose_the_convolution(problem):
    x, weight, geometry = problem
    c_t = matrix(weight, x.shape, geometry)
    output = transposed(x, weight, geometry)
    np.testing.assert_allclose(c_t @ x.ravel(), output.ravel(), atol=1e-12)
    if geometry.output_padding == 0:
        function = {1: F.conv1d, 2: F.conv2d}[x.ndim]
        tensors = [torch.from_numpy(a.copy())[None, None] for a in (output, weight)]
        there = function(
            *tensors, stride=geometry.stride, padding=geometry.padding, dilation=geometry.dilation
        )  # the convolution whose transpose it is
        np.testing.assert_allclose(c_t.T @ output.ravel(), there.numpy().ravel(), atol=1e-10)


@given(problems())
def test_every_column_is_one_value_landing_and_they_add_up(problem):
    x, weight, geometry = problem
    c_t = matrix(weight, x.shape, geometry)
    for i in range(x.size):
        alone = np.zeros(x.size)
        alone[i] = x.ravel()[i]
        landed = transposed(alone.reshape(x.shape), weight, geometry)
        np.testing.assert_allclose(c_t[:, i] * x.ravel()[i], landed.ravel(), atol=1e-12)


@given(problems())
def test_zeros_are_stuffed_between_the_values(problem):
    x, _weight, geometry = problem
    stuffed = zero_stuffed(x, geometry)
    assert stuffed.shape == tuple(geometry.size(side) + geometry.effective_kernel - 1 for side in x.shape)


@given(st.integers(1, 5), st.integers(1, 4), st.integers(1, 3))
def test_the_rule_says_what_the_map_shows(kernel, stride, dilation):
    geometry = Geometry(kernel, stride, dilation=dilation)
    counts = overlap(60, geometry)
    spread = unevenness(counts)
    words = describe_overlap(geometry)
    middle = counts[len(counts) // 3 : -len(counts) // 3]
    assert words.startswith("No overlap" if set(middle) == {1} else "Uneven" if spread > 0 else "Even")
    if dilation == 1:
        assert (spread == 0) == (kernel % stride == 0)
    assert ("nothing at all" in words) == (0 in middle)


def test_layers_compound():
    uneven = Geometry(3, 2, 1, 1)
    one, two = stacked(32, [uneven]), stacked(32, [uneven, uneven])
    ones = torch.ones(1, 1, 32)
    for _ in range(2):
        ones = F.conv_transpose1d(ones, torch.ones(1, 1, 3), stride=2, padding=1, output_padding=1)
    np.testing.assert_array_equal(two, ones[0, 0].numpy())
    assert unevenness(two) > unevenness(one) > 0


@pytest.mark.parametrize(
    ("numbers", "word"),
    [((3, 2, 0, 2), "output padding"), ((0, 1), "start at 1"), ((3, 1, -1), "start at 1")],
)
def test_numbers_that_torch_refuses_are_a_sentence(numbers, word):
    with pytest.raises(OptionError, match=word):
        Geometry(*numbers)


def test_padding_that_leaves_nothing_is_a_sentence():
    with pytest.raises(OptionError, match="cuts everything away"):
        Geometry(2, 1, 3).size(3)


def test_ways_up_are_what_their_names_say():
    x = np.arange(36.0).reshape(6, 6)
    rng = np.random.default_rng(0)
    rng.shuffle(x.ravel())
    largest, places, mean = pooled(x)
    assert largest[0, 0] == x[:2, :2].max()
    assert mean[1, 2] == x[2:4, 4:].mean()
    ways = ways_up(largest, places)
    assert {way.shape for way in ways.values()} == {(6, 6)}
    np.testing.assert_array_equal(ways["nearest"], np.kron(largest, np.ones((2, 2))))
    np.testing.assert_array_equal(ways["bed of nails"], np.kron(largest, [[1, 0], [0, 0]]))
    unpooled = ways["max-unpooling"]
    np.testing.assert_array_equal(unpooled[unpooled != 0], x[unpooled != 0])
    assert (unpooled != 0).sum() == (largest != 0).sum()
    np.testing.assert_array_equal(ways["pixel shuffle"][::2, ::2], largest)
    for smooth in ("bilinear", "resize, then convolve"):
        assert largest.min() <= ways[smooth].min()
        assert ways[smooth].max() <= largest.max()
