"""Cars: an outline swept across its width, with wheels, windows and lamps, seen from anywhere."""

import math

import numpy as np

from seg.datasets.street.canvas import NEAR, Camera, Canvas, Sprite, sample_tile, tile, turn

PAINTS = (
    (36, 38, 44),
    (58, 62, 68),
    (128, 132, 136),
    (160, 164, 166),
    (26, 34, 58),
    (104, 24, 26),
    (196, 198, 196),
    (30, 54, 46),
    (52, 70, 98),
    (84, 82, 78),
    (44, 42, 46),
    (130, 112, 76),
)
SHAPES = {
    "hatch": (
        4.0,
        1.74,
        (0, 0, 0.1, 0.55, 2.2, 3.05, 3.85, 4.0, 4.0),
        (0.28, 0.62, 0.92, 1.43, 1.46, 0.96, 0.78, 0.55, 0.28),
    ),
    "saloon": (
        4.5,
        1.76,
        (0, 0, 0.06, 0.75, 1.35, 2.6, 3.4, 4.35, 4.5, 4.5),
        (0.28, 0.62, 0.96, 1.0, 1.4, 1.42, 0.94, 0.76, 0.55, 0.28),
    ),
    "estate": (
        4.5,
        1.78,
        (0, 0, 0.06, 0.35, 2.7, 3.5, 4.35, 4.5, 4.5),
        (0.28, 0.62, 0.95, 1.47, 1.5, 0.96, 0.78, 0.55, 0.28),
    ),
    "van": (
        4.9,
        1.9,
        (0, 0, 0.03, 0.1, 3.5, 4.3, 4.8, 4.9, 4.9),
        (0.3, 0.7, 1.15, 2.05, 2.1, 1.2, 1.0, 0.65, 0.3),
    ),
    "offroad": (
        4.4,
        1.85,
        (0, 0, 0.04, 0.2, 2.5, 3.05, 4.3, 4.4, 4.4),
        (0.35, 0.75, 1.1, 1.75, 1.78, 1.15, 1.05, 0.7, 0.35),
    ),
}
"""Cars: length, width, and the outline along and up, from the rear bumper over the roof to the front, metres."""


def inset(corners: np.ndarray, across: float, along: float) -> np.ndarray:
    """A smaller quadrilateral inside corners (4, 3): a b along the bottom, c d back along the top."""
    a, b, c, d = corners

    def at(u, v):
        return (a * (1 - u) + b * u) * (1 - v) + (d * (1 - u) + c * u) * v

    return np.array([at(across, along), at(1 - across, along), at(1 - across, 1 - along), at(across, 1 - along)])


def car(canvas: Canvas, camera: Camera, rng: np.random.Generator, x: float, z: float, yaw: float, obj: int) -> None:
    """A car whose middle stands at street (x, z), metres."""
    light = canvas.light
    kind = rng.choice(list(SHAPES), p=[0.36, 0.22, 0.2, 0.1, 0.12])
    length, width, along, up = SHAPES[kind]
    paint = np.array(PAINTS[rng.integers(len(PAINTS))], np.float64) * rng.uniform(0.85, 1.1)
    if kind == "van" and rng.random() < 0.6:
        paint = np.array((206.0, 208, 208))
    glass = np.array((34.0, 40, 46))
    yaw = yaw + camera.heading(z)
    wx, wz = x + float(camera.shift(z)), z
    profile = np.stack([along, up], 1)
    belt = profile[2:-2, 1].min() + 0.14 if kind not in ("van", "offroad") else 1.12
    tall = profile[:, 1].max()
    half = np.where(
        profile[:, 1] > belt, width / 2 * (1 - 0.2 * (profile[:, 1] - belt) / (tall - belt + 1e-6)), width / 2
    )
    if kind == "van":
        half = np.full(len(profile), width / 2)
    half[0] = half[-1] = width / 2 * 0.96
    left = np.stack([-half, profile[:, 1], profile[:, 0] - length / 2], 1)
    right = left * (-1, 1, 1)
    corners = turn(np.concatenate([left, right]), yaw, wx, wz)
    if corners[:, 2].min() < NEAR + 0.3:
        return
    flat = camera.project(corners)
    left_edge, top_edge = flat.min(0) - 2
    sprite = Sprite(
        canvas,
        left_edge,
        top_edge,
        flat[:, 0].max() + 2,
        camera.horizon + camera.focal * camera.height / corners[:, 2].min(),
    )
    if sprite.empty:
        return

    def draw(points, colour):
        sprite.polygon(camera.project(points), colour)

    def to_world(points):
        return turn(np.array(points, np.float64), yaw, wx, wz)

    def visible(points):
        p = camera.project(points)
        return (p[1, 0] - p[0, 0]) * (p[2, 1] - p[0, 1]) - (p[1, 1] - p[0, 1]) * (p[2, 0] - p[0, 0]) < 0

    def lit(colour, normal):
        n = turn(np.array([normal], np.float64), yaw, 0, 0)[0]
        n = n / np.linalg.norm(n)
        side = light.left if n[0] > 0 else light.right
        tone = n[1].clip(0) ** 2 * light.up + n[0] ** 2 * side + n[2] ** 2 * light.front
        return colour * np.clip(tone + 0.12, 0, 1.6)

    def wheel(side, along):
        radius = 0.34 if kind in ("van", "offroad") else 0.31
        angles = np.arange(18) * (2 * math.pi / 18)
        for r, out, colour in (
            (radius * 1.16, 0.0, (12, 12, 13)),
            (radius, 0.012, (26, 26, 27)),
            (radius * 0.62, 0.02, (112, 114, 116)),
            (radius * 0.5, 0.022, (70, 72, 74)),
            (radius * 0.15, 0.024, (130, 132, 134)),
        ):
            ring = [(side * (width / 2 + out), radius + r * math.sin(a), along + r * math.cos(a)) for a in angles]
            if r > radius:
                ring = [p if p[1] > 0.28 else (p[0], 0.28, p[2]) for p in ring]
            draw(to_world(ring), np.array(colour) * (light.front + light.up) / 2)

    faces = []
    n = len(profile)
    for i in range(n - 1):
        quad = np.array([corners[i], corners[n + i], corners[n + i + 1], corners[i + 1]])
        step = profile[i + 1] - profile[i]
        faces.append((quad[:, 2].mean(), "strip", i, quad, (0.0, step[0], -step[1])))
    for side, ids in ((-1, range(n)), (1, range(n, 2 * n))):
        faces.append((corners[list(ids)][:, 2].mean(), "side", side, corners[list(ids)], (side, 0.15, 0)))
    # the underside and the tyres seen below the bumpers
    for end in (-1, 1):
        for side in (-1, 1):
            a, b = side * width / 2 * 0.98, side * (width / 2 - 0.24)
            at = end * (length / 2 - 0.55)
            draw(to_world([(a, 0, at), (b, 0, at), (b, 0.5, at), (a, 0.5, at)]), (18, 18, 19))
    draw(
        to_world(
            [
                (-width / 2 * 0.9, 0.17, -length / 2 + 0.3),
                (width / 2 * 0.9, 0.17, -length / 2 + 0.3),
                (width / 2 * 0.9, 0.5, length / 2 - 0.3),
                (-width / 2 * 0.9, 0.5, length / 2 - 0.3),
            ]
        ),
        (14, 14, 15),
    )
    rear_seen = visible(faces[1][3])
    for _, what, i, quad, normal in sorted(faces, key=lambda f: -f[0]):
        if what == "side":
            centre = to_world([(i * width / 2, 0.8, 0)])[0]
            axis = turn(np.array([(i, 0, 0)], np.float64), yaw, 0, 0)[0]
            if centre[0] * axis[0] + centre[2] * axis[2] > 0:
                continue
            draw(quad, lit(paint, normal))
            low = to_world(
                [
                    (i * width / 2, 0.28, -length / 2 + 0.02),
                    (i * width / 2, 0.28, length / 2 - 0.02),
                    (i * width / 2, 0.42, length / 2 - 0.02),
                    (i * width / 2, 0.42, -length / 2 + 0.02),
                ]
            )
            draw(low, lit(paint * 0.55, normal))
            shine = to_world(
                [
                    (i * width / 2, belt - 0.2, -length / 2 + 0.15),
                    (i * width / 2, belt - 0.2, length / 2 - 0.3),
                    (i * width / 2, belt - 0.14, length / 2 - 0.3),
                    (i * width / 2, belt - 0.14, -length / 2 + 0.15),
                ]
            )
            draw(shine, lit(paint * 1.2 + 16, normal))
            cabin = [k for k in range(n) if profile[k, 1] > belt - 0.02]
            if len(cabin) >= 2:
                low_z = (
                    np.interp(belt, *slope(profile, rising=True)),
                    np.interp(belt, *slope(profile, rising=False)),
                )
                roof = [k for k in cabin if profile[k, 1] > tall - 0.12]
                r0, r1 = profile[roof[0], 0], profile[roof[-1], 0]
                ring = [
                    (low_z[0] + 0.12, belt),
                    (low_z[1] - 0.12, belt),
                    (r1 - 0.04, tall - 0.12),
                    (r0 + 0.1, tall - 0.12),
                ]
                if kind == "van":
                    ring = [
                        (r1 - 0.7, belt + 0.05),
                        (low_z[1] - 0.15, belt + 0.05),
                        (r1 + 0.1, tall - 0.35),
                        (r1 - 0.7, tall - 0.35),
                    ]

                def panel(points, side=i):
                    out = []
                    for along, up in points:
                        w = width / 2 * (1 - (0 if kind == "van" else 0.2) * max(up - belt, 0) / (tall - belt))
                        out.append((side * w, up, along - length / 2))
                    return to_world(out)

                draw(panel(ring), lit(glass, normal))
                sky = [
                    ring[0],
                    ring[1],
                    tuple((np.array(ring[1]) + ring[2]) / 2),
                    tuple((np.array(ring[0]) + ring[3]) / 2),
                ]
                draw(panel(sky), lit(glass + light.sky * 0.08, normal))
                if kind != "van":
                    for t in (0.36, 0.68) if kind != "hatch" else (0.4,):
                        a, b = (
                            np.array(ring[0]) * (1 - t) + np.array(ring[1]) * t,
                            np.array(ring[3]) * (1 - t) + np.array(ring[2]) * t,
                        )
                        draw(
                            panel([(a[0] - 0.04, a[1]), (a[0] + 0.04, a[1]), (b[0] + 0.04, b[1]), (b[0] - 0.04, b[1])]),
                            lit(paint * 0.7, normal),
                        )
            for along in (-length * 0.31, length * 0.31):
                wheel(i, along)
            continue
        if not visible(quad):
            continue
        rises = profile[i + 1] - profile[i]
        top_part = min(profile[i, 1], profile[i + 1, 1]) >= belt - 0.2 and abs(rises[1]) > 0.3
        draw(quad, lit(paint, normal))
        if top_part and not (kind == "van" and rises[1] > 0):
            front = rises[1] < 0
            tone = glass + light.sky * (0.2 if front else 0.1)
            q = quad if not front else quad[[3, 2, 1, 0]]
            pane = inset(q, 0.07, 0.12)
            draw(pane, lit(tone, (0, 0.6, -1)))
            a, b, c, d = pane
            draw(np.array([d, (c + d) / 2, a * 0.6 + b * 0.4, a]), lit(tone * 1.25 + 6, (0, 0.6, -1)))
        elif i == 0 or i == n - 2:
            draw(inset(quad, 0.02, 0.1), lit(paint * 0.6 + 8, normal))
            draw(inset(quad, 0.36, 0.28), (226, 190, 70) * light.front if i == 0 else (214, 214, 206) * light.front)
        elif i == 1 or i == n - 3:
            q = quad if i == 1 else quad[[3, 2, 1, 0]]
            a, b, c, d = q
            lamp = (
                np.array((196.0, 30, 24)) * (1.25 if light.lamps else 0.75)
                if i == 1
                else np.array((236.0, 234, 220)) * (1.1 if light.lamps else 0.8)
            )
            draw(inset(q, 0.3, 0.3), lit(paint * (0.8 if i == 1 else 0.3), normal))
            for u in (0.03, 0.8):
                p, r = a + (b - a) * u, a + (b - a) * (u + 0.17)
                s, t = d + (c - d) * (u + 0.17), d + (c - d) * u
                draw(
                    np.array([p * 0.75 + t * 0.25, r * 0.75 + s * 0.25, s * 0.95 + r * 0.05, t * 0.95 + p * 0.05]), lamp
                )
    if rear_seen and kind == "van":
        mid = to_world(
            [
                (-0.02, 0.5, -length / 2 + 0.02),
                (0.02, 0.5, -length / 2 + 0.02),
                (0.02, 1.95, -length / 2 + 0.08),
                (-0.02, 1.95, -length / 2 + 0.08),
            ]
        )
        draw(mid, paint * 0.4)
        for s in (-1, 1):
            draw(
                to_world(
                    [
                        (s * 0.15, 1.2, -length / 2 + 0.03),
                        (s * 0.75, 1.2, -length / 2 + 0.03),
                        (s * 0.75, 1.75, -length / 2 + 0.07),
                        (s * 0.15, 1.75, -length / 2 + 0.07),
                    ]
                ),
                glass,
            )
    h = sprite.height
    shade = (1.05 - 0.22 * np.linspace(0, 1, h, dtype=np.float32))[:, None, None]
    shade = (
        shade
        + 0.025 * sample_tile(tile(5), np.arange(sprite.width)[None] * 0.6, np.arange(h)[:, None] * 0.6)[..., None]
    )
    sprite.stamp(z - 0.3, obj, shade)


def slope(profile: np.ndarray, rising: bool) -> tuple[np.ndarray, np.ndarray]:
    """Height to position along the car, on its rear (rising) or front slope, ready for interpolation."""
    peak = int(profile[:, 1].argmax())
    part = profile[: peak + 1] if rising else profile[peak:][::-1]
    order = np.argsort(part[:, 1], kind="stable")
    return part[order, 1], part[order, 0]
