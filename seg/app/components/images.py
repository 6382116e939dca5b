"""Small pictures on their way to the browser."""

import base64

import numpy as np

from seg.pictures.drawing import encode_png


def url(image: np.ndarray) -> str:
    """``image``, uint8 (h, w) or (h, w, 3), as the address of itself."""
    return f"data:image/png;base64,{base64.b64encode(encode_png(image)).decode()}"
