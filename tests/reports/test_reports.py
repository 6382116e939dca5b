"""Reports: one file that needs no network, in which everything that people named is text."""

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from seg.catalogue.store import WeightIndex
from seg.datasets import street
from seg.inference.segmenter import Segmenter
from seg.reports import charts
from seg.reports.document import Cell, Document
from seg.reports.evaluation import examples, report
from seg.scores.evaluation import score_pictures, totals_of
from seg.scores.totals import Interval
from tests.conftest import make_set

EVIL = '<img src=x onerror="alert(1)">'


class Tags(HTMLParser):
    """Which tags a page has, what it fetches, and its text."""

    def __init__(self, html: str):
        super().__init__()
        self.tags: list[str] = []
        self.fetched: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.fetched += [value for name, value in attrs if name in ("src", "href") and not value.startswith("data:")]

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    networks = []
    for name in ("street/fcn8s-wce", "street/fcn8s-dice"):
        record = make_set(folder, name)
        classes = (replace(record.classes[0], name=EVIL), *record.classes[1:])
        networks.append(Segmenter(replace(record, classes=classes), WeightIndex(folder).load(record), "cpu", "torch"))
    scenes = [replace(street.render(seed, 60, 80), name=f"scene {seed} {EVIL}") for seed in range(8)]
    rows = list(score_pictures(networks, scenes))
    totals = totals_of(networks, rows)
    shown = examples(totals.networks, networks, scenes, rows)
    command = f"seg evaluate --data '{EVIL}'"
    html = report(
        totals, [n.record for n in networks], f"photos {EVIL}", "val", shown, command, [f"{EVIL} is damaged."]
    )
    return totals, shown, Tags(html), html


def test_nothing_that_people_named_becomes_markup_and_nothing_is_fetched(page):
    _, _, tags, html = page
    assert tags.fetched == []
    assert "script" not in tags.tags
    assert "onerror" in tags.text
    assert not any(part in html for part in ("<img src=x", "@import", "url("))


def test_it_says_data_networks_scores_pictures_and_how_to_do_it_again(page):
    totals, _, tags, _ = page
    for said in (
        "2 networks on photos",
        "8 pictures of the split val",
        f"{totals.measured['mean_dice'][0]:.3f}",
        f"{totals.interval('mean_iou', 1).low:.3f} to {totals.interval('mean_iou', 1).high:.3f}",
        "seg evaluate --data",
        "1 picture left out",
        "taken for",
    ):
        assert said in tags.text, said
    assert tags.tags.count("svg") == 2


def test_the_worst_pictures_are_shown_with_truth_and_every_networks_mask(page):
    totals, shown, tags, _ = page
    means = sorted((np.nanmean(row.dice), row.index) for row in totals.rows)
    assert [example.row.index for example in shown["Worst"]] == [index for _, index in means[:3]]
    assert [example.row.index for example in shown["Best"]] == [index for _, index in reversed(means[3:])][:3]
    pictures = sum(len(example.pictures) for kind in shown.values() for example in kind)
    assert tags.tags.count("img") == pictures
    assert all(len(example.pictures) == 4 for kind in shown.values() for example in kind)


def test_a_table_marks_the_best_and_keeps_small_print():
    document = Document("Title")
    document.table(["a", "b"], [["x", Cell("0.5", "0.4 to 0.6", best=True)]])
    assert '<td class="number best">0.5<small>0.4 to 0.6</small></td>' in document.html()


def test_a_chart_draws_what_is_known_and_leaves_out_what_is_not():
    svg = charts.intervals(["a", "b & c"], [Interval(0.5, 0.4, 0.6), Interval(*(float("nan"),) * 3)], "Dice")
    assert svg.count("<circle") == 1
    assert "b &amp; c" in svg
    values = np.array([[0.1, np.nan], [0.3, 0.4]])
    assert charts.classes(["x", "y"], ["one", "two"], values, "Dice").count("●") == 2  # the key's and one
