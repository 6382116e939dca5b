"""ONNX files at work: the same logits as PyTorch's, whatever way they lie and whatever the file gives."""

import numpy as np
import pytest
import torch

from seg.catalogue.record import ONNX, Class, Record
from seg.errors import OptionError, WeightsError
from seg.inference.segmenter import Segmenter
from seg.models.wrapped import Wrapped
from tests.elsewhere import Then, Tiny, fruit, write_onnx

pytest.importorskip("openvino", reason="ONNX files are run by OpenVINO")

PICTURE = fruit(5, 80, 100).image


def record(model: str = ONNX, classes: int = 3, **more) -> Record:
    return Record(
        **{
            "name": "orchard/tiny",
            "dataset": "orchard",
            "model": model,
            "arguments": {"num_classes": classes, "in_channels": 3},
            "loss": "",
            "scale": 64,
            "mean": (0.4, 0.5, 0.6),
            "std": (0.2, 0.3, 0.4),
            "tile": (64, 96),
            "classes": [Class(f"class {i}", f"#0000{i:02x}") for i in range(classes)],
            "parameters": 0,
            "bytes": 0,
            "sha256": "",
            "source": "a test",
            **more,
        }
    )


def network(after=None, outputs: int = 3) -> Tiny:
    torch.manual_seed(1)
    tiny = Tiny(outputs, after=after)
    with torch.no_grad():  # every class is somewhere in the picture
        pixels = (torch.from_numpy(PICTURE).permute(2, 0, 1)[None] / 255 - 0.5) / 0.3
        tiny.layer.bias -= tiny.layer(pixels).flatten(2).median(dim=2).values[0]
    return tiny


def whole(module: Tiny, **more):
    return Segmenter(record("module", **more), Wrapped(module), engine="torch")(PICTURE)


@pytest.mark.parametrize("free", [(), (0, 2, 3)])
def test_labels_and_confidence_are_those_of_the_module_that_was_exported(tmp_path, free):
    file = write_onnx(tmp_path / "a.onnx", network(), (1, 3, 64, 96), free=free)
    segmenter = Segmenter(record(any_size=bool(free)), file)
    for picture in (PICTURE, np.ascontiguousarray(PICTURE.transpose(1, 0, 2))):
        expected = Segmenter(record("module", any_size=bool(free)), Wrapped(network()), engine="torch")(picture)
        found = segmenter(picture)
        assert (found.labels == expected.labels).mean() > 0.999
        np.testing.assert_allclose(found.confidence, expected.confidence, atol=2e-3)
        assert segmenter.logits(picture).shape[0] == 3
    assert segmenter.skip_names == ()


def test_probabilities_become_logits_whose_softmax_they_are(tmp_path):
    file = write_onnx(tmp_path / "a.onnx", network(torch.nn.Softmax(dim=1)), (1, 3, 64, 96))
    found, expected = Segmenter(record(), file)(PICTURE), whole(network())
    assert (found.labels == expected.labels).mean() > 0.995  # between pixels, logits and their logarithms differ
    np.testing.assert_allclose(found.confidence, expected.confidence, atol=0.05)


@pytest.mark.parametrize("after", [None, torch.nn.Sigmoid()])
def test_a_single_output_tells_the_second_class_from_the_first(tmp_path, after):
    file = write_onnx(tmp_path / "a.onnx", network(after, outputs=1), (1, 3, 64, 96))
    found, expected = Segmenter(record(classes=2), file)(PICTURE), whole(network(outputs=1), classes=2)
    assert (found.labels == expected.labels).mean() > 0.999
    assert 0.05 < expected.labels.mean() < 0.95
    np.testing.assert_allclose(found.confidence, expected.confidence, atol=5e-3)


@pytest.mark.parametrize("keepdim", [False, True])
def test_labels_alone_have_the_confidence_1_and_the_prediction_says_so(tmp_path, keepdim):
    file = write_onnx(tmp_path / "a.onnx", network(Then(lambda x: x.argmax(1, keepdim=keepdim))), (1, 3, 64, 96))
    found, expected = Segmenter(record(labels_only=True), file)(PICTURE), whole(network())
    assert (found.labels == expected.labels).mean() > 0.9  # labels cannot be interpolated as logits can
    assert (found.confidence == 1).all()
    assert found.notes == ("orchard/tiny gives labels alone, so its confidence is 1 everywhere.",)


def test_a_label_that_is_no_class_is_a_sentence_and_no_label(tmp_path):
    file = write_onnx(tmp_path / "a.onnx", network(Then(lambda x: x.argmax(1) + 5)), (1, 3, 64, 96))
    with pytest.raises(WeightsError, match=r"gives the label \d, and its record names 3 classes"):
        Segmenter(record(labels_only=True), file)(PICTURE)


def test_a_network_that_takes_bytes_is_given_whole_numbers(tmp_path):
    pytest.importorskip("onnx")
    given = torch.zeros(1, 3, 64, 96, dtype=torch.uint8)
    takes_bytes = torch.nn.Sequential(Then(lambda x: (x.float() - 100) / 50), network())
    torch.onnx.export(takes_bytes.eval(), (given,), tmp_path / "a.onnx", dynamo=False, opset_version=17)
    found = Segmenter(record(mean=(0.0,) * 3, std=(1 / 255,) * 3), tmp_path / "a.onnx")(PICTURE)
    expected = whole(network(), mean=(100 / 255,) * 3, std=(50 / 255,) * 3)
    assert (found.labels == expected.labels).mean() > 0.999


def test_blue_comes_first_where_the_record_says_so(tmp_path):
    flipped = network()
    with torch.no_grad():
        flipped.layer.weight.copy_(flipped.layer.weight.flip(1))
    blue_first = record("module", channel_order="bgr", mean=(0.6, 0.5, 0.4), std=(0.4, 0.3, 0.2))
    found = Segmenter(blue_first, Wrapped(flipped), engine="torch")(PICTURE)
    assert (found.labels == whole(network()).labels).mean() > 0.999


def test_what_is_inside_cannot_be_looked_at_and_another_engine_cannot_run_it(tmp_path):
    file = write_onnx(tmp_path / "a.onnx", network(), (1, 3, 64, 96))
    segmenter = Segmenter(record(), file)
    for look in (
        lambda: segmenter.module,
        lambda: segmenter.features(PICTURE, "layer"),
        lambda: segmenter.gradient(PICTURE, 3, 3),
        lambda: segmenter.forward(torch.zeros(1, 3, 64, 96)),
    ):
        with pytest.raises(OptionError, match="An ONNX file runs as a whole"):
            look()
    with pytest.raises(OptionError, match="has no skip pool3: it has none"):
        segmenter(PICTURE, skips={"pool3"})
    with pytest.raises(OptionError, match="orchard/tiny is an ONNX file, which OpenVINO runs"):
        Segmenter(record(), file, engine="torch")


def test_another_file_than_the_record_describes_is_a_sentence(tmp_path):
    file = write_onnx(tmp_path / "a.onnx", network(outputs=4), (1, 3, 64, 96))
    with pytest.raises(WeightsError, match=r"a\.onnx is not the network that the record of orchard/tiny describes"):
        Segmenter(record(), file)(PICTURE)
    file = write_onnx(tmp_path / "b.onnx", network(Then(lambda x: x + torch.ones(64, 96))), (1, 3, 64, 96))
    with pytest.raises(WeightsError, match="orchard/tiny does not take pictures of 128×96"):
        Segmenter(record(tile=(96, 128)), file)(PICTURE)
