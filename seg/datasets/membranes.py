"""Rendered electron-microscope slices with exact truth: nerve cells packed side by side and the membranes between."""

import math
from functools import partial

import numpy as np
from PIL import Image, ImageFilter

from seg.datasets.record import Dataset, Replay, register
from seg.datasets.sample import Sample
from seg.datasets.street.canvas import noise
from seg.labels import ClassMap, Usual

MEMBRANES = ClassMap(
    dataset="membranes",
    names=("cell", "membrane"),
    colours=((86, 180, 233), (213, 94, 0)),
    disk_ignore=255,
    # Counted by `seg.pictures.plausible.usual` on the 20 training slices.
    usual=Usual(
        shares=(
            (0.817, 0.183, 0),
            (0.756, 0.244, 0),
            (0.783, 0.217, 0),
            (0.775, 0.225, 0),
        ),
        presence=(0.976, 0.976),
        least=-1.06,
    ),
)

CELL, MEMBRANE = 0, 1
MARGIN = 70
"""Cells are laid out this far beyond the picture, pixels."""


def pack(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Throw cells of falling size where there is room: float (N, 5) y, x, radius, stretch, direction."""
    area = (height + 2 * MARGIN) * (width + 2 * MARGIN)
    share = area / 652**2
    sizes = np.concatenate(
        [
            rng.uniform(50, 86, round(9 * share * rng.uniform(0.6, 1.3)) + 1),
            rng.uniform(26, 48, round(90 * share)),
            rng.uniform(13, 24, round(420 * share)),
            rng.uniform(6, 12, round(900 * share)),
        ]
    )
    cells = np.zeros((0, 5))
    flow = rng.uniform(0, math.pi)
    for radius in sizes:
        y, x = rng.uniform(-MARGIN, height + MARGIN), rng.uniform(-MARGIN, width + MARGIN)
        if len(cells) and (np.hypot(cells[:, 0] - y, cells[:, 1] - x) < (cells[:, 2] + radius) * 0.98 + 2).any():
            continue
        stretch = rng.uniform(1.0, 1.25) if radius > 48 else rng.uniform(1.0, 1.9)
        cells = np.append(cells, [(y, x, radius, stretch, flow + rng.normal(0, 0.7))], 0)
    return cells


def distances(cells: np.ndarray, yy: np.ndarray, xx: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nearest cell int32, distance to its outline (negative inside), and to the next nearest's; all (H, W)."""
    height, width = yy.shape
    first = np.full((height, width), 1e6, np.float32)
    second, owner = first.copy(), np.zeros((height, width), np.int32)
    for k, (y, x, radius, stretch, angle) in enumerate(cells):
        reach = radius * 1.6 + 48
        rows = np.s_[max(int(y - reach), 0) : max(int(y + reach), 0), max(int(x - reach), 0) : max(int(x + reach), 0)]
        dy, dx = yy[rows] - np.float32(y), xx[rows] - np.float32(x)
        if dy.size == 0:
            continue
        c, s = np.float32(math.cos(angle)), np.float32(math.sin(angle))
        along, across = (dx * c + dy * s) / np.float32(stretch), (dy * c - dx * s) * np.float32(stretch**0.5)
        d = np.sqrt(along * along + across * across) - np.float32(radius)
        a, b = first[rows], second[rows]
        nearer = d < a
        np.copyto(b, np.where(nearer, a, np.minimum(b, d)))
        np.copyto(owner[rows], np.int32(k), where=nearer)
        np.copyto(a, d, where=nearer)
    return owner, first, second


def stamp(image: np.ndarray, y: int, x: int, reach: float) -> tuple[tuple[slice, slice], np.ndarray, np.ndarray]:
    """The window of image around (y, x), a place in it, and its offsets (dy, dx) from there."""
    y0, y1 = max(int(y - reach), 0), min(int(y + reach) + 2, image.shape[0])
    x0, x1 = max(int(x - reach), 0), min(int(x + reach) + 2, image.shape[1])
    dy, dx = np.arange(y0, y1, dtype=np.float32)[:, None] - y, np.arange(x0, x1, dtype=np.float32)[None] - x
    return np.s_[y0:y1, x0:x1], dy, dx


def mitochondrion(rng, grey, room, y, x, size) -> None:
    """A dark oval with a double skin and folds, kept inside its cell by room (1 inside, 0 at the membrane)."""
    here, dy, dx = stamp(grey, y, x, size * 1.9)
    angle = rng.uniform(0, math.pi)
    along, across = dx * math.cos(angle) + dy * math.sin(angle), dy * math.cos(angle) - dx * math.sin(angle)
    wobble = 1 + 0.09 * np.sin(3 * np.arctan2(across, along + 1e-3) + rng.uniform(0, 6))
    r = np.hypot(along / rng.uniform(1.1, 1.6), across) / (size * wobble)
    folds = np.sin((across + 2.2 * np.sin(along / 5 + rng.uniform(0, 6))) * (2 * math.pi / rng.uniform(5, 8)))
    inside = np.clip((1 - r) * size / 2 + 0.5, 0, 1) * room[here]
    skin = np.exp(-(((r - 0.95) * size / 1.7) ** 2)) * room[here]
    tone = rng.uniform(78, 108) + 17 * folds
    grey[here] += (tone - grey[here]) * inside * 0.9
    grey[here] += (52 - grey[here]) * skin * 0.75


def render(seed: int, height: int = 512, width: int = 512) -> Sample:
    """A slice of brain tissue with exact truth; the same seed and size always give the same bytes.

    Returns a Sample: image uint8 (height, width) grey, labels uint8 (height, width), 0 = cell and 1 = membrane as in
    `seg.labels.MEMBRANES`; instances is None. The scale is that of the real slices, about 4 nm a pixel, whatever the
    size: a larger picture shows more cells.
    """
    rng = np.random.default_rng(seed)
    layout, surface, lens = rng.spawn(3)
    cells = pack(layout, height, width)
    yy = np.arange(height, dtype=np.float32)[:, None] + 7 * noise(surface, height, width, 60, 2)
    yy = yy + 1.5 * noise(surface, height, width, 14, 2)
    xx = np.arange(width, dtype=np.float32)[None] + 7 * noise(surface, height, width, 60, 2)
    xx = xx + 1.5 * noise(surface, height, width, 14, 2)
    owner, first, second = distances(cells, yy, xx)
    gap = second - first
    swollen = np.clip(noise(surface, height, width, 90, 2) - 1.0, 0, 1.5)
    thick = layout.uniform(5.2, 6.6) + 1.0 * noise(surface, height, width, 30, 2) + 4 * swollen
    thick = np.clip(thick, 3.6, 22)
    labels = (gap < thick).astype(np.uint8)

    tones = 158 + layout.normal(0, 9, len(cells)) - 26 * (layout.random(len(cells)) < 0.14)
    grey = tones[owner].astype(np.float32)
    grey += 9 * noise(surface, height, width, 26, 4, 0.8) + 11 * noise(surface, height, width, 5, 2, 0.8)
    room = np.clip((gap - thick) / 6 - 0.3, 0, 1)
    deep = gap > thick + 8
    ys, xs = np.nonzero(deep)
    if len(ys):
        dotted = layout.random(len(cells)) < 0.4
        for k in layout.integers(len(ys), size=int(height * width / 150)):
            y, x = int(ys[k]), int(xs[k])
            if not dotted[owner[y, x]] and layout.random() < 0.8:
                continue
            size = layout.uniform(2.2, 4.6)
            here, dy, dx = stamp(grey, y, x, size + 3)
            ring = np.exp(-(((np.hypot(dy, dx) - size) / 1.3) ** 2)) if size > 3 else np.exp(-(dy * dy + dx * dx) / 5)
            grey[here] -= layout.uniform(18, 52) * ring * room[here]
        taken: list[tuple[int, int]] = []
        for _ in range(round(height * width / 512**2 * layout.uniform(5, 11)) + 1):
            picks = layout.integers(len(ys), size=4)
            best = picks[np.argmax(gap[ys[picks], xs[picks]])]
            y, x = int(ys[best]), int(xs[best])
            size = min(float(gap[y, x]) * 0.42, layout.uniform(10, 24))
            if size > 8 and all(math.hypot(y - a, x - b) > 75 for a, b in taken):
                taken.append((y, x))
                mitochondrion(layout, grey, room, y, x, size)
    # membranes: a dark line, darkest in the middle; here and there cut obliquely, so pale and smeared
    oblique = np.clip(noise(surface, height, width, 70, 2) * 0.6, 0, 1)
    dark = 62 + 34 * oblique + 8 * noise(surface, height, width, 12, 2)
    profile = np.exp(-((gap / (thick * (0.95 + 0.5 * oblique))) ** 2 * 1.5))
    grey += (dark - grey) * profile
    # synapses: fuzzy dark patches along a membrane
    ys, xs = np.nonzero(labels)
    for k in layout.integers(max(len(ys), 1), size=round(height * width / 512**2 * 9) + 1):
        if k >= len(ys):
            break
        reach = layout.uniform(10, 26)
        here, dy, dx = stamp(grey, int(ys[k]), int(xs[k]), reach * 2)
        blob = np.exp(-(dy * dy + dx * dx) / reach**2) * np.exp(-gap[here] / (2.2 * thick[here]))
        grey[here] -= layout.uniform(30, 70) * blob
    picture = Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(lens.uniform(0.7, 1.2))
    )
    grey = np.asarray(picture).astype(np.float32)
    shot = noise(lens, height, width, 2.0, 1) * 8 + lens.standard_normal((height, width), dtype=np.float32) * 15
    grey += shot * lens.uniform(0.8, 1.25) * np.sqrt(np.clip(grey, 10, 255) / 130)
    grey += 8 * noise(lens, height, width, max(height, width) / 2, 1)
    grey = (grey - 132) * lens.uniform(0.96, 1.18) + lens.uniform(118, 140)
    return Sample(f"membranes-{seed}", np.clip(grey + 0.5, 0, 255).astype(np.uint8), labels)


register(
    Dataset(
        name="membranes",
        title="Cell membranes",
        order=30,
        class_map=MEMBRANES,
        size=(512, 512),
        samples=(3, 8, 12, 21),
        open=partial(render, height=360, width=360),
        replay=Replay(3, partial(render, height=256, width=256), (192, 192)),
        any_way_up=True,
        render=render,
        thin="the membranes between cells",
        looks="cell membranes",
        sentences={"training": "Choose membrane below: when do its thin lines close around the cells?"},
    )
)
