"""Textures of walls: brick terraces, shops, colleges, modern blocks, fences, hedges and tree lines."""

import math

import numpy as np
from PIL import Image, ImageDraw

from seg.datasets.street.canvas import Texture, noise, sample_tile, tile

BRICKS = ((176, 152, 112), (150, 92, 70), (166, 130, 96), (134, 84, 64), (188, 166, 130))
RENDERS = ((222, 214, 196), (206, 196, 172), (232, 230, 222), (196, 182, 160), (180, 190, 190), (214, 190, 170))
STONES = ((186, 174, 146), (168, 160, 140), (200, 190, 164))
PANELS = ((150, 152, 152), (178, 176, 170), (120, 112, 102), (96, 104, 112), (164, 140, 112))
SHOPS = (
    (40, 56, 50),
    (34, 42, 70),
    (92, 30, 34),
    (44, 40, 38),
    (190, 186, 176),
    (28, 78, 84),
    (120, 92, 40),
    (70, 70, 76),
)
STYLES = ("terrace", "shop", "rendered", "college", "modern")


def masonry(rng, style: str, width: float, height: float, ppm: float) -> np.ndarray:
    """Bare wall, float32 (h, w, 3): bricks, blocks, plaster or panels with stains."""
    h, w = max(int(height * ppm), 8), max(int(width * ppm), 8)
    kind = {"terrace": "brick", "shop": rng.choice(["brick", "plaster"]), "rendered": "plaster", "college": "stone"}
    kind = kind.get(style, rng.choice(["brick", "panel"]))
    palette = {"brick": BRICKS, "plaster": RENDERS, "stone": STONES, "panel": PANELS}[kind]
    colour = np.array(palette[rng.integers(len(palette))], np.float32) * rng.uniform(0.82, 1.05)
    y = np.arange(h, dtype=np.float32)[:, None] / ppm
    x = np.arange(w, dtype=np.float32)[None] / ppm
    grain = sample_tile(tile(3), x * ppm * 1.7 + rng.integers(512), y * ppm * 1.7 + rng.integers(512))
    stain = noise(rng, h, w, (height * ppm / 3, width * ppm / 5), 4)
    tone = 1 + 0.035 * grain + 0.05 * stain
    size = {"brick": (0.24, 0.085), "stone": (0.62, 0.3), "panel": (1.5, 3.1), "plaster": None}[kind]
    if size:
        row = np.floor(y / size[1])
        shift = (row % 2) * 0.5 if kind != "panel" else row * 0
        col = np.floor(x / size[0] + shift)
        hashed = ((row * 73 + col * 151 + (row * col) * 7) % 97) / 97 - 0.5
        tone = tone * (1 + (0.22 if kind == "brick" else 0.12 if kind == "stone" else 0.04) * hashed)
        joint = ((y / size[1]) % 1 < 0.13) | ((x / size[0] + shift) % 1 < (0.05 if kind != "panel" else 0.03))
        tone = np.where(joint, tone * (1.12 if kind == "brick" else 0.84), tone)
    tone = tone * (1 - 0.14 * np.clip(1 - (height - y) / 1.2, 0, 1))
    return np.clip(colour * tone[..., None], 0, 255)


def window(draw, rng, x0, y0, x1, y1, sash=(232, 230, 222), bars=(2, 2), arched=False, lit=False) -> None:
    """One window in pixel coordinates: reveal, frame, panes with reflections, sill."""
    w, h = x1 - x0, y1 - y0
    t = max(1, round(min(w, h) * 0.07))
    if arched:
        draw.pieslice((x0 - t, y0 - w / 2 - t, x1 + t, y0 + w / 2 + t), 180, 360, fill=(150, 140, 118))
        draw.pieslice((x0, y0 - w / 2, x1, y0 + w / 2), 180, 360, fill=(40, 44, 50))
    draw.rectangle((x0 - t, y0 - (0 if arched else t), x1 + t, y1 + t), fill=(70, 64, 58))
    draw.rectangle((x0, y0, x1, y1), fill=sash)
    base = rng.integers(28, 74)
    nx, ny = bars
    blind = rng.random() < 0.3
    for i in range(nx):
        for j in range(ny):
            a, b = x0 + t + (w - t) * i / nx, x0 + (w - t) * (i + 1) / nx
            c, d = y0 + t + (h - t) * j / ny, y0 + (h - t) * (j + 1) / ny
            if b <= a or d <= c:
                continue
            v = base + rng.integers(-10, 14)
            tone = (v, v + 4, v + 9)
            if lit:
                tone = (226, 186, 112)
            elif blind and j == 0:
                tone = (168, 162, 150)
            draw.rectangle((a, c, b, d), fill=tone)
            if not lit and (d - c) > 4 and rng.random() < 0.5:
                draw.polygon([(a, c), (a + (b - a) * 0.7, c), (a, c + (d - c) * 0.7)], fill=(v + 34, v + 40, v + 48))
    if not arched:
        draw.rectangle((x0 - 2 * t, y0 - 3 * t, x1 + 2 * t, y0 - t), fill=(196, 188, 168))
    draw.rectangle((x0 - 2 * t, y1 + t, x1 + 2 * t, y1 + 2 * t), fill=(190, 184, 170))
    draw.rectangle((x0 - t, y1 + 2 * t, x1 + t, y1 + 3 * t), fill=(84, 76, 68))


def lettering(draw, rng, x0, y0, x1, y1, colour) -> None:
    """Marks that read as a word from afar."""
    x, size = x0 + (x1 - x0) * rng.uniform(0.08, 0.3), (y1 - y0) * 0.5
    middle = (y0 + y1) / 2
    for _ in range(int(rng.integers(4, 12))):
        step = size * rng.uniform(0.5, 0.8)
        if x + step > x1 - size * 0.3:
            break
        draw.rectangle((x, middle - size / 2, x + max(size * 0.16, 1), middle + size / 2), fill=colour)
        if rng.random() < 0.8:
            side = rng.choice([-1, 0, 1])
            at = middle + side * size * 0.42
            draw.rectangle((x, at - size * 0.08, x + step * 0.7, at + size * 0.08), fill=colour)
        if rng.random() < 0.5:
            draw.rectangle((x + step * 0.55, middle - size / 2, x + step * 0.7, middle + size / 2), fill=colour)
        x += step * 1.15


def shopfront(draw, rng, width, h, ppm) -> None:
    """Ground floor of a shop: fascia with lettering, stall riser, panes, door."""
    colour = SHOPS[rng.integers(len(SHOPS))]
    letter = (236, 226, 196) if sum(colour) < 300 else (50, 44, 40)
    w = width * ppm
    draw.rectangle((0, h - 3.35 * ppm, w, h), fill=colour)
    draw.rectangle((0, h - 3.45 * ppm, w, h - 3.3 * ppm), fill=tuple(int(c * 1.25 + 12) for c in colour))
    lettering(draw, rng, 0, h - 3.25 * ppm, w, h - 2.65 * ppm, letter)
    draw.rectangle((0, h - 2.66 * ppm, w, h - 2.58 * ppm), fill=tuple(int(c * 0.5) for c in colour))
    bays = max(int(width / 2.0), 2)
    door = rng.integers(bays)
    for i in range(bays):
        a, b = w * i / bays + 0.1 * ppm, w * (i + 1) / bays - 0.1 * ppm
        bottom = h - (0.05 if i == door else 0.55) * ppm
        v = int(rng.integers(30, 60))
        draw.rectangle((a, h - 2.5 * ppm, b, bottom), fill=(v, v + 2, v + 6))
        for _ in range(7):
            c = rng.uniform(a, b)
            d = h - rng.uniform(0.6, 2.0) * ppm
            e = rng.integers(40, 200, 3)
            draw.rectangle(
                (c, d, min(c + rng.uniform(0.1, 0.5) * ppm, b), min(d + rng.uniform(0.1, 0.6) * ppm, bottom)),
                fill=tuple(int(q * 0.6) for q in e),
            )
        draw.polygon(
            [(a, h - 2.5 * ppm), (a + (b - a) * 0.5, h - 2.5 * ppm), (a, h - 1.4 * ppm)], fill=(v + 50, v + 56, v + 62)
        )
        if i == door:
            draw.rectangle((a, h - 2.0 * ppm, b, h - 1.92 * ppm), fill=colour)


def facade(rng: np.random.Generator, style: str, width: float, floors: int, ppm: float, dusk: bool) -> Texture:
    """The street side of one building, width metres wide, ppm texture pixels a metre."""
    storey = {"terrace": 2.9, "shop": 3.2, "rendered": 2.8, "college": 3.8, "modern": 3.1}[style]
    parapet = 0.9 if style == "college" else 0.5
    height = floors * storey + parapet + (0.4 if style == "shop" else 0)
    image = Image.fromarray(masonry(rng, style, width, height, ppm).astype(np.uint8))
    w, h = image.size
    draw = ImageDraw.Draw(image)
    lit = 0.22 if dusk else 0.015
    sash = (226, 224, 214) if rng.random() < 0.75 else (70, 62, 54)
    bays = max(round(width / {"college": 2.6, "modern": 2.2}.get(style, 2.3)), 1)
    door = int(rng.integers(bays))
    wide = rng.uniform(0.4, 0.52) if style != "modern" else rng.uniform(0.6, 0.85)
    tall = {"college": 0.5, "modern": 0.6}.get(style, rng.uniform(0.5, 0.58))
    bars = (2, 2) if style in ("terrace", "rendered", "shop") else (3, 4) if style == "college" else (2, 1)
    for floor in range(1 if style == "shop" else 0, floors):
        low = h - (floor * storey + 0.85 + (0.4 if style == "shop" else 0)) * ppm
        for i in range(bays):
            centre = w * (i + 0.5) / bays
            half = w / bays * wide / 2
            if floor == 0 and i == door:
                colour = tuple(int(c) for c in rng.integers(20, 120, 3))
                draw.rectangle((centre - 0.62 * ppm, h - 2.55 * ppm, centre + 0.62 * ppm, h), fill=(200, 194, 180))
                draw.rectangle((centre - 0.46 * ppm, h - 2.05 * ppm, centre + 0.46 * ppm, h), fill=colour)
                draw.rectangle(
                    (centre - 0.46 * ppm, h - 2.42 * ppm, centre + 0.46 * ppm, h - 2.12 * ppm), fill=(60, 64, 70)
                )
                continue
            window(
                draw,
                rng,
                centre - half,
                low - tall * storey * ppm,
                centre + half,
                low,
                sash,
                bars,
                style == "college",
                rng.random() < lit,
            )
        if style in ("modern", "college") or (floor == 1 and rng.random() < 0.5):
            line = h - floor * storey * ppm
            draw.rectangle((0, line - 0.1 * ppm, w, line), fill=(182, 176, 160))
            draw.rectangle((0, line, w, line + 0.05 * ppm), fill=(78, 72, 66))
    if style == "shop":
        shopfront(draw, rng, width, h, ppm)
    if style != "college":
        draw.rectangle((0, 0, w, 0.16 * ppm), fill=(214, 208, 194) if style != "modern" else (90, 92, 96))
        draw.rectangle((0, 0.16 * ppm, w, 0.3 * ppm), fill=(66, 60, 56))
    pipe = w * rng.uniform(0.01, 0.04)
    draw.rectangle((pipe, 0.3 * ppm, pipe + max(0.09 * ppm, 1), h), fill=(48, 46, 46))
    if style == "college":
        alpha = Image.new("L", image.size, 255)
        cut = ImageDraw.Draw(alpha)
        step = 1.1 * ppm
        for i in range(math.ceil(w / step)):
            cut.rectangle((i * step, 0, i * step + step * 0.42, 0.45 * ppm), fill=0)
        image.putalpha(alpha)
    return Texture.of(image, width, height)


def gable(rng: np.random.Generator, width: float, height: float, rise: float, ppm: float) -> Texture:
    """The end wall of a building with a pitched roof of the given rise (0 for a flat one)."""
    pixels = masonry(rng, "terrace", width, height + rise, ppm).astype(np.uint8)
    image = Image.fromarray(pixels)
    w, h = image.size
    if rise > 0:
        alpha = Image.new("L", (w, h), 0)
        eaves = h * rise / (height + rise)
        ImageDraw.Draw(alpha).polygon([(0, h), (0, eaves), (w / 2, 0), (w, eaves), (w, h)], fill=255)
        image.putalpha(alpha)
    return Texture.of(image, width, height + rise)


def roof_colour(rng: np.random.Generator) -> np.ndarray:
    """Slate or tile, RGB."""
    choices = ((84, 84, 92), (70, 70, 76), (112, 78, 62), (96, 86, 80))
    return np.array(choices[rng.integers(len(choices))], np.float32) * rng.uniform(0.85, 1.1)


def railing(rng: np.random.Generator) -> Texture:
    """Iron railings, some on a low wall; two metres that repeat."""
    height, ppm = float(rng.uniform(1.0, 1.6)), 60
    plinth = float(rng.choice([0.0, 0.35, 0.6]))
    w, h = 2 * ppm, int(height * ppm)
    image = Image.new("RGBA", (w, h), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    tone = int(rng.integers(22, 60)) if rng.random() < 0.8 else 150
    iron = (tone, tone + 2, tone + 2, 255)
    step = 0.12 * ppm
    for i in range(round(w / step)):
        draw.rectangle((i * step, 0.04 * h, i * step + 2, h), fill=iron)
    for at in (0.1, 0.86):
        draw.rectangle((0, at * h, w, at * h + 3), fill=iron)
    draw.rectangle((0, 0, 5, h), fill=iron)
    if plinth:
        low = Image.fromarray(masonry(rng, "terrace", 2, plinth, ppm).astype(np.uint8)).convert("RGBA")
        image.paste(low, (0, h - low.size[1]))
        draw.rectangle((0, h - low.size[1] - 3, w, h - low.size[1] + 2), fill=(170, 164, 150, 255))
    return Texture.of(image, 2, height)


def garden_wall(rng: np.random.Generator) -> Texture:
    """A brick or stone wall with a coping, or a boarded fence; four metres that repeat."""
    height, ppm = float(rng.uniform(0.9, 2.1)), 50
    if rng.random() < 0.65:
        pixels = masonry(rng, "terrace" if rng.random() < 0.6 else "college", 4, height, ppm)
    else:
        w, h = 4 * ppm, int(height * ppm)
        board = rng.uniform(0.8, 1.1, (1, w // 7 + 1)).repeat(7, 1)[:, :w]
        gap = np.where(np.arange(w) % 7 == 0, 0.55, 1.0)
        grain = 1 + 0.05 * noise(rng, h, w, (h / 2, 3), 2)
        pixels = np.array((120, 100, 78)) * rng.uniform(0.7, 1.1) * (board * gap * grain)[..., None]
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, image.size[0], 5), fill=(158, 150, 134))
    draw.rectangle((0, 6, image.size[0], 7), fill=(60, 54, 50))
    return Texture.of(image, 4, height)


def foliage(rng: np.random.Generator, width: float, height: float, ppm: float, rough: float, colour) -> Texture:
    """A hedge (rough near 0) or a line of trees (rough near 0.5): clumps, gaps, an uneven top."""
    h, w = max(int(height * ppm), 12), max(int(width * ppm), 24)
    clumps = noise(rng, h, w, 1.6 * ppm, 4, 0.7)
    fine = sample_tile(tile(5), np.arange(w)[None] * 1.3, np.arange(h)[:, None] * 1.3)
    profile = noise(rng, 1, w, 5 * ppm, 4, 0.6)[0]
    top = h * np.clip(rough * (0.45 + 0.28 * profile), 0.02, 0.9)
    rows = np.arange(h)[:, None]
    solid = rows > top + clumps * (0.03 + 0.2 * rough) * h * 0.35
    tone = 0.8 + 0.2 * clumps + 0.12 * fine - 0.25 * rows / h
    rgb = np.clip(np.array(colour, np.float32) * np.clip(tone, 0.2, 1.6)[..., None], 0, 255)
    alpha = np.where(solid, 255, 0)
    return Texture.of(Image.fromarray(np.dstack([rgb, alpha]).astype(np.uint8), "RGBA"), width, height)
