"""What runs on an NVIDIA GPU: on a pretended one everywhere, and on a real one where there is one."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from seg.datasets import street
from seg.inference.engines import build_engine
from seg.inference.engines.cuda import CudaEngine, faithful, halved
from seg.inference.segmenter import Segmenter
from seg.models import build_model
from seg.models.blocks import Network
from seg.pictures.resize import resize_exactly, resize_to, to_tensor
from tests.conftest import NETWORKS, make_set
from tests.pretend_gpu import pretend_gpu

ON_A_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
WITHOUT_ONE = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a real GPU")


@pytest.fixture
def gpu(monkeypatch):
    with pretend_gpu(monkeypatch) as pretended:
        yield pretended


@pytest.fixture
def frame(camvid):
    return np.asarray(Image.open(sorted((camvid / "val").iterdir())[0]).convert("RGB"))


@WITHOUT_ONE
@pytest.mark.parametrize(("name", "options"), NETWORKS)
def test_every_network_is_recorded_whole(name, options, monkeypatch):
    torch.manual_seed(0)
    model, pictures = build_model(name, 5, 3, **{"base": 4, **options}).eval(), torch.rand(3, 3, 47, 66)
    expected = build_engine(model, "cpu", "torch").run(pictures)
    with pretend_gpu(monkeypatch) as gpu:
        engine = build_engine(model, "cuda:0")
        one, three = (engine.run(part.to(engine.tile_device)).cpu() for part in (pictures[:1], pictures))
        again = engine.run(pictures[:1].to(engine.tile_device)).cpu()
    assert not engine.notes
    assert gpu.recorded == 2
    assert torch.equal(one, again)
    for found, wanted in ((one, expected[:1]), (three, expected)):
        assert (found.argmax(dim=1) == wanted.argmax(dim=1)).float().mean() >= 0.99
        assert found == pytest.approx(wanted, abs=0.05)


@WITHOUT_ONE
@pytest.mark.parametrize("detail", [1, 2])
def test_a_picture_comes_back_as_bytes(detail, tmp_path, gpu):
    record = make_set(tmp_path, "street/unet-wce", "unet")
    network = Segmenter.load(record.name, "cuda:0", weights=tmp_path)
    photo = street.render(3, 201, 299).image
    network(photo, detail)
    gpu.copied.clear()
    found = network(photo, detail)
    assert found.labels.shape == found.confidence.shape == photo.shape[:2]
    assert found.device == "cuda:0"
    assert found.notes == ()
    assert gpu.copied == {torch.uint8: 2 * photo[..., 0].size}


@given(st.tuples(*[st.integers(1, 300)] * 4), st.integers(0, 999))
def test_pictures_are_resized_to_the_same_values_as_on_the_cpu(sizes, seed):
    height, width, *size = sizes
    image = to_tensor(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))
    difference = resize_exactly(image, size).int() - resize_to(image, size).int()
    assert difference.abs().max() <= 1
    assert (difference != 0).float().mean() <= 0.01


@WITHOUT_ONE
def test_the_same_labels_as_on_the_cpu(shipped, frame, monkeypatch):
    for name in ("street/encoder_decoder-wce", "street/unet-wce", "street/fcn8s-wce-lite0"):
        cases = [(frame, 1), (frame[:301, :203], 1), (frame[:90, :120], 4), (frame[..., 0], 1)]
        here = [Segmenter.load(name, "cpu", "torch")(image, detail) for image, detail in cases]
        with monkeypatch.context() as patch, pretend_gpu(patch):
            network = Segmenter.load(name, "cuda:0")
            there = [network(image, detail) for image, detail in cases]
        for one, other in zip(here, there, strict=True):
            assert (one.labels == other.labels).mean() >= 0.995, name


@WITHOUT_ONE
def test_skips_logits_and_features_are_those_of_the_cpu(tmp_path, monkeypatch):
    record = make_set(tmp_path, "street/unet-wce", "unet")
    photo = street.render(3, 180, 240).image

    def asked(network: Segmenter) -> list[np.ndarray]:
        return [
            network.logits(photo),
            network.features(photo, "down.1"),
            network(photo, skips=set()).confidence,
        ]

    here = asked(Segmenter.load(record.name, "cpu", "torch", tmp_path))
    with pretend_gpu(monkeypatch):
        there = asked(Segmenter.load(record.name, "cuda:0", weights=tmp_path))
    for one, other in zip(here, there, strict=True):
        assert other == pytest.approx(one, rel=0.02, abs=0.02 * float(np.abs(one).max()))


def test_half_precision_only_where_it_keeps_the_labels(shipped, frame):
    for name, expected in (("street/encoder_decoder-wce", False), ("street/unet-wce", True)):
        network = Segmenter.load(name, "cpu", "torch")
        model, tile = network.module, network._input(frame)
        with torch.inference_mode():
            chosen = faithful(model, tile)
        assert (chosen is not model) == expected
        assert {p.dtype for p in halved(model).parameters()} == {torch.float16, torch.float32}
        assert {p.dtype for p in model.parameters()} == {torch.float32}


@WITHOUT_ONE
def test_where_memory_is_short_fewer_tiles_run_at_a_time(gpu, monkeypatch):
    model, pictures = build_model("unet", 5, 3, base=4).eval(), torch.rand(5, 3, 48, 64)
    record = CudaEngine._record

    def short(engine, batch):
        if len(batch) > 2:
            raise torch.OutOfMemoryError("too much")
        return record(engine, batch)

    monkeypatch.setattr(CudaEngine, "_record", short)
    engine = build_engine(model, "cuda:0")
    found = engine.run(pictures.to(engine.tile_device)).cpu()
    assert found == pytest.approx(build_engine(model, "cpu", "torch").run(pictures), abs=0.02)
    assert engine.notes == ["Memory is short, so fewer tiles run at a time: slower, with the same masks."]
    assert engine.chunk == 2


@WITHOUT_ONE
def test_where_a_single_tile_is_too_much_the_cpu_takes_over(tmp_path, gpu, monkeypatch):
    record = make_set(tmp_path, "street/unet-wce", "unet")
    photo = street.render(3, 180, 240).image

    def exhausted(*_):
        raise torch.OutOfMemoryError("too much")

    monkeypatch.setattr(CudaEngine, "_record", exhausted)
    found = Segmenter.load(record.name, "cuda:0", weights=tmp_path)(photo)
    assert (found.labels == Segmenter.load(record.name, "cpu", "torch", tmp_path)(photo).labels).mean() >= 0.999
    assert found.device == "cpu"
    assert found.notes == ("The CUDA device ran out of memory, so the CPU took over.",)


@WITHOUT_ONE
def test_what_cannot_be_recorded_runs_layer_by_layer(gpu):
    class Waiting(Network):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Conv2d(3, 5, 3)

        def forward(self, x, skips=None):
            return self.layer(x) * float(x.max())  # waits for the GPU

    model, pictures = Waiting().eval(), torch.rand(3, 3, 48, 64)
    expected = model(pictures).detach()
    engine = build_engine(model, "cuda:0")
    found = engine.run(pictures.to(engine.tile_device)).cpu()
    assert found == pytest.approx(expected, abs=0.01)
    assert engine.notes == ["One of the networks runs without CUDA graphs, slower, with the same masks."]


@ON_A_GPU
def test_a_gpus_labels_are_those_of_the_cpu(shipped, frame):
    for record in shipped.records().values():
        if record.dataset == "street" and record.loss == "wce":
            there, here = (Segmenter.load(record.name, device, "torch") for device in ("cuda", "cpu"))
            for detail in (1, 2):
                assert (there(frame, detail).labels == here(frame, detail).labels).mean() >= 0.995, record.name
            assert not there.engine.notes
