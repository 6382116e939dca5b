"""A transposed convolution of a network at work on a picture."""

import numpy as np
import pytest

from seg.anatomy.step_up import LastByHand
from seg.anatomy.transposed import transposed
from seg.inference.segmenter import Segmenter
from tests.conftest import make_set

PHOTO = np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8)


def network(folder, model: str) -> Segmenter:
    return Segmenter.load(make_set(folder, f"street/{model}-wce", model).name, "cpu", "torch", folder)


def test_what_comes_out_is_what_goes_in_laid_down_by_the_kernel(tmp_path):
    found = LastByHand()(network(tmp_path, "fcn8s"), PHOTO, 1)
    assert (found.geometry.kernel, found.geometry.stride, found.own) == (4, 2, pytest.approx(1))
    assert found.after == pytest.approx(transposed(found.before, found.kernel, found.geometry), abs=1e-4)


def test_the_scores_of_other_classes_have_their_part(tmp_path):
    segmenter = network(tmp_path, "fcn8s")
    layer = segmenter.module.upscore_skip["pool3"]
    layer.weight.data += 0.1
    assert 0 < LastByHand()(segmenter, PHOTO, 1).own < 0.9


@pytest.mark.parametrize("model", ["conv_stack", "fcn32s", "unet"])
def test_a_network_without_a_small_step_of_scores_has_none(tmp_path, model):
    assert LastByHand()(network(tmp_path, model), PHOTO, 1) is None
