"""The checkerboard's energy: none in smooth noise, more where kernels overlap unevenly."""

import numpy as np
import pytest

from seg.anatomy.checkerboard import Kernels, bilinear, energy, grid_pattern, periods, random_energy
from seg.inference.segmenter import Segmenter
from seg.models.fcn import bilinear_kernel
from tests.conftest import make_set


def noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(3, 96, 128))


def test_noise_has_no_grid():
    assert abs(np.mean([energy(noise(seed), 2) for seed in range(20)])) < 3


@pytest.mark.parametrize("period", [2, 4, 8])
def test_a_grid_laid_over_noise_is_measured_and_grows_with_its_strength(period):
    grid = np.zeros((96, 128))
    grid[::period, ::period] = 1
    weak, strong = (energy(noise() + strength * grid, period) for strength in (1, 4))
    assert strong > weak + 6 > energy(noise(), period) + 6


def test_a_constant_and_a_slope_are_no_grid():
    slope = np.linspace(0, 50, 128) * np.ones((3, 96, 1))
    assert energy(noise() * 0.01 + slope, 2) < 6


def test_an_uneven_stack_shows_more_than_an_even_one_and_than_resizing_first():
    uneven, even, resized = (
        np.mean([random_energy(kernel, 2, resize, seed=seed) for seed in range(8)])
        for kernel, resize in ((3, False), (4, False), (3, True))
    )
    assert uneven > even + 1
    assert uneven > resized + 10


def test_the_pattern_is_the_grid_that_was_laid():
    grid = np.zeros((96, 128))
    grid[1::4, 2::4] = 3
    pattern = grid_pattern(noise() * 0.1 + grid, 4, repeat=2)
    assert pattern.shape == (8, 8)
    assert np.unravel_index(pattern[:4, :4].argmax(), (4, 4)) == (1, 2)


def test_each_step_up_has_its_period():
    assert periods([2, 2, 8]) == (8, 16, 32)
    assert periods([2, 2, 2, 2]) == (2, 4, 8, 16)
    assert periods([1]) == ()


def test_a_map_too_small_for_the_period_is_a_sentence():
    with pytest.raises(ValueError, match="too small"):
        energy(noise(), 32)


@pytest.mark.parametrize("size", [4, 16, 32, 64])
def test_the_bilinear_kernel_is_the_one_an_fcn_starts_with(size):
    np.testing.assert_allclose(bilinear(size), bilinear_kernel(size), atol=1e-6)


def test_the_kernels_of_an_untrained_fcn_are_bilinear(tmp_path):
    make_set(tmp_path)
    found = Kernels()(Segmenter.load("street/fcn8s-wce", weights=tmp_path), np.zeros((8, 8, 3), np.uint8), 1)
    assert [kernel.stride for kernel in found] == [2, 2, 8]
    for kernel in found:
        np.testing.assert_allclose(kernel.mean, kernel.start, atol=1e-3)
