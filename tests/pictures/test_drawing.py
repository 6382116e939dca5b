import io

import numpy as np
import pytest
from PIL import Image

from seg.pictures.drawing import encode_thumbnail


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
