"""ONNX files: what they take and give is understood, and what is no segmentation is refused with a sentence."""

import numpy as np
import pytest
import torch

from seg.catalogue.onnx import read_onnx
from seg.errors import WeightsError
from tests.elsewhere import Then, Tiny, write_onnx

pytest.importorskip("openvino", reason="ONNX files are run by OpenVINO")


def read(path):
    return read_onnx(path.read_bytes(), path.name)


def test_a_file_of_one_size_and_one_of_any_are_told_apart(tmp_path):
    fixed = read(write_onnx(tmp_path / "a.onnx", Tiny(5), (1, 3, 64, 96)))
    assert (fixed.size, fixed.channels, fixed.channels_last, fixed.outputs) == ((64, 96), 3, False, 5)
    assert (fixed.gives, fixed.answer_last, fixed.parameters) == ("logits", False, 5 * 3 * 9 + 5)
    free = read(write_onnx(tmp_path / "b.onnx", Tiny(5, 1), (1, 1, 64, 96), free=(0, 2, 3)))
    assert (free.size, free.channels, free.outputs) == (None, 1, 5)


def test_a_network_that_takes_and_gives_channels_last_is_understood(tmp_path):
    class ChannelsLast(Tiny):
        def forward(self, x):
            return super().forward(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)

    for shape, free in [((1, 64, 96, 3), ()), ((1, 64, 96, 3), (0, 1, 2)), ((1, 64, 64, 3), ())]:
        network = read(write_onnx(tmp_path / "a.onnx", ChannelsLast(), shape, free=free))
        assert (network.channels_last, network.answer_last, network.outputs) == (True, True, 3)
        assert network.size == (None if free else shape[1:3])


@pytest.mark.parametrize(
    ("after", "gives"),
    [
        (torch.nn.Softmax(dim=1), "softmax"),
        (torch.nn.Sigmoid(), "sigmoid"),
        (Then(lambda x: x.argmax(dim=1)), "labels"),
        (Then(lambda x: x.argmax(dim=1, keepdim=True)), "labels"),
        (Then(lambda x: x.softmax(dim=1).permute(0, 2, 3, 1)), "softmax"),
        (torch.nn.Upsample(scale_factor=0.25), "logits"),
    ],
)
def test_what_a_network_gives_is_told_by_its_last_operation(tmp_path, after, gives):
    network = read(write_onnx(tmp_path / "a.onnx", Tiny(4, after=after), (1, 3, 64, 96)))
    assert network.gives == gives
    assert network.outputs == (0 if gives == "labels" else 4)


@pytest.mark.parametrize(
    ("network", "shapes", "sentence"),
    [
        (Tiny(10, after=Then(lambda x: x.mean(dim=(2, 3)))), [(1, 3, 64, 96)], "it gives 1×10, which is no map"),
        (Tiny(10, after=Then(lambda x: x.mean(dim=(2, 3), keepdim=True))), [(1, 3, 64, 96)], "gives 1×10×1×1"),
        (Tiny(3, after=torch.nn.Upsample(scale_factor=2)), [(1, 3, 64, 96)], r"gives 1×3×128×192"),
        (Tiny(3, 4), [(1, 4, 64, 96)], r"\[1,4,64,96\]: pictures have one channel or three"),
        (Tiny(3), [(8, 3, 64, 96)], "export it for single pictures"),
        (torch.nn.Linear(8, 2), [(1, 8)], "no segmentation of pictures: it takes"),
        (torch.nn.Conv3d(3, 2, 1), [(1, 3, 8, 8, 8)], "no segmentation of pictures: it takes"),
    ],
)
def test_a_network_that_does_not_segment_pictures_is_refused_with_a_sentence(tmp_path, network, shapes, sentence):
    path = write_onnx(tmp_path / "a.onnx", network, *shapes)
    with pytest.raises(WeightsError, match=rf"^a\.onnx .*{sentence}.*\.$"):
        read(path)


def test_a_network_of_two_pictures_is_refused_with_a_sentence(tmp_path):
    class Two(Tiny):
        def forward(self, x, y):
            return super().forward(x + y)

    path = write_onnx(tmp_path / "a.onnx", Two(), (1, 3, 64, 96), (1, 3, 64, 96))
    with pytest.raises(WeightsError, match=r"^a\.onnx is no segmentation of pictures: it takes .*, not one batch"):
        read(path)


def test_a_network_that_gives_nothing_is_refused_with_a_sentence(tmp_path):
    onnx = pytest.importorskip("onnx")
    path = write_onnx(tmp_path / "a.onnx", Tiny(), (1, 3, 64, 96))
    network = onnx.load(path)
    del network.graph.output[:]
    onnx.save(network, path)
    with pytest.raises(WeightsError, match=r"^a\.onnx .*\.$"):
        read(path)


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"no network" * 20, "noise"])
def test_a_damaged_file_is_a_sentence(tmp_path, damage):
    path = write_onnx(tmp_path / "a.onnx", Tiny(), (1, 3, 64, 96))
    noise = np.random.default_rng(0).bytes(4000)
    path.write_bytes(noise if damage == "noise" else damage(path.read_bytes()))
    with pytest.raises(WeightsError, match=r"^a\.onnx is damaged, is no ONNX file, or holds .*\.$") as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_a_file_that_keeps_its_numbers_in_another_is_refused_with_the_way_out(tmp_path):
    onnx = pytest.importorskip("onnx")
    whole = write_onnx(tmp_path / "whole.onnx", Tiny(64, after=Then(lambda x: x[:, :3])), (1, 3, 64, 96))
    onnx.save(onnx.load(whole), tmp_path / "a.onnx", save_as_external_data=True, size_threshold=0)
    with pytest.raises(WeightsError, match=r"^a\.onnx keeps its numbers in another file: save it in one file"):
        read(tmp_path / "a.onnx")
