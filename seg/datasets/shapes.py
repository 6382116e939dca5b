"""Rendered discs, squares, triangles and thin lines on textured ground, with exact truth: learnt in a minute.

Ground and shapes take their colours from the same wheel and every shape wears the same texture, shading and shadow,
so that only its outline tells what it is. A shape is a signed distance in pixels: its sign at a pixel's centre is the
truth, and its value there how much of the pixel the shape covers in the picture.
"""

import math
from functools import partial, reduce

import numpy as np
from PIL import Image, ImageFilter

from seg.datasets.record import Dataset, Replay, register
from seg.datasets.sample import Sample
from seg.datasets.street.canvas import noise, sample_tile, tile
from seg.errors import OptionError
from seg.labels import ClassMap, Usual

SHAPES = ClassMap(
    dataset="shapes",
    names=("ground", "disc", "square", "triangle", "line"),
    # Found in the same way, the ground held near grey: the least difference is 28.7.
    colours=((139, 152, 130), (12, 6, 223), (113, 75, 5), (20, 253, 255), (242, 219, 61)),
    disk_ignore=255,
    # Counted by `seg.pictures.plausible.usual` on 400 training scenes.
    usual=Usual(
        shares=(
            (0.944, 0.021, 0.027, 0.004, 0.004, 0),
            (0.844, 0.059, 0.07, 0.017, 0.01, 0),
            (0.838, 0.071, 0.058, 0.021, 0.012, 0),
            (0.842, 0.068, 0.068, 0.015, 0.008, 0),
        ),
        presence=(0.999, 0.874, 0.867, 0.463, 0.473),
        least=-1.46,
    ),
)

GROUND, DISC, SQUARE, TRIANGLE, LINE = range(5)
COPIES = 2
"""The most shapes of one class in a picture."""
RARITY = 0.5
"""Unless one says otherwise: plain cross-entropy then gives up the lines, the Dice loss and class weights find some."""
PRESENT, PRESENT_RARE = 0.85, 0.06
"""The chance that a class is in a picture: of every class, and of triangle and line at rarity 1."""
AGAIN = 0.35
"""The chance that a class in the picture is there twice."""
SHRUNK = 0.45
"""The length of a triangle or line at rarity 1, as a share of its length at rarity 0."""
CONTRAST = 100.0
"""The least distance of a shape's colour from the ground's, if a few draws find one; 8-bit RGB."""


def colours(rng: np.random.Generator, count: int) -> np.ndarray:
    """Colours of any hue, from nearly grey to strong, from dark to light: float32 (count, 3), 0..255."""
    hue, strength = rng.random((count, 1)), rng.uniform(0.1, 0.75, (count, 1))
    light = rng.uniform(60, 235, (count, 1))
    wheel = np.clip(np.abs((hue + np.array((0, 2 / 3, 1 / 3))) % 1 * 6 - 3) - 1, 0, 1)
    return (light * (1 - strength * (1 - wheel))).astype(np.float32)


def contrasting(rng: np.random.Generator, count: int, ground: np.ndarray) -> np.ndarray:
    """The `count` of four times as many colours that come first among those well off `ground` (3,)."""
    found = colours(rng, 4 * count)
    far = np.linalg.norm(found - ground, axis=1)
    return found[np.argsort(-np.minimum(far, CONTRAST), kind="stable")[:count]]


def corners(kind: int, size: float, angle: float, jitter: np.ndarray) -> np.ndarray:
    """The corners (N, 2) as (x, y) around the shape's centre of a square, triangle or line, in drawing order.

    size: the radius of the disc that a square or triangle has about the area of; half the length of a line.
    jitter: three numbers from 0 to 1 that make a triangle's angles differ; the first is a line's thickness.
    """
    if kind == SQUARE:
        turns, reach = np.arange(4) * (math.pi / 2), size * math.sqrt(math.pi / 2)
    elif kind == TRIANGLE:
        turns, reach = np.arange(3) * (2 * math.pi / 3) + (jitter - 0.5) * 0.6, size * 1.555
    else:
        half = max(size * (0.06 + 0.04 * jitter[0]), 0.55)
        turn, reach = math.atan2(half, size), math.hypot(half, size)
        turns = np.array((-turn, turn, math.pi - turn, math.pi + turn))
    return reach * np.stack([np.cos(turns + angle), np.sin(turns + angle)], axis=1)


def distance(outline: np.ndarray | float, dy: np.ndarray, dx: np.ndarray) -> np.ndarray:
    """Signed distance to the outline, negative inside, float32 (h, w) for dy (h, 1) and dx (1, w) from the centre.

    outline: a disc's radius, or the corners (N, 2) of a convex polygon (beyond a corner: to the nearer edge's line).
    """
    if not isinstance(outline, np.ndarray):
        return np.sqrt(dy * dy + dx * dx) - np.float32(outline)
    edges = []
    for (x0, y0), (x1, y1) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        length = math.hypot(x1 - x0, y1 - y0)
        nx, ny = (y1 - y0) / length, (x0 - x1) / length
        edges.append(dx * np.float32(nx) + (dy * np.float32(ny) - np.float32(nx * x0 + ny * y0)))
    return reduce(np.maximum, edges)


def spread(rng: np.random.Generator, count: int, height: int, width: int) -> np.ndarray:
    """Centres (count, 2) as (y, x) in the picture, each the one of five draws that is farthest from those before."""
    draws = rng.uniform(0.08, 0.92, (count, 5, 2)) * (height, width)
    centres = draws[:1, 0]
    for candidates in draws[1:]:
        gaps = np.linalg.norm(candidates[:, None] - centres[None], axis=2).min(axis=1)
        centres = np.append(centres, candidates[gaps.argmax()][None], axis=0)
    return centres


def draw_ground(rng: np.random.Generator, tones: np.ndarray, height: int, width: int, unit: float) -> np.ndarray:
    """Ground of three tones (3, 3) that run into one another in lumps and specks; float32 (height, width, 3)."""
    lumps = noise(rng, height, width, unit * rng.uniform(9, 26), 3)
    specks = noise(rng, height, width, unit * rng.uniform(3, 7), 3, 0.8)
    first = np.clip(0.5 + 0.45 * lumps, 0, 1)[..., None]
    second = np.clip(0.35 * specks - 0.1, 0, 0.8)[..., None]
    image = tones[0] + (tones[1] - tones[0]) * first
    image += (tones[2] - image) * second
    return image * (1 + 0.05 * specks)[..., None]


def draw_shape(image, owner, number, outline, centre, colour, light, grain, unit: float) -> None:
    """Draw one shape and its shadow into image, float (H, W, 3), and its number into owner (H, W).

    light: unit vector (y, x) to where light comes from; grain: four numbers from 0 to 1 that choose the texture.
    """
    reach = outline if isinstance(outline, float) else float(np.linalg.norm(outline, axis=1).max())
    margin = reach + 4 * unit + 2
    y0, x0 = max(int(centre[0] - margin), 0), max(int(centre[1] - margin), 0)
    here = np.s_[y0 : max(int(centre[0] + margin), 0), x0 : max(int(centre[1] + margin), 0)]
    part = image[here]
    dy = np.arange(y0, y0 + part.shape[0], dtype=np.float32)[:, None] + np.float32(0.5 - centre[0])
    dx = np.arange(x0, x0 + part.shape[1], dtype=np.float32)[None] + np.float32(0.5 - centre[1])

    fall = 1.4 * unit * light
    shadow = distance(outline, dy + np.float32(fall[0]), dx + np.float32(fall[1]))
    part *= 1 - 0.4 * np.clip(0.5 - shadow / np.float32(1.8 * unit), 0, 1)[..., None]

    inside = distance(outline, dy, dx)
    c, s = math.cos(6.3 * grain[0]), math.sin(6.3 * grain[0])
    zoom = np.float32(2 + 6 * grain[1]) / np.float32(unit)
    along, across = (dx * c + dy * s) * zoom + 512 * grain[2], (dy * c - dx * s) * zoom + 512 * grain[3]
    slope = (dy * light[0] + dx * light[1]) / max(reach, 1.0)
    rim = np.clip(1 + inside / np.float32(1.5 * unit), 0, 1)
    shade = 1 + 0.09 * sample_tile(tile(0), along + 4096, across + 4096) + 0.2 * slope - 0.14 * rim
    cover = np.clip(0.5 - inside, 0, 1)[..., None]
    part += (colour * shade.astype(np.float32)[..., None] - part) * cover
    owner[here][inside < 0] = number


def develop(rng: np.random.Generator, image: np.ndarray, unit: float) -> np.ndarray:
    """Uneven light, a little blur, noise; uint8 (H, W, 3)."""
    height, width = image.shape[:2]
    image = image * (1 + 0.09 * noise(rng, height, width, max(height, width) / 2, 1))[..., None]
    soft = Image.fromarray(np.clip(image, 0, 255).astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(rng.uniform(0.2, 0.6) * math.sqrt(unit))
    )
    grain = rng.uniform(2.0, 6.0)
    picture = np.asarray(soft) + grain * rng.standard_normal((height, width, 3), dtype=np.float32)
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8)


def render(seed: int, height: int = 64, width: int = 64, rarity: float = RARITY) -> Sample:
    """Discs, squares, triangles and thin lines with exact truth; the same arguments always give the same bytes.

    Returns a Sample: image uint8 (height, width, 3) RGB, labels uint8 (height, width) with ids of
    `seg.labels.SHAPES`, the class at each pixel's centre, instances uint16 (height, width), a number from 1 for every
    shape in sight and 0 on the ground. Height and width from 32 up; shapes and textures grow with the picture.

    rarity, 0 to 1: at 0 each of the four shapes is in 85 % of the pictures (a third of these have two) and as large
    as the others, at 1 triangle and line are in 6 % and 0.45 times as long; disc and square stay as they are.
    The scene of a seed is the same at every rarity: its triangles and lines shrink and vanish. Measured over 1000
    pictures of 64 by 64, in % of the pixels (and of the pictures):

        rarity  ground       disc      square    triangle      line
        0.0       78.3   6.4 (86)    6.4 (87)    6.0 (86)  2.9 (83)
        0.5       84.3   6.5 (86)    6.5 (87)    1.7 (45)  1.0 (46)
        1.0       86.9   6.5 (86)    6.5 (87)    0.09 (6)  0.05 (6)

    Raises OptionError for a rarity outside 0 to 1.
    """
    if not 0 <= rarity <= 1:
        raise OptionError(f"The rarity must be between 0 and 1, not {rarity}.")
    layout, surface, lens = np.random.default_rng(seed).spawn(3)
    unit = math.sqrt(height * width) / 64
    kinds = np.repeat((DISC, SQUARE, TRIANGLE, LINE), COPIES)
    count = len(kinds)
    centres = spread(layout, count, height, width)
    chance, jitter, grain = layout.random((count, 4)), layout.random((count, 3)), layout.random((count, 4))
    order = layout.permutation(count)
    angle = layout.uniform(0, 2 * math.pi)
    light = np.array((math.sin(angle), math.cos(angle)), np.float32)

    tones = colours(layout, 3)
    tones[1:] = tones[0] + (tones[1:] - tones[0]) * np.float32(0.5)
    palette = contrasting(layout, 3, tones.mean(axis=0))

    image = draw_ground(surface, tones, height, width, unit)
    owner = np.zeros((height, width), np.uint16)
    for k in order:
        kind, second = int(kinds[k]), k % COPIES > 0
        rare = rarity if kind in (TRIANGLE, LINE) else 0.0
        present = PRESENT + (PRESENT_RARE - PRESENT) * rare
        if chance[k - second, 0] >= present or (second and chance[k, 0] >= AGAIN):
            continue
        size = (14 + 12 * chance[k, 1] if kind == LINE else 6 + 5 * chance[k, 1]) * unit * (1 - (1 - SHRUNK) * rare)
        outline = float(size) if kind == DISC else corners(kind, size, 2 * math.pi * chance[k, 2], jitter[k])
        colour = palette[int(chance[k, 3] * len(palette))] * np.float32(0.9 + 0.2 * grain[k, 0])
        draw_shape(image, owner, k + 1, outline, centres[k], colour, light, grain[k], unit)

    labels = np.append(0, kinds).astype(np.uint8)[owner]
    seen = np.unique(owner[owner > 0])
    numbers = np.zeros(count + 1, np.uint16)
    numbers[seen] = np.arange(1, len(seen) + 1)
    return Sample(f"shapes-{seed}", develop(lens, image, unit), labels, numbers[owner])


_open = partial(render, height=64, width=64)

register(
    Dataset(
        name="shapes",
        title="Shapes",
        order=40,
        class_map=SHAPES,
        size=(64, 64),
        samples=(12, 49, 72, 107),
        open=_open,
        replay=Replay(5, _open, (64, 64)),
        any_way_up=True,
        render=render,
        render_options=("rarity",),
        only_rendered=True,
        thin="the lines",
        looks="drawn shapes",
        sentences={"training": "Choose line below: when does the thinnest shape appear, and when is it whole?"},
    )
)
