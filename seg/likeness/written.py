"""Pictures of no data set that people write, plot and program: pages, charts, screens, maps."""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from seg.likeness.canvas import cloud, colour, tinted

TEXT = (
    "the of and to in a is that for it as was with be by on not he this are or his from at which but have an had "
    "they you were their one all we can her has there been if more when will would who so no total date amount "
    "invoice page network results figure table section value percent measured between however therefore model "
    "data chapter"
)
"""What pages are filled with, word by word."""

WORDS = TEXT.split()


def _paper(rng: np.random.Generator, height: int, width: int, dark: float = 0.2) -> tuple[Image.Image, tuple, tuple]:
    """An empty sheet or screen, its colour, and one to write on it with."""
    light, ink = colour(rng, 225), colour(rng, 0, 90)
    if rng.random() < 0.4:
        light, ink = (255, 255, 255), (0, 0, 0)
    paper, ink = (ink, light) if rng.random() < dark else (light, ink)
    return Image.new("RGB", (width, height), paper), paper, ink


def sentence(rng: np.random.Generator, count: int) -> str:
    return " ".join(rng.choice(WORDS, count))


def _lines(rng: np.random.Generator, pen: ImageDraw.ImageDraw, box: tuple[int, int, int, int], size: int, ink) -> None:
    """A block of text that fills a box (left, top, right, bottom), its lines of uneven length."""
    left, top, right, bottom = box
    font, y = ImageFont.load_default(size), top
    while y < bottom - size:
        text = sentence(rng, 30)
        wanted = (right - left) * (1 if rng.random() < 0.8 else rng.uniform(0.2, 0.9))
        while text and pen.textlength(text, font) > wanted:
            text = text[: int(len(text) * 0.92)]
        pen.text((left, y), text, ink, font)
        y += int(size * rng.choice([1.25, 1.25, 1.25, 2]))


def page(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A printed page: a heading, one to three columns of text, now and then a table or a rule."""
    sheet, _, ink = _paper(rng, height, width, dark=0.05)
    pen, margin, size = ImageDraw.Draw(sheet), int(width * rng.uniform(0.04, 0.14)), int(rng.integers(7, 17))
    top = margin
    if rng.random() < 0.6:
        pen.text((margin, top), sentence(rng, 4).title(), ink, ImageFont.load_default(size * 2))
        top += size * 3
    columns = int(rng.integers(1, 4))
    across = (width - 2 * margin) / columns
    for column in range(columns):
        left = int(margin + column * across)
        _lines(rng, pen, (left, top, int(left + across * 0.92), height - margin), size, ink)
    return np.asarray(sheet)


def table(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A form or a sheet of numbers between lines."""
    sheet, paper, ink = _paper(rng, height, width, dark=0.1)
    pen, rows, columns = ImageDraw.Draw(sheet), int(rng.integers(5, 22)), int(rng.integers(2, 8))
    font, line = ImageFont.load_default(max(height / rows * 0.5, 7)), colour(rng, 90, 220)
    for row in range(rows):
        y = row * height // rows
        if row == 0 or (row % 2 and rng.random() < 0.5):
            pen.rectangle((0, y, width, y + height // rows), tuple((np.array(paper) * 0.9).astype(int)))
        pen.line((0, y, width, y), line)
        for column in range(columns):
            text = f"{rng.normal(0, 300):.2f}" if row and column else str(rng.choice(WORDS)).title()
            pen.text((column * width // columns + 4, y + 3), text, ink, font)
    for column in range(columns) if rng.random() < 0.6 else ():
        pen.line((column * width // columns, 0, column * width // columns, height), line)
    return np.asarray(sheet)


def handwriting(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Scribbled lines, a sketch or formulas, on white, lined or black."""
    sheet, paper, ink = _paper(rng, height, width, dark=0.25)
    pen, lines = ImageDraw.Draw(sheet), int(rng.integers(3, 12))
    if rng.random() < 0.4:
        for y in range(0, height, max(height // (2 * lines), 6)):
            pen.line((0, y, width, y), tuple((np.array(paper) * 0.6 + np.array(ink) * 0.4).astype(int)))
    for row in range(lines):
        x, y, step = width * 0.05, height * (row + 0.6) / lines, height / lines
        while x < width * rng.uniform(0.6, 0.95):
            letters = int(rng.integers(3, 12))
            t = np.linspace(0, letters, letters * 8)
            loop = np.cumsum(rng.normal(0, 0.3, len(t))) * 0.1
            px = x + t * step * 0.25 + np.sin(t * 6 + loop) * step * 0.12
            py = y + np.sin(t * 5 + loop * 3) * step * rng.uniform(0.12, 0.35)
            pen.line(list(zip(px.tolist(), py.tolist(), strict=True)), ink, int(rng.integers(1, 4)))
            x += (letters + 2) * step * 0.25
    return np.asarray(sheet)


def chart(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Bars, curves, points or a pie, between axes with numbers."""
    sheet, _, ink = _paper(rng, height, width, dark=0.3)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(int(rng.integers(8, 15)))
    left, right, top, bottom = int(width * 0.12), int(width * 0.95), int(height * 0.12), int(height * 0.86)
    kind, series = int(rng.integers(0, 5)), int(rng.integers(1, 5))
    if kind == 4:
        cuts = np.concatenate([[0], np.sort(rng.uniform(0, 360, int(rng.integers(2, 8)))), [360]])
        side = min(right - left, bottom - top)
        for start, end in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
            pen.pieslice((left, top, left + side, top + side), start, end, colour(rng, 30, 240), ink)
    else:
        for i in range(6):
            y = bottom - (bottom - top) * i // 5
            pen.text((4, y - 6), f"{i * 0.2:.1f}", ink, font)
            pen.line((left, y, right, y), (128, 128, 128))
        pen.line((left, top, left, bottom, right, bottom), ink, 2)
    count = int(rng.integers(4, 60))
    xs = np.linspace(left + 6, right - 6, count)
    for one in range(series) if kind < 4 else ():
        shade = colour(rng, 0, 230)
        values = np.cumsum(rng.normal(0, 1, count)) if kind != 2 else rng.random(count)
        ys = bottom - (bottom - top) * (0.05 + 0.9 * (values - values.min()) / (np.ptp(values) + 1e-6))
        points = list(zip(xs.tolist(), ys.tolist(), strict=True))
        if kind == 0:
            pen.line(points, shade, int(rng.integers(1, 4)))
        elif kind == 1:
            bar = max((right - left) / count / series * 0.8, 1)
            for x, y in points:
                pen.rectangle((x + one * bar, min(y, bottom - 1), x + one * bar + bar, bottom), shade)
        else:
            for x, y in points:
                r = rng.uniform(1.5, 5)
                pen.ellipse((x - r, y - r, x + r, y + r), shade)
    pen.text((width * 0.3, 4), sentence(rng, 3).title(), ink, font)
    return np.asarray(sheet)


def heat_map(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A matrix or a field of values in false colours."""
    rows, columns = rng.integers(4, 40, 2)
    values = rng.random((rows, columns), np.float32) if rng.random() < 0.5 else cloud(rng, rows + 2, columns + 2)
    way = Image.Resampling.NEAREST if rng.random() < 0.6 else Image.Resampling.BICUBIC
    large = np.asarray(Image.fromarray(values).resize((width, height), way)).clip(0, 1)
    return tinted(large, *(colour(rng) for _ in range(int(rng.integers(2, 6)))))


def screen(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A program or a web page: bars, panels, buttons, lists."""
    sheet, paper, ink = _paper(rng, height, width, dark=0.45)
    pen, accent = ImageDraw.Draw(sheet), colour(rng, 30, 240)
    bar = int(height * rng.uniform(0.05, 0.12))
    pen.rectangle((0, 0, width, bar), tuple((np.array(paper) * 0.8 + np.array(ink) * 0.2).astype(int)))
    for i in range(3):
        pen.ellipse((6 + 14 * i, bar // 2 - 4, 14 + 14 * i, bar // 2 + 4), colour(rng, 60))
    side = int(width * rng.choice([0, 0.2, 0.3]))
    _lines(rng, pen, (6, bar + 8, max(side - 6, 7), height), 9, ink)
    y = bar + 8
    while y < height - 20:
        tall = int(rng.integers(18, max(height // 3, 20)))
        x = side + 8
        while x < width - 30:
            wide, kind = int(rng.integers(30, max(width - side, 40))), rng.random()
            box = (x, y, min(x + wide, width - 6), y + tall - 6)
            if kind < 0.35:
                pen.rounded_rectangle(box, 5, accent if rng.random() < 0.4 else colour(rng, 60))
            elif kind < 0.5:
                pen.rounded_rectangle(box, 5, None, ink)
            if kind > 0.3 and box[2] - box[0] > 20:
                _lines(rng, pen, (x + 5, y + 3, box[2] - 4, box[3]), int(rng.integers(7, 13)), ink)
            x += wide + 8
        y += tall
    return np.asarray(sheet)


def code(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Lines of a program or of a terminal, in colours."""
    sheet, _, ink = _paper(rng, height, width, dark=0.7)
    pen, size = ImageDraw.Draw(sheet), int(rng.integers(8, 15))
    font, shades, indent = ImageFont.load_default(size), [ink, *(colour(rng, 60, 230) for _ in range(4))], 0
    for y in range(4, height - size, int(size * 1.35)):
        indent = max(indent + int(rng.integers(-2, 3)), 0) % 6
        x = 8.0 + indent * size
        for _ in range(int(rng.integers(0, 9))):
            word = str(rng.choice(WORDS)) + str(rng.choice(["", "(", ")", " =", ":", "_"]))
            pen.text((x, y), word, shades[int(rng.integers(len(shades)))], font)
            x += pen.textlength(word + " ", font)
    return np.asarray(sheet)


def street_map(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Blocks, water, roads and names, or contour lines."""
    sheet = Image.new("RGB", (width, height), colour(rng, 200))
    pen = ImageDraw.Draw(sheet)
    if rng.random() < 0.35:
        relief = cloud(rng, height, width, 0.6, 0.4)
        lines = np.abs((relief * rng.uniform(8, 20)) % 1 - 0.5) < 0.06
        base = tinted(relief, colour(rng, 120), colour(rng, 160), colour(rng, 200))
        base[lines] = colour(rng, 40, 130)
        return base
    for _ in range(int(rng.integers(2, 8))):
        middle, reach = rng.uniform(0, (width, height)), rng.uniform(20, width / 2)
        turn = np.sort(rng.uniform(0, 2 * math.pi, 9))
        blob = middle + reach * rng.uniform(0.4, 1, (9, 1)) * np.stack([np.cos(turn), np.sin(turn)], 1)
        pen.polygon([tuple(p) for p in blob.tolist()], colour(rng, 150, 240))
    for _ in range(int(rng.integers(6, 26))):
        start, turn = rng.uniform(0, (width, height)), rng.choice([0, math.pi / 2]) + rng.normal(0, 0.3)
        way = np.cumsum(rng.normal(0, 0.15, 30)) * 0.2 + turn
        steps = np.cumsum(np.stack([np.cos(way), np.sin(way)], 1), 0) * width / 14
        wide = int(rng.integers(2, 9))
        course = [tuple(p) for p in (start - steps[15] + steps).tolist()]
        pen.line(course, colour(rng, 110, 200), wide + 2)
        pen.line(course, colour(rng, 225), wide)
    for _ in range(int(rng.integers(3, 14))):
        place = tuple(rng.uniform(0, (width * 0.8, height)).tolist())
        pen.text(place, str(rng.choice(WORDS)).title(), (40, 40, 50), ImageFont.load_default(int(rng.integers(8, 16))))
    return np.asarray(sheet)
