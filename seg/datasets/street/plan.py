"""The layout of a street: what stands where, in metres, before anything is drawn."""

import math
from dataclasses import dataclass

import numpy as np

from seg.datasets.street import buildings
from seg.datasets.street.canvas import Light
from seg.datasets.street.classes import STREET

SKY, BUILDING, POLE, ROAD, PAVEMENT, TREE, SIGN, FENCE, CAR, PEDESTRIAN, BICYCLIST = range(len(STREET))
FAR = 140.0


@dataclass(frozen=True)
class Plot:
    """A stretch of one side of the street, from near to far metres ahead."""

    near: float
    far: float
    kind: str
    """built: a house on the pavement; garden: one set back; park: trees; lane: a side street."""
    setback: float
    floors: int
    style: str


@dataclass(frozen=True)
class Plan:
    """Everything about a scene that does not depend on the picture's size. Lengths in metres."""

    weather: str
    left: float
    right: float
    """The kerbs, x to the left (negative) and right of the camera's lane origin."""
    pavement: tuple[float, float]
    end: float
    plots: tuple[tuple[Plot, ...], tuple[Plot, ...]]


def plan(rng: np.random.Generator) -> Plan:
    """Lay out a street."""
    weather = str(rng.choice(["overcast", "sun", "dusk", "grey"], p=[0.34, 0.26, 0.22, 0.18]))
    half = rng.uniform(3.4, 6.6)
    mood = rng.choice(["town", "homes", "college", "edge"], p=[0.36, 0.24, 0.16, 0.24])
    end = rng.uniform(45, FAR)
    sides = []
    for _ in range(2):
        z, plots = -4.0, []
        kinds = {
            "town": (0.82, 0.06, 0.04, 0.08),
            "homes": (0.3, 0.5, 0.1, 0.1),
            "college": (0.5, 0.2, 0.22, 0.08),
            "edge": (0.22, 0.3, 0.4, 0.08),
        }
        main = rng.choice(
            buildings.STYLES,
            p={
                "town": (0.2, 0.45, 0.15, 0.05, 0.15),
                "homes": (0.55, 0.05, 0.35, 0.0, 0.05),
                "college": (0.1, 0.1, 0.1, 0.6, 0.1),
                "edge": (0.35, 0.05, 0.2, 0.0, 0.4),
            }[str(mood)],
        )
        while z < end:
            kind = str(rng.choice(["built", "garden", "park", "lane"], p=kinds[str(mood)]))
            if kind == "lane" and plots and plots[-1].kind == "lane":
                kind = "built"
            style = str(main if rng.random() < 0.55 else rng.choice(buildings.STYLES))
            deep = {"built": (5, 11), "garden": (6, 13), "park": (10, 26), "lane": (6, 9)}[kind]
            size = rng.uniform(*deep) * (1.5 if style in ("college", "modern") and kind != "lane" else 1)
            setback = {"built": 0.0, "garden": rng.uniform(2.5, 7), "park": rng.uniform(12, 25), "lane": 30.0}[kind]
            floors = int(rng.integers(2, 5)) if mood in ("town", "college") else int(rng.integers(2, 4))
            plots.append(Plot(z, z + size, kind, setback, floors, style))
            z += size
        sides.append(tuple(plots))
    narrow = 1.0 if mood == "town" else 1.25
    widths = (float(rng.uniform(1.6, 3.3) * narrow), float(rng.uniform(1.6, 3.3) * narrow))
    return Plan(weather, -half, half, widths, float(end), (sides[0], sides[1]))


def lighting(rng: np.random.Generator, weather: str) -> Light:
    """The light of a kind of weather."""
    sun = float(rng.choice([-1, 1])) if weather in ("sun", "dusk") else 0.0
    tint = {
        "overcast": (1.0, 1.0, 1.0),
        "sun": (1.04, 1.0, 0.94),
        "dusk": (0.98, 0.98, 1.0),
        "grey": (0.96, 0.99, 1.03),
    }[weather]
    level = {
        "overcast": rng.uniform(0.62, 0.92),
        "sun": rng.uniform(0.68, 0.92),
        "dusk": rng.uniform(0.36, 0.6),
        "grey": rng.uniform(0.52, 0.76),
    }[weather]
    sky = {"overcast": (242, 245, 247), "sun": (226, 238, 250), "dusk": (206, 214, 218), "grey": (230, 235, 238)}[
        weather
    ]
    base = np.array(tint) * level
    # light.left is what the left side of the street gets: a sun on the right shines on it
    lit, dark = (1.3, 0.68) if weather == "sun" else (1.1, 0.85)
    left = base * (lit if sun > 0 else dark if sun < 0 else rng.uniform(0.85, 1.0))
    right = base * (lit if sun < 0 else dark if sun > 0 else rng.uniform(0.85, 1.0))
    return Light(
        left,
        right,
        base * rng.uniform(0.75, 0.95),
        base * 1.12,
        np.array(sky, np.float64),
        np.array(sky) * 0.8,
        float(rng.uniform(260, 600)),
        sun,
        weather == "dusk",
    )


def place_objects(rng: np.random.Generator, street: Plan, camera_x: float) -> tuple[list[tuple], list[tuple]]:
    """What stands in the street: (z, kind, x, extra), far things first; and the
    shadows under them, (x, z, half width, half length, softness) each."""
    out: list[tuple] = []
    left, right = street.left, street.right
    lw, rw = street.pavement
    wide = right - left > 8.4
    for _ in range(1 + int(rng.random() < 0.3)):
        side = rng.choice([-1, 1])
        x = (left + rng.uniform(0.7, 1.9)) if side < 0 else (right - rng.uniform(0.7, 1.9))
        yaw = (0.0 if side < 0 else math.pi) + rng.normal(0, 0.18)
        if rng.random() < 0.2:
            yaw, x = rng.choice([-1, 1]) * math.pi / 2 + rng.normal(0, 0.3), rng.uniform(left * 0.6, right * 0.6)
        out.append((8 + 20 * rng.random() ** 1.1, "cyclist", x, yaw))
    for side in (-1, 1):
        if rng.random() < (0.75 if wide else 0.45):
            z = rng.uniform(5, 15)
            while z < min(street.end, 75):
                if rng.random() < 0.75:
                    x = (left + 1.05) if side < 0 else (right - 1.05)
                    out.append(
                        (
                            z,
                            "car",
                            x + rng.normal(0, 0.06),
                            (0.0 if side < 0 else math.pi)
                            + rng.normal(0, 0.03)
                            + (math.pi if rng.random() < 0.3 else 0),
                        )
                    )
                z += rng.uniform(5.4, 7.5) if rng.random() < 0.75 else rng.uniform(9, 20)
    lane = left * 0.5 if not wide else -1.7
    z = rng.uniform(8.5, 26)
    for _ in range(int(rng.integers(1, 4))):
        out.append((z, "car", lane + rng.normal(0, 0.2), rng.normal(0, 0.04)))
        z += rng.uniform(8, 25)
    z = rng.uniform(8, 30)
    for _ in range(int(rng.integers(0, 4))):
        out.append((z, "car", -lane + rng.normal(0, 0.2), math.pi + rng.normal(0, 0.04)))
        z += rng.uniform(8, 25)
    if rng.random() < 0.12:
        out.append(
            (rng.uniform(12, 30), "car", rng.uniform(-2, 2), rng.choice([-1, 1]) * math.pi / 2 + rng.normal(0, 0.3))
        )
    for _ in range(int(rng.integers(2, 8))):
        side = rng.choice([-1, 1])
        x = left - rng.uniform(0.4, max(lw - 0.3, 0.5)) if side < 0 else right + rng.uniform(0.4, max(rw - 0.3, 0.5))
        z = 7.5 + 36 * rng.random() ** 1.15
        out.append((z, "pedestrian", x, 0))
        if rng.random() < 0.35:
            out.append((z + rng.uniform(-0.2, 0.5), "pedestrian", x + rng.choice([-1, 1]) * 0.6, 0))
    if rng.random() < 0.3:
        out.append((rng.uniform(9, 28), "pedestrian", rng.uniform(left, right), 0))
    z, side = rng.uniform(7, 20), rng.choice([-1, 1])
    gap, tall = rng.uniform(13, 24), rng.uniform(5.5, 9)
    both = rng.random() < 0.5
    while z < min(street.end, 110):
        out += [
            (z, "lamp", left - 0.45 if s < 0 else right + 0.45, (tall, -s * rng.uniform(0.8, 1.6)))
            for s in ((side, -side) if both else (side,))
        ]
        z += gap
    for _ in range(int(rng.integers(2, 7))):
        side = rng.choice([-1, 1])
        z = 8 + 30 * rng.random() ** 1.1
        kind = str(rng.choice(["light", "round", "triangle", "board"], p=[0.36, 0.26, 0.2, 0.18]))
        out.append(
            (
                z,
                kind,
                left - rng.uniform(0.3, 0.7) if side < 0 else right + rng.uniform(0.3, 0.7),
                rng.uniform(2.2, 3.1),
            )
        )
    for _ in range(int(rng.random() < 0.5) + int(rng.random() < 0.3)):
        side = rng.choice([-1, 1])
        kind = str(rng.choice(["advert", "banner"]))
        out.append(
            (
                rng.uniform(8, 22),
                kind,
                left - lw * 0.8 if side < 0 else right + rw * 0.8,
                1.35 if kind == "advert" else rng.uniform(3, 4.2),
            )
        )
    for side in (-1, 1):
        if rng.random() < 0.34:
            z = rng.uniform(7, 18)
            bare = rng.random() < 0.7
            while z < min(street.end, 80):
                out.append(
                    (z, "tree", left - lw * 0.75 if side < 0 else right + rw * 0.75, (rng.uniform(5.5, 10), bare))
                )
                z += rng.uniform(9, 24)
        if rng.random() < 0.15:
            z = rng.uniform(7, 16)
            for _ in range(int(rng.integers(2, 6))):
                out.append((z, "bollard", left - 0.35 if side < 0 else right + 0.35, rng.uniform(0.85, 1.05)))
                z += 1.6
        if rng.random() < 0.3:
            z = rng.uniform(6, 24)
            out.append((z, "guard", left - 0.22 if side < 0 else right + 0.22, rng.uniform(5, 14)))
    taken: list[tuple[float, float, float]] = []
    kept = []
    for item in out:
        z, kind, x, _ = item
        room = 5.2 if kind == "car" else 0.6 if kind == "cyclist" else 0
        if room:
            if z < (5.0 if kind == "car" else 5) or any(
                abs(x - a) < 1.9 and abs(z - b) < (room + c) / 2 for a, b, c in taken
            ):
                continue
            if kind == "car" and abs(x - camera_x) < 1.8 and z < 8:
                continue
            taken.append((x, z, room))
        kept.append(item)
    shadows = []
    for z, kind, x, extra in kept:
        size = {
            "car": (0.92, 2.15, 0.5),
            "pedestrian": (0.2, 0.2, 0.4),
            "cyclist": (0.16, 0.7, 0.3),
            "tree": (0.5, 0.5, 1.2),
        }.get(kind)
        if size:
            across, along, soft = size
            if kind in ("car", "cyclist") and abs(math.sin(extra)) > 0.7:
                across, along = along, across
            shadows.append((x + 0.1, z, across, along, soft))
    return sorted(kept, key=lambda item: -item[0]), shadows
