import io

import numpy as np
import pytest
from PIL import Image

from seg.pictures.drawing import encode_png, encode_thumbnail


@pytest.mark.parametrize("size", [(40, 200), (200, 40), (80, 80)])
@pytest.mark.parametrize("grey", [False, True])
def test_a_thumbnail_is_the_square_in_the_middle_whatever_the_shape(size, grey):
    height, width = size
    short = min(size)
    image = np.zeros(size if grey else (*size, 3), np.uint8)
    top, left = (height - short) // 2, (width - short) // 2
    image[top : top + short, left : left + short] = 200
    thumbnail = np.asarray(Image.open(io.BytesIO(encode_thumbnail(image, 24))))
    assert thumbnail.shape[:2] == (24, 24)
    assert thumbnail.min() > 190


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 1), (60, 80)])
def test_a_map_is_the_same_when_its_png_is_read(shape):
    array = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    for one in (array, array // 255, np.asfortranarray(array)):
        file = Image.open(io.BytesIO(encode_png(one)))
        assert file.mode == "L"
        assert (np.array(file) == one).all()
