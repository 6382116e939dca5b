"""The handout of a page: what the browser tells of it, in one file that asks for nothing."""

import base64
import re
from pathlib import Path

import pytest

from seg.catalogue.store import WeightIndex
from seg.reports.handout import MOST_COLUMNS, handout
from tests.conftest import make_set

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PIECES = [
    {"kind": "heading", "text": "What do the <b>networks</b> see?"},
    {"kind": "text", "text": "Look at <img src=x onerror=alert(1)>."},
    {"kind": "figure", "title": "The masks", "svg": SVG, "small": False},
    {"kind": "figure", "title": "Channel 1", "svg": SVG, "small": True},
    {"kind": "caption", "text": "channel 1, mean 7.9"},
    {"kind": "figure", "title": "Channel 2", "svg": SVG, "small": True},
    {"kind": "heading", "text": "Take it with you"},
    {"kind": "heading", "text": "Scores"},
    {"kind": "table", "head": ["class", "U-Net"], "rows": [["sky", "0.98"]]},
    {"kind": "frame", "name": "Every loss"},
    {"kind": "frame", "name": "nobody's"},
]
TABLES = {"Every loss": (["loss", *(f"column {i}" for i in range(12))], [["Dice", *map(str, range(12))]])}


@pytest.fixture
def records(tmp_path: Path):
    make_set(tmp_path, "street/unet-wce", "unet")
    return list(WeightIndex(tmp_path).records().values())


def test_it_holds_question_text_figures_tables_link_and_how_the_weights_were_made(records):
    html, name = handout(PIECES, "http://lab/?dataset=street&way=<b>", TABLES, records)
    assert name == "what-do-the-b-networks-b-see.html"
    assert html.count("<h1>") == 1
    assert html.count("What do the &lt;b&gt;networks&lt;/b&gt; see?") == 2, "the title and the heading, not the piece"
    assert re.findall(r"<figcaption>(.*?)</figcaption>", html) == ["The masks", "channel 1, mean 7.9", "Channel 2"]
    assert html.count('<div class="row">') == 1
    assert '<td class="">sky</td>' in html
    assert "0.98" in html
    assert f"column {MOST_COLUMNS - 2}</th>" in html
    assert f"column {MOST_COLUMNS - 1}, column" in html
    assert '<a href="http://lab/?dataset=street&amp;way=&lt;b&gt;">' in html
    assert "How the weights were made" in html
    assert records[0].sha256[:12] in html
    assert "Take it with you" not in html, "a heading of buttons"


def test_nothing_of_a_page_is_markup_or_runs(records):
    html, _ = handout(PIECES, "javascript:alert(1)", TABLES, records)
    assert "<script" not in html
    assert "<img src=x" not in html
    assert 'href="javascript' not in html
    drawn = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    assert [base64.b64decode(file).decode() for file in drawn] == [SVG] * 3, "as pictures, in which no script runs"


@pytest.mark.parametrize(
    "pieces",
    [
        None,
        "text",
        [1, None, {}],
        [{"kind": "heading", "text": 3}, {"kind": "figure", "svg": 7}, {"kind": "table", "head": "a", "rows": []}],
        [{"kind": "table", "head": ["a"], "rows": [["1", "2"]]}, {"kind": "table", "head": ["a"], "rows": [3]}],
        [{"kind": "text", "text": "x" * 10_000}] * 2000,
    ],
)
def test_what_is_no_page_gives_a_small_file_and_no_error(pieces):
    html, name = handout(pieces, {"no": "link"}, {}, [])
    assert html.startswith("<!doctype html>")
    assert name == "a-page.html"
    assert len(html) < 3_000_000
