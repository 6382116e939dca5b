# ruff: noqa: E501, the markup of a page stands on one line
"""Pictures of what no network here knows, which nothing was fitted on: scikit-image's, and pages that a browser draws.

They have nothing in common with `seg.likeness.drawn`, neither code nor fonts nor forms.
"""

import io
import random
from collections.abc import Iterator
from html import escape
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser

FILES = (
    *("brick.png", "cell.png", "chessboard_GRAY.png", "chessboard_RGB.png", "clock_motion.png", "coins.png"),
    *("color.png", "grass.png", "gravel.png", "horse.png", "hubble_deep_field.jpg", "ihc.png", "logo.png"),
    *("microaneurysms.png", "moon.png", "page.png", "phantom.png", "retina.jpg", "text.png"),
)
"""Of scikit-image's package, those that are no everyday photo: it has some of these, too."""

PROSE = (
    "Call me Ishmael. Some years ago, never mind how long precisely, having little or no money in my purse, and nothing "
    "particular to interest me on shore, I thought I would sail about a little and see the watery part of the world. "
)


def from_scikit_image() -> Iterator[tuple[str, np.ndarray]]:
    """Name and uint8 (H, W, 3) of `FILES`; none without the package."""
    found = find_spec("skimage")
    for name in FILES if found and found.origin else ():
        picture = Image.open(Path(found.origin).parent / "data" / name)
        yield (
            name,
            np.asarray(Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture.convert("RGBA")))[
                ..., :3
            ],
        )


def from_browser(browser: Browser) -> Iterator[tuple[str, np.ndarray]]:
    """Name and uint8 (H, W, 3) of what Chromium draws."""
    page = browser.new_page(viewport={"width": 800, "height": 600})
    for name, (body, width, height) in pages().items():
        page.set_viewport_size({"width": width, "height": height})
        page.set_content(f"<html><body style='margin:0;overflow:hidden'>{body}</body></html>")
        yield name, np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
    page.close()


def pages() -> dict[str, tuple[str, int, int]]:
    """Name → HTML, width and height."""
    chance = random.Random(7)
    cells = [[chance.random() for _ in range(12)] for _ in range(8)]

    def svg(inside: str, ground: str = "white", width: int = 640, height: int = 480) -> tuple[str, int, int]:
        drawing = f"<svg width='{width}' height='{height}' style='background:{ground};display:block'>{inside}</svg>"
        return drawing, width, height

    def turbulence(frequency: str, matrix: str, octaves: int = 4, kind: str = "fractalNoise") -> str:
        return (
            f"<filter id='f'><feTurbulence type='{kind}' baseFrequency='{frequency}' numOctaves='{octaves}' seed='4'/>"
            f"<feColorMatrix type='matrix' values='{matrix}'/></filter><rect width='100%' height='100%' filter='url(#f)'/>"
        )

    def bars(tone: str, ground: str, ink: str) -> tuple[str, int, int]:
        heights = [chance.uniform(40, 360) for _ in range(12)]
        drawn = "".join(
            f"<rect x='{60 + 45 * i}' y='{420 - h}' width='32' height='{h}' fill='{tone}'/><text x='{62 + 45 * i}' y='440' "
            f"font-size='13' fill='{ink}'>Q{i}</text>"
            for i, h in enumerate(heights)
        )
        return svg(f"{drawn}<text x='180' y='32' font-size='22' fill='{ink}'>Revenue by quarter</text>", ground)

    def spread(count: int, radius: float, tones: list[str], ground: str, blur: float = 0.0) -> tuple[str, int, int]:
        dots = "".join(
            f"<ellipse cx='{chance.uniform(0, 640):.0f}' cy='{chance.uniform(0, 480):.0f}' "
            f"rx='{radius * chance.uniform(0.5, 1.4):.1f}' ry='{radius * chance.uniform(0.5, 1.4):.1f}' "
            f"fill='{chance.choice(tones)}'/>"
            for _ in range(count)
        )
        return svg(
            f"<filter id='b'><feGaussianBlur stdDeviation='{blur}'/></filter><g filter='url(#b)'>{dots}</g>", ground
        )

    curve = " ".join(f"{40 + 6 * i},{240 + 120 * chance.gauss(0, 0.4) - i:.0f}" for i in range(95))
    ecg = " ".join(
        f"{i * 8},{240 - {3: 25, 8: -20, 9: 150, 10: -60, 15: 40}.get(i % 20, chance.gauss(0, 3)):.0f}"
        for i in range(80)
    )
    ribs = "".join(
        f"<path d='M320 {90 + 42 * i} C {320 + s * 90} {60 + 42 * i}, {320 + s * 190} {90 + 42 * i}, {320 + s * 180} "
        f"{150 + 42 * i}' stroke='#aaa' stroke-width='15' fill='none'/>"
        for i in range(7)
        for s in (-1, 1)
    )
    bones = "".join(
        f"<path d='M{250 + 42 * i} 380 L {190 + 70 * i} {120 + abs(i - 2) * 24}' stroke='#ddd' stroke-width='{24 - i}' "
        "stroke-linecap='round' stroke-dasharray='70 9'/>"
        for i in range(5)
    )
    blur = "<filter id='b'><feGaussianBlur stdDeviation='5'/></filter>"
    rows = "".join("<tr>" + "".join(f"<td>{v * 1000:.1f}</td>" for v in row) + "</tr>" for row in cells)
    squares = "".join(
        f"<rect x='{50 * x}' y='{55 * y}' width='50' height='55' fill='hsl({240 - 240 * v:.0f} 80% 50%)'/>"
        for y, row in enumerate(cells)
        for x, v in enumerate(row)
    )
    program = escape(
        "\n".join(f"{' ' * 4 * (i % 4)}for item_{i} in queue[{i}:]: total += item_{i}.price" for i in range(30))
    )
    code = f"<pre style='margin:0;padding:12px;background:%s;color:%s;font-size:14px;height:600px'>{program}</pre>"
    chat = "".join(
        f"<div style='margin:10px;padding:10px;border-radius:16px;width:60%;background:{'#dcf8c6' if i % 2 else '#fff'};"
        f"margin-left:{'35%' if i % 2 else '10px'};font:15px sans-serif'>{PROSE[: chance.randrange(30, 130)]}</div>"
        for i in range(8)
    )
    cards = "".join(
        f"<div style='display:inline-block;width:170px;margin:10px;padding:12px;border:1px solid #ddd;border-radius:8px;"
        f"font:13px sans-serif'><b>Product {i}</b><p>{PROSE[:60]}</p><button style='background:#06c;color:#fff;border:0;"
        "padding:8px'>Buy</button></div>"
        for i in range(12)
    )
    streets = "".join(
        f"<path d='M{chance.uniform(-50, 640):.0f} {chance.choice([-10, 490])} L {chance.uniform(0, 700):.0f} "
        f"{chance.uniform(0, 480):.0f} L {chance.choice([-10, 650])} {chance.uniform(0, 480):.0f}' stroke='%s' "
        "stroke-width='%d' fill='none'/>"
        for _ in range(16)
    )
    roads = streets.replace("%s", "#bbb").replace("%d", "13") + streets.replace("%s", "#fff").replace("%d", "9")
    pie = "".join(
        f"<circle cx='320' cy='240' r='80' fill='none' stroke='hsl({60 * i} 60% 55%)' stroke-width='160' "
        f"stroke-dasharray='84 503' stroke-dashoffset='{-84 * i}'/>"
        for i in range(6)
    )
    nodes = [(chance.uniform(60, 580), chance.uniform(60, 420)) for _ in range(14)]
    links = "".join(
        f"<line x1='{a[0]:.0f}' y1='{a[1]:.0f}' x2='{b[0]:.0f}' y2='{b[1]:.0f}' stroke='#888'/>"
        for a, b in zip(nodes, nodes[3:] + nodes[:3], strict=True)
    )
    boxes = "".join(
        f"<rect x='{x - 35:.0f}' y='{y - 18:.0f}' width='70' height='36' rx='6' fill='#eef' stroke='#446'/>"
        f"<text x='{x - 22:.0f}' y='{y + 5:.0f}' font-size='13'>Step {i}</text>"
        for i, (x, y) in enumerate(nodes)
    )
    receipt = "Milk 2%       3.49 A\nBread        12.00 B\n" * 14
    grey = "0.33 0.33 0.33 0 0 0.33 0.33 0.33 0 0 0.33 0.33 0.33 0 0 0 0 0 0 1"
    return {
        "novel": (f"<div style='padding:50px;font:17px serif;columns:1'>{PROSE * 12}</div>", 620, 860),
        "newspaper": (
            f"<div style='padding:20px;font:12px serif;columns:4;background:#f4efe2'>{PROSE * 30}</div>",
            900,
            640,
        ),
        "receipt": (f"<pre style='padding:20px;font-size:15px'>{receipt}</pre>", 320, 620),
        "letter, dark": (
            f"<div style='background:#222;color:#eee;padding:40px;font:20px serif'>{PROSE * 6}</div>",
            700,
            700,
        ),
        "spreadsheet": (
            f"<table border=1 style='font:15px sans-serif;border-collapse:collapse;width:100%'>{rows * 3}</table>",
            820,
            560,
        ),
        "slide": (
            "<div style='padding:60px;background:#123a6b;color:#fff;font:34px sans-serif'><h1>Our plan</h1><ul><li>Grow<li>Learn<li>Share</ul></div>",
            960,
            540,
        ),
        "bar chart": bars("#4477aa", "white", "black"),
        "bar chart, dark": bars("#ffb000", "#111", "white"),
        "line chart": svg(
            f"<polyline points='{curve}' fill='none' stroke='crimson' stroke-width='3'/><path d='M40 20V440H620' stroke='black' fill='none'/>"
        ),
        "pie chart": svg(pie),
        "heat map": svg(squares, width=600, height=440),
        "scatter": spread(140, 4, ["#1f77b4", "#ff7f0e"], "white"),
        "flow chart": svg(links + boxes),
        "heart trace": svg(f"<polyline points='{ecg}' fill='none' stroke='lime' stroke-width='2'/>", "black"),
        "editor, light": (code % ("#fff", "#036"), 760, 560),
        "editor, dark": (code % ("#1e1e1e", "#9cdcfe"), 760, 560),
        "chat": (f"<div style='background:#e5ddd5;height:800px;padding-top:4px'>{chat}</div>", 390, 760),
        "shop": (cards, 820, 620),
        "log-in form": (
            "<div style='padding:80px;font:18px sans-serif'><h2>Sign in</h2><input style='display:block;margin:12px;padding:8px'><input style='display:block;margin:12px;padding:8px'><button>Go on</button></div>",
            480,
            520,
        ),
        "street map": svg(roads + "<text x='250' y='200' font-size='16'>Market Street</text>", "#e8e4d8"),
        "chest": svg(
            f"{blur}<g filter='url(#b)'><rect x='296' y='20' width='48' height='450' fill='#ccc'/>{ribs}</g>", "#1a1a1a"
        ),
        "hand": svg(
            f"{blur}<g filter='url(#b)'>{bones}<rect x='250' y='370' width='170' height='100' rx='40' fill='#999'/></g>",
            "#0a0a0a",
        ),
        "blood smear": spread(260, 15, ["#d98a8a", "#cf7575", "#7b4a9c"], "#f7e6e0", 1),
        "glowing cells": spread(70, 14, ["#19e36b", "#0fa04a", "#2244ff"], "black", 3),
        "stars": spread(260, 1.3, ["white", "#cde", "#fec"], "#02030a", 0.5),
        "marble": svg(turbulence("0.008 0.03", grey, 6)),
        "cloth": svg(turbulence("0.9 0.06", "0.6 0 0 0 .2 0 0.4 0 0 .1 0 0 0.4 0 .1 0 0 0 0 1", 2)),
        "water": svg(turbulence("0.02", "0.2 0 0 0 0 0 0.5 0 0 .2 0 0 0.6 0 .4 0 0 0 0 1", 3, "turbulence")),
        "snow on a screen": svg(turbulence("2.5", grey, 1)),
        "gradient": (
            "<div style='height:500px;background:linear-gradient(30deg,#ff7e5f,#feb47b,#2b5876)'></div>",
            640,
            480,
        ),
        "logo": svg(
            "<circle cx='320' cy='200' r='110' fill='#e33'/><path d='M250 330 L390 330 L320 90Z' fill='#fff'/><text x='215' y='430' font-size='64' font-family='sans-serif'>ACME</text>"
        ),
        "sheet music": svg(
            "".join(
                f"<path d='M20 {60 + 90 * s + 11 * line} H620' stroke='black'/>" for s in range(5) for line in range(5)
            )
            + "".join(
                f"<ellipse cx='{40 + 24 * i}' cy='{62 + 90 * (i % 5) + (i * 7) % 44}' rx='7' ry='5'/>"
                for i in range(24)
            )
        ),
        "crossword": svg(
            "".join(
                f"<rect x='{80 + 32 * x}' y='{32 * y}' width='32' height='32' stroke='black' fill='{'black' if (x * y + x) % 5 == 2 else 'white'}'/>"
                for x in range(15)
                for y in range(15)
            )
        ),
        "QR code": svg(
            "".join(
                f"<rect x='{110 + 14 * x}' y='{30 + 14 * y}' width='14' height='14'/>"
                for x in range(30)
                for y in range(30)
                if chance.random() < 0.5
            )
        ),
    }
