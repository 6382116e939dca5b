"""What OpenVINO is given computes what the network computes, in fewer or faster steps."""

import copy

import pytest
import torch

from seg.inference.engines.openvino.rewrites import fits_blocks, rewrite
from seg.inference.engines.openvino.rewrites.pooling import IndexedPool, Pool, Unpool
from seg.inference.engines.openvino.rewrites.upsampling import (
    BilinearConvolution,
    DoubledConvolution,
    ShortEncoderDecoder,
    ShortUNet,
    SubpixelConvolution,
)
from seg.models import build_model
from tests.conftest import trained

REWRITTEN = [
    ("encoder_decoder", {"base": 4}, {IndexedPool, Unpool}),
    ("encoder_decoder", {"backbone": "efficientnet_lite0"}, {ShortEncoderDecoder, BilinearConvolution}),
    ("fcn32s", {"base": 4}, {SubpixelConvolution, Pool}),
    ("fcn16s", {"base": 4}, {SubpixelConvolution, Pool}),
    ("fcn8s", {"base": 4}, {SubpixelConvolution, Pool}),
    ("fcn32s", {"backbone": "efficientnet_lite0"}, {SubpixelConvolution}),
    ("fcn8s", {"backbone": "efficientnet_lite0"}, {SubpixelConvolution}),
    ("unet", {"base": 4, "norm": True}, {ShortUNet, DoubledConvolution, Pool}),
    ("unet", {"base": 4, "norm": False}, {ShortUNet, DoubledConvolution}),
    ("unet", {"backbone": "efficientnet_lite0"}, {DoubledConvolution}),
    ("fc_densenet56", {"base": 48}, {Pool}),
]
PLAIN = [("conv_stack", {"base": 4}), ("smp", {"backbone": "fpn/resnet18"})]


@pytest.fixture(autouse=True)
def vectors(monkeypatch):
    """As on a CPU with vectors of 16 numbers, whatever this one has."""
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")


@pytest.mark.parametrize("size", [(48, 64), (47, 66), (90, 120)])
@pytest.mark.parametrize(("name", "options", "_"), REWRITTEN)
def test_a_rewritten_network_gives_the_same(name, options, _, size):
    model, picture = trained(name, options), torch.randn(1, 3, *size)
    with torch.no_grad():
        expected = model(picture)
        found = rewrite(copy.deepcopy(model))(picture)
    assert (found - expected).abs().max() <= 2e-5 * expected.abs().max()


def test_a_picture_of_more_channels_makes_no_blocks():
    assert fits_blocks(build_model("unet", 11, 1, base=64))
    assert not fits_blocks(build_model("unet", 11, 4, base=64))


@pytest.mark.parametrize(
    ("name", "options", "blocks"),
    [
        ("conv_stack", {"base": 64}, True),
        ("fcn8s", {"base": 32}, True),
        ("fcn8s", {"base": 16}, False),
        ("unet", {"base": 40}, False),
        ("encoder_decoder", {"backbone": "efficientnet_lite0"}, False),
        ("fc_densenet67", {"base": 48}, True),
        ("fc_densenet56", {"base": 48}, False),
        ("fc_densenet67", {"base": 24}, False),
    ],
)
def test_networks_whose_channels_fill_blocks_ask_for_them_where_vectors_are_long(name, options, blocks, monkeypatch):
    model = build_model(name, 11, 3, **options)
    assert fits_blocks(model) == blocks
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    assert not fits_blocks(model)


@pytest.mark.parametrize(("name", "options", "kinds"), REWRITTEN)
def test_what_can_be_faster_is_rewritten(name, options, kinds):
    assert kinds <= {type(module) for module in rewrite(trained(name, options)).modules()}


@pytest.mark.parametrize(("name", "options"), PLAIN)
def test_the_rest_stays_as_it_is(name, options):
    model = trained(name, options)
    assert rewrite(model) is model
    assert {type(m) for m in model.modules()} == {type(m) for m in build_model(name, 11, 3, **options).modules()}
