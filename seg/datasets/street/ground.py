"""The sky and the ground of a street: clouds, asphalt, markings, kerbs, pavements, verges, shadows."""

import math

import numpy as np

from seg.datasets.street.canvas import Camera, Canvas, noise, sample_tile, tile
from seg.datasets.street.plan import FAR, PAVEMENT, ROAD, SKY, TREE, Plan

KERB = 0.12


def draw_sky(canvas: Canvas, rng: np.random.Generator, weather: str, horizon: float) -> None:
    """A gradient with clouds that flatten towards the horizon."""
    h, w = canvas.height, canvas.width
    rows = np.clip(1 - np.arange(h, dtype=np.float32) / max(horizon, 1), 0, 1)[:, None]
    sky = canvas.light.sky.astype(np.float32)
    zenith = {"overcast": (226, 234, 242), "sun": (140, 182, 226), "dusk": (140, 154, 168), "grey": (206, 214, 222)}[
        weather
    ]
    zenith = np.array(zenith, np.float32) * rng.uniform(0.9, 1.08)
    rgb = sky + (zenith - sky) * (rows**0.8)[..., None]
    clouds = np.clip(noise(rng, h, w, (h / 7, w / 3), 5, 0.6) * 0.5 + rng.uniform(-0.3, 0.5), 0, 1)[..., None]
    white = np.array((252, 252, 252) if weather != "dusk" else (224, 222, 216), np.float32)
    shade = 1 - 0.28 * np.clip(noise(rng, h, w, (h / 10, w / 3), 3), -0.3, 1)[..., None] * (weather in ("dusk", "grey"))
    rgb = rgb + (white * shade - rgb) * clouds * (0.45 + 0.5 * rng.random())
    canvas.image[:] = np.clip(rgb, 0, 255).astype(np.uint8)
    canvas.objects[:] = canvas.add(SKY)


def draw_ground(canvas: Canvas, camera: Camera, rng: np.random.Generator, street: Plan, shadows: list[tuple]) -> None:
    """Road, markings, kerbs, pavements and verges, with the shadows that lie on them."""
    first = max(math.ceil(camera.horizon + 0.5), 0)
    if first >= canvas.height:
        return
    drop = (np.arange(first, canvas.height, dtype=np.float32) + 0.5 - camera.horizon)[:, None]
    across = (np.arange(canvas.width, dtype=np.float32) + 0.5 - camera.cx)[None] / camera.focal
    z = np.minimum(camera.focal * camera.height / drop, 2000.0)
    x = across * z - camera.shift(np.minimum(z, 200))
    raised = np.minimum(camera.focal * max(camera.height - KERB, 0.1) / drop, 2000.0)
    px = across * raised - camera.shift(np.minimum(raised, 200))
    lw, rw = street.pavement
    left, right = street.left, street.right
    on_left, on_right = px < left, px > right
    walk = on_left | on_right
    kerb = ((x < left) | (x > right)) & ~walk
    fade = np.exp(-z / 22)
    u0, v0 = rng.integers(512, size=2)
    grain = sample_tile(tile(11, 512, 4, 3), x * 90 + 9000 + u0, z * 90 + v0) * fade
    blotch = sample_tile(tile(12), x * 14 + 9000 + u0, z * 7 + v0)
    worn = np.cos((x / max(right - left, 1)) * 4 * math.pi) * 0.5
    road = np.array((108, 110, 116), np.float32) * rng.uniform(0.8, 1.12)
    tone = 1 + 0.06 * grain + 0.03 * blotch + 0.05 * worn
    for _ in range(int(rng.integers(1, 5))):
        cx, cz = rng.uniform(left, right), rng.uniform(4, 40)
        hw, hl = rng.uniform(0.4, 1.8), rng.uniform(0.6, 8)
        tone = np.where((abs(x - cx) < hw) & (abs(z - cz) < hl), tone * rng.uniform(0.84, 1.08), tone)
    cx, cz = rng.uniform(left * 0.7, right * 0.7), rng.uniform(5, 40)
    tone = np.where((x - cx) ** 2 + (z - cz) ** 2 < 0.1, tone * 0.62, tone)
    rgb = road * tone[..., None]
    paint = np.zeros(x.shape, bool)
    gap, phase = float(rng.choice([4.0, 6.0])), rng.uniform(0, 6)
    if rng.random() < 0.9:
        paint |= (abs(x - 0.05) < 0.06) & ((z + phase) % gap < gap * 0.6)
    edge = rng.random()
    yellow = np.zeros(x.shape, bool)
    if edge < 0.5:
        for d in (0.3, 0.52):
            yellow |= (abs(x - left - d) < 0.045) | (abs(x - right + d) < 0.045)
    elif edge < 0.75:
        for k in (left + 1.5, right - 1.5):
            paint |= (abs(x - k) < 0.06) & ((z + phase) % 3 < 2.2)
    if rng.random() < 0.22:
        at = rng.uniform(9, 26)
        paint |= (abs(z - at) < 1.4) & (x > left) & (x < right) & (x % 1.2 < 0.6)
    if rng.random() < 0.25:
        at = rng.uniform(7, 30)
        paint |= (abs(z - at) < 0.15) & (x < 0)
    if rng.random() < 0.15:
        at = rng.uniform(8, 22)
        inside = (x > left * 0.9) & (x < right * 0.9) & (abs(z - at) < 5)
        yellow |= inside & ((((x * 2 + z) % 4) < 0.3) | (((x * 2 - z) % 4) < 0.3))
    flake = 0.72 - 0.2 * np.clip(blotch + grain, -1, 1.4)
    rgb = np.where(paint[..., None], rgb + (np.array((226, 226, 220), np.float32) - rgb) * flake[..., None], rgb)
    rgb = np.where(
        yellow[..., None], rgb + (np.array((206, 168, 72), np.float32) - rgb) * (flake * 0.8)[..., None], rgb
    )
    asphalt = canvas.add(ROAD)
    labels = np.full(x.shape, asphalt, np.uint16)
    # pavements: slabs, the granite kerb along them
    slab = np.array((128, 124, 118), np.float32) * rng.uniform(0.75, 1.0)
    big = rng.uniform(0.45, 0.9)
    row = np.floor(raised / big)
    joint = ((raised / big) % 1 < 0.06) | (((px + (row % 2) * 0.5 * big) / big) % 1 < 0.05)
    patch = ((np.floor((px + (row % 2) * 0.5 * big) / big) * 37 + row * 91) % 17) / 17 - 0.5
    close = np.exp(-raised / 16)
    tone = (1 + 0.08 * grain + 0.06 * blotch + 0.12 * patch * close) * np.where(joint, 1 - 0.25 * close, 1)
    rgb = np.where(walk[..., None], slab * tone[..., None], rgb)
    lip = walk & ((px > left - 0.16) & (px < right + 0.16))
    rgb = np.where(lip[..., None], np.array((140, 138, 134), np.float32) * (1 + 0.06 * grain[..., None]), rgb)
    rgb = np.where(kerb[..., None], np.array((88, 86, 84), np.float32) * (1 + 0.06 * grain[..., None]), rgb)
    gutter = ((x > left) & (x < left + 0.22)) | ((x < right) & (x > right - 0.22))
    rgb = np.where((gutter & ~yellow)[..., None], rgb * 0.84, rgb)
    labels[walk | kerb] = canvas.add(PAVEMENT)
    # beyond the pavements: verges, gardens, side streets
    verge = canvas.add(TREE)
    grass = np.array((86, 94, 52), np.float32) * rng.uniform(0.75, 1.05)
    for side, mask in ((0, on_left & (px < left - lw)), (1, on_right & (px > right + rw))):
        kinds = np.zeros(int(FAR * 4) + 40, np.uint8)
        for plot in street.plots[side]:
            a, b = max(int(plot.near * 4), 0), max(int(plot.far * 4), 0)
            kinds[a:b] = {"built": 0, "garden": 1 if plot.floors % 2 else 0, "park": 1, "lane": 2}[plot.kind]
        here = kinds[np.minimum(raised * 4, len(kinds) - 1).astype(np.int64)]
        green = mask & (here == 1)
        rgb = np.where(green[..., None], grass * (1 + 0.16 * grain + 0.12 * blotch)[..., None], rgb)
        labels[green] = verge
        lane = (on_left if side == 0 else on_right) & (here == 2)
        rgb = np.where(lane[..., None], road * (1 + 0.1 * grain + 0.05 * blotch)[..., None], rgb)
        labels[lane] = asphalt
    light = canvas.light
    bright = np.ones(x.shape, np.float32)
    if light.sun:
        side = 0 if light.sun < 0 else 1
        tall = np.full(int(FAR * 2) + 80, 2.0, np.float32)
        for plot in street.plots[side]:
            a, b = max(int(plot.near * 2), 0), max(int(plot.far * 2), 0)
            tall[a:b] = {
                "built": plot.floors * 3.0,
                "garden": plot.floors * 3.0 - plot.setback,
                "park": 1.5,
                "lane": 0.0,
            }[plot.kind]
        slant = rng.uniform(-0.5, 0.9)
        reach = rng.uniform(0.5, 1.3)
        line = left - lw if side == 0 else right + rw
        away = (x - line) if side == 0 else (line - x)
        ahead = np.clip((z + away * slant) * 2, 0, len(tall) - 1).astype(np.int64)
        dark = np.clip((tall[ahead] * reach - away) / (0.25 + 0.03 * z) + 0.5, 0, 1)
        bright = 1.12 - (0.5 if not light.lamps else 0.16) * dark
    else:
        bright = bright * (1 - 0.12 * np.exp(-np.minimum(abs(px - left + lw), abs(px - right - rw)) / 1.2))
    for sx, sz, hw, hl, soft in shadows:
        near, far = sz - hl - 1.5, sz + hl + 1.5
        rows = np.flatnonzero((z[:, 0] > near) & (z[:, 0] < far))
        if len(rows) == 0:
            continue
        band = np.s_[rows[0] : rows[-1] + 1]
        dx, dz = abs(x[band] - sx) - hw, abs(z[band] - sz) - hl
        cover = np.clip(0.5 - dx / soft, 0, 1) * np.clip(0.5 - dz / soft, 0, 1)
        bright[band] *= 1 - 0.68 * cover
    rgb = rgb * light.up.astype(np.float32) * bright[..., None]
    canvas.image[first:] = np.clip(canvas.haze(rgb, z), 0, 255).astype(np.uint8)
    canvas.objects[first:] = labels
