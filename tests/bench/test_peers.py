"""The engines of others, measured beside this one."""

import numpy as np
import pytest
import torch

from seg.bench import measure, peers
from seg.models import build_model


@pytest.fixture
def network():
    torch.manual_seed(0)
    return build_model("fcn8s", num_classes=3, in_channels=3, width="slim").eval().requires_grad_(False)


def test_openvino_as_it_comes_gives_what_the_network_gives(network):
    batch = torch.rand(1, 3, 64, 96)
    (found,) = peers.PEERS["OpenVINO"](network, batch)().values()
    assert np.allclose(found, network(batch), atol=1e-4)


def test_an_engine_that_is_not_there_or_fails_is_left_out_and_said(network, monkeypatch, caplog):
    def missing(*_):
        raise ImportError("No module named 'theirs'")

    def failing(*_):
        raise ZeroDivisionError("in the middle")

    given = {"missing": missing, "failing": lambda *_: failing, "plain": lambda model, batch: lambda: model(batch)}
    monkeypatch.setattr(peers, "PEERS", given)
    assert list(peers.peers(network, torch.rand(1, 3, 64, 64))) == ["plain"]
    assert "missing is not measured: ImportError: No module named 'theirs'" in caplog.text
    assert "failing is not measured: ZeroDivisionError: in the middle" in caplog.text


def test_they_are_timed_in_the_same_turns(monkeypatch):
    monkeypatch.setattr(measure, "PAPER_TILE", (32, 32))
    monkeypatch.setattr(peers, "PEERS", {"plain": lambda model, batch: lambda: model(batch)})
    figures = measure.paper_width("conv_stack", 1, "cpu", "torch", with_peers=True)
    assert figures["peers"]["plain"] > 0
    assert measure.paper_width("conv_stack", 1, "cpu", "torch")["peers"] == {}
