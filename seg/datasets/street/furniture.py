"""What stands along a street: trees, posts, lamps and signs."""

import math

import numpy as np

from seg.datasets.street.canvas import NEAR, Sprite, ellipse, noise, sample_tile, tile


def tree(canvas, camera, rng, x: float, z: float, tall: float, bare: bool, obj: int) -> None:
    """A tree at street (x, z), metres: a trunk, boughs, and a crown of leaves, or of twigs the sky shines through."""
    light = canvas.light
    scale = camera.focal / z
    px = camera.cx + scale * (x + float(camera.shift(z)))
    py = camera.horizon + scale * camera.height
    spread, crown = tall * rng.uniform(0.3, 0.42), tall * rng.uniform(0.34, 0.42)
    middle = py - (tall - crown) * scale
    rx, ry = spread * scale, crown * scale
    sprite = Sprite(canvas, px - rx * 1.15, middle - ry * 1.15, px + rx * 1.15, py)
    if sprite.empty or z < NEAR:
        return
    bark = np.array((74, 66, 56)) * light.front * rng.uniform(0.65, 1.0)
    trunk = tall * 0.022 + 0.06
    sprite.capsule(
        px, py + trunk * scale * 0.2, trunk * scale * 1.25, px + 0.02 * rx, middle, trunk * scale * 0.75, bark
    )
    queue = [(px, py - tall * 0.26 * scale, -math.pi / 2 + rng.normal(0, 0.05), tall * 0.2, trunk * 0.8, 0)]
    deepest = 1 if not bare else 5 if scale * tall > 260 else 4
    while queue:
        ax, ay, angle, reach, thick, level = queue.pop()
        bx, by = ax + math.cos(angle) * reach * scale, ay + math.sin(angle) * reach * scale
        sprite.capsule(
            ax, ay, max(thick * scale, 0.5), bx, by, max(thick * 0.6 * scale, 0.5), bark * (1 + 0.06 * level)
        )
        if level < deepest:
            forks = rng.normal((-0.48, 0.05, 0.48) if level < 3 else (-0.4, 0.4), 0.2)
            queue += [
                (bx, by, angle + bend, reach * rng.uniform(0.62, 0.86), thick * 0.52, level + 1) for bend in forks
            ]
    h, w = sprite.height, sprite.width
    small_h, small_w = max(h // 3, 4), max(w // 3, 4)
    gx = (np.arange(small_w, dtype=np.float32)[None] + 0.5) * (w / small_w) + sprite.left
    gy = (np.arange(small_h, dtype=np.float32)[:, None] + 0.5) * (h / small_h) + sprite.top
    field, glow = np.full((small_h, small_w), -1.0, np.float32), np.zeros((small_h, small_w), np.float32)
    for _ in range(18):
        a, r = rng.uniform(0, 2 * math.pi), math.sqrt(rng.uniform(0, 1)) * 0.68
        bx, by, br = px + rx * r * math.cos(a), middle + ry * r * math.sin(a), rng.uniform(0.3, 0.5)
        dx, dy = (gx - bx) / (rx * br), (gy - by) / (ry * br)
        bump = 1 - dx * dx - dy * dy
        nearer = bump > field
        field = np.where(nearer, bump, field)
        glow = np.where(nearer, -dy * 0.55 + dx * 0.45 * light.sun, glow)
    rows, cols = (np.arange(h) * small_h // h), (np.arange(w) * small_w // w)
    field, glow = field[rows][:, cols], glow[rows][:, cols]
    clumps = noise(rng, h, w, max(0.7 * scale, 3), 5, 0.75)
    leaves = field + 0.32 * clumps > (0.12 if not bare else 0.05)
    rgba = np.asarray(sprite.image)
    wood = rgba[..., 3] > 0
    fine = sample_tile(tile(5), np.arange(w)[None] * 1.7 + px, np.arange(h)[:, None] * 1.7)
    if bare:
        twig = np.array((98, 88, 80)) * light.front * rng.uniform(0.6, 1.1)
        rgb = np.where(wood[..., None], rgba[..., :3], twig * (1 + 0.15 * fine[..., None]))
        twigs = sample_tile(tile(11, 512, 4, 3), np.arange(w)[None] * 2.0 + px, np.arange(h)[:, None] * 0.55)
        veil = np.clip(0.9 * (twigs + 0.25 * clumps - 0.55 + 0.5 * np.clip(field, 0, 1)), 0.04, 0.9)
        veil = np.where(wood, 1.0, veil).astype(np.float32)
        canvas.paint(sprite.top, sprite.left, rgb.astype(np.float32), leaves | wood, z, obj, veil)
        return
    greens = ((74, 86, 46), (62, 80, 48), (92, 96, 52), (54, 66, 40), (104, 92, 50))
    green = np.array(greens[rng.integers(len(greens))]) * rng.uniform(0.8, 1.15)
    tone = np.clip(0.66 + 0.42 * glow + 0.16 * clumps + 0.13 * fine, 0.22, 1.7)[..., None]
    leafy = green * tone * (light.up * 0.5 + light.front * 0.5) + np.clip(tone - 0.9, 0, 1) * (26, 22, 4)
    rgb = np.where((wood & (field + 0.25 * clumps < 0.3))[..., None], rgba[..., :3], leafy)
    canvas.paint(sprite.top, sprite.left, rgb.astype(np.float32), leaves | wood, z, obj)


def pole(
    canvas, camera, x: float, z: float, tall: float, thick: float, obj: int, arm: float = 0.0, colour=(112, 116, 116)
) -> None:
    """A post at street (x, z); with an arm (metres, its sign the side) a lamp hangs from it."""
    light = canvas.light
    scale = camera.focal / z
    px = camera.cx + scale * (x + float(camera.shift(z)))
    foot, top = camera.horizon + scale * camera.height, camera.horizon + scale * (camera.height - tall)
    r = max(thick * scale / 2, 0.8)
    reach = arm * scale
    sprite = Sprite(canvas, px - r * 3 - abs(reach) - 4, top - 8 - abs(reach) * 0.4, px + r * 3 + abs(reach) + 4, foot)
    if sprite.empty:
        return
    colour = np.array(colour) * light.front
    sprite.polygon([(px - r, foot), (px + r, foot), (px + r * 0.75, top), (px - r * 0.75, top)], colour * 0.8)
    sprite.polygon(
        [(px - r * 0.4, foot), (px + r * 0.25, foot), (px + r * 0.2, top), (px - r * 0.3, top)], colour * 1.15
    )
    if tall > 4:
        sprite.polygon(
            [
                (px - r * 1.6, foot),
                (px + r * 1.6, foot),
                (px + r * 1.5, foot - 1.1 * scale),
                (px - r * 1.5, foot - 1.1 * scale),
            ],
            colour * 0.85,
        )
    if arm:
        sprite.capsule(px, top, r * 0.7, px + reach, top - abs(reach) * 0.18, r * 0.6, colour * 0.85)
        a, b = px + reach, px + reach + math.copysign(0.75 * scale, reach)
        y = top - abs(reach) * 0.18
        sprite.polygon(
            [
                (a, y - 0.07 * scale - 1),
                (b, y - 0.03 * scale - 0.7),
                (b, y + 0.05 * scale + 0.7),
                (a, y + 0.1 * scale + 0.8),
            ],
            (250, 214, 150) if light.lamps else colour * 1.2,
        )
    sprite.stamp(z, obj)


def sign(canvas, camera, rng, x: float, z: float, up: float, kind: str, obj: int) -> None:
    """A traffic sign, a traffic light, a name board or an advertisement, its middle up metres above street (x, z)."""
    light = canvas.light
    scale = camera.focal / z
    px = camera.cx + scale * (x + float(camera.shift(z)))
    py = camera.horizon + scale * (camera.height - up)
    sizes = {
        "light": (0.2, 0.5),
        "round": (0.34, 0.34),
        "triangle": (0.42, 0.4),
        "board": (0.7, 0.42),
        "advert": (0.65, 0.95),
        "banner": (0.35, 1.0),
    }
    w, h = (max(s * scale, 1.5) for s in sizes[kind])
    sprite = Sprite(canvas, px - w, py - h, px + w, py + h)
    if sprite.empty:
        return
    tone = light.front * 0.95
    box = [(px - w, py - h), (px + w, py - h), (px + w, py + h), (px - w, py + h)]

    def shrunk(points, k):
        return [(px + (a - px) * k, py + (b - py) * k) for a, b in points]

    if kind == "light":
        sprite.polygon(box, np.array((26, 27, 28)) * tone)
        on = int(rng.integers(3))
        for i, colour in enumerate(((230, 44, 34), (236, 160, 40), (60, 226, 150))):
            sprite.disc(px, py + (i - 1) * h * 0.62, w * 0.58, w * 0.58, colour if i == on else np.array(colour) * 0.2)
    elif kind in ("round", "triangle"):
        if kind == "round":
            ring = ellipse(px, py, w, h, 20)
        else:
            ring = [(px, py - h), (px + w, py + h * 0.8), (px - w, py + h * 0.8)]
        blue = kind == "round" and rng.random() < 0.4
        sprite.polygon(ring, np.array((30, 78, 160) if blue else (196, 40, 38)) * tone)
        sprite.polygon(
            shrunk(ring, 0.88 if blue else 0.68), np.array((34, 92, 186) if blue else (232, 230, 222)) * tone
        )
        mark = (236, 236, 230) if blue else (36, 36, 38)
        sprite.polygon(
            [
                (px - w * 0.12, py - h * 0.35),
                (px + w * 0.12, py - h * 0.35),
                (px + w * 0.12, py + h * 0.4),
                (px - w * 0.12, py + h * 0.4),
            ],
            np.array(mark) * tone,
        )
    else:
        palette = (
            (28, 60, 120),
            (30, 96, 66),
            (232, 228, 214),
            (170, 36, 40),
            (222, 180, 60),
            (50, 50, 54),
            (36, 44, 84),
        )
        base = np.array(palette[rng.integers(len(palette))]) * tone
        sprite.polygon(box, base * 0.6)
        sprite.polygon(shrunk(box, 0.92), base)
        ink = np.array((236, 234, 226) if base.mean() < 140 else (40, 44, 60)) * tone
        rows = 3 if kind == "board" else 6
        for i in range(rows):
            y = py - h * 0.75 + 1.5 * h * i / rows
            if rng.random() < 0.8:
                reach = rng.uniform(0.2, 0.8)
                sprite.polygon(
                    [
                        (px - w * 0.8, y),
                        (px - w * 0.8 + 2 * w * reach, y),
                        (px - w * 0.8 + 2 * w * reach, y + h * 0.6 / rows),
                        (px - w * 0.8, y + h * 0.6 / rows),
                    ],
                    ink,
                )
        if kind == "advert":
            sprite.disc(px + w * 0.2, py + h * 0.1, w * 0.5, h * 0.35, np.array(rng.integers(60, 230, 3)) * tone)
    sprite.stamp(z - 0.12, obj)
