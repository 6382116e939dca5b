"""Pictures of no data set that instruments and cameras take: scans, skies, textures, flat forms."""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from seg.likeness.canvas import cloud, colour, grid, tinted
from seg.likeness.written import sentence


def from_above(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Fields, woods and roads as a satellite sees them."""
    seeds = rng.uniform(0, (height, width), (int(rng.integers(12, 60)), 2))
    yy, xx = np.mgrid[:height, :width]
    bend = cloud(rng, height, width) * 12
    distance = np.abs(yy[..., None] + bend[..., None] - seeds[:, 0]) + np.abs(xx[..., None] - seeds[:, 1])
    owner = distance.argmin(-1)
    tones = np.array([colour(rng, 40, 170) for _ in seeds], np.float32) * (0.8, 1.0, 0.65)
    grain = cloud(rng, height, width, 0.05, 0.8)[..., None]
    return (tones[owner] * (0.7 + 0.6 * grain)).clip(0, 255).astype(np.uint8)


def x_ray(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Bones and soft tissue in grey: ribs, a limb or a slice through a skull."""
    y, x = grid(height, width)
    total = 0.12 * cloud(rng, height, width)
    kind = int(rng.integers(0, 3))
    if kind == 0:
        total += 0.55 * np.exp(-((x / 0.16) ** 2)) + 0.35 * np.exp(-((x / 0.9) ** 4) - (y / 1.3) ** 4)
        for rib in np.linspace(-1.1, 1.1, int(rng.integers(7, 12))):
            total += 0.22 * np.exp(-(((y - rib - 0.4 * x * x) / 0.05) ** 2)) * (np.abs(x) < 0.85)
    elif kind == 1:
        for _ in range(int(rng.integers(1, 6))):
            at, lean, wide = rng.uniform(-0.8, 0.8), rng.normal(0, 0.25), rng.uniform(0.06, 0.25)
            across = (x - at - lean * y) / wide
            total += 0.3 * np.exp(-(across**6)) + 0.25 * np.exp(-(((np.abs(across) - 0.85) / 0.15) ** 2))
            total += 0.1 * np.exp(-((across / 3) ** 2))
    else:
        r = np.hypot(x / rng.uniform(0.7, 0.85), y / rng.uniform(0.85, 0.98))
        total = np.where(r < 0.9, 0.3 + 0.35 * cloud(rng, height, width, 0.25, 0.7), 0.02)
        total += 0.6 * np.exp(-(((r - 0.95) / 0.05) ** 2))
        for side in (-1, 1):
            total -= 0.3 * np.exp(-(((x - side * 0.14) / 0.09) ** 2) - ((y + 0.05) / 0.3) ** 2)
    return tinted(total.clip(0, 1) ** rng.uniform(0.7, 1.3), (0, 0, 0), (255, 255, 255))


def tissue(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Stained cells on a slide, or glowing ones in the dark."""
    glowing = rng.random() < 0.4
    base = cloud(rng, height, width, 0.2, 0.7)
    if glowing:
        picture = tinted(base * 0.25, (0, 0, 0), colour(rng, 10, 90))
    else:
        picture = tinted(base, colour(rng, 205), (int(rng.integers(180, 250)), int(rng.integers(120, 200)), 205))
    sheet = Image.fromarray(picture)
    pen, shade = ImageDraw.Draw(sheet), colour(rng, 100) if glowing else (rng.integers(60, 150), 50, 130)
    size = rng.uniform(2.5, 16)
    for _ in range(int(rng.uniform(0.1, 0.6) * height * width / (4 * size * size))):
        cx, cy, rx, ry = rng.uniform(0, width), rng.uniform(0, height), *(size * rng.uniform(0.5, 1.3, 2))
        tone = tuple(int(v) for v in np.clip(np.array(shade) * rng.uniform(0.7, 1.3), 0, 255))
        pen.ellipse((cx - rx, cy - ry, cx + rx, cy + ry), tone, colour(rng, 60, 160) if rng.random() < 0.3 else None)
    return np.asarray(sheet.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.8))))


def eyeground(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A round field of view with a bright spot and branching vessels, or another instrument's disc."""
    y, x = grid(height, width)
    tone = colour(rng, 60, 256) if rng.random() < 0.4 else (int(rng.integers(150, 250)), int(rng.integers(60, 130)), 40)
    base = (0.55 + 0.35 * cloud(rng, height, width, 0.5)) * (1.1 - 0.4 * np.hypot(x, y))
    sheet = Image.fromarray(tinted(base.clip(0, 1), (0, 0, 0), tone))
    pen, half = ImageDraw.Draw(sheet), min(height, width) / 2
    at = np.array([width / 2 + rng.choice([-1, 1]) * half * 0.4, height / 2])
    dark = tuple(int(v * 0.45) for v in tone)
    pen.ellipse((*(at - half * 0.13), *(at + half * 0.13)), tuple(min(int(v * 1.15) + 40, 255) for v in tone))
    for _ in range(int(rng.integers(8, 26))):
        way = np.cumsum(rng.normal(0, 0.2, 40)) + rng.uniform(0, 2 * math.pi)
        course = at + np.cumsum(np.stack([np.cos(way), np.sin(way)], 1), 0) * half / 22
        pen.line([tuple(p) for p in course.tolist()], dark, int(rng.integers(1, 5)))
    picture = np.asarray(sheet.filter(ImageFilter.GaussianBlur(1))).copy()
    picture[np.hypot(x, y) > 0.95] = 0
    return picture


def sky(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Stars, nebulae, galaxies, or the disc of a moon or a planet."""
    y, x = grid(height, width)
    glow = cloud(rng, height, width, 0.5, 0.6) ** rng.uniform(1.5, 4) * rng.choice([0.1, 0.6])
    light = tinted(glow, (2, 2, 8), colour(rng, 60), colour(rng, 150)).astype(np.float32)
    for _ in range(int(rng.integers(0, 30))):
        cy, cx, r, flat, turn = (
            *rng.uniform(-1.3, 1.3, 2),
            rng.uniform(0.01, 0.09),
            rng.uniform(1, 4),
            rng.uniform(0, 3),
        )
        along, across = (x - cx) * math.cos(turn) + (y - cy) * math.sin(turn), (y - cy) * math.cos(turn)
        across = across - (x - cx) * math.sin(turn)
        light += np.exp(-np.hypot(along, across * flat) / r)[..., None] * colour(rng, 100)
    for _ in range(int(rng.integers(20, 500))):
        row, column = int(rng.integers(height)), int(rng.integers(width))
        light[row : row + 1 + int(rng.random() < 0.15), column] = rng.integers(90, 256)
    if rng.random() < 0.5:
        cy, cx, r = *rng.uniform(-0.6, 0.6, 2), rng.uniform(0.4, 1.6)
        distance = np.hypot(y - cy, x - cx) / r
        ground = (0.4 + 0.6 * cloud(rng, height, width, 0.4, 0.75)) * (1 - 0.5 * distance)
        for _ in range(int(rng.integers(0, 40))):
            py, px, size = *rng.uniform(-1, 1, 2), rng.uniform(0.02, 0.2)
            ring = np.hypot(y - py, x - px) / size
            ground += 0.25 * np.exp(-((ring - 1) ** 2) * 20) - 0.2 * np.exp(-(ring**4))
        ground *= np.clip(0.6 + (x * math.cos(cx * 9) + y * math.sin(cx * 9)), 0.05, 1)
        tone = colour(rng, 140) if rng.random() < 0.4 else (215, 215, 215)
        light = np.where((distance < 1)[..., None], tinted(ground.clip(0, 1), (0, 0, 0), tone), light)
    return light.clip(0, 255).astype(np.uint8)


def grain(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Noise: white, clouded, streaked like wood, or pebbled like gravel and plaster."""
    kind = int(rng.integers(0, 5))
    if kind == 0:
        small = rng.random((height // int(rng.integers(1, 6)), width // int(rng.integers(1, 6)), 3))
        return np.asarray(Image.fromarray((small * 255).astype(np.uint8)).resize((width, height)))
    if kind == 1:
        values = cloud(rng, height, width, rng.uniform(0.02, 0.5), rng.uniform(0.4, 1))
    elif kind == 2:
        rings = cloud(rng, height, width, 0.8, 0.3) * rng.uniform(5, 40)
        values = 0.5 + 0.4 * np.sin(rings) + 0.1 * cloud(rng, height, width, 0.02)
    else:
        seeds = rng.uniform(0, (height, width), (int(rng.integers(60, 400)), 2)).astype(np.float32)
        yy, xx = np.mgrid[:height:2, :width:2].astype(np.float32)
        distance = np.hypot(yy[..., None] - seeds[:, 0], xx[..., None] - seeds[:, 1])
        nearest = np.sort(np.partition(distance, 1, -1)[..., :2], -1)
        tone = rng.random(len(seeds))[distance.argmin(-1)]
        values = (0.35 + 0.65 * tone) * np.clip((nearest[..., 1] - nearest[..., 0]) / rng.uniform(2, 9), 0, 1)
        values = np.asarray(Image.fromarray(values.astype(np.float32)).resize((width, height)))
        values = values * (0.7 + 0.3 * cloud(rng, height, width, 0.03, 0.9))
    grey = rng.random() < 0.4
    return tinted(values, *([(20, 20, 20), (235, 235, 235)] if grey else [colour(rng) for _ in range(3)]))


def blades(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Grass, fur, straw or fabric from very near: strokes over strokes, and nothing else."""
    tone, spread = np.array(colour(rng, 40, 210)), rng.uniform(0.1, 1.2)
    if rng.random() < 0.4:
        tone[:] = tone.mean()
    sheet = Image.new("RGB", (width, height), tuple((tone * 0.4).astype(int).tolist()))
    pen, long, lean = ImageDraw.Draw(sheet), rng.uniform(8, 60), rng.uniform(0, math.pi)
    for _ in range(int(height * width / long / 2.5)):
        x, y, turn = rng.uniform(0, width), rng.uniform(0, height), rng.normal(lean, spread)
        end = (x + long * math.cos(turn), y + long * math.sin(turn))
        shade = tuple(np.clip(tone * rng.uniform(0.4, 1.35), 0, 255).astype(int).tolist())
        pen.line((x, y, *end), shade, int(rng.integers(1, 4)))
    return np.asarray(sheet)


def pattern(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Bricks, tiles, checks, stripes, dots or a weave, again and again."""
    kind, cell = int(rng.integers(0, 5)), int(rng.integers(5, 50))
    yy, xx = np.mgrid[:height, :width]
    if kind == 0:
        tall, wide, joint = cell, cell * 2, max(cell // 8, 1)
        row = yy // tall
        column = (xx + (row % 2) * cell) // wide
        tone = rng.random((height // tall + 2, width // wide + 3))[row, column] * 0.5 + 0.4
        open_joint = (yy % tall < joint) | ((xx + (row % 2) * cell) % wide < joint)
        values = np.where(open_joint, rng.choice([0.1, 0.95]), tone)
    elif kind == 1:
        values = (yy // cell + xx // cell) % 2
    elif kind == 2:
        turn = rng.uniform(0, math.pi)
        values = np.sin((yy * math.sin(turn) + xx * math.cos(turn)) * 2 * math.pi / cell) > rng.uniform(-0.8, 0.8)
    elif kind == 3:
        values = np.hypot(yy % cell - cell / 2, xx % cell - cell / 2) < cell * rng.uniform(0.15, 0.48)
    else:
        values = 0.5 + 0.25 * np.sin(yy * 2 * math.pi / cell) + 0.25 * np.sin(xx * 2 * math.pi / cell)
    values = values * 0.85 + 0.15 * cloud(rng, height, width, 0.05, 0.9)
    grey = rng.random() < 0.35
    return tinted(values, *([(25, 25, 25), (230, 230, 230)] if grey else [colour(rng), colour(rng)]))


def objects_on_a_plain(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Round or angular things in rows on an even ground: coins, pills, seeds, badges."""
    ground = cloud(rng, height, width, 0.6, 0.4)
    base = colour(rng, 0, 120) if rng.random() < 0.5 else colour(rng, 140)
    picture = tinted(ground, tuple(int(v * 0.7) for v in base), base).astype(np.float32)
    grey, rows, columns = rng.random() < 0.5, *rng.integers(1, 7, 2).tolist()
    across = min(height / rows, width / columns)
    yy, xx = np.mgrid[:height, :width].astype(np.float32)
    for row in range(rows):
        for column in range(columns):
            cy, cx = (row + 0.5) * height / rows, (column + 0.5) * width / columns
            r = across * rng.uniform(0.28, 0.48)
            distance = np.hypot(yy - cy, (xx - cx) * rng.choice([1, 1, 1.5])) / r
            relief = cloud(rng, height, width, rng.uniform(0.03, 0.1), 0.8)
            light = (0.45 + 0.5 * relief) * (1 - 0.25 * (xx - cx + yy - cy) / (2 * r))
            light = light + 0.3 * np.exp(-(((distance - 0.93) / 0.05) ** 2))
            picture = np.where((distance < 1)[..., None], light[..., None] * colour(rng, 90), picture)
    if grey:
        picture = np.repeat(picture.mean(-1, keepdims=True), 3, -1)
    return picture.clip(0, 255).astype(np.uint8)


def plain(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """One colour, a gradient, a wheel of hues, or a few flat forms: a logo, a flag, an icon."""
    y, x = grid(height, width)
    kind = int(rng.integers(0, 4))
    if kind == 0:
        return tinted(np.full((height, width), 0.5), colour(rng), colour(rng))
    if kind == 1:
        turn = rng.uniform(0, 2 * math.pi)
        return tinted((0.5 + 0.4 * (x * math.cos(turn) + y * math.sin(turn))).clip(0, 1), colour(rng), colour(rng))
    if kind == 2:
        hue, far = np.arctan2(y, x) / (2 * math.pi) + 0.5, np.hypot(x, y)
        hsv = np.stack([hue, far.clip(0, 1), np.full_like(hue, rng.uniform(0.6, 1))], -1)
        disc = np.asarray(Image.fromarray((hsv * 255).astype(np.uint8), "HSV").convert("RGB"))
        return np.where((far < 0.95)[..., None], disc, np.uint8(rng.choice([0, 255])))
    sheet = Image.new("RGB", (width, height), colour(rng))
    pen = ImageDraw.Draw(sheet)
    for _ in range(int(rng.integers(1, 9))):
        corners = rng.uniform(-0.1, 1.1, (int(rng.integers(3, 7)), 2)) * (width, height)
        left, top, right, bottom = *corners.min(0).tolist(), *corners.max(0).tolist()
        if rng.random() < 0.5:
            pen.polygon([tuple(p) for p in corners.tolist()], colour(rng))
        else:
            pen.ellipse((left, top, right, bottom), colour(rng))
    if rng.random() < 0.5:
        size = height * rng.uniform(0.1, 0.3)
        pen.text((width * 0.1, height * 0.4), sentence(rng, 1).upper(), colour(rng), ImageFont.load_default(size))
    return np.asarray(sheet)
