"""Uploads decoded and checked; label maps coloured, overlaid and written."""

import hashlib
import io
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from PIL import ExifTags, Image, ImageCms

from seg.errors import ImageError
from seg.labels import IGNORE, IGNORE_COLOUR, ClassMap, Colour

MAX_PIXELS = 100_000_000
"""Pictures of more pixels than this are refused before they are decoded."""

WRONG_COLOUR: Colour = (255, 84, 0)
"""Wrong pixels in an error map: a vermilion that stays far from every grey in all common colour visions."""

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

_UNKNOWN = 254
"""Marks a colour or number of a mask file that stands for no class; never leaves this module."""


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


def decode(data: bytes, name: str) -> Picture:
    """The picture in an uploaded file: any PNG, JPEG, WebP, BMP, TIFF, GIF or AVIF that Pillow can open.

    Grey files (1-bit, 8-bit, 16-bit, float) stay grey, all others become RGB. Whole numbers beyond 8 bits are
    divided by 257 when they use the 16-bit range, kept when they fit 8 bits, and otherwise stretched from their own
    minimum and maximum to 0–255; floats within 0–1 are multiplied by 255, others treated like whole numbers.

    Raises ImageError, and nothing else, for whatever cannot be shown: one sentence that begins with ``name``.
    """
    file, image = _open(data, name)
    try:
        pixels, notes = _to_pixels(image, white_is_zero=_is_white_zero(file))
        if _has_deep_colours(file, data):
            notes.append("16-bit colours were reduced to 8 bits.")
        notes.extend(_frame_note(file))
    except Exception as error:
        raise ImageError(_damaged(name)) from error
    digest = hashlib.sha256(repr(pixels.shape).encode())
    digest.update(pixels)
    return Picture(name, pixels, tuple(notes), digest.hexdigest())


def decode_mask(data: bytes, name: str, class_map: ClassMap, size: tuple[int, int] | None = None) -> np.ndarray:
    """The class ids in a truth file: uint8 (H, W), ids of ``class_map`` and IGNORE.

    - Grey files hold ids; ``class_map.disk_ignore`` and 255 become IGNORE.
    - Palette files hold ids as their indices, unless the palette consists of class colours in another order, or the
      indices are no ids while the colours are: then the colours count.
    - Colour files hold the colours of ``class_map`` or of one of its ``other_colours``; black and IGNORE_COLOUR become
      IGNORE, and so does whatever is fully transparent.
    - Black-and-white files (1-bit ones, and those of 0 and 255 only for a map of two classes) are refused: some data
      sets draw the first class black, others white.

    ``size`` is the (height, width) of the picture that the mask belongs to; None accepts any.
    Raises ImageError like `decode`, and for lossy files, a wrong size, and ids or colours that are no class.
    """
    file, image = _open(data, name)
    if _is_lossy(file, data):
        raise ImageError(
            f"{name} is saved with lossy compression, which invents colours between the classes: "
            "save the mask as PNG instead."
        )
    if size is not None and size != (image.height, image.width):
        raise ImageError(
            f"{name} is {_by(image.size)} pixels but its picture is {_by(size[::-1])}; "
            "make the mask the same size as the picture."
        )
    try:
        values = _mask_values(image)
    except Exception as error:
        raise ImageError(_damaged(name)) from error
    if _is_black_and_white(image, values, class_map):
        names = f"0 ({class_map.names[0]}) to {len(class_map) - 1} ({class_map.names[-1]})"
        raise ImageError(
            f"{name} is only black and white, which does not tell the classes apart for certain: "
            f"save it as an 8-bit PNG whose values are the class ids {names}."
        )
    if image.mode == "P":
        return _read_palette(image, values, name, class_map)
    if values.ndim == 2:
        return _read_ids(values, name, class_map)
    return _read_colours(values, name, class_map)


def colour_mask(labels: np.ndarray, class_map: ClassMap) -> np.ndarray:
    """``labels`` uint8 (H, W) in the colours of their classes, IGNORE in IGNORE_COLOUR: uint8 (H, W, 3)."""
    return _palette(class_map)[labels]


def overlay(image: np.ndarray, labels: np.ndarray, class_map: ClassMap, opacity: float) -> np.ndarray:
    """The coloured ``labels`` (H, W) laid over ``image``, uint8 (H, W, 3) or (H, W): uint8 (H, W, 3).

    ``opacity`` runs from 0, the image alone, to 1, the colours alone. Raises ValueError when the sizes differ.
    """
    _check_same_size(image, labels)
    photo = Image.fromarray(image).convert("RGB")
    return np.array(Image.blend(photo, Image.fromarray(colour_mask(labels, class_map)), min(max(opacity, 0.0), 1.0)))


def error_map(image: np.ndarray, labels: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Where ``labels`` and ``truth``, both uint8 (H, W), disagree on ``image``: uint8 (H, W, 3).

    Right pixels show the photo, grey and faint; wrong ones are WRONG_COLOUR, its brightness a little that of the photo;
    pixels that the truth ignores are hatched in grey. Raises ValueError when the sizes differ.
    """
    _check_same_size(image, labels, truth)
    grey = np.array(Image.fromarray(image).convert("L"))
    shade = np.arange(256)
    faint = (64 + shade * 0.5).astype(np.uint8)
    vivid = np.rint(np.array(WRONG_COLOUR) * (0.75 + 0.25 * shade[:, None] / 255)).astype(np.uint8)
    out = np.repeat(faint[grey][..., None], 3, axis=2)
    wrong = (labels != truth) & (truth != IGNORE)
    out[wrong] = vivid[grey[wrong]]
    y, x = np.nonzero(truth == IGNORE)
    out[y, x] = np.where((x + y) % 8 < 3, 225, 105).astype(np.uint8)[:, None]
    return out


def encode_png(array: np.ndarray) -> bytes:
    """A PNG of ``array``, uint8: (H, W) as grey, (H, W, 3) as RGB."""
    return _save(Image.fromarray(array))


def encode_ids(labels: np.ndarray, class_map: ClassMap) -> bytes:
    """A palette PNG of ``labels``, uint8 (H, W), that `decode_mask` reads back exactly.

    Its indices are the class ids, 255 for IGNORE, and its palette is the class colours: one file is both.
    """
    image = Image.fromarray(labels)
    image.putpalette(_palette(class_map).tobytes())
    return _save(image)


def fit(image: np.ndarray, max_side: int) -> np.ndarray:
    """``image``, uint8 (H, W, 3) or (H, W), reduced until no side exceeds ``max_side``; never enlarged."""
    return _reduce(image, max_side, Image.Resampling.LANCZOS)


def fit_labels(labels: np.ndarray, max_side: int) -> np.ndarray:
    """``labels``, uint8 (H, W), reduced like `fit` but by nearest neighbour, so that ids stay ids."""
    return _reduce(labels, max_side, Image.Resampling.NEAREST)


# Opening


def _open(data: bytes, name: str) -> tuple[Image.Image, Image.Image]:
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
        raise ImageError(_damaged(name)) from error
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
        raise ImageError(f"{name} is {_by(size)} pixels, so there is nothing in it: save or export the picture again.")
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
        return _damaged(name)
    return f"{name} is not a picture that this app can read: use {_READABLE}."


def _damaged(name: str) -> str:
    return f"{name} is damaged, cut short or of an unusual kind: copy or download it again, or save it anew as PNG."


def _too_large(name: str, size: tuple[int, int] | None = None) -> str:
    found = f"is {_by(size)} pixels, more than" if size else "is larger than"
    return f"{name} {found} the {MAX_PIXELS // 1_000_000} megapixels that are allowed: make it smaller first."


def _by(size: Iterable[int]) -> str:
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


# Pixels


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
    flat = _to_srgb(flat, image.info.get("icc_profile"))
    if alpha is not None and alpha.getextrema()[0] < 255:
        white = Image.new(flat.mode, flat.size, "white")
        white.paste(flat, mask=alpha)
        flat = white
        notes.append("The transparent parts were laid on white.")
    return np.array(flat), notes


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
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


# Masks


def _is_lossy(file: Image.Image, data: bytes) -> bool:
    return file.format in ("JPEG", "MPO", "AVIF") or (file.format == "WEBP" and b"VP8L" not in data)


def _mask_values(image: Image.Image) -> np.ndarray:
    """Numbers (H, W), palette indices (H, W) or colours uint8 (H, W, 3), what is transparent black."""
    if image.mode == "1":
        return np.array(image.convert("L"))
    if image.mode in ("L", "P") or image.mode.startswith(("I", "F")):
        return np.array(image)
    if image.mode in ("LA", "La"):
        both = np.array(image.convert("LA"))
        return np.where(both[..., 1] == 0, np.uint8(IGNORE), both[..., 0])
    if image.has_transparency_data:
        both = np.array(image.convert("RGBA"))
        both[both[..., 3] == 0] = 0
        return np.ascontiguousarray(both[..., :3])
    return np.array(_to_srgb(image, None))


def _is_black_and_white(image: Image.Image, values: np.ndarray, class_map: ClassMap) -> bool:
    if image.mode == "1":
        return True
    if len(class_map) != 2:
        return False
    shown = _file_palette(image)[_used_indices(image)] if image.mode == "P" else values
    if (image.mode == "P" or shown.ndim == 3) and (shown != shown[..., :1]).any():
        return False
    return bool((shown == 255).any() and ((shown == 0) | (shown == 255)).all())


def _read_ids(values: np.ndarray, name: str, class_map: ClassMap) -> np.ndarray:
    ids = _to_ids(values, class_map)
    unknown = ids == _UNKNOWN
    if unknown.any():
        raise ImageError(_unknown_ids(name, values[unknown], class_map))
    return ids


def _to_ids(values: np.ndarray, class_map: ClassMap) -> np.ndarray:
    table = np.full(256, _UNKNOWN, np.uint8)
    table[: len(class_map)] = np.arange(len(class_map))
    table[[class_map.disk_ignore, IGNORE]] = IGNORE
    if values.dtype == np.uint8:
        return table[values]
    within = (values >= 0) & (values <= 255)
    bytes_ = np.where(within, values, 0).astype(np.uint8)
    return np.where(within & (bytes_ == values), table[bytes_], np.uint8(_UNKNOWN))


def _used_indices(image: Image.Image) -> np.ndarray:
    return np.flatnonzero(image.histogram())


def _read_palette(image: Image.Image, indices: np.ndarray, name: str, class_map: ClassMap) -> np.ndarray:
    ids = _to_ids(np.arange(256, dtype=np.uint8), class_map)
    palette = _file_palette(image)
    used = _used_indices(image)
    indices_are_ids = bool((ids[used] != _UNKNOWN).all())
    for colours in (class_map.colours, *class_map.other_colours):
        by_colour = _colour_table(colours)[_packed(palette)]
        if not (by_colour[used] != _UNKNOWN).all():
            continue
        has_classes = bool((by_colour[used] != IGNORE).any())
        nothing_else = bool((by_colour != _UNKNOWN).all())
        if not indices_are_ids or (has_classes and nothing_else):
            return by_colour[indices]
    if not indices_are_ids:
        raise ImageError(_unknown_ids(name, used[ids[used] == _UNKNOWN], class_map))
    return ids[indices]


def _read_colours(pixels: np.ndarray, name: str, class_map: ClassMap) -> np.ndarray:
    packed = _packed(pixels)
    fewest = None
    for colours in (class_map.colours, *class_map.other_colours):
        ids = _colour_table(colours)[packed]
        unknown = packed[ids == _UNKNOWN]
        if not unknown.size:
            return ids
        if fewest is None or unknown.size < fewest.size:
            fewest = unknown
    if (pixels == pixels[..., :1]).all():  # ids saved as the three equal channels of a colour file
        return _read_ids(np.ascontiguousarray(pixels[..., 0]), name, class_map)
    found = [f"({c >> 16}, {c >> 8 & 255}, {c & 255})" for c in np.unique(fewest)]
    raise ImageError(
        f"{name} has {_listed('colour', found)} of no class: use the {len(class_map)} colours of the "
        f"{class_map.dataset} classes, or a grey PNG of the ids 0 to {len(class_map) - 1}."
    )


def _unknown_ids(name: str, values: np.ndarray, class_map: ClassMap) -> str:
    found = [f"{v:g}" if isinstance(v, float) else str(v) for v in np.unique(values).tolist()]
    allowed = f"0 to {len(class_map) - 1}"
    ignored = " or ".join(map(str, sorted({class_map.disk_ignore, IGNORE})))
    return f"{name} has {_listed('value', found)} of no class: use the ids {allowed}, and {ignored} for unlabelled."


def _listed(noun: str, found: list[str]) -> str:
    shown = ", ".join(found[:5])
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    return f"the {noun}{'s' if len(found) > 1 else ''} {shown}{more}"


def _packed(pixels: np.ndarray) -> np.ndarray:
    """uint8 (..., 3) as one number a colour, 0xRRGGBB."""
    packed = pixels[..., 0].astype(np.uint32)
    for channel in (1, 2):
        packed <<= 8
        packed |= pixels[..., channel]
    return packed


def _colour_table(colours: tuple[Colour, ...]) -> np.ndarray:
    """uint8 (2^24,): the id of every colour, _UNKNOWN for most."""
    table = np.full(1 << 24, _UNKNOWN, np.uint8)
    for id_, (r, g, b) in [(IGNORE, (0, 0, 0)), (IGNORE, IGNORE_COLOUR), *enumerate(colours)]:
        table[r << 16 | g << 8 | b] = id_
    return table


def _palette(class_map: ClassMap) -> np.ndarray:
    """uint8 (256, 3): the colour of every id, IGNORE among them; ids of no class are black."""
    palette = np.zeros((256, 3), np.uint8)
    palette[: len(class_map)] = class_map.colours
    palette[IGNORE] = IGNORE_COLOUR
    return palette


def _file_palette(image: Image.Image) -> np.ndarray:
    """uint8 (256, 3): the palette of a file in mode P, black where the file has none."""
    palette = np.zeros((256, 3), np.uint8)
    stored = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)[:256]
    palette[: len(stored)] = stored
    return palette


# Drawing and writing


def _check_same_size(image: np.ndarray, *maps: np.ndarray) -> None:
    for labels in maps:
        if labels.shape != image.shape[:2]:
            raise ValueError(f"labels of shape {labels.shape} do not fit an image of shape {image.shape}")


def _save(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=3)
    return file.getvalue()


def _reduce(array: np.ndarray, max_side: int, method: Image.Resampling) -> np.ndarray:
    height, width = array.shape[:2]
    scale = max_side / max(height, width)
    if scale >= 1:
        return array
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.array(Image.fromarray(array).resize(size, method))
