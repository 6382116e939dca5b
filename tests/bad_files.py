"""Files that a visitor may well upload and that are no plain RGB picture, made in memory.

BAD files must end in one clear sentence, ODD ones in a picture.
"""

import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageCms

HEIGHT, WIDTH = 24, 32
"""The size of every ODD picture as it is shown."""


def scene(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """uint8 (height, width, 3): a smooth picture whose four corners differ, so that any turn of it shows."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([255 * x / (width - 1), 255 * y / (height - 1), 255 - 255 * x / (width - 1)], -1).astype(np.uint8)


def saved(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(header: tuple[int, int, int, int], rows: bytes = b"", chunks: tuple[tuple[bytes, bytes], ...] = ()) -> bytes:
    """A PNG written by hand: header is width, height, bit depth, colour type; rows begin with their filter byte."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", *header, 0, 0, 0)),
        *chunks,
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def deep_png(pixels: np.ndarray) -> bytes:
    """A 16-bit PNG of uint16 (H, W), (H, W, 2), (H, W, 3) or (H, W, 4): grey, grey and alpha, RGB, RGBA."""
    height, width = pixels.shape[:2]
    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[pixels.size // (height * width)]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    return png((width, height, 16, colour_type), rows)


def tiff(pixels: np.ndarray, photometric: int, order: str = "<") -> bytes:
    """An uncompressed TIFF of unsigned integers (H, W) or (H, W, C), 8 or 16 bits, written by hand."""
    height, width = pixels.shape[:2]
    channels = pixels.size // (height * width)
    bits = pixels.dtype.itemsize * 8
    body = pixels.astype(f"{order}u{pixels.dtype.itemsize}").tobytes()
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: photometric, 277: channels, 278: height, 279: len(body)}
    extra = 8 + 2 + 12 * (len(tags) + 1) + 4
    tags[273] = extra + 2 * channels
    directory = struct.pack(f"{order}H", len(tags))
    for tag, value in sorted(tags.items()):
        if tag == 258 and channels > 1:
            directory += struct.pack(f"{order}HHII", tag, 3, channels, extra)
        elif tag in (273, 278, 279):
            directory += struct.pack(f"{order}HHII", tag, 4, 1, value)
        else:
            directory += struct.pack(f"{order}HHIHH", tag, 3, 1, value, 0)
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8)
    return head + directory + struct.pack(f"{order}I", 0) + struct.pack(f"{order}H", bits) * channels + body


def swapped_profile() -> bytes:
    """An ICC profile of a screen whose red lamp is sRGB's green one and the other way round, with a gamma of 2.2."""

    def xyz(*values: float) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in values))

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256)) + b"\0\0"
    text = b"swapped lamps\0"
    body = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78),
        b"cprt": b"text\0\0\0\0none\0",
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": xyz(0.3851, 0.7169, 0.0971),
        b"gXYZ": xyz(0.4361, 0.2225, 0.0139),
        b"bXYZ": xyz(0.1431, 0.0606, 0.7141),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    table, blobs, offset = b"", b"", 128 + 4 + 12 * len(body)
    for tag, blob in body.items():
        blob += bytes(-len(blob) % 4)
        table += tag + struct.pack(">II", offset + len(blobs), len(blob))
        blobs += blob
    head = struct.pack(">I4sI4s4s4s", offset + len(blobs), b"lcms", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(body)) + table + blobs


def turned(kind: str, orientation: int) -> bytes:
    """The scene stored so that EXIF orientation 6 or 8 brings it upright."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.rot90(scene(), 1 if orientation == 6 else -1).copy())
    options = {"tiffinfo": exif} if kind == "TIFF" else {"exif": exif}
    lossless = {"lossless": True} if kind == "WEBP" else {"quality": 95} if kind == "JPEG" else {}
    return saved(stored, kind, **options, **lossless)


def _with_alpha(mode: str) -> Image.Image:
    """The scene, its left half transparent."""
    image = Image.fromarray(scene()).convert(mode)
    alpha = np.full((HEIGHT, WIDTH), 255, np.uint8)
    alpha[:, : WIDTH // 2] = 0
    image.putalpha(Image.fromarray(alpha))
    return image


def _frames() -> list[Image.Image]:
    return [Image.fromarray(scene()), Image.fromarray(255 - scene())]


def _animation(kind: str) -> bytes:
    first, second = _frames()
    return saved(first, kind, save_all=True, append_images=[second])


def _transparent_palette() -> bytes:
    image = Image.fromarray(scene()).quantize(16)
    return saved(image, "PNG", transparency=image.getpixel((0, 0)))


def _bad() -> dict[str, tuple[str, bytes, str]]:
    rgb = Image.fromarray(scene(96, 128))
    whole_png, whole_jpeg = saved(rgb, "PNG"), saved(rgb, "JPEG")
    damaged = bytearray(whole_png)
    damaged[damaged.index(b"IHDR") + 7] ^= 1
    bmp = bytearray(saved(rgb, "BMP"))
    bmp[18:22] = bytes(4)
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="4"/></svg>'
    webp = b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0" + bytes(4) + b"\xff\xff\x00\xff\xff\x00" + bytes(8)
    gif = (
        b"GIF89a"
        + struct.pack("<HH", 60000, 60000)
        + bytes(3)
        + b","
        + struct.pack("<4H", 0, 0, 60000, 60000)
        + b"\0\2\0;"
    )
    return {
        "empty": ("empty.png", b"", "is empty"),
        "text": ("notes.jpg", b"Remember the milk.\n" * 40, "not a picture"),
        "noise": ("noise.png", np.random.default_rng(0).bytes(4096), "not a picture"),
        "one byte": ("one.png", b"\x89", "not a picture"),
        "truncated PNG": ("cut.png", whole_png[: len(whole_png) // 2], "cut short"),
        "truncated PNG header": ("head.png", whole_png[:20], "cut short"),
        "truncated JPEG": ("cut.jpg", whole_jpeg[: len(whole_jpeg) // 2], "cut short"),
        "truncated JPEG header": ("head.jpg", whole_jpeg[:60], "cut short"),
        "truncated WebP": ("cut.webp", saved(rgb, "WEBP")[:-200], "cut short"),
        "truncated BMP": ("cut.bmp", saved(rgb, "BMP")[:5000], "cut short"),
        "truncated GIF": ("cut.gif", saved(rgb, "GIF")[:1500], "cut short"),
        "truncated TIFF": ("cut.tif", saved(rgb, "TIFF")[:9000], "cut short"),
        "damaged PNG": ("bits.png", bytes(damaged), "damaged"),
        "SVG": ("drawing.svg", svg.encode(), "SVG drawing"),
        "SVG with a prolog": ("pro.png", f"\ufeff<?xml version='1.0'?>\n<!-- a -->\n{svg}".encode(), "SVG drawing"),
        "SVG in UTF-16": ("wide.svg", f"<?xml version='1.0'?>{svg}".encode("utf-16"), "SVG drawing"),
        "web page": ("photo.jpg", f"<!DOCTYPE html>\n<html><body>{svg}</body></html>".encode(), "web page"),
        "PDF": ("scan.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "PDF document"),
        "HEIC": ("IMG_0001.HEIC", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64), "HEIC picture"),
        "HEIC as mif1": ("IMG_0002.heif", b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + bytes(64), "HEIC picture"),
        "broken AVIF": ("broken.avif", b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + bytes(64), "AVIF picture"),
        "video": ("clip.mp4", b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + bytes(64), "video"),
        "PNG of no width": ("thin.png", png((0, 5, 8, 2)), "0 × 5 pixels"),
        "PNG of no height": ("flat.png", png((5, 0, 8, 2)), "5 × 0 pixels"),
        "BMP of no width": ("thin.bmp", bytes(bmp), "0 × 96 pixels"),
        "bomb": ("bomb.png", png((12_000, 10_000, 8, 2)), "12000 × 10000 pixels, more than the 100 megapixels"),
        "large bomb": ("large.png", png((100_000, 100_000, 8, 2)), "more than the 100 megapixels"),
        "WebP bomb": ("bomb.webp", webp, "the 100 megapixels"),
        "GIF bomb": ("bomb.gif", gif, "the 100 megapixels"),
    }


def _odd() -> dict[str, tuple[str, bytes, tuple[int, ...], str]]:
    rgb = Image.fromarray(scene())
    grey = rgb.convert("L")
    colour, flat = (HEIGHT, WIDTH, 3), (HEIGHT, WIDTH)
    ramp = np.linspace(0, 1, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)
    full, camera, low = (np.rint(ramp * top).astype(np.uint16) for top in (65535, 4095, 200))
    deep = scene().astype(np.uint16) * 257
    lab = ImageCms.profileToProfile(
        rgb, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    long = Image.fromarray((ramp * 9e6).astype(np.int32))
    unit, anything = (Image.fromarray(values.astype(np.float32)) for values in (ramp, ramp * 7 - 3))
    top_down = bytearray(saved(rgb, "BMP"))
    top_down[22:26] = struct.pack("<i", -HEIGHT)
    white, reduced, first = "laid on white", "reduced to 8 bits", "only its first frame"
    return {
        "RGB PNG": ("plain.png", saved(rgb, "PNG"), colour, ""),
        "RGB JPEG": ("plain.jpg", saved(rgb, "JPEG"), colour, ""),
        "progressive JPEG": ("progressive.jpg", saved(rgb, "JPEG", progressive=True), colour, ""),
        "WebP": ("plain.webp", saved(rgb, "WEBP"), colour, ""),
        "BMP": ("plain.bmp", saved(rgb, "BMP"), colour, ""),
        "BMP from the top down": ("topdown.bmp", bytes(top_down), colour, ""),
        "TIFF": ("plain.tif", saved(rgb, "TIFF"), colour, ""),
        "compressed TIFF": ("lzw.tif", saved(rgb, "TIFF", compression="tiff_lzw"), colour, ""),
        "GIF": ("plain.gif", saved(rgb, "GIF"), colour, ""),
        "AVIF": ("plain.avif", saved(rgb, "AVIF", speed=10), colour, ""),
        "wrong extension": ("really_a_png.jpg", saved(rgb, "PNG"), colour, ""),
        "grey PNG": ("grey.png", saved(grey, "PNG"), flat, ""),
        "grey JPEG": ("grey.jpg", saved(grey, "JPEG"), flat, ""),
        "1-bit PNG": ("bits.png", saved(grey.convert("1"), "PNG"), flat, ""),
        "1-bit TIFF": ("fax.tif", saved(grey.convert("1"), "TIFF", compression="group4"), flat, ""),
        "palette PNG": ("palette.png", saved(rgb.quantize(16), "PNG"), colour, ""),
        "transparent palette PNG": ("hole.png", _transparent_palette(), colour, white),
        "RGBA PNG": ("alpha.png", saved(_with_alpha("RGB"), "PNG"), colour, white),
        "RGBA WebP": ("alpha.webp", saved(_with_alpha("RGB"), "WEBP", lossless=True), colour, white),
        "RGBA TIFF": ("alpha.tif", saved(_with_alpha("RGB"), "TIFF"), colour, white),
        "opaque RGBA PNG": ("opaque.png", saved(rgb.convert("RGBA"), "PNG"), colour, ""),
        "grey PNG with alpha": ("grey_alpha.png", saved(_with_alpha("L"), "PNG"), flat, white),
        "PNG with a transparent colour": ("key.png", saved(rgb, "PNG", transparency=(0, 0, 255)), colour, white),
        "grey PNG with a transparent value": ("grey_key.png", saved(grey, "PNG", transparency=29), flat, white),
        "CMYK JPEG": ("print.jpg", saved(rgb.convert("CMYK"), "JPEG"), colour, "print (CMYK)"),
        "CMYK TIFF": ("print.tif", saved(rgb.convert("CMYK"), "TIFF"), colour, "print (CMYK)"),
        "YCbCr TIFF": ("video.tif", saved(rgb.convert("YCbCr"), "TIFF"), colour, ""),
        "Lab TIFF": ("lab.tif", saved(lab, "TIFF"), colour, "Lab colours"),
        "16-bit grey PNG": ("deep.png", deep_png(full), flat, "16-bit grey was scaled"),
        "16-bit grey TIFF": ("deep.tif", tiff(full, 1), flat, "16-bit grey was scaled"),
        "16-bit grey big-endian TIFF": ("deep_be.tif", tiff(full, 1, ">"), flat, "16-bit grey was scaled"),
        "16-bit TIFF from white to black": ("negative.tif", tiff(full, 0), flat, "16-bit grey was scaled"),
        "12-bit grey PNG": ("camera.png", deep_png(camera), flat, "stretched from its own range, 0 to 4095"),
        "8-bit grey in 16-bit PNG": ("shallow.png", deep_png(low), flat, "which its values fit"),
        "16-bit RGB PNG": ("deep_rgb.png", deep_png(deep), colour, reduced),
        "16-bit RGBA PNG": ("deep_rgba.png", deep_png(np.dstack([deep, full])), colour, reduced),
        "16-bit grey PNG with alpha": ("deep_la.png", deep_png(np.dstack([full, full])), colour, reduced),
        "16-bit RGB TIFF": ("deep_rgb.tif", tiff(deep, 2), colour, reduced),
        "32-bit grey TIFF": ("long.tif", saved(long, "TIFF"), flat, "to 9000000, to 8 bits"),
        "float TIFF within 0–1": ("unit.tif", saved(unit, "TIFF"), flat, "scaled"),
        "float TIFF of any range": ("field.tif", saved(anything, "TIFF"), flat, "-3 to 4"),
        "animated GIF": ("moving.gif", _animation("GIF"), colour, first),
        "animated PNG": ("moving.png", _animation("PNG"), colour, first),
        "animated WebP": ("moving.webp", _animation("WEBP"), colour, first),
        "TIFF of two pages": ("pages.tif", _animation("TIFF"), colour, "only its first page"),
        "phone JPEG with a preview": ("phone.jpg", _animation("MPO"), colour, ""),
        "JPEG on its side": ("side.jpg", turned("JPEG", 6), colour, ""),
        "PNG on its other side": ("side.png", turned("PNG", 8), colour, ""),
        "WebP on its side": ("side.webp", turned("WEBP", 6), colour, ""),
        "TIFF on its side": ("side.tif", turned("TIFF", 6), colour, ""),
        "PNG with an odd colour profile": ("swapped.png", saved(rgb, "PNG", icc_profile=swapped_profile()), colour, ""),
        "PNG with a broken colour profile": ("profile.png", saved(rgb, "PNG", icc_profile=b"none" * 60), colour, ""),
    }  # fmt: skip


BAD = _bad()
"""What is wrong: (file name, bytes, a fragment of the sentence that must come)."""

ODD = _odd()
"""What is odd: (file name, bytes, shape of the picture, a fragment of its notes or '' where there must be none)."""
