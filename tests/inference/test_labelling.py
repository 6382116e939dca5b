"""Labels and confidence are those of the whole map, interpolated bilinearly, however they are made."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from seg.inference import decision, labelling
from seg.inference.decision import openvino_decision, softmax_decision
from seg.inference.labelling import labels_at

DECISIONS = [softmax_decision, openvino_decision]
SIZES = [(1, 1), (7, 5), (23, 31), (360, 480), (50, 700), (1200, 901)]
SMALL, LARGE = (height * width for height, width in (decision.SMALL, decision.LARGE))


@pytest.mark.parametrize("decide", DECISIONS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("strip", [2_000_000, 5 * 480 * 13])
def test_labels_made_strip_by_strip_are_those_of_bilinear_interpolation_as_a_whole(size, decide, strip, monkeypatch):
    monkeypatch.setattr(labelling, "STRIP_VALUES", strip)
    monkeypatch.setattr(labelling, "decide", decide)
    logits = torch.randn(5, 23, 31) * 3
    labels, confidence = labels_at(logits, *size)
    whole = F.interpolate(logits[None], size, mode="bilinear", align_corners=False)[0].softmax(dim=0)
    best, winner = whole.max(dim=0)
    assert (labels == winner.numpy()).mean() > 0.999
    np.testing.assert_allclose(confidence, best.numpy(), atol=1e-3)
    assert labels.dtype == np.uint8
    assert confidence.dtype == np.float16


@pytest.mark.parametrize("decide", DECISIONS)
@pytest.mark.parametrize("pixels", [1, 1000, SMALL, SMALL + 1, LARGE - 1, LARGE, LARGE + 1, 3 * LARGE - 7])
@pytest.mark.parametrize("classes", [2, 3, 12])
@pytest.mark.parametrize("temperature", [1.0, 0.4, 5.0])
def test_the_first_of_the_largest_wins_with_its_softmax_probability(pixels, classes, temperature, decide):
    logits = torch.randint(-4, 5, (classes, pixels)).float() * 7
    labels, confidence = decide(logits, temperature)
    share, _ = (logits.double() / temperature).softmax(dim=0).max(dim=0)
    assert labels.tolist() == logits.numpy().argmax(axis=0).tolist()
    torch.testing.assert_close(confidence.double(), share, atol=5e-4, rtol=0)


def test_openvino_decides_on_the_cpu_unless_pytorch_is_asked_for(monkeypatch):
    asked = []
    monkeypatch.setattr(
        decision, "openvino_decision", lambda logits, _: asked.append(logits) or softmax_decision(logits)
    )
    monkeypatch.delenv("SEG_ENGINE", raising=False)
    decision.decide(torch.randn(5, 1000))
    assert len(asked) == 1
    monkeypatch.setenv("SEG_ENGINE", "torch")
    decision.decide(torch.randn(5, 1000))
    assert len(asked) == 1


@pytest.mark.parametrize("error", [RuntimeError("std::bad_alloc"), MemoryError(), ImportError("no openvino")])
def test_labels_that_openvino_cannot_decide_are_pytorchs(error, monkeypatch):
    def broken(*_):
        raise error

    monkeypatch.delenv("SEG_ENGINE", raising=False)
    monkeypatch.setattr(decision, "openvino_decision", broken)
    logits = torch.randn(5, 1000)
    labels, confidence = decision.decide(logits)
    assert torch.equal(labels.long(), logits.argmax(dim=0))
    assert confidence.min() >= 1 / 5
