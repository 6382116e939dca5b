"""Both sides of a street and what closes it: houses, roofs, gardens, parks and their fences."""

import numpy as np

from seg.datasets.street import buildings
from seg.datasets.street.canvas import Camera, Canvas, Sprite, sample_tile, tile, wall
from seg.datasets.street.furniture import tree
from seg.datasets.street.plan import BUILDING, FENCE, TREE, Plan


def draw_plots(canvas: Canvas, camera: Camera, rng: np.random.Generator, street: Plan) -> None:
    """Both sides of the street and what closes it: houses, walls, hedges, trees behind."""
    light, dusk = canvas.light, canvas.light.lamps
    greens = np.array(((70, 82, 46), (60, 70, 44), (84, 80, 56), (92, 84, 70))[rng.integers(4)]) * rng.uniform(0.8, 1.1)
    # far tree lines behind everything
    for side in (-1, 1):
        edge = (
            street.left - street.pavement[0] if side < 0 else street.right + street.pavement[1]
        ) + side * rng.uniform(22, 34)
        texture = buildings.foliage(rng, 70, rng.uniform(4, 8), 7, 0.5, greens)
        wall(
            canvas,
            camera,
            (edge, 3),
            (edge, street.end + 25),
            0,
            texture,
            canvas.add(TREE),
            light.left if side < 0 else light.right,
            repeat=True,
        )
    x = -70.0
    back = street.end + 4
    while x < 70:
        width = rng.uniform(8, 16)
        if rng.random() < 0.75:
            style = str(rng.choice(buildings.STYLES))
            texture = buildings.facade(rng, style, width, int(rng.integers(2, 5)), 14, dusk)
            wall(canvas, camera, (x, back), (x + width, back), 0, texture, canvas.add(BUILDING), light.front)
            if rng.random() < 0.7:
                draw_roof(canvas, camera, rng, (x, back), (x + width, back), texture.height, 0.0, light.front)
        else:
            texture = buildings.foliage(rng, width, rng.uniform(6, 12), 12, 0.5, greens)
            wall(canvas, camera, (x, back), (x + width, back), 0, texture, canvas.add(TREE), light.front)
        x += width
    for side in (-1, 1):
        edge = street.left - street.pavement[0] if side < 0 else street.right + street.pavement[1]
        lamp = light.left if side < 0 else light.right
        for plot in reversed(street.plots[0 if side < 0 else 1]):
            if plot.far < 1.5:
                continue
            near, far = plot.near, min(plot.far, street.end + 4)
            line = edge + side * plot.setback
            length = far - near
            sharp = float(np.clip(camera.focal / max(near, 4.0) * 0.7, 10, 44))
            if plot.kind in ("built", "garden"):
                texture = buildings.facade(rng, plot.style, length, plot.floors, sharp, dusk)
                obj = canvas.add(BUILDING)
                tone = lamp * rng.uniform(0.88, 1.1)
                wall(canvas, camera, (line, near), (line, far), 0, texture, obj, tone)
                pitched = plot.style in ("terrace", "rendered", "shop") and rng.random() < 0.85
                depth = rng.uniform(7, 10)
                end_wall = buildings.gable(rng, depth, texture.height, 2.6 if pitched else 0, min(sharp, 24))
                wall(canvas, camera, (line, near), (line + side * depth, near), 0, end_wall, obj, light.front * 0.9)
                if pitched:
                    draw_roof(
                        canvas, camera, rng, (line, near), (line, far), texture.height, side * depth / 2, lamp, obj
                    )
            if plot.kind in ("garden", "park"):
                draw_boundary(canvas, camera, rng, edge + side * 0.05, near, far, lamp, greens)
            if plot.kind == "park":
                for _ in range(int(rng.integers(2, 5))):
                    tz = rng.uniform(near, far)
                    if tz > 4:
                        tree(
                            canvas,
                            camera,
                            rng,
                            edge + side * rng.uniform(2.5, 9),
                            tz,
                            rng.uniform(5, 11),
                            rng.random() < 0.65,
                            canvas.add(TREE),
                        )
                texture = buildings.foliage(rng, length, rng.uniform(2, 5), 16, 0.4, greens)
                wall(
                    canvas,
                    camera,
                    (edge + side * 11, near),
                    (edge + side * 11, far),
                    0,
                    texture,
                    canvas.add(TREE),
                    lamp,
                )


def draw_boundary(canvas, camera, rng, x, near, far, lamp, greens) -> None:
    """What parts a garden from the pavement: railings, a wall or a hedge."""
    kind = rng.choice(["railing", "wall", "hedge", "open"], p=[0.34, 0.26, 0.24, 0.16])
    if kind == "hedge":
        texture = buildings.foliage(rng, far - near, rng.uniform(0.9, 1.9), 26, 0.06, greens)
        wall(canvas, camera, (x, near), (x, far), 0, texture, canvas.add(TREE), lamp)
    elif kind == "wall":
        wall(canvas, camera, (x, near), (x, far), 0, buildings.garden_wall(rng), canvas.add(FENCE), lamp, repeat=True)
    elif kind == "railing":
        wall(
            canvas,
            camera,
            (x, near),
            (x, far),
            0,
            buildings.railing(rng),
            canvas.add(FENCE),
            lamp,
            filled=True,
            repeat=True,
        )


def draw_roof(canvas, camera, rng, start, end, eaves, deep, lamp, obj=None) -> None:
    """A tiled slope from the eaves of a wall up to the ridge, deep metres behind it, and chimneys."""
    obj = canvas.add(BUILDING) if obj is None else obj
    rise = 2.6
    (xa, za), (xb, zb) = start, end
    back = 4.0 if deep == 0 else 0.0
    za, zb = max(za, 1.0), max(zb, 1.0)
    low, high = (
        np.array([(xa, eaves, za), (xb, eaves, zb)]),
        np.array([(xb + deep, eaves + rise, zb + back), (xa + deep, eaves + rise, za + back)]),
    )
    points = np.concatenate([low, high]).astype(np.float64)
    points[:, 0] += camera.shift(points[:, 2])
    flat = camera.project(points)
    inner = abs(points[0, 0]) < abs(points[3, 0]) or deep == 0
    sprite = Sprite(canvas, *flat.min(0), *flat.max(0))
    if sprite.empty or not inner:
        return
    colour = buildings.roof_colour(rng)
    sprite.polygon(flat, colour * lamp)
    h, w = sprite.height, sprite.width
    lines = 1 + 0.1 * sample_tile(tile(5), np.arange(w)[None] * 0.4, np.arange(h)[:, None] * 2.2)
    sprite.stamp(min(za, zb) + abs(zb - za) * 0.5, obj, lines[..., None])
    for _ in range(int(rng.integers(0, 3))):
        t = rng.uniform(0.1, 0.9)
        x, z = xa + (xb - xa) * t + deep * 0.9, za + (zb - za) * t + back
        scale = camera.focal / z
        px, py = (
            camera.cx + scale * (x + float(camera.shift(z))),
            camera.horizon + scale * (camera.height - eaves - rise * 0.8),
        )
        half, tall = 0.5 * scale, rng.uniform(1.2, 1.9) * scale
        stack = Sprite(canvas, px - half, py - tall - 0.4 * scale, px + half, py)
        if stack.empty:
            continue
        brick = np.array(buildings.BRICKS[rng.integers(5)]) * canvas.light.front
        stack.polygon([(px - half, py), (px + half, py), (px + half, py - tall), (px - half, py - tall)], brick * 0.85)
        stack.polygon([(px, py), (px + half, py), (px + half, py - tall), (px, py - tall)], brick * 0.65)
        for k in (-0.5, 0.0, 0.5):
            a = px + k * half
            stack.polygon(
                [
                    (a - 0.13 * scale, py - tall),
                    (a + 0.13 * scale, py - tall),
                    (a + 0.1 * scale, py - tall - 0.35 * scale),
                    (a - 0.1 * scale, py - tall - 0.35 * scale),
                ],
                (120, 78, 60) * canvas.light.front,
            )
        stack.stamp(z, obj)
