"""A class cut out of its photo: what is none of it becomes transparent."""

import numpy as np
from PIL import Image, ImageFilter

EDGE = 1 / 200
"""How far a doubt about the edge reaches, in long sides of the photo."""
_ROWS = 256


def cut_out(photo: np.ndarray, labels: np.ndarray, confidence: np.ndarray | None, class_id: int) -> np.ndarray:
    """The pixels of ``photo``, uint8 (H, W, 3) or (H, W), that ``labels`` give to a class: RGBA, uint8 (H, W, 4).

    labels: uint8 (h, w); confidence: float (h, w) in [0, 1], not-a-number for sure, or None. Both are laid over the
    photo. The edge is as soft as the network is unsure there: a pixel beside it is as opaque as the class is likely,
    one far from it is all there or not at all. Without a confidence the edge is hard.
    """
    height, width = photo.shape[:2]
    inside = (labels == class_id).astype(np.uint8) * 255
    mask = Image.fromarray(inside).resize((width, height), Image.Resampling.NEAREST)
    near = mask.filter(ImageFilter.GaussianBlur(max(1.0, EDGE * max(height, width))))
    sure = None if confidence is None else _laid_over(confidence, height, width)
    out = np.zeros((height, width, 4), np.uint8)
    for top in range(0, height, _ROWS):
        rows = slice(top, top + _ROWS)
        is_class = np.asarray(mask.crop((0, top, width, min(height, top + _ROWS)))) > 0
        opacity = is_class.astype(np.float32)
        if sure is not None:
            blurred = np.asarray(near.crop((0, top, width, min(height, top + _ROWS))), np.float32) / 255
            edge = 4 * blurred * (1 - blurred)
            likely = np.where(is_class, sure[rows], 1 - sure[rows].astype(np.float32))
            opacity += edge * (np.where(np.isnan(likely), opacity, likely) - opacity)
        alpha = np.rint(opacity * 255).astype(np.uint8)
        colour = photo[rows] if photo.ndim == 3 else photo[rows, :, None]
        out[rows, :, :3] = colour * (alpha > 0)[..., None]
        out[rows, :, 3] = alpha
    return out


def _laid_over(confidence: np.ndarray, height: int, width: int) -> np.ndarray:
    """A confidence at another size, float (height, width)."""
    if confidence.shape == (height, width):
        return confidence
    known = np.nan_to_num(confidence.astype(np.float32), nan=1.0)
    return np.asarray(Image.fromarray(known).resize((width, height), Image.Resampling.BILINEAR))
