"""Dense blocks opened."""

import numpy as np
import pytest

from seg.anatomy.dense import Open
from seg.catalogue.store import WeightIndex
from seg.datasets import street
from seg.inference.segmenter import Segmenter
from tests.conftest import make_set


@pytest.fixture(scope="module")
def network(tmp_path_factory) -> Segmenter:
    folder = tmp_path_factory.mktemp("weights")
    record = make_set(folder, "street/fc_densenet56-wce", "fc_densenet56")
    return Segmenter(record, WeightIndex(folder).load(record), "cpu")


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return street.render(3, 96, 128).image


def test_every_layer_reads_the_input_and_all_layers_before_it(network, photo):
    opened = Open("down_blocks.1")(network, photo, 1)
    block = network.module.down_blocks[1]
    assert opened.reads == tuple(block.in_channels + i * block.growth for i in range(4))
    assert opened.adds == (block.growth,) * 4
    assert opened.reads[-1] + opened.adds[-1] == block.out_channels
    assert not opened.new_only


def test_what_comes_up_are_the_new_channels_alone(network, photo):
    opened = Open("bottleneck")(network, photo, 1)
    assert opened.new_only
    assert network.module.transitions_up[0].in_channels == sum(opened.adds)
    assert len(opened.means) == 1 + len(opened.adds)


def test_what_is_no_dense_block_is_not_opened(network, photo):
    assert Open("first")(network, photo, 1) is None
    assert Open("nowhere")(network, photo, 1) is None
