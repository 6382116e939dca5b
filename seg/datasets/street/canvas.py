"""The drawing surface of the rendered scenes: a pinhole camera, a depth-tested canvas, noise and textured walls.

Everything is drawn at SUPER times the final size, the picture and the map of objects through the same masks.
The picture is then averaged down; the object map takes, for each final pixel, the object that covers most of it.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

SUPER = 2
"""Samples per final pixel and axis."""
NEAR = 0.6
"""Distance of the near plane, metres."""


@dataclass(frozen=True)
class Camera:
    """A level pinhole camera looking along +z of a street that may bend; pixels are canvas pixels, lengths metres."""

    focal: float
    cx: float
    horizon: float
    height: float
    x: float
    bend: float

    def shift(self, z):
        """How far the street has moved sideways at distance z."""
        return self.bend * np.maximum(z - 6.0, 0.0) ** 2 - self.x

    def heading(self, z: float) -> float:
        """The street's direction at distance z, radians clockwise from the view axis."""
        return math.atan(2 * self.bend * max(z - 6.0, 0.0))

    def project(self, points: np.ndarray) -> np.ndarray:
        """Canvas (x, y) of already shifted points (N, 3) with z > 0."""
        z = np.maximum(points[:, 2], 0.05)
        return np.stack(
            [self.cx + self.focal * points[:, 0] / z, self.horizon + self.focal * (self.height - points[:, 1]) / z], 1
        )


@dataclass(frozen=True)
class Light:
    """What lights the scene.

    Multiplicative RGB for the left side of the street, its right side, what faces the camera, and the ground.
    """

    left: np.ndarray
    right: np.ndarray
    front: np.ndarray
    up: np.ndarray
    sky: np.ndarray
    haze: np.ndarray
    haze_length: float
    sun: float
    """-1 from the left, 1 from the right, 0 overcast."""
    lamps: bool


class Canvas:
    """The picture under way, the object each sample belongs to, and how far away it is."""

    def __init__(self, height: int, width: int, light: Light):
        self.height, self.width = height * SUPER, width * SUPER
        self.image = np.zeros((self.height, self.width, 3), np.uint8)
        self.objects = np.zeros((self.height, self.width), np.uint16)
        self.depth = np.full((self.height, self.width), np.inf, np.float32)
        self.light = light
        self.labels: list[int] = []
        self.countable: list[bool] = []

    def add(self, label: int, countable: bool = False) -> int:
        """Register an object; returns the id to paint with."""
        self.labels.append(label)
        self.countable.append(countable)
        return len(self.labels) - 1

    def haze(self, rgb: np.ndarray, depth) -> np.ndarray:
        """Mix float RGB with the colour of the air between; depth broadcasts against rgb's pixels."""
        air = 1 - np.exp(-np.asarray(depth, np.float32) / self.light.haze_length)[..., None]
        return rgb + (self.light.haze.astype(np.float32) - rgb) * air

    def paint(self, top: int, left: int, rgb: np.ndarray, mask: np.ndarray, depth, obj: int, alpha=None) -> None:
        """Paint rgb (h, w, 3), float 0..255, where mask (h, w) is set and nothing nearer stands.

        alpha, float (h, w) in 0..1, lets what lies behind show through in the picture; the object covers all of mask.
        """
        y0, x0 = max(top, 0), max(left, 0)
        y1, x1 = min(top + mask.shape[0], self.height), min(left + mask.shape[1], self.width)
        if y0 >= y1 or x0 >= x1:
            return
        part = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
        here = np.s_[y0:y1, x0:x1]
        depth = np.broadcast_to(np.asarray(depth, np.float32), mask.shape)[part]
        seen = mask[part] & (depth < self.depth[here])
        rgb = self.haze(rgb[part], depth)
        if alpha is not None:
            rgb = self.image[here] + (rgb - self.image[here]) * alpha[part][..., None]
        np.copyto(self.image[here], np.clip(rgb, 0, 255).astype(np.uint8), where=seen[..., None])
        np.copyto(self.objects[here], np.uint16(obj), where=seen)
        np.copyto(self.depth[here], depth, where=seen)

    def picture(self) -> np.ndarray:
        """The averaged picture, float32 (H, W, 3), 0..255."""
        im = self.image.astype(np.float32)
        return (im[::2, ::2] + im[1::2, ::2] + im[::2, 1::2] + im[1::2, 1::2]) / 4

    def truth(self) -> tuple[np.ndarray, np.ndarray]:
        """Labels uint8 (H, W) and instances uint16 (H, W): by majority of a pixel's samples, ties to the nearer."""
        o = self.objects
        samples = [o[::2, ::2], o[1::2, ::2], o[::2, 1::2], o[1::2, 1::2]]
        near = [self.depth[::2, ::2], self.depth[1::2, ::2], self.depth[::2, 1::2], self.depth[1::2, 1::2]]
        best, best_votes, best_depth = samples[0], np.zeros(samples[0].shape, np.int8), near[0]
        for s, d in zip(samples, near, strict=True):
            votes = sum((s == t).astype(np.int8) for t in samples)
            wins = (votes > best_votes) | ((votes == best_votes) & (d < best_depth))
            best, best_votes = np.where(wins, s, best), np.where(wins, votes, best_votes)
            best_depth = np.where(wins, d, best_depth)
        seen = np.bincount(best.ravel(), minlength=len(self.labels)) > 0
        ids = np.array(self.countable) & seen
        instance = np.where(ids, np.cumsum(ids), 0).astype(np.uint16)
        return np.array(self.labels, np.uint8)[best], instance[best]


class Sprite:
    """A small RGBA drawing placed on the canvas: one object, drawn in canvas coordinates."""

    def __init__(self, canvas: Canvas, left: float, top: float, right: float, bottom: float):
        self.canvas = canvas
        self.left, self.top = max(math.floor(left) - 2, -4), max(math.floor(top) - 2, -4)
        self.width = min(math.ceil(right) + 3, canvas.width + 4) - self.left
        self.height = min(math.ceil(bottom) + 3, canvas.height + 4) - self.top
        self.empty = self.width <= 0 or self.height <= 0
        self.image = Image.new("RGBA", (1, 1) if self.empty else (self.width, self.height))
        self.pen = ImageDraw.Draw(self.image)

    def polygon(self, points, colour) -> None:
        """Fill a polygon of canvas points with an RGB colour, 0..255."""
        fill = (*(int(min(max(c, 0), 255)) for c in colour), 255)
        self.pen.polygon([(float(x) - self.left, float(y) - self.top) for x, y in points], fill=fill)

    def disc(self, x: float, y: float, rx: float, ry: float, colour) -> None:
        """Fill an upright ellipse."""
        self.polygon(ellipse(x, y, rx, ry, 14), colour)

    def capsule(self, x0, y0, r0, x1, y1, r1, colour) -> None:
        """Fill a limb: two discs and the tapered bar between them."""
        length = math.hypot(x1 - x0, y1 - y0) or 1.0
        nx, ny = -(y1 - y0) / length, (x1 - x0) / length
        bar = [(x0 + nx * r0, y0 + ny * r0), (x1 + nx * r1, y1 + ny * r1)]
        bar += [(x1 - nx * r1, y1 - ny * r1), (x0 - nx * r0, y0 - ny * r0)]
        self.polygon(bar, colour)
        self.disc(x0, y0, r0, r0, colour)
        self.disc(x1, y1, r1, r1, colour)

    def stamp(self, depth: float, obj: int, shade=None) -> None:
        """Put the drawing on the canvas, multiplied by shade ((h, w) or broadcastable, 1 = as drawn)."""
        if self.empty:
            return
        rgba = np.asarray(self.image)
        rgb = rgba[..., :3].astype(np.float32)
        if shade is not None:
            rgb = rgb * shade
        self.canvas.paint(self.top, self.left, rgb, rgba[..., 3] > 0, depth, obj)


def turn(points: np.ndarray, yaw: float, x: float, z: float) -> np.ndarray:
    """Local points (right, up, forward) placed at (x, z), facing yaw radians clockwise from straight ahead."""
    c, s = math.cos(yaw), math.sin(yaw)
    out = np.array(points, np.float64)
    return np.stack([out[:, 0] * c + out[:, 2] * s + x, out[:, 1], -out[:, 0] * s + out[:, 2] * c + z], 1)


def ellipse(x: float, y: float, rx: float, ry: float, corners: int = 18) -> list[tuple[float, float]]:
    """The corners of an upright ellipse."""
    angles = np.arange(corners) * (2 * math.pi / corners)
    return list(zip(x + rx * np.cos(angles), y + ry * np.sin(angles), strict=True))


def noise(
    rng: np.random.Generator,
    height: int,
    width: int,
    cell: float | tuple[float, float],
    octaves: int = 4,
    gain: float = 0.55,
) -> np.ndarray:
    """Value noise of several octaves, float32 (height, width), mean about 0, spread about 1.

    cell is the size of the coarsest lumps in pixels, one number or (down, across).
    """
    cy, cx = cell if isinstance(cell, tuple) else (cell, cell)
    total, weight, square = np.zeros((height, width), np.float32), 1.0, 0.0
    for _ in range(octaves):
        gh, gw = max(math.ceil(height / cy), 1) + 3, max(math.ceil(width / cx), 1) + 3
        gh, gw = min(gh, height + 3), min(gw, width + 3)
        grid = rng.random((gh, gw), dtype=np.float32) - 0.5
        box = (1, 1, gw - 2, gh - 2)
        big = Image.fromarray(grid).resize((width, height), Image.Resampling.BICUBIC, box=box)
        total += np.asarray(big) * weight
        square += weight * weight
        weight *= gain
        cy, cx = cy / 2, cx / 2
        if max(cy, cx) < 1:
            break
    return total * (4.5 / math.sqrt(square))


@lru_cache(maxsize=8)
def tile(seed: int, size: int = 512, cell: int = 64, octaves: int = 6) -> np.ndarray:
    """Noise that repeats without a seam, float32 (size, size), mean 0, spread about 1; read only."""
    rng = np.random.default_rng(seed)
    total, weight = np.zeros((size, size), np.float32), 1.0
    for octave in range(octaves):
        step = max(cell >> octave, 1)
        grid = np.pad(rng.random((size // step, size // step), dtype=np.float32) - 0.5, 2, mode="wrap")
        big = Image.fromarray(grid).resize((size + 4 * step, size + 4 * step), Image.Resampling.BICUBIC)
        total += np.asarray(big)[2 * step : 2 * step + size, 2 * step : 2 * step + size] * weight
        weight *= 0.7
    total = (total - total.mean()) / total.std()
    total.setflags(write=False)
    return total


def sample_tile(pattern: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Read a repeating pattern at pattern coordinates u (across) and v (down)."""
    size = pattern.shape[0]
    return pattern[v.astype(np.int32) & (size - 1), u.astype(np.int32) & (size - 1)]


@dataclass(frozen=True)
class Texture:
    """A picture of a wall, its left bottom corner at (0, 0) metres, with halved copies for the distance."""

    levels: tuple[np.ndarray, ...]
    """uint8 (h, w, 4) each, half the size of the one before."""
    width: float
    height: float

    @classmethod
    def of(cls, image: Image.Image, width: float, height: float) -> "Texture":
        """From an RGBA or RGB picture of a wall of width × height metres."""
        image = image.convert("RGBA")
        levels = [np.asarray(image)]
        while min(image.size) >= 8 and len(levels) < 6:
            image = image.reduce(2)
            levels.append(np.asarray(image))
        return cls(tuple(levels), width, height)


def wall(
    canvas: Canvas,
    camera: Camera,
    start: tuple[float, float],
    end: tuple[float, float],
    base: float,
    texture: Texture,
    obj: int,
    light: np.ndarray,
    filled: bool = False,
    repeat: bool = False,
) -> None:
    """Draw an upright plane from start to end, street (x, z) in metres, seen in perspective.

    The texture spans the plane once, or repeats along it. Clear parts of the texture are holes in the wall;
    with filled they only let the picture behind show through, as railings do.
    """
    (xa, za), (xb, zb) = start, end
    length = math.hypot(xb - xa, zb - za)
    xa, xb = xa + float(camera.shift(za)), xb + float(camera.shift(zb))
    sa, sb = 0.0, length
    if za < NEAR and zb < NEAR:
        return
    if za < NEAR:
        t = (NEAR - za) / (zb - za)
        xa, za, sa = xa + (xb - xa) * t, NEAR, sa + (sb - sa) * t
    if zb < NEAR:
        t = (NEAR - zb) / (za - zb)
        xb, zb, sb = xb + (xa - xb) * t, NEAR, sb + (sa - sb) * t
    pa, pb = camera.cx + camera.focal * xa / za, camera.cx + camera.focal * xb / zb
    lo, hi = max(math.ceil(min(pa, pb) - 0.5), 0), min(math.ceil(max(pa, pb) - 0.5), canvas.width)
    if lo >= hi:
        return
    t = (np.arange(lo, hi) + 0.5 - pa) / (pb - pa)
    z = 1 / ((1 - t) / za + t / zb)
    s = z * ((1 - t) * sa / za + t * sb / zb)
    top = max(math.floor(camera.horizon - camera.focal * (base + texture.height - camera.height) / min(za, zb)), 0)
    if base + texture.height < camera.height:
        top = max(math.floor(camera.horizon - camera.focal * (base + texture.height - camera.height) / max(za, zb)), 0)
    bottom = math.ceil(camera.horizon + camera.focal * (camera.height - base) / min(za, zb)) + 1
    bottom = min(bottom, canvas.height)
    if top >= bottom:
        return
    y = camera.height + (camera.horizon - np.arange(top, bottom)[:, None] - 0.5) * (z / camera.focal) - base
    mask = (y >= 0) & (y < texture.height)
    across = s / texture.width if repeat else s / length
    per_metre = texture.levels[0].shape[0] / texture.height
    level = np.clip(np.round(np.log2(np.maximum(per_metre * z / camera.focal, 1e-6))), 0, len(texture.levels) - 1)
    rgba = np.empty((*mask.shape, 4), np.uint8)
    for k in np.unique(level).astype(int):
        cols = np.flatnonzero(level == k)
        cols = np.s_[cols[0] : cols[-1] + 1]
        pixels = texture.levels[k]
        h, w = pixels.shape[:2]
        ix = (across[cols] * w).astype(np.int64)
        ix = ix % w if repeat else np.clip(ix, 0, w - 1)
        iy = np.clip(((1 - y[:, cols] / texture.height) * h).astype(np.int64), 0, h - 1)
        rgba[:, cols] = pixels[iy, ix]
    rgb = rgba[..., :3].astype(np.float32) * light.astype(np.float32)
    depth = np.broadcast_to(z.astype(np.float32), mask.shape)
    if filled:
        canvas.paint(top, lo, rgb, mask, depth, obj, rgba[..., 3].astype(np.float32) / 255)
    else:
        canvas.paint(top, lo, rgb, mask & (rgba[..., 3] > 127), depth, obj)
