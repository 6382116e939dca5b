"""A picture is resized once for all networks that want it at the same size."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from seg.inference import scaling
from seg.inference.scaling import ScaledPictures
from seg.inference.segmenter import Segmenter
from seg.pictures.decode import Picture
from seg.pictures.resize import resize, to_tensor
from tests.conftest import make_set

CPU = torch.device("cpu")


def constant(seed: int = 0, size: tuple[int, int] = (60, 80)) -> np.ndarray:
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    return Picture.of(pixels, "a picture").pixels


@pytest.fixture
def resized(monkeypatch) -> list[float]:
    """The factor of each time that a picture was resized."""
    factors: list[float] = []
    monkeypatch.setattr(scaling, "resize", _counting(factors))
    return factors


def _counting(factors: list[float]) -> Callable[[torch.Tensor, float], torch.Tensor]:
    return lambda image, factor: factors.append(factor) or resize(image, factor)


def test_a_picture_is_resized_once_for_each_size(resized):
    pictures, image, other = ScaledPictures(), constant(), constant(1)
    for _ in range(3):
        for factor in (0.5, 2.0):
            for one in (image, other):
                assert torch.equal(pictures.at(one, factor, CPU), resize(to_tensor(one), factor))
    assert sorted(resized) == [0.5, 0.5, 2.0, 2.0]


def test_a_picture_that_somebody_may_change_is_resized_each_time(resized):
    pictures, image = ScaledPictures(), np.zeros((60, 80, 3), np.uint8)
    first = pictures.at(image, 0.5, CPU)
    image[:] = 200
    view = image.view()
    view.flags.writeable = False
    assert first.max() == 0
    for one in (image, view):
        assert pictures.at(one, 0.5, CPU).min() == 200
    image[:] = 100
    assert pictures.at(view, 0.5, CPU).min() == 100


def test_the_least_recently_used_goes_when_there_are_too_many_bytes(resized):
    size = 3 * 30 * 40
    pictures, one, two, three = ScaledPictures(max_bytes=2 * size), constant(1), constant(2), constant(3)
    for image in (one, two, one, three, one):
        pictures.at(image, 0.5, CPU)
    assert len(resized) == 3
    pictures.at(two, 0.5, CPU)
    assert len(resized) == 4
    pictures.at(one, 4.0, CPU)
    assert pictures.held_bytes <= 2 * size, "what is too large alone is not held"


def test_a_picture_that_is_gone_is_not_mistaken_for_another_and_nothing_of_it_is_held(resized, monkeypatch):
    pictures = ScaledPictures()
    for seed in range(3):
        pictures.at(constant(seed), 0.5, CPU)
    assert pictures.held_bytes == 3 * 30 * 40
    monkeypatch.setattr(scaling, "id", lambda _: 0, raising=False)  # in memory that was given back ids are given again
    for seed in range(3):
        image = constant(seed)
        assert torch.equal(pictures.at(image, 0.5, CPU), resize(to_tensor(image), 0.5))


def test_networks_trained_at_one_scale_share_the_picture(tmp_path, resized):
    image = constant(size=(90, 120))
    names = [make_set(tmp_path, f"street/{model}-wce", model).name for model in ("fcn8s", "unet", "conv_stack")]
    networks = [Segmenter.load(name, "cpu", weights=tmp_path) for name in names]
    shared = [network(image) for network in networks]
    assert resized == [2.0]
    for network, prediction in zip(networks, shared, strict=True):
        alone = network(image.copy())
        assert (alone.labels == prediction.labels).all()
        assert (alone.confidence == prediction.confidence).all()
