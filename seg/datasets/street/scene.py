"""Rendered street scenes with exact truth: the same classes and proportions as the real street set."""

import math

import numpy as np
from PIL import Image, ImageFilter

from seg.datasets.sample import Sample
from seg.datasets.street import buildings
from seg.datasets.street.canvas import SUPER, Camera, Canvas, wall
from seg.datasets.street.cars import car
from seg.datasets.street.furniture import pole, sign, tree
from seg.datasets.street.ground import draw_ground, draw_sky
from seg.datasets.street.people import cyclist, pedestrian
from seg.datasets.street.plan import BICYCLIST, CAR, FENCE, PEDESTRIAN, POLE, SIGN, TREE, lighting, place_objects, plan
from seg.datasets.street.plots import draw_plots


def draw_objects(canvas: Canvas, camera: Camera, rng: np.random.Generator, items: list[tuple]) -> None:
    """Draw what place_objects chose, far things first."""
    for z, kind, x, extra in items:
        seed = np.random.default_rng(rng.integers(2**32))
        if kind == "car":
            car(canvas, camera, seed, x, z, extra, canvas.add(CAR, True))
        elif kind == "pedestrian":
            pedestrian(canvas, camera, seed, x, z, canvas.add(PEDESTRIAN, True))
        elif kind == "cyclist":
            cyclist(canvas, camera, seed, x, z, extra, canvas.add(BICYCLIST, True))
        elif kind == "tree":
            tall, bare = extra
            tree(canvas, camera, seed, x, z, tall, bare, canvas.add(TREE))
        elif kind == "lamp":
            pole(canvas, camera, x, z, extra[0], 0.13, canvas.add(POLE), extra[1])
        elif kind == "bollard":
            pole(canvas, camera, x, z, extra, 0.16, canvas.add(POLE), colour=(40, 40, 42))
        elif kind == "guard":
            wall(
                canvas,
                camera,
                (x, z),
                (x, z + extra),
                0,
                buildings.railing(seed),
                canvas.add(FENCE),
                canvas.light.front,
                filled=True,
                repeat=True,
            )
        else:
            if kind != "banner":
                pole(
                    canvas,
                    camera,
                    x,
                    z,
                    extra,
                    0.075 if kind != "light" else 0.11,
                    canvas.add(POLE),
                    colour=(100, 102, 102) if kind != "light" else (60, 62, 62),
                )
            sign(canvas, camera, seed, x, z, extra, kind, canvas.add(SIGN))


def develop(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """What a camera does to the light: exposure, contrast, cast, vignetting, softness, noise; uint8 (H, W, 3)."""
    h, w = picture.shape[:2]
    soft = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(rng.uniform(0.25, 0.7) * max(h, w) / 480)
    )
    rgb = np.asarray(soft).astype(np.float32) / 255
    rgb = rgb ** rng.uniform(1.02, 1.3) * rng.uniform(1.08, 1.3)
    grey = rgb.mean(2, keepdims=True)
    rgb = grey + (rgb - grey) * rng.uniform(0.4, 0.85)
    rgb = rgb * (1 + rng.normal(0, 0.012, 3).astype(np.float32))
    yy, xx = np.linspace(-1, 1, h, dtype=np.float32)[:, None], np.linspace(-1, 1, w, dtype=np.float32)[None]
    rgb = rgb * (1 - rng.uniform(0.02, 0.14) * (xx * xx + yy * yy) / 2)[..., None]
    grain = rng.uniform(0.003, 0.012)
    rgb = (
        rgb
        + rng.standard_normal((h, w, 1), dtype=np.float32) * grain
        + rng.standard_normal((h, w, 3), dtype=np.float32) * grain * 0.5
    )
    return np.clip(rgb * 255 + 0.5, 0, 255).astype(np.uint8)


def render(seed: int, height: int = 360, width: int = 480) -> Sample:
    """A street scene with exact truth; the same seed and size always give the same bytes.

    Returns a Sample: image uint8 (height, width, 3) RGB, labels uint8 (height, width) with ids of
    `seg.labels.STREET`, instances uint16 (height, width), a number from 1 for every car, pedestrian and
    cyclist in sight and 0 elsewhere. Height and width from 32 up. As in the annotations of the real set, the gaps
    between railings and between the twigs of a bare crown count as fence and tree.
    """
    rng = np.random.default_rng(seed)
    layout, surface, objects, lens = rng.spawn(4)
    street = plan(layout)
    focal = math.sqrt(width * height * 4 / 3) * SUPER * layout.uniform(0.92, 1.15)
    camera_x = float(np.clip(street.left * layout.uniform(0.25, 0.6), -3.2, 0.2))
    bend = float(layout.choice([0.0, 1.0])) * layout.normal(0, 0.0011)
    camera = Camera(
        focal,
        width * SUPER * layout.uniform(0.36, 0.64),
        height * SUPER * layout.uniform(0.46, 0.54),
        layout.uniform(1.3, 1.75),
        camera_x,
        bend,
    )
    light = lighting(layout, street.weather)
    items, shadows = place_objects(objects, street, camera_x)
    canvas = Canvas(height, width, light)
    draw_sky(canvas, surface, street.weather, camera.horizon)
    draw_ground(canvas, camera, surface, street, shadows)
    draw_plots(canvas, camera, surface, street)
    draw_objects(canvas, camera, objects, items)
    labels, instances = canvas.truth()
    return Sample(f"street-{seed}", develop(lens, canvas.picture()), labels, instances)
