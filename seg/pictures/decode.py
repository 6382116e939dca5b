"""Uploads decoded and checked."""

import hashlib
import io
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from PIL import ExifTags, Image, ImageCms

from seg.errors import ImageError

MAX_PIXELS = 100_000_000
"""Pictures of more pixels than this are refused before they are decoded."""

# AVIF stands last: a Pillow without it then still opens all the others.
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "AVIF")

_READABLE = "PNG, JPEG, WebP, BMP, TIFF or GIF"

_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"GIF8")

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Picture:
    """A decoded upload. Two pictures are equal when name, notes and digest are."""

    name: str
    pixels: np.ndarray = field(compare=False, repr=False)
    """uint8, (H, W, 3) sRGB or (H, W) grey, upright, C-contiguous."""
    notes: tuple[str, ...]
    """Sentences that a visitor must be told about what decoding did to the picture."""
    digest: str
    """SHA-256 of shape and pixels, in hexadecimal: a key for caches."""

    @classmethod
    def of(cls, pixels: np.ndarray, name: str, notes: tuple[str, ...] = ()) -> "Picture":
        """The picture of these pixels, uint8 (H, W, 3) or (H, W), C-contiguous, which from now on nobody can change."""
        pixels.flags.writeable = False
        return cls(name, pixels, notes, digest(pixels))


def digest(pixels: np.ndarray) -> str:
    """SHA-256 of shape and pixels, in hexadecimal."""
    hashed = hashlib.sha256(repr(pixels.shape).encode())
    hashed.update(np.ascontiguousarray(pixels))
    return hashed.hexdigest()


def decode(data: bytes, name: str) -> Picture:
    """The picture in an uploaded file: any PNG, JPEG, WebP, BMP, TIFF, GIF or AVIF that Pillow can open.

    Grey files (1-bit, 8-bit, 16-bit, float) stay grey, all others become RGB. Whole numbers beyond 8 bits are
    divided by 257 when they use the 16-bit range, kept when they fit 8 bits, and otherwise stretched from their own
    minimum and maximum to 0–255; floats within 0–1 are multiplied by 255, others treated like whole numbers.

    Raises ImageError, and nothing else, for whatever cannot be shown: one sentence that begins with ``name``.
    """
    file, image = open_image(data, name)
    try:
        pixels, notes = _to_pixels(image, white_is_zero=_is_white_zero(file))
        if _has_deep_colours(file, data):
            notes.append("16-bit colours were reduced to 8 bits.")
        notes.extend(_frame_note(file))
    except Exception as error:
        raise ImageError(damaged(name)) from error
    return Picture.of(pixels, name, tuple(notes))


def open_image(data: bytes, name: str) -> tuple[Image.Image, Image.Image]:
    """The opened file, which knows its format and frames, and its first frame, decoded and upright.

    Raises ImageError for all that cannot be opened.
    """
    if not data:
        raise ImageError(f"{name} is empty: choose the file again, it may not have been saved or copied completely.")
    _check_size(_header_size(data), name)
    try:
        file = Image.open(io.BytesIO(data), formats=_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(_too_large(name)) from error
    except Exception as error:
        raise ImageError(_why_not_opened(data, name)) from error
    _check_size(file.size, name)
    try:
        file.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(_too_large(name)) from error
    except Exception as error:
        raise ImageError(damaged(name)) from error
    return file, _upright(file)


def _header_size(data: bytes) -> tuple[int, int] | None:
    """Width and height as the header gives them, for the formats where Pillow would not report a size of zero."""

    if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR" and len(data) >= 24:
        return struct.unpack_from(">II", data, 16)
    if data.startswith(b"BM") and len(data) >= 26:
        if data[14] == 12:  # the OS/2 header
            return struct.unpack_from("<HH", data, 18)
        width, height = struct.unpack_from("<ii", data, 18)
        return width, abs(height)  # a height below zero is that of a picture stored from the top down
    return None


def _check_size(size: tuple[int, int] | None, name: str) -> None:
    if size is None:
        return
    if 0 in size:
        raise ImageError(f"{name} is {by(size)} pixels, so there is nothing in it: save or export the picture again.")
    if size[0] * size[1] > MAX_PIXELS:
        raise ImageError(_too_large(name, size))


def _why_not_opened(data: bytes, name: str) -> str:
    head = data[:4096]
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1"
    text = head.decode(encoding, "ignore").removeprefix("ï»¿").lstrip().lower()
    if text.startswith("<") and (element := re.search(r"<(svg|html|!doctype html)\b", text)):
        if element[1] == "svg":
            return f"{name} is an SVG drawing, which has no pixels: export it as PNG."
        return f"{name} is a web page, not a picture: save the picture itself and choose that file."
    if b"%PDF-" in head[:1024]:
        return f"{name} is a PDF document: export its page or picture as PNG or JPEG."
    if data[4:8] == b"ftyp":
        brand = data[8:12]
        if brand[:2] in (b"he", b"mi", b"ms"):
            return f"{name} is a HEIC picture, which this app does not read: convert it to JPEG or PNG."
        if brand[:3] == b"avi":
            return f"{name} is an AVIF picture that cannot be read here: convert it to JPEG or PNG."
        if brand in (b"isom", b"qt  ", b"M4V ") or brand[:2] == b"mp":
            return f"{name} is a video: save a single frame of it as PNG or JPEG."
    if data.startswith(_SIGNATURES) or (data.startswith(b"RIFF") and data[8:12] == b"WEBP"):
        return damaged(name)
    return f"{name} is not a picture that this app can read: use {_READABLE}."


def damaged(name: str) -> str:
    return f"{name} is damaged, cut short or of an unusual kind: copy or download it again, or save it anew as PNG."


def _too_large(name: str, size: tuple[int, int] | None = None) -> str:
    found = f"is {by(size)} pixels, more than" if size else "is larger than"
    return f"{name} {found} the {MAX_PIXELS // 1_000_000} megapixels that are allowed: make it smaller first."


def by(size: Iterable[int]) -> str:
    return " × ".join(map(str, size))


def _upright(image: Image.Image) -> Image.Image:
    """The image turned as its EXIF orientation says; unlike Pillow's own function, not stopped by other broken EXIF."""
    try:
        turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation))
    except Exception:
        return image
    return image if turn is None else image.transpose(turn)


def _frame_note(file: Image.Image) -> list[str]:
    try:
        several = getattr(file, "is_animated", False)
    except Exception:
        return []
    if not several or file.format == "MPO":  # a phone's JPEG that also holds a preview or a depth map
        return []
    if file.format == "TIFF":
        return ["A file of several pages: only its first page is used."]
    return ["An animation: only its first frame is used."]


def _to_pixels(image: Image.Image, white_is_zero: bool) -> tuple[np.ndarray, list[str]]:
    notes = []
    if image.mode.startswith(("I", "F")):
        values = np.asarray(image)
        transparent = image.info.get("transparency")
        pixels, note = _to_8_bits(values, white_is_zero)
        if isinstance(transparent, int) and (values == transparent).any():
            pixels[values == transparent] = 255
            notes.append("The transparent parts were laid on white.")
        return pixels, [*note, *notes]

    alpha = None
    if image.has_transparency_data:
        image_with_alpha = image.convert("LA" if image.mode in ("1", "L", "LA", "La") else "RGBA")
        alpha = image_with_alpha.getchannel("A")
        flat = image_with_alpha.convert(image_with_alpha.mode.removesuffix("A"))
    elif image.mode == "1":
        flat = image.convert("L")
    else:
        flat = image
    if flat.mode in ("CMYK", "LAB"):
        kind = "print (CMYK)" if flat.mode == "CMYK" else "Lab"
        notes.append(f"Its {kind} colours were converted to screen colours.")
    flat = to_srgb(flat, image.info.get("icc_profile"))
    if alpha is not None and alpha.getextrema()[0] < 255:
        white = Image.new(flat.mode, flat.size, "white")
        white.paste(flat, mask=alpha)
        flat = white
        notes.append("The transparent parts were laid on white.")
    return np.array(flat), notes


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The image, without alpha, in mode L or RGB, its colours those of sRGB."""
    if image.mode == "LAB":
        return _transform(image, ImageCms.createProfile("LAB"))
    if profile and image.mode in ("L", "RGB", "CMYK"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "srgb" not in ImageCms.getProfileDescription(source).lower():
                converted = _transform(image, source)
                return converted.getchannel("G") if image.mode == "L" else converted
        except Exception:  # a broken or unfitting profile: its numbers are taken as sRGB, as viewers do
            pass
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def _transform(image: Image.Image, source: ImageCms.ImageCmsProfile | ImageCms.core.CmsProfile) -> Image.Image:
    return ImageCms.profileToProfile(
        image,
        source,
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


def _to_8_bits(values: np.ndarray, white_is_zero: bool) -> tuple[np.ndarray, list[str]]:
    """uint8 of grey numbers of any other kind, and the note about it. Not-a-number becomes 0."""
    is_float = values.dtype.kind == "f"
    kind = "Floating-point grey" if is_float else "16-bit grey"
    low, high = _range(values)
    if is_float and low >= 0 and high <= 1:
        low, scale, note = 0.0, 255.0, f"{kind} was scaled to 8 bits."
    elif low >= 0 and high <= 255:
        low, scale, note = 0.0, 1.0, f"{kind} was read as 8 bits, which its values fit."
    elif low >= 0 and 16383 < high <= 65535:
        low, scale, note = 0.0, 1 / 257, f"{kind} was scaled to 8 bits."
    else:
        if not is_float and not 0 <= low <= high <= 65535:
            kind = "32-bit grey"
        scale = 255 / (high - low) if high > low else 0.0
        span = f"{low:g} to {high:g}" if is_float else f"{low:.0f} to {high:.0f}"
        note = f"{kind} was stretched from its own range, {span}, to 8 bits."
    pixels = np.empty(values.shape, np.uint8)
    rows = max(1, (1 << 20) // values.shape[1])
    for top in range(0, len(values), rows):  # strips, because a whole picture of doubles may not fit the memory
        with np.errstate(invalid="ignore", over="ignore"):
            strip = (values[top : top + rows].astype(np.float64) - low) * scale
        pixels[top : top + rows] = np.rint(np.clip(np.nan_to_num(strip, posinf=255, neginf=0), 0, 255))
    return (255 - pixels if white_is_zero else pixels), [note]


def _range(values: np.ndarray) -> tuple[float, float]:
    """The least and greatest finite number, 0 and 0 where there is none."""
    if values.dtype.kind != "f":
        return float(values.min()), float(values.max())
    finite = np.isfinite(values)
    if not finite.any():
        return 0.0, 0.0
    return float(values.min(where=finite, initial=np.inf)), float(values.max(where=finite, initial=-np.inf))


def _is_white_zero(file: Image.Image) -> bool:
    """Whether a deep TIFF counts from white to black; Pillow turns shallow ones round itself."""
    return file.format == "TIFF" and file.tag_v2.get(262) == 0


def _has_deep_colours(file: Image.Image, data: bytes) -> bool:
    if file.format == "PNG":
        return data[24] == 16 and data[25] != 0
    if file.format == "TIFF" and not file.mode.startswith(("I", "F")):
        bits = file.tag_v2.get(258, 8)
        return max(bits if isinstance(bits, tuple) else (bits,)) > 8
    return False
