"""What OpenVINO is given computes what the network computes, in fewer or faster steps."""

import copy

import pytest
import torch

from seg.inference.engines.openvino.rewrites import rewrite
from seg.inference.engines.openvino.rewrites.pooling import IndexedPool, Unpool
from seg.inference.engines.openvino.rewrites.upsampling import (
    BilinearConvolution,
    ShortEncoderDecoder,
    ShortUpBlock,
    SubpixelConvolution,
)
from seg.models import build_model
from tests.conftest import trained

REWRITTEN = [
    ("encoder_decoder", {"base": 4}, {IndexedPool, Unpool}),
    ("encoder_decoder", {"backbone": "efficientnet_lite0"}, {ShortEncoderDecoder, BilinearConvolution}),
    ("fcn32s", {"base": 4}, {SubpixelConvolution}),
    ("fcn32s", {"backbone": "efficientnet_lite0"}, {SubpixelConvolution}),
    ("unet", {"backbone": "efficientnet_lite0"}, {ShortUpBlock}),
]
PLAIN = [
    ("conv_stack", {"base": 4}),
    ("fcn16s", {"base": 4}),
    ("fcn8s", {"backbone": "efficientnet_lite0"}),
    ("unet", {"base": 4}),
    ("fc_densenet56", {"base": 48}),
    ("smp", {"backbone": "fpn/resnet18"}),
]


@pytest.mark.parametrize("size", [(48, 64), (47, 66), (90, 120)])
@pytest.mark.parametrize(("name", "options", "_"), REWRITTEN)
def test_a_rewritten_network_gives_the_same(name, options, _, size):
    model, picture = trained(name, options), torch.randn(1, 3, *size)
    with torch.no_grad():
        expected = model(picture)
        found = rewrite(copy.deepcopy(model))(picture)
    assert (found - expected).abs().max() <= 2e-5 * expected.abs().max()


@pytest.mark.parametrize(("name", "options", "kinds"), REWRITTEN)
def test_what_can_be_faster_is_rewritten(name, options, kinds):
    assert kinds <= {type(module) for module in rewrite(trained(name, options)).modules()}


@pytest.mark.parametrize(("name", "options"), PLAIN)
def test_the_rest_stays_as_it_is(name, options):
    model = trained(name, options)
    assert rewrite(model) is model
    assert {type(m) for m in model.modules()} == {type(m) for m in build_model(name, 11, 3, **options).modules()}
