"""Networks over many pictures: one row each, what cannot be scored left out, and totals that torchmetrics gives too."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torchmetrics.functional.classification import multiclass_f1_score, multiclass_jaccard_index

from seg.catalogue.store import WeightIndex
from seg.datasets import Sample, street
from seg.errors import DataError
from seg.inference.segmenter import Segmenter
from seg.labels import IGNORE
from seg.scores import tables
from seg.scores.counts import Row
from seg.scores.evaluation import Account, score_pictures, totals_of
from seg.scores.journal import Journal, identity
from seg.scores.metrics import Scores
from seg.scores.totals import Totals
from tests.conftest import make_set


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    records = [make_set(folder, "street/fcn8s-wce"), make_set(folder, "street/unet-wce", "unet")]
    return [Segmenter(record, WeightIndex(folder).load(record), "cpu", "torch") for record in records]


@pytest.fixture(scope="module")
def scenes():
    return [replace(street.render(seed, 60, 80), name=f"scene {seed}") for seed in range(12)]


@pytest.fixture(scope="module")
def totals(networks, scenes):
    return totals_of(networks, list(score_pictures(networks, scenes)))


def test_scores_are_those_of_torchmetrics_over_all_pixels(networks, scenes, totals):
    truth = torch.from_numpy(np.stack([scene.labels for scene in scenes])).long()
    for k, network in enumerate(networks):
        said = torch.from_numpy(np.stack([network(scene.image).labels for scene in scenes])).long()
        options = {"num_classes": 11, "average": "none", "ignore_index": IGNORE}
        present = np.isfinite(totals.measured["dice"][k])
        for measure, reference in (("dice", multiclass_f1_score), ("iou", multiclass_jaccard_index)):
            assert totals.measured[measure][k][present] == pytest.approx(
                reference(said, truth, **options).numpy()[present], abs=1e-6
            )


def test_a_row_says_how_far_the_networks_disagree_and_where_all_contradict_the_truth(networks):
    scene = street.render(3, 60, 80)
    labels = [network(scene.image).labels for network in networks]
    (row,) = score_pictures(networks, [scene])
    assert row.disagreement == pytest.approx((labels[0] != labels[1]).mean())
    assert row.doubt == pytest.approx(((labels[0] == labels[1]) & (labels[0] != scene.labels)).mean())
    worst = row.worst_class(0)
    assert row.counts[0].scores.dice[worst] == np.nanmin(row.counts[0].scores.dice[np.unique(scene.labels)])


def test_intervals_are_those_of_drawing_whole_pictures_anew(totals):
    confusions = np.array([row.counts[0].confusion for row in totals.rows])
    rng, count = np.random.default_rng(0), len(confusions)
    draws = rng.multinomial(count, np.full(count, 1 / count), size=1000)
    expected = np.percentile([Scores(np.tensordot(d, confusions, 1)).mean_iou for d in draws], [2.5, 97.5])
    found = totals.interval("mean_iou", 0)
    assert (found.low, found.high) == pytest.approx(expected)
    assert found.low <= found.value <= found.high


def row_of(index: int, *right: int) -> Row:
    """Of 100 pixels of two classes, so many right for each network."""
    networks = [
        {"cells": [[0, 0, n], [0, 1, 50 - n // 2], [1, 1, 50 - n // 2]], "boundaries": [[1, 1, 1, 1]] * 2,
         "calibration": [[0, 0, 0]] * 15, "confidence": 0.5, "seconds": 0.1}
        for n in right
    ]  # fmt: skip
    about = {"index": index, "name": str(index), "file": "", "size": [10, 10], "disagreement": 0.1, "doubt": 0.0}
    return Row.from_json({**about, "networks": networks})


def test_a_small_lead_on_every_picture_is_told_although_the_intervals_of_both_overlap():
    rng = np.random.default_rng(1)
    rights = rng.integers(10, 90, 40)
    totals = Totals(("a/one", "a/two"), ("x", "y"), [row_of(i, n + 2, n) for i, n in enumerate(rights)])
    first, second = (totals.interval("mean_dice", k) for k in (0, 1))
    assert second.high > first.low
    assert totals.difference("mean_dice", 0, 1).low > 0
    assert tables.differences(totals)[0].startswith("a/one beats a/two by 0.0")


def test_two_equal_networks_are_not_told_apart():
    totals = Totals(("a/one", "a/two"), ("x", "y"), [row_of(i, 30 + i, 30 + i) for i in range(10)])
    assert "are not told apart" in tables.differences(totals)[0]


def test_a_picture_that_cannot_be_scored_is_left_out_for_all_networks_and_named(networks, scenes):
    void = Sample("void", scenes[0].image, np.full((60, 80), IGNORE, np.uint8), file="void.png")
    thin = Sample("thin", np.zeros((1, 100, 3), np.uint8), np.zeros((1, 100), np.uint8), file="thin.png")
    account = Account()
    rows = list(score_pictures(networks, [void, *scenes[:2], thin], account))
    assert [row.index for row in rows] == [1, 2]
    assert ["void.png has no labelled pixel" in account.left_out[0], "thin.png" in account.left_out[1]] == [True] * 2
    with pytest.raises(DataError, match=r"void\.png"):
        list(score_pictures(networks, [void]))


def test_networks_that_take_two_pictures_at_a_time_give_the_rows_of_one_at_a_time_in_their_order(tmp_path, scenes):
    make_set(tmp_path, "street/fcn8s-wce")
    one, two = (Segmenter.load("street/fcn8s-wce", "cpu", "openvino", tmp_path, callers) for callers in (1, 2))
    assert (one.callers, two.callers) == (1, 2)
    expected, found = (list(score_pictures([network], scenes)) for network in (one, two))
    assert [row.name for row in found] == [scene.name for scene in scenes]
    for a, b in zip(expected, found, strict=True):
        assert (a.counts[0].confusion == b.counts[0].confusion).all()
        assert (a.counts[0].boundaries == b.counts[0].boundaries).all()


def test_pictures_that_nobody_waits_for_any_more_are_not_read(networks, scenes):
    read = []

    class Samples(list):
        def __getitem__(self, index):
            read.append(index)
            return super().__getitem__(index)

    rows = score_pictures(networks, Samples(scenes * 20))
    next(rows)
    rows.close()
    assert len(read) <= 12


def test_networks_of_other_classes_are_not_compared(networks, tmp_path, scenes):
    record = make_set(tmp_path, "shapes/fcn8s-wce")
    other = Segmenter(record, WeightIndex(tmp_path).load(record), "cpu", "torch")
    with pytest.raises(DataError, match=r"street/fcn8s-wce and shapes/fcn8s-wce tell other classes apart"):
        list(score_pictures([networks[0], other], scenes))


def test_a_row_comes_back_from_its_json_as_it_was(totals):
    row = totals.rows[3]
    again = Row.from_json(json.loads(json.dumps(row.as_json())))
    assert again.as_json() == row.as_json()
    assert np.array_equal(again.counts[1].confusion, row.counts[1].confusion)
    assert (again.size, again.disagreement) == (row.size, row.disagreement)


def cut_off(file, about, rows):
    """An evaluation that ends in the middle."""
    with Journal(file, about) as journal:
        for row in rows:
            journal.add(row)
        raise KeyboardInterrupt


def test_an_evaluation_that_was_cut_off_goes_on_and_counts_nothing_twice(networks, scenes, totals, tmp_path):
    file, about = tmp_path / "scores.csv.partial", identity(networks, scenes, detail=1)
    with pytest.raises(KeyboardInterrupt):
        cut_off(file, about, totals.rows[:5])
    file.write_text(file.read_text()[:-100])  # the last line is cut off, too
    with Journal(file, about, resume=True) as journal:
        done = {row.index for row in journal.rows}
        assert done == {0, 1, 2, 3}
        for row in score_pictures(networks, scenes, pictures=[i for i in range(len(scenes)) if i not in done]):
            journal.add(row)
    assert tables.pictures_csv(totals_of(networks, journal.rows)) == tables.pictures_csv(totals)
    assert not file.exists()


def test_what_another_evaluation_kept_is_not_gone_on_with(networks, scenes, tmp_path):
    file = tmp_path / "scores.csv.partial"
    with pytest.raises(KeyboardInterrupt):
        cut_off(file, identity(networks, scenes), [])
    for other in (identity(networks[:1], scenes), identity(networks, scenes[:5]), identity(networks, scenes, detail=2)):
        with pytest.raises(DataError, match="of another evaluation"):
            Journal(file, other, resume=True)


def test_pictures_are_read_while_the_networks_run(networks, scenes):
    asked: list[int] = []

    class Watched(list):
        def __getitem__(self, index):
            asked.append(index)
            return super().__getitem__(index)

    next(score_pictures(networks, Watched(scenes)))
    assert len(asked) > 1


def test_a_class_name_that_a_spreadsheet_would_run_is_text():
    totals = Totals(("a/one",), ("=cmd()", "y"), [row_of(0, 30)])
    assert ",'=cmd()," in tables.totals_csv(totals)
    assert "Dice of =cmd()" in tables.pictures_csv(totals)
