"""A network as an ONNX file, and back."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from seg import Segmenter
from seg.catalogue.export import to_onnx
from seg.catalogue.onnx import read_onnx
from seg.errors import WeightsError
from seg.models import HEAD, build_model
from seg.scores.adoption import adopt
from tests.records import record

pytest.importorskip("onnx", reason="writing an ONNX file needs the package onnx")


def network(name: str, **options):
    torch.manual_seed(0)
    return build_model(name, 11, **options).eval()


@pytest.mark.parametrize(
    ("name", "options"),
    [("fcn8s", {"base": 4}), ("unet", {"base": 4}), (HEAD, {"backbone": "efficientnet_lite0"})],
)
def test_a_network_that_is_exported_and_adopted_again_gives_the_same_masks(name, options, tmp_path):
    given = record(f"street/{name}-wce", scale=64, tile=(64, 96), temperature=2.0)
    module = network(name, **options)
    (tmp_path / "a.onnx").write_bytes(to_onnx(given, module))
    found = adopt(str(tmp_path / "a.onnx"), "street/back", tmp_path / "out")
    assert found.record.class_map.names == given.class_map.names
    assert (found.record.scale, found.record.tile) == (64, (64, 96))
    picture = np.random.default_rng(0).integers(0, 256, (80, 130, 3), dtype=np.uint8)
    ours = Segmenter(given, module, engine="torch").probabilities(picture)
    theirs = Segmenter.load("street/back", weights=tmp_path / "out").probabilities(picture)
    np.testing.assert_allclose(ours, theirs, atol=2e-3)


def test_a_network_that_takes_blue_first_is_exported_to_take_red_first():
    module = network("conv_stack", base=4)
    given = record("street/conv_stack-wce", tile=(32, 32), channel_order="bgr", mean=(0.1, 0.5, 0.9))
    plain = replace(given, channel_order="rgb")
    assert to_onnx(given, module) != to_onnx(plain, module)


def test_what_onnx_does_not_have_is_said_in_a_sentence():
    with pytest.raises(WeightsError, match=r"^street/encoder_decoder-wce cannot be written as ONNX \(.*\.$"):
        to_onnx(record("street/encoder_decoder-wce", tile=(64, 64)), network("encoder_decoder", base=4))


def test_without_the_package_the_way_to_it_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(WeightsError, match="needs the package onnx: pip install onnx"):
        to_onnx(record("street/conv_stack-wce", tile=(32, 32)), network("conv_stack", base=4))


@pytest.mark.parametrize("said", ["no JSON", "3", "[1, 2]"])
def test_class_names_that_are_none_are_not_read(said):
    import onnx

    file = onnx.load_from_string(to_onnx(record("street/conv_stack-wce", tile=(32, 32)), network("conv_stack", base=4)))
    onnx.helper.set_model_props(file, {"classes": said})
    assert read_onnx(file.SerializeToString(), "a.onnx").classes == ()
