import numpy as np
import pytest

from seg.pictures.cutout import cut_out

HEIGHT, WIDTH = 300, 400
CAT = 2


@pytest.fixture
def photo() -> np.ndarray:
    return np.random.default_rng(0).integers(1, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


@pytest.fixture
def labels() -> np.ndarray:
    out = np.zeros((HEIGHT, WIDTH), np.uint8)
    out[100:200, 100:300] = CAT
    return out


@pytest.mark.parametrize("confidence", [None, np.ones((HEIGHT, WIDTH), np.float16), np.full((HEIGHT, WIDTH), np.nan)])
def test_who_is_sure_or_says_nothing_of_it_has_a_hard_edge(photo, labels, confidence):
    out = cut_out(photo, labels, confidence, CAT)
    assert out.shape == (HEIGHT, WIDTH, 4)
    assert out.dtype == np.uint8
    assert ((out[..., 3] == 255) == (labels == CAT)).all()
    assert set(np.unique(out[..., 3])) == {0, 255}


def test_the_colours_are_the_photos_and_nothing_is_left_where_it_is_transparent(photo, labels):
    out = cut_out(photo, labels, np.full(labels.shape, 0.6), CAT)
    seen = out[..., 3] > 0
    assert (out[seen][:, :3] == photo[seen]).all()
    assert not out[~seen].any()
    assert seen.sum() > (labels == CAT).sum()


def test_beside_the_edge_a_pixel_is_as_opaque_as_the_class_is_likely_and_far_from_it_all_or_nothing(photo, labels):
    confidence = np.full(labels.shape, 0.7, np.float16)
    alpha = cut_out(photo, labels, confidence, CAT)[..., 3] / 255
    assert alpha[150, 100] == pytest.approx(0.7, abs=0.02)
    assert alpha[150, 99] == pytest.approx(0.3, abs=0.02)
    assert alpha[150, 200] == 1
    assert alpha[150, 20] == 0
    across = alpha[150, 90:112]
    assert (np.diff(across) >= -1e-9).all()


def test_a_grey_photo_and_maps_of_another_size_are_cut_out_at_the_photos(labels):
    photo = np.full((2 * HEIGHT, 2 * WIDTH), 90, np.uint8)
    out = cut_out(photo, labels, np.full((30, 40), 0.9), CAT)
    assert out.shape == (2 * HEIGHT, 2 * WIDTH, 4)
    assert (out[300, 400] == (90, 90, 90, 255)).all()
    assert 0 < out[300, 199, 3] < out[300, 200, 3] < 255


def test_a_class_that_is_nowhere_leaves_nothing(photo, labels):
    assert not cut_out(photo, labels, None, 7).any()
