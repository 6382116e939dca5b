"""The one door to inference: any picture in, labels of its size out."""

import copy
import resource

import numpy as np
import pytest
import torch

from seg.errors import ImageError, NotEnoughMemoryError, OptionError
from seg.inference import segmenter as module
from seg.inference.engines import TorchEngine, choose_device
from seg.inference.segmenter import Segmenter
from seg.models.blocks import Network
from tests.conftest import make_set


@pytest.fixture(scope="module")
def segmenter(tmp_path_factory) -> Segmenter:
    folder = tmp_path_factory.mktemp("weights")
    return Segmenter.load(make_set(folder).name, device="cpu", weights=folder)


def picture(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 40, 3), (33, 7), (360, 480, 3), (480, 360, 3), (100, 900, 3)])
@pytest.mark.parametrize("detail", [1, 2])
def test_labels_and_confidence_have_the_pictures_size_whatever_it_is(segmenter, shape, detail):
    prediction = segmenter(picture(*shape), detail=detail)
    assert prediction.labels.shape == prediction.confidence.shape == shape[:2]
    assert prediction.labels.dtype == np.uint8
    assert prediction.confidence.dtype == np.float16
    assert (prediction.confidence > 1 / 11 - 1e-2).all()
    assert (prediction.confidence <= 1).all()
    assert prediction.seconds > 0


def test_a_single_tile_gives_what_the_untiled_network_gives(segmenter):
    image = picture(360, 480, 3)
    assert (segmenter(image).labels == segmenter(image, skips={"pool4", "pool3"}).labels).all()


def test_with_tta_a_mirrored_picture_is_seen_as_the_picture_is(segmenter):
    augmented, image = copy.copy(segmenter), picture(360, 480, 3)
    augmented.tta = True
    mirrored = np.ascontiguousarray(image[:, ::-1])
    as_it_is, with_tta = (
        np.abs(asked.probabilities(image).astype(float) - asked.probabilities(mirrored)[:, :, ::-1]).mean()
        for asked in (segmenter, augmented)
    )
    assert with_tta < 0.2 * as_it_is
    assert augmented(image).confidence == pytest.approx(augmented.probabilities(image).max(axis=0), abs=2e-3)


def test_leaving_out_skips_changes_the_labels(segmenter):
    image = picture(360, 480, 3)
    assert (segmenter(image).labels != segmenter(image, skips=set()).labels).any()


def test_a_skip_that_the_network_does_not_have_is_refused_with_those_it_has(segmenter):
    with pytest.raises(OptionError, match=r"no skip pol4: it has pool4, pool3"):
        segmenter(picture(36, 48, 3), skips={"pol4"})


def test_a_colour_network_takes_grey_and_a_grey_network_takes_colour(tmp_path, segmenter):
    grey = picture(180, 240)
    repeated = np.repeat(grey[..., None], 3, axis=2)
    assert (segmenter(grey).labels == segmenter(repeated).labels).all()
    name = make_set(tmp_path, "street/unet-wce", "unet", in_channels=1).name
    assert (
        Segmenter.load(name, weights=tmp_path)(grey).labels == Segmenter.load(name, weights=tmp_path)(repeated).labels
    ).all()


def test_tiled_labels_agree_with_untiled_ones_where_the_receptive_field_fits_the_overlap(tmp_path):
    name = make_set(tmp_path, "street/conv_stack-wce", "conv_stack").name
    segmenter = Segmenter.load(name, device="cpu", weights=tmp_path)
    image = np.kron(picture(45, 90, 3), np.ones((8, 8, 1), np.uint8))
    untiled = segmenter(image, skips=set()).labels
    assert (segmenter(image).labels == untiled).mean() >= 0.99


def test_a_picture_of_24_megapixels_stays_within_bounded_memory(segmenter):
    image = np.broadcast_to(picture(1, 6000, 3), (4000, 6000, 3)).copy()
    segmenter(image[:100, :150])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert segmenter(image).labels.shape == (4000, 6000)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < 700, f"{grown:.0f} MiB more"


@pytest.mark.parametrize("shape", [(0, 10, 3), (10, 0)])
def test_an_empty_picture_is_refused_with_a_sentence(segmenter, shape):
    with pytest.raises(ImageError, match="no pixels"):
        segmenter(np.zeros(shape, np.uint8))


@pytest.mark.parametrize(
    ("image", "found"),
    [
        (np.full((60, 80, 3), 0.5, np.float32), r"float32 \(60, 80, 3\)"),
        (np.zeros((60, 80, 3), np.int64), r"int64 \(60, 80, 3\)"),
        (np.zeros((60, 80), bool), r"bool \(60, 80\)"),
        (np.zeros((60, 80, 4), np.uint8), r"uint8 \(60, 80, 4\)"),
        (np.zeros((60, 80, 1), np.uint8), r"uint8 \(60, 80, 1\)"),
        (np.zeros((3, 60, 80), np.uint8), r"uint8 \(3, 60, 80\)"),
        (np.zeros(60, np.uint8), r"uint8 \(60\)"),
        ([[1, 2], [3, 4]], "a list"),
        (torch.zeros(60, 80, 3, dtype=torch.uint8), "a Tensor"),
    ],
)
def test_what_is_no_picture_of_bytes_is_refused_with_a_sentence(segmenter, image, found):
    with pytest.raises(ImageError, match=found) as refused:
        segmenter(image)
    assert "uint8 (H, W, 3)" in str(refused.value)
    for ask in (segmenter.logits, lambda image: segmenter.features(image, "stages.1")):
        with pytest.raises(ImageError, match=found):
            ask(image)


@pytest.mark.parametrize("detail", [0, -1, 3, 8, 0.5, None])
def test_a_detail_other_than_1_2_and_4_is_refused(segmenter, detail):
    with pytest.raises(OptionError, match="1, 2 or 4"):
        segmenter(picture(60, 80, 3), detail=detail)


def test_a_picture_as_thin_as_a_thread_is_refused_with_a_sentence(segmenter):
    with pytest.raises(ImageError, match="crop"):
        segmenter(np.zeros((2, 5000, 3), np.uint8))


def test_features_are_the_stages_own_and_an_unknown_stage_is_refused(segmenter):
    assert segmenter.features(picture(180, 240, 3), "stages.1").shape == (8, 90, 120)
    with pytest.raises(OptionError, match="no stage 'nowhere'"):
        segmenter.features(picture(180, 240, 3), "nowhere")


def test_the_gradient_of_one_output_pixel_lies_around_it(tmp_path):
    name = make_set(tmp_path, "street/conv_stack-wce", "conv_stack").name
    gradient = Segmenter.load(name, device="cpu", weights=tmp_path).gradient(picture(180, 240, 3), 90, 120)
    rows, columns = np.nonzero(gradient)
    assert gradient.shape == (180, 240)
    assert 83 <= rows.min() <= 90 <= rows.max() <= 97
    assert 113 <= columns.min() <= 120 <= columns.max() <= 127


def test_a_device_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(OptionError, match=r"not available.*cpu"):
        choose_device("abacus")


class Hungry(Network):
    """Runs out of memory above `limit` pictures a batch, and always while it is not on the CPU."""

    def __init__(self, limit: int, moved: bool = True, error: Exception | None = None):
        super().__init__()
        self.limit, self.moved, self.batches = limit, moved, []
        self.error = error or torch.OutOfMemoryError("no memory left")

    def to(self, *args, **kwargs):
        self.moved = torch.device("cpu") in args or (self.moved and not args)
        return self

    def forward(self, x, skips=None):
        self.batches.append(len(x))
        if len(x) > self.limit or not self.moved:
            raise self.error
        return x


def allocation_error() -> Exception:
    """What PyTorch raises when this machine's memory runs out."""
    with pytest.raises(RuntimeError) as caught:
        torch.empty(10**15)
    return caught.value


@pytest.mark.parametrize("error", [None, allocation_error(), MemoryError()], ids=["device", "allocator", "python"])
def test_running_out_of_memory_halves_the_batch_and_loses_no_tile(error):
    model = Hungry(limit=1, error=error)
    engine = TorchEngine(model, torch.device("cpu"))
    tiles = torch.rand(6, 3, 4, 4)
    assert torch.equal(engine.run(tiles), tiles)
    assert model.batches == [4, 2, 1, 1, 1, 1, 1, 1]
    assert engine.notes == ["Memory is short, so fewer tiles run at a time: slower, with the same masks."]


def test_an_error_that_is_not_about_memory_is_not_tried_again():
    model = Hungry(limit=0, error=RuntimeError("broken"))
    with pytest.raises(RuntimeError, match="broken"):
        TorchEngine(model, torch.device("cpu")).run(torch.rand(6, 3, 4, 4))
    assert model.batches == [4]


@pytest.mark.parametrize("error", [allocation_error(), MemoryError(), MemoryError("Unable to allocate 1 TiB")])
def test_a_picture_that_this_machine_cannot_hold_is_an_error_with_advice(segmenter, monkeypatch, error):
    def too_large(*_):
        raise error

    monkeypatch.setattr(module, "labels_at", too_large)
    monkeypatch.setattr(module, "normalise", too_large)
    asked = [lambda image: segmenter.features(image, "stages.1"), lambda image: segmenter.gradient(image, 3, 4)]
    for ask in (segmenter, segmenter.logits, *asked):
        with pytest.raises(NotEnoughMemoryError, match="coarser detail"):
            ask(picture(60, 80, 3))


def test_running_out_of_gpu_memory_for_one_tile_falls_to_the_cpu_and_says_so(monkeypatch):
    model = Hungry(limit=4)
    engine = TorchEngine(model, torch.device("cpu"))
    monkeypatch.setattr(engine, "device", torch.device("mps"))
    monkeypatch.setattr(
        engine, "forward", lambda part: model(part)
    )  # no MPS here: the module alone decides when memory runs out
    model.moved = False
    tiles = torch.rand(5, 3, 4, 4)
    assert torch.equal(engine.run(tiles), tiles)
    assert engine.device == torch.device("cpu")
    assert engine.notes[-1] == "The MPS device ran out of memory, so the CPU took over."


def test_too_little_memory_for_one_tile_on_the_cpu_is_an_error_with_advice():
    with pytest.raises(NotEnoughMemoryError, match="close other programs"):
        TorchEngine(Hungry(limit=0), torch.device("cpu")).run(torch.rand(1, 3, 4, 4))
