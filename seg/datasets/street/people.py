"""People on foot and on bicycles: limbs with joints, placed in space and seen from anywhere."""

import math

import numpy as np

from seg.datasets.street.canvas import NEAR, Sprite, sample_tile, tile, turn
from seg.datasets.street.cars import PAINTS

CLOTHES = (
    (30, 32, 40),
    (44, 46, 54),
    (28, 36, 62),
    (86, 40, 40),
    (122, 116, 104),
    (58, 66, 54),
    (148, 40, 44),
    (40, 80, 116),
    (170, 166, 160),
    (92, 72, 54),
    (24, 24, 26),
    (66, 60, 86),
    (150, 120, 60),
)
TROUSERS = ((28, 30, 36), (36, 44, 66), (52, 60, 84), (70, 64, 56), (24, 24, 26), (96, 88, 74))
SKINS = ((206, 160, 132), (188, 140, 112), (142, 98, 74), (98, 66, 50), (220, 178, 152))
HAIR = ((34, 26, 22), (62, 44, 30), (120, 92, 58), (150, 146, 142), (24, 22, 24))


def limbs(canvas, camera, x, z, yaw, parts, obj) -> None:
    """Draw capsules ((x, y, z), radius, (x, y, z), radius, colour) of a figure at street (x, z), far ones first."""
    wx = x + float(camera.shift(z))
    yaw = yaw + camera.heading(z)
    ends = turn(np.array([p for part in parts for p in (part[0], part[2])], np.float64), yaw, wx, z)
    if ends[:, 2].min() < NEAR:
        return
    flat = camera.project(ends)
    scale = camera.focal / z
    pad = 0.25 * scale
    sprite = Sprite(
        canvas, flat[:, 0].min() - pad, flat[:, 1].min() - pad, flat[:, 0].max() + pad, flat[:, 1].max() + pad
    )
    if sprite.empty:
        return
    light = canvas.light
    order = sorted(range(len(parts)), key=lambda k: -(ends[2 * k, 2] + ends[2 * k + 1, 2]))
    bright = 1 if light.left.mean() > light.right.mean() else -1
    for k in order:
        _, r0, _, r1, colour = parts[k]
        (ax, ay), (bx, by) = flat[2 * k], flat[2 * k + 1]
        r0, r1 = max(r0 * scale, 0.55), max(r1 * scale, 0.55)
        colour = np.array(colour, np.float64) * light.front
        sprite.capsule(ax, ay, r0, bx, by, r1, colour * 0.78)
        if min(r0, r1) > 1.6:
            d = -bright * 0.3
            sprite.capsule(ax + d * r0, ay - 0.1 * r0, r0 * 0.68, bx + d * r1, by, r1 * 0.68, colour * 1.12 + 5)
    folds = 1 + 0.09 * sample_tile(
        tile(5), np.arange(sprite.width)[None] * 1.1, np.arange(sprite.height)[:, None] * 1.1
    )
    sprite.stamp(z, obj, folds[..., None])


def pedestrian(canvas, camera, rng, x: float, z: float, obj: int) -> None:
    """Somebody walking or standing at street (x, z), metres."""
    tall = rng.uniform(1.55, 1.88) if rng.random() < 0.92 else rng.uniform(1.05, 1.3)
    k = tall / 1.75
    coat = np.array(CLOTHES[rng.integers(len(CLOTHES))]) * rng.uniform(0.8, 1.15)
    legs = np.array(TROUSERS[rng.integers(len(TROUSERS))]) * rng.uniform(0.8, 1.15)
    skin, hair = SKINS[rng.integers(len(SKINS))], HAIR[rng.integers(len(HAIR))]
    stride = rng.uniform(0.05, 0.38) * rng.choice([-1, 1])
    swing = stride * rng.uniform(0.5, 0.9)
    yaw = rng.choice([0, math.pi, 0.5, -0.5, math.pi / 2, -math.pi / 2]) + rng.normal(0, 0.25)
    parts = []
    for side, s in ((-1, stride), (1, -stride)):
        hip, knee, foot = (side * 0.09, 0.9, 0), (side * 0.1, 0.48, s * 0.55), (side * 0.1, 0.07, s)
        parts += [
            (hip, 0.1, knee, 0.075, legs),
            (knee, 0.075, foot, 0.05, legs),
            (foot, 0.05, (side * 0.1, 0.05, s + 0.14), 0.045, (24, 22, 22)),
        ]
        hand = (side * 0.25, 0.86, -s * 0.7 - swing * 0.2)
        elbow = (side * 0.26, 1.12, -s * 0.3)
        parts += [
            ((side * 0.19, 1.4, 0), 0.075, elbow, 0.06, coat * 0.92),
            (elbow, 0.06, hand, 0.045, coat * 0.88),
            (hand, 0.045, hand, 0.04, skin),
        ]
    if rng.random() < 0.35:
        parts.append(((0, 0.9, 0), 0.17, (0, 0.58, 0), 0.2, coat * 0.95))
    parts += [
        ((-0.06, 1.36, 0), 0.14, (-0.03, 0.94, 0), 0.13, coat),
        ((0.06, 1.36, 0), 0.14, (0.03, 0.94, 0), 0.13, coat),
    ]
    parts += [((0, 1.5, 0), 0.055, (0, 1.54, 0.02), 0.05, skin), ((0, 1.6, 0.03), 0.085, (0, 1.67, 0.02), 0.09, skin)]
    parts.append(((0, 1.68, -0.02), 0.098, (0, rng.choice([1.7, 1.62, 1.52]), -0.05), 0.085, hair))
    if rng.random() < 0.4:
        bag = np.array(CLOTHES[rng.integers(len(CLOTHES))])
        at = rng.choice([-1, 1])
        parts.append(
            ((at * 0.24, 0.95, -0.1), 0.12, (at * 0.24, 0.75, -0.1), 0.12, bag)
            if rng.random() < 0.5
            else ((0, 1.32, -0.19), 0.13, (0, 1.06, -0.19), 0.14, bag)
        )
    parts = [(tuple(np.array(a) * k), r * k, tuple(np.array(b) * k), q * k, c) for a, r, b, q, c in parts]
    limbs(canvas, camera, x, z, yaw, parts, obj)


def cyclist(canvas, camera, rng, x: float, z: float, yaw: float, obj: int) -> None:
    """A bicycle and its rider at street (x, z), metres."""
    coat = np.array(CLOTHES[rng.integers(len(CLOTHES))]) * rng.uniform(0.85, 1.2)
    if rng.random() < 0.2:
        coat = np.array((206, 214, 60))
    legs = np.array(TROUSERS[rng.integers(len(TROUSERS))])
    frame = np.array(PAINTS[rng.integers(len(PAINTS))])
    skin = SKINS[rng.integers(len(SKINS))]
    parts = []
    steps = 16
    for centre in (-0.52, 0.54):
        ring = [
            (0, 0.34 + 0.33 * math.sin(2 * math.pi * i / steps), centre + 0.33 * math.cos(2 * math.pi * i / steps))
            for i in range(steps + 1)
        ]
        parts += [(ring[i], 0.024, ring[i + 1], 0.024, (24, 24, 24)) for i in range(steps)]
        parts += [(ring[i], 0.004, ring[i + steps // 2], 0.004, (110, 110, 112)) for i in range(0, steps // 2, 2)]
    seat, crank, head, rear, front = (
        (0, 0.92, -0.2),
        (0, 0.32, -0.02),
        (0, 0.88, 0.36),
        (0, 0.34, -0.52),
        (0, 0.34, 0.54),
    )
    for a, b in ((seat, crank), (crank, head), (seat, head), (crank, rear), (seat, rear), (head, front)):
        parts.append((a, 0.022, b, 0.022, frame))
    bar = (0, 1.02, 0.4)
    parts += [
        (head, 0.02, bar, 0.02, (60, 60, 62)),
        ((-0.26, 1.03, 0.38), 0.02, (0.26, 1.03, 0.38), 0.02, (40, 40, 42)),
    ]
    parts.append(((0, 0.95, -0.3), 0.05, (0, 0.95, -0.1), 0.04, (22, 22, 22)))
    phase = rng.uniform(0, 2 * math.pi)
    lean = rng.uniform(0.1, 0.35)
    for side, turned in ((-1, phase), (1, phase + math.pi)):
        foot = (side * 0.1, 0.32 + 0.16 * math.sin(turned), -0.02 + 0.16 * math.cos(turned))
        knee = (side * 0.11, 0.72 + 0.1 * math.sin(turned), 0.22 + 0.06 * math.cos(turned))
        parts += [
            ((side * 0.1, 0.98, -0.2), 0.1, knee, 0.075, legs),
            (knee, 0.07, foot, 0.045, legs),
            (foot, 0.045, (foot[0], foot[1] - 0.02, foot[2] + 0.12), 0.04, (20, 20, 20)),
        ]
        shoulder = (side * 0.19, 1.44, -0.16 + lean)
        elbow = (side * 0.27, 1.18, 0.12 + lean * 0.5)
        parts += [
            (shoulder, 0.07, elbow, 0.055, coat * 0.92),
            (elbow, 0.055, (side * 0.24, 1.05, 0.36), 0.045, coat * 0.9),
        ]
    for side in (-0.06, 0.06):
        parts.append(((side, 1.4, -0.18 + lean), 0.145, (side * 0.6, 1.0, -0.22), 0.13, coat))
    if rng.random() < 0.35:
        parts.append(
            ((0, 1.38, -0.38 + lean), 0.13, (0, 1.12, -0.42 + lean * 0.5), 0.14, CLOTHES[rng.integers(len(CLOTHES))])
        )
    top = -0.12 + lean * 1.2
    parts += [((0, 1.62, top + 0.03), 0.085, (0, 1.7, top + 0.02), 0.09, skin)]
    cap = (190, 190, 186) if rng.random() < 0.35 else HAIR[rng.integers(len(HAIR))]
    parts.append(((0, 1.72, top - 0.04), 0.1, (0, 1.7, top + 0.0), 0.1, cap))
    limbs(canvas, camera, x, z, yaw, parts, obj)
