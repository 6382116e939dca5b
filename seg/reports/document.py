"""One self-contained HTML file: no network, no script, good on paper. The writer of every report and handout."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1b1f24; background: #fff; max-width: 60rem; margin: 2.5rem auto;
  padding: 0 1.25rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.25rem; margin: 2.2rem 0 .6rem; break-after: avoid; }
p { margin: .5rem 0; max-width: 46rem; }
.lead { color: #4a5560; margin-bottom: 1.5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; margin: .75rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .8rem .3rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid #e3e7eb; }
thead th { border-bottom: 2px solid #1b1f24; }
td.number, th.number { text-align: right; white-space: nowrap; }
td small { color: #4a5560; display: block; }
td.best { font-weight: 700; }
tr { break-inside: avoid; }
figure { margin: 1rem 0; break-inside: avoid; }
figure svg, figure img { max-width: 100%; height: auto; }
.link { overflow-wrap: anywhere; font-size: .9rem; }
figcaption { color: #4a5560; font-size: .9rem; max-width: 46rem; }
.row { display: flex; flex-wrap: wrap; gap: .6rem; margin: .4rem 0 1.2rem; break-inside: avoid; }
.row figure { margin: 0; width: 10.5rem; }
.row img { width: 100%; display: block; border-radius: 3px; }
.row figcaption { font-size: .8rem; overflow-wrap: anywhere; }
.key { display: inline-block; width: .8em; height: .8em; margin-right: .4em; border-radius: 2px;
  -webkit-print-color-adjust: exact; print-color-adjust: exact; }
pre { background: #f3f5f7; padding: .7rem .9rem; border-radius: 4px; white-space: pre-wrap; overflow-wrap: anywhere;
  font-size: .85rem; }
ul { padding-left: 1.2rem; max-width: 46rem; }
@page { size: A4; margin: 16mm; }
@media print { body { font-size: 10.5pt; margin: 0; padding: 0; max-width: none; } .wide { overflow: visible; }
  figure img { max-height: 235mm; }
  table { font-size: 8.5pt; } th, td { padding-right: .5rem; } .row figure { width: 31mm; } }
"""


@dataclass(frozen=True)
class Cell:
    """A cell of a table: text, small print below it, whether it is the best of its kind, and a colour beside it."""

    text: str
    small: str = ""
    best: bool = False
    colour: str = ""


class Document:
    """Text goes in as text: whatever it holds is never markup."""

    def __init__(self, title: str, lead: str = ""):
        self.title = title
        self._parts = [f"<h1>{escape(title)}</h1>", *([f'<p class="lead">{escape(lead)}</p>'] if lead else [])]

    def heading(self, text: str) -> None:
        self._parts.append(f"<h2>{escape(text)}</h2>")

    def paragraph(self, text: str) -> None:
        self._parts.append(f"<p>{escape(text)}</p>")

    def points(self, texts: Sequence[str]) -> None:
        """A list."""
        self._parts.append(f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>")

    def code(self, text: str) -> None:
        self._parts.append(f"<pre>{escape(text)}</pre>")

    def table(self, head: Sequence[str], rows: Sequence[Sequence[Cell | str]]) -> None:
        """The first column holds names, the others numbers."""
        numeric = [' class="number"' if i else "" for i in range(len(head))]
        heads = "".join(f"<th scope=col{kind}>{escape(text)}</th>" for text, kind in zip(head, numeric, strict=True))
        lines = "".join(f"<tr>{''.join(_cell(cell, bool(i)) for i, cell in enumerate(row))}</tr>" for row in rows)
        self._parts.append(
            f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div>'
        )

    def figure(self, svg: str, caption: str) -> None:
        """svg: a drawing of `seg.reports.charts`."""
        self._parts.append(f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>")

    def drawings(self, drawings: Sequence[tuple[str, str]], small: bool = False) -> None:
        """SVGs from wherever, each with what it is: as pictures, in which nothing runs and nothing is asked for. Small
        ones stand beside each other."""
        shown = "".join(
            f'<figure><img alt="{escape(caption)}" src="data:image/svg+xml;base64,'
            f'{base64.b64encode(svg.encode()).decode()}"><figcaption>{escape(caption)}</figcaption></figure>'
            for svg, caption in drawings
        )
        self._parts.append(f'<div class="row">{shown}</div>' if small else shown)

    def link(self, address: str) -> None:
        """A link of the web, written out for paper, too; another is text."""
        shown = escape(address)
        is_web = address.startswith(("http://", "https://"))
        self._parts.append(f'<p class="link">{f"""<a href="{shown}">{shown}</a>""" if is_web else shown}</p>')

    def pictures(self, pictures: Sequence[tuple[bytes, str]]) -> None:
        """JPEG files beside each other, each with what it is."""
        shown = "".join(
            f'<figure><img alt="{escape(caption)}" src="data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}">'
            f"<figcaption>{escape(caption)}</figcaption></figure>"
            for jpeg, caption in pictures
        )
        self._parts.append(f'<div class="row">{shown}</div>')

    def html(self) -> str:
        """The file."""
        return (
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(self.title)}</title>'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
            f"<body>\n{chr(10).join(self._parts)}\n</body></html>\n"
        )


def _cell(cell: Cell | str, is_number: bool) -> str:
    cell = Cell(cell) if isinstance(cell, str) else cell
    kinds = " ".join(kind for kind, given in (("number", is_number), ("best", cell.best)) if given)
    key = f'<span class="key" style="background:{escape(cell.colour)}"></span>' if cell.colour else ""
    small = f"<small>{escape(cell.small)}</small>" if cell.small else ""
    return f'<td class="{kinds}">{key}{escape(cell.text)}{small}</td>'
