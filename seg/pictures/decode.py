"""Uploads decoded and checked."""

import hashlib
import io
import re
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module

import numpy as np
from PIL import ExifTags, Image, ImageCms
from PIL.TiffImagePlugin import TiffImageFile

from seg.errors import ImageError
from seg.pictures.unusual import deep_bands, double_grey, read_by_its_own_bits, unusual

MAX_PIXELS = 100_000_000
"""Pictures of more pixels than this are refused before they are decoded."""

# AVIF stands last: a Pillow without it then still opens all the others.
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "AVIF")

_READABLE = "PNG, JPEG, WebP, BMP, TIFF or GIF"

_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"GIF8")

_OTHER_ORDER = {
    f"{colours};16{order}": f"{colours};16{'L' if order == 'B' or (order, sys.byteorder) == ('N', 'big') else 'B'}"
    for colours in ("RGB", "RGBA", "RGBX")
    for order in "LBN"
}
"""Pillow's names of 16-bit layouts, L for little-endian, B for big-endian, N as the machine is: the other of each."""

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
    orientation: int = field(default=1, compare=False)
    """How the file's pixels were turned upright, as EXIF counts it: 1 for not at all, more than 4 for on its side."""

    @classmethod
    def of(cls, pixels: np.ndarray, name: str, notes: tuple[str, ...] = (), orientation: int = 1) -> "Picture":
        """The picture of these pixels, uint8 (H, W, 3) or (H, W), C-contiguous, which from now on nobody can change."""
        pixels.flags.writeable = False
        return cls(name, pixels, notes, digest(pixels), orientation)


def digest(pixels: np.ndarray) -> str:
    """SHA-256 of shape and pixels, in hexadecimal."""
    hashed = hashlib.sha256(repr(pixels.shape).encode())
    hashed.update(np.ascontiguousarray(pixels).data)
    return hashed.hexdigest()


def decode(data: bytes, name: str, most: int = MAX_PIXELS) -> Picture:
    """The picture in a file: any PNG, JPEG, WebP, BMP, TIFF, GIF or AVIF that Pillow opens, and HEIC with pillow-heif.

    Grey files (1-bit, 8-bit, 16-bit, float) stay grey, all others become RGB. Whole numbers beyond 8 bits, of grey and
    of colours alike, are divided by 257 when they use the 16-bit range, kept when they fit 8 bits, and otherwise
    stretched from their own minimum and maximum to 0–255; floats within 0–1 are multiplied by 255, others treated like
    whole numbers.

    most: pixels; larger pictures are refused before they are decoded. Raises ImageError, and nothing else, for whatever
    cannot be shown: one sentence that begins with ``name``.
    """
    if (bands := deep_bands(data)) is not None:
        _check_size(bands.shape[1::-1], name, most)
        scaled, notes = _to_8_bits(bands.reshape(len(bands), -1), False, colour=True)
        return Picture.of(scaled.reshape(bands.shape), name, tuple(notes))
    file, image, orientation = open_image(data, name, most)
    if _is_misread(file, data):
        raise ImageError(_why_not_read(data, name))
    try:
        shallow, deep_notes = _shallow(file, image, data)
        pixels, notes = _to_pixels(shallow, white_is_zero=_is_white_zero(file))
        notes.extend((*deep_notes, *_frame_note(file)))
    except Exception as error:
        raise ImageError(damaged(name)) from error
    return Picture.of(pixels, name, tuple(notes), orientation)


def open_image(data: bytes, name: str, most: int = MAX_PIXELS) -> tuple[Image.Image, Image.Image, int]:
    """The opened file, which knows its format and frames; its first frame, decoded and upright; and how it was turned
    for that, as EXIF counts it. Raises ImageError for all that cannot be opened.
    """
    if not data:
        raise ImageError(f"{name} is empty: choose the file again, it may not have been saved or copied completely.")
    _check_size(_header_size(data), name, most)
    try:
        file = Image.open(
            io.BytesIO(data), formats=(*_FORMATS, "HEIF") if _is_heic(data) and _reads_heic() else _FORMATS
        )
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(_too_large(name, most)) from error
    except Exception as error:
        numbers = double_grey(data)
        if numbers is None:
            raise ImageError(_why_not_opened(data, name)) from error
        file = Image.fromarray(numbers.astype(np.float32))
    _check_size(file.size, name, most)
    read_by_its_own_bits(file, data)
    orientation = _orientation(file)
    try:
        file.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(_too_large(name, most)) from error
    except Exception as error:
        raise ImageError(_why_not_read(data, name)) from error
    return file, turned(file, _orientation(file)), orientation  # Pillow has turned a TIFF by now, and no other


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


def _check_size(size: tuple[int, int] | None, name: str, most: int) -> None:
    if size is None:
        return
    if 0 in size:
        raise ImageError(f"{name} is {by(size)} pixels, so there is nothing in it: save or export the picture again.")
    if size[0] * size[1] > most:
        raise ImageError(_too_large(name, most, size))


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
    if _is_heic(data):
        if _reads_heic():
            return f"{name} is a HEIC picture that is damaged or cut short: copy or download it again."
        return (
            f"{name} is a HEIC picture, which is not read here: send it as JPEG (an iPhone takes JPEGs by Settings, "
            "Camera, Formats, 'Most Compatible'), or run pip install pillow-heif where this program runs."
        )
    if data[4:8] == b"ftyp":
        brand = data[8:12]
        if brand[:3] == b"avi":
            return f"{name} is an AVIF picture that cannot be read here: convert it to JPEG or PNG."
        if brand in (b"isom", b"qt  ", b"M4V ") or brand[:2] == b"mp":
            return f"{name} is a video: save a single frame of it as PNG or JPEG."
    if data.startswith(_SIGNATURES) or (data.startswith(b"RIFF") and data[8:12] == b"WEBP"):
        return _why_not_read(data, name)
    return f"{name} is not a picture that this app can read: use {_READABLE}."


def damaged(name: str) -> str:
    return f"{name} is damaged or cut short: copy or download it again, or save it anew as PNG."


def _why_not_read(data: bytes, name: str) -> str:
    """Of a file that is a picture by its first bytes."""
    kind = unusual(data)
    if kind is None:
        return damaged(name)
    return f"{name} is intact, but {kind}, which cannot be read here: save it as PNG or as JPEG."


def _is_heic(data: bytes) -> bool:
    return data[4:8] == b"ftyp" and data[8:10] in (b"he", b"mi", b"ms")


@cache
def _reads_heic() -> bool:
    """Whether the optional pillow-heif is there; Pillow then knows the format."""
    try:
        import_module("pillow_heif").register_heif_opener()
    except ImportError:
        return False
    return True


def _too_large(name: str, most: int, size: tuple[int, int] | None = None) -> str:
    found = f"is {by(size)} pixels, more than" if size else "is larger than"
    return f"{name} {found} the {most // 1_000_000} megapixels that are allowed: make it smaller first."


def by(size: Iterable[int]) -> str:
    return " × ".join(map(str, size))


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """The image turned as pixels of that EXIF orientation must be to stand upright."""
    return image if orientation == 1 else image.transpose(_TURNS[orientation])


def _orientation(image: Image.Image) -> int:
    """As EXIF says; unlike Pillow's own function, not stopped by other broken EXIF."""
    try:
        found = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:
        return 1
    return found if found in _TURNS else 1


def _frame_note(file: Image.Image) -> list[str]:
    try:
        several = getattr(file, "is_animated", False)
    except Exception:
        return []
    if not several or file.format == "MPO":  # a phone's JPEG that also holds a preview or a depth map
        return []
    if file.format == "TIFF":
        return ["A file of several pages: only its first page is used."]
    if file.format == "HEIF":
        return ["A file of several pictures: only its first is used."]
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
    if alpha is not None and alpha.getextrema() != (255, 255):
        white = Image.new(flat.mode, flat.size, "white")
        white.paste(flat, mask=alpha)
        flat = white
        notes.append("The transparent parts were laid on white.")
    return np.array(flat), notes


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The image, without alpha, in mode L or RGB, its colours those of sRGB."""
    if image.mode == "LAB":
        return _transform(image, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")))
    if profile and image.mode in ("L", "RGB", "CMYK"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "srgb" not in ImageCms.getProfileDescription(source).lower():
                converted = _transform(image, source)
                return converted.getchannel("G") if image.mode == "L" else converted
        except Exception:  # nosec B110 # a broken or unfitting profile: its numbers are taken as sRGB, as viewers do
            pass
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def _transform(image: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image:
    return ImageCms.buildTransform(
        source,
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
        image.mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    ).apply(image)


def _to_8_bits(values: np.ndarray, white_is_zero: bool, colour: bool = False) -> tuple[np.ndarray, list[str]]:
    """uint8 of numbers (H, W) of any other kind, and the note about it. Not-a-number becomes 0."""
    is_float = values.dtype.kind == "f"
    what = "colours were" if colour else "grey was"
    kind = f"{'Floating-point' if is_float else '16-bit'} {what}"
    low, high = _range(values)
    if is_float and low >= 0 and high <= 1:
        low, scale, note = 0.0, 255.0, f"{kind} scaled to 8 bits."
    elif low >= 0 and high <= 255:
        low, scale, note = 0.0, 1.0, f"{kind} read as 8 bits, which {'their' if colour else 'its'} values fit."
    elif low >= 0 and 16383 < high <= 65535:
        low, scale, note = 0.0, 1 / 257, f"{kind} {'reduced' if colour else 'scaled'} to 8 bits."
    else:
        if not is_float and not 0 <= low <= high <= 65535:
            kind = f"32-bit {what}"
        scale = 255 / (high - low) if high > low else 0.0
        span = f"{low:g} to {high:g}" if is_float else f"{low:.0f} to {high:.0f}"
        note = f"{kind} stretched from {'their' if colour else 'its'} own range, {span}, to 8 bits."
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
    return isinstance(file, TiffImageFile) and file.tag_v2.get(262) == 0


def sample_bits(file: Image.Image, data: bytes) -> int:
    """Bits of each number of a PNG or TIFF; 8 for all other formats."""
    if file.format == "PNG":
        return data[24]
    if isinstance(file, TiffImageFile):
        bits = file.tag_v2.get(258, 8)
        return max(bits if isinstance(bits, tuple) else (bits,))
    return 8


def _shallow(file: Image.Image, image: Image.Image, data: bytes) -> tuple[Image.Image, list[str]]:
    """The image with its colours in 8 bits, scaled as deep grey is, and the note about it.

    Pillow opens 16-bit colours by their upper bytes alone, so that a dim picture would come out black.
    """
    if image.mode not in ("RGB", "RGBA", "CMYK", "LAB") or sample_bits(file, data) <= 8:
        return image, []
    deep = deep_colours(image, data)
    if deep is None:
        return image, ["16-bit colours were reduced to 8 bits."]
    scaled, notes = _to_8_bits(deep.reshape(len(deep), -1), False, colour=True)
    shallow = Image.fromarray(np.dstack([scaled.reshape(deep.shape), np.asarray(image)[..., 3:]]))
    shallow.info = image.info
    return shallow, notes


def deep_colours(image: Image.Image, data: bytes) -> np.ndarray | None:
    """uint16 (H, W, 3) of a file of 16-bit colours that Pillow opened as the upright image, by their upper bytes alone;
    None where the file has another layout."""
    lower = _lower_bytes(data)
    if lower is None:
        return None
    upright = turned(lower, _orientation(lower))
    return np.asarray(image)[..., :3].astype(np.uint16) << 8 | np.asarray(upright)[..., :3]


def _is_misread(file: Image.Image, data: bytes) -> bool:
    """Whether Pillow takes a TIFF of deep bands stored one after the other for one of 8 bits, and shows noise."""
    return isinstance(file, TiffImageFile) and file.tag_v2.get(284) == 2 and sample_bits(file, data) > 8


def _lower_bytes(data: bytes) -> Image.Image | None:
    """The lower bytes of 16-bit colours: the upper ones of the same file if its numbers were of the other byte order.
    None for files that have another layout."""
    file = Image.open(io.BytesIO(data), formats=_FORMATS)
    swapped = []
    for tile in file.tile:
        raw, *rest = tile.args if isinstance(tile.args, tuple) else (tile.args,)
        if raw not in _OTHER_ORDER:
            return None
        swapped.append(tile._replace(args=(_OTHER_ORDER[raw], *rest) if rest else _OTHER_ORDER[raw]))
    file.tile = swapped
    file.load()
    return file
