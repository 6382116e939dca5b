"""The handout of a page of the app: what stands on it, its link, and how its networks were made."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby

from seg import __version__
from seg.catalogue.comparisons import LOSS, START, title_of, traits
from seg.catalogue.record import Record
from seg.reports.document import Cell, Document

HEADING, CAPTION, FIGURE = "heading", "caption", "figure"
MOST_PIECES = 600
MOST_COLUMNS = 10
"""Of a table, for which A4 has room."""
LONGEST_TEXT = 4000
LARGEST_DRAWING = 24 * 2**20
"""Bounds of what a browser may hand in, far beyond any page: in pieces, characters, characters."""

MADE = ("network", "learned from", "trained", "epochs", "short side", "seed", "minutes", "mean IoU")
Tables = Mapping[str, tuple[Sequence[str], Sequence[Sequence[str]]]]


def handout(pieces: object, link: object, tables: Tables, records: Sequence[Record]) -> tuple[str, str]:
    """The HTML file, and a name for it.

    pieces: what stands on the page in order, as the browser tells it; whatever is no such thing is left out. tables:
    name → head and rows of those that only the page can read. records: of the networks on the page.
    """
    given = [piece for piece in pieces if isinstance(piece, Mapping)] if isinstance(pieces, list) else []
    given = given[:MOST_PIECES]
    title = next((_text(piece) for piece in given if piece.get("kind") == HEADING and _text(piece)), "A page")
    document = Document(title, f"Segmentation lab {__version__}, {date.today():%d %B %Y}.")
    for is_small, group in groupby(_told(given, title), key=lambda piece: piece.get("small") is True):
        if is_small:
            document.drawings([_drawing(piece) for piece in group], small=True)
            continue
        for piece in group:
            _add(document, piece, tables)
    if isinstance(link, str) and 0 < len(link) <= LONGEST_TEXT:
        document.heading("The page itself")
        document.link(link)
    if records:
        document.heading("How the weights were made")
        document.table(MADE, [_made(record) for record in records])
        document.paragraph(
            "Below a network stand its weight set's name and the beginning of the file's checksum. Mean IoU is that on "
            "the validation pictures, with its 95 % interval."
        )
    name = re.sub(r"\W+", "-", title.lower()).strip("-")[:60] or "page"
    return document.html(), f"{name}.html"


def _text(piece: Mapping[str, object], key: str = "text") -> str:
    text = piece.get(key)
    return text.strip()[:LONGEST_TEXT] if isinstance(text, str) else ""


def _told(pieces: Sequence[Mapping[str, object]], title: str) -> Iterator[Mapping[str, object]]:
    """The pieces without the title and without headings of nothing but buttons; a caption is its figure's title."""
    last: dict[str, object] = {}
    for piece, following in zip(pieces, [*pieces[1:], {"kind": HEADING}], strict=False):
        kind, then = piece.get("kind"), following.get("kind")
        if kind == HEADING and (then == HEADING or _text(piece) == title):
            continue
        if kind == FIGURE:
            if not isinstance(piece.get("svg"), str) or len(str(piece["svg"])) > LARGEST_DRAWING:
                continue
            yield {**piece, "title": _text(following) if then == CAPTION else _text(piece, "title")}
        elif kind != CAPTION or last.get("kind") != FIGURE:
            yield {**piece, "small": False}
        last = {"kind": kind}


def _drawing(piece: Mapping[str, object]) -> tuple[str, str]:
    return str(piece["svg"]), _text(piece, "title")


def _add(document: Document, piece: Mapping[str, object], tables: Tables) -> None:
    kind = piece.get("kind")
    if kind == HEADING and _text(piece):
        document.heading(_text(piece))
    elif kind in ("text", CAPTION) and _text(piece):
        document.paragraph(_text(piece))
    elif kind == FIGURE:
        document.drawings([_drawing(piece)])
    elif kind == "frame" and (name := _text(piece, "name")) in tables:
        head, rows = tables[name]
        document.table(head[:MOST_COLUMNS], [row[:MOST_COLUMNS] for row in rows])
        if more := head[MOST_COLUMNS:]:
            document.paragraph(f"Further columns stand on the page itself: {', '.join(more)}.")
    elif kind == "table" and (lines := _lines(piece)):
        document.table(*lines)


def _lines(piece: Mapping[str, object]) -> tuple[list[str], list[list[Cell | str]]] | None:
    """Head and rows of a table, None where it is none."""
    head, rows = piece.get("head"), piece.get("rows")
    if not isinstance(head, list) or not isinstance(rows, list) or len(rows) > MOST_PIECES:
        return None
    if any(not isinstance(row, list) or len(row) != len(head) for row in rows):
        return None
    return [str(cell) for cell in head], [[str(cell)[:LONGEST_TEXT] for cell in row] for row in rows]


def _made(record: Record) -> list[Cell | str]:
    recipe, validation, trait = record.recipe, record.validation, traits(record)
    interval = validation.mean_iou_interval
    bounds = f"{interval[0]:.3f} to {interval[1]:.3f}" if interval and None not in interval else ""
    return [
        Cell(title_of(record), f"{record.name}, {record.sha256[:12]}"),
        record.source or record.dataset,
        Cell(trait[START], trait[LOSS]),
        str(recipe.get("epochs", "–")),
        f"{record.scale} px",
        str(recipe.get("seed", "–")),
        f"{record.seconds / 60:.0f}" if record.seconds is not None else "–",
        Cell("–" if validation.mean_iou is None else f"{validation.mean_iou:.3f}", bounds),
    ]
