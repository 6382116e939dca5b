"""Files that are whole and yet Pillow cannot open: what kind they are, so that nobody calls them damaged."""

import io

import numpy as np
from PIL import Image, ImagePalette, TiffImagePlugin
from PIL.BmpImagePlugin import BmpImageFile

_PHOTOMETRIC = {0: "grey", 1: "grey", 2: "RGB", 3: "palette", 5: "CMYK", 6: "YCbCr", 8: "Lab", 32803: "raw sensor"}
_SAMPLES = {2: "signed ", 3: "floating-point ", 4: "untyped ", 5: "complex ", 6: "complex "}

_KINDS = {1: "u", 2: "i", 3: "f"}
"""TIFF's sample formats as numpy calls them."""

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""How TIFFs begin."""

_FRAMES = {0xC3: "lossless", 0xC5: "hierarchical", 0xC6: "hierarchical", 0xC7: "hierarchical lossless"}
"""JPEG's start-of-frame markers of kinds that few programs read."""


def unusual(data: bytes) -> str | None:
    """'it is a TIFF of 4 bands of 8-bit grey', for a TIFF or JPEG that is whole; None for any other file."""
    try:
        if data.startswith(_TIFF):
            return _unusual_tiff(data)
        if data.startswith(b"\xff\xd8"):
            return _unusual_jpeg(data)
    except Exception:  # whatever a damaged header leads to
        return None
    return None


def double_grey(data: bytes) -> np.ndarray | None:
    """The numbers, float64 (H, W), of an uncompressed TIFF of one band of doubles, which numpy's users write and Pillow
    does not open; None for any other file."""
    numbers = _numbers(data)
    return None if numbers is None or numbers.shape[2] > 1 or numbers.dtype != np.float64 else numbers[..., 0]


def deep_bands(data: bytes) -> np.ndarray | None:
    """The numbers, (H, W, 3), of an uncompressed TIFF of three bands that Pillow does not open, since they are floats
    or 32 bits, or takes for noise, since they lie one after the other; None for any other file."""
    numbers = _numbers(data)
    if numbers is None or numbers.shape[2] != 3 or numbers.dtype.itemsize == 1:
        return None
    return None if numbers.dtype == np.uint16 and _tags(data).get(284, 1) == 1 else numbers


def read_by_its_own_bits(file: Image.Image, data: bytes) -> None:
    """Mend how an opened BMP is about to be loaded: if its palette is black and white or counts its greys, Pillow takes
    it for a file of 1 or 8 bits a pixel, whichever it has, and shows noise."""
    if not isinstance(file, BmpImageFile) or file.mode not in ("1", "L"):
        return
    bits = int.from_bytes(data[24:26] if data[14] == 12 else data[28:30], "little")
    if bits == {"1": 1, "L": 8}[file.mode]:
        return
    greys = (0, 255) if file.mode == "1" else range(256)
    file.palette = ImagePalette.raw("RGB", bytes(grey for grey in greys for _ in range(3)))
    file._mode = "P"
    file.tile = [tile._replace(args=(f"P;{bits}".removesuffix(";8"), *(tile.args or ())[1:])) for tile in file.tile]


def _numbers(data: bytes) -> np.ndarray | None:
    """All numbers, (H, W, bands), of a TIFF without compression, tiles and turns; None for any other file."""
    if not data.startswith(_TIFF):
        return None
    try:
        tags = _tags(data)
        if tags.get(259, 1) != 1 or 273 not in tags or tags.get(274, 1) != 1 or len(set(tags[258])) > 1:
            return None
        strips = b"".join(data[offset : offset + length] for offset, length in zip(tags[273], tags[279], strict=True))
        order = "<" if data[:2] == b"II" else ">"
        kind = np.dtype(f"{order}{_KINDS[tags.get(339, (1,))[0]]}{tags[258][0] // 8}")
        numbers, size = np.frombuffer(strips, kind).astype(kind.newbyteorder("=")), (tags[257], tags[256])
        if tags.get(284, 1) == 2:
            return np.ascontiguousarray(np.moveaxis(numbers.reshape(-1, *size), 0, 2))
        return numbers.reshape(*size, -1)
    except Exception:  # whatever a damaged header leads to
        return None


def _tags(data: bytes) -> TiffImagePlugin.ImageFileDirectory_v2:
    """Of the first page."""
    tags = TiffImagePlugin.ImageFileDirectory_v2(data[: 16 if 43 in data[2:4] else 8])
    file = io.BytesIO(data)
    file.seek(tags.next)
    tags.load(file)
    return tags


def _unusual_tiff(data: bytes) -> str | None:
    tags = _tags(data)
    offsets, lengths = (tags.get(a) or tags[b] for a, b in ((324, 273), (325, 279)))
    ends = [offset + length for offset, length in zip(offsets, lengths, strict=True)]
    if not ends or max(ends) > len(data):
        return None
    width, height, bands = tags[256], tags[257], tags.get(277, 1)
    bits = tags.get(258, (1,))
    apart = tags.get(284) == 2
    if tags.get(259, 1) == 1 and sum(lengths) * 8 < width * height * sum(bits):
        return None
    colours = _PHOTOMETRIC.get(tags.get(262, -1), "unknown colours")
    sample = _SAMPLES.get(max(tags.get(339, (1,))), "")
    packed = "" if tags.get(259, 1) == 1 else f", compressed by method {tags[259]}"
    return (
        f"it is a TIFF of {bands} band{'s' if bands > 1 else ''}{' stored one after the other' if apart else ''} of "
        f"{sample}{max(bits)}-bit {colours}{packed}"
    )


def _unusual_jpeg(data: bytes) -> str | None:
    if not data.rstrip(b"\0").endswith(b"\xff\xd9"):
        return None
    offset = 2
    while data[offset] == 0xFF:
        marker, length = data[offset + 1], int.from_bytes(data[offset + 2 : offset + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            bits, bands = data[offset + 4], data[offset + 9]
            if bits != 8:
                return f"it is a JPEG of {bits} bits"
            if marker in _FRAMES:
                return f"it is a {_FRAMES[marker]} JPEG"
            return f"it is a JPEG of {bands} bands" if bands not in (1, 3, 4) else None
        offset += 2 + length
    return None
