"""The leaderboard's numbers: they are those of the records, and a verdict needs more than a difference."""

import json
import math
from dataclasses import asdict

import numpy as np
import pytest

from seg.catalogue.comparisons import WeightSet
from seg.catalogue.record import Class, Record
from seg.figures import leaderboard as figures
from seg.scores.leaderboard import (
    BEST,
    BETTER,
    NO_INTERVAL,
    NOISE,
    OTHER_PICTURES,
    REFERENCE,
    WORSE,
    Row,
    answer,
    board,
    decoders,
    dice_table,
    pareto,
    price,
    rows,
    verdict,
)
from seg.scores.metrics import Scores
from tests.records import record

CONFUSION = np.array([[80, 20], [10, 40]])


def weights(
    model: str = "unet",
    loss: str = "wce",
    variant: str = "",
    iou: float | None = 0.6,
    half: float = 0.01,
    dataset: str = "membranes",
    own: int = 0,
    scale: int = 180,
    recipe: dict | None = None,
    milliseconds: float | None = None,
    seconds: float | None = 60,
    **validation,
) -> WeightSet:
    """A weight set whose mean IoU is `iou` ± `half`; what is named after that stands in its validation scores."""
    found = record(
        f"{dataset}/{model}-{loss}" + (f"-{variant}" if variant else ""),
        1,
        arguments={
            "num_classes": 2,
            "in_channels": 1,
            "backbone": "efficientnet_lite0" if variant == "lite0" else None,
        },
        scale=scale,
        classes=(Class("cell", "#56b4e9"), Class("membrane", "#d55e00")),
        ignore=255,
        validation={
            "split": "val",
            "images": 4,
            "mean_iou": iou,
            "mean_iou_interval": None if iou is None else [iou - half, iou + half],
            "mean_dice": None if iou is None else iou + 0.1,
            "boundary_f1": 0.5,
            "ece": 0.03,
            "confusion": CONFUSION.tolist(),
            "per_class": {"cell": {"dice": 0.9}, "membrane": {"dice": iou}},
            **validation,
        },
        recipe={"epochs": 3, "seed": 0, "variant": variant, **(recipe or {})},
        seconds=seconds,
        timing=None if milliseconds is None else {"milliseconds": milliseconds, "device": "cpu", "threads": 2},
    )
    return WeightSet(found, own=own)


def row(*args, **named) -> Row:
    return Row((weights(*args, **named),))


def test_a_difference_is_noise_where_the_two_intervals_overlap_and_real_where_they_do_not():
    reference = row(iou=0.60, half=0.01)
    assert verdict(row(iou=0.615, half=0.01), reference) == NOISE
    assert verdict(row(iou=0.63, half=0.01), reference) == BETTER
    assert verdict(row(iou=0.57, half=0.01), reference) == WORSE
    assert verdict(row(iou=0.57, half=0.05), reference) == NOISE


def test_a_verdict_needs_an_interval_and_the_same_pictures():
    reference = row()
    assert verdict(row(mean_iou_interval=None), reference) == NO_INTERVAL
    assert verdict(row(iou=None), reference) == NO_INTERVAL
    assert verdict(reference, reference, score="boundary_f1") == NO_INTERVAL
    assert verdict(row(iou=0.9, confusion=[[8, 2], [1, 4]]), reference) == OTHER_PICTURES
    assert verdict(row(iou=0.9, dataset="shapes"), reference) == OTHER_PICTURES


def test_the_best_of_each_data_set_is_what_the_others_are_measured_against():
    shown = rows(
        [weights(iou=0.6), weights("fcn8s", iou=0.7), weights("fcn16s", iou=0.69), weights(dataset="shapes", iou=0.5)]
    )
    table = board(shown).set_index("set")
    assert dict(table["verdict"]) == {
        "membranes/fcn8s-wce": BEST,
        "membranes/fcn16s-wce": NOISE,
        "membranes/unet-wce": WORSE,
        "shapes/unet-wce": BEST,
    }
    assert table["difference"]["membranes/unet-wce"] == pytest.approx(-0.1)
    assert math.isnan(table["difference"]["membranes/fcn8s-wce"])


def test_a_chosen_reference_takes_the_place_of_the_best():
    shown = rows([weights(iou=0.6), weights("fcn8s", iou=0.7), weights(dataset="shapes", iou=0.5)])
    table = board(shown, next(r for r in shown if r.name == "membranes/unet-wce")).set_index("set")
    assert dict(table["verdict"]) == {
        "membranes/unet-wce": REFERENCE,
        "membranes/fcn8s-wce": BETTER,
        "shapes/unet-wce": OTHER_PICTURES,
    }
    assert math.isnan(table["difference"]["shapes/unet-wce"])


def test_sets_measured_on_other_pictures_have_a_best_of_their_own():
    easy = weights(iou=0.95, own=1, confusion=[[8, 2], [1, 4]])
    table = board(rows([weights(iou=0.6), weights("fcn8s", iou=0.5), easy])).set_index("set")
    assert table["verdict"]["membranes/unet-wce"] == table["verdict"]["own: membranes/unet-wce"] == BEST
    assert table["verdict"]["membranes/fcn8s-wce"] == WORSE


def test_runs_that_differ_in_the_seed_alone_share_a_line_with_mean_and_spread():
    ious = (0.60, 0.62, 0.67)
    seeds = [
        weights(variant=f"seed{s}" if s else "", iou=iou, recipe={"seed": s}, seconds=60 + s)
        for s, iou in enumerate(ious)
    ]
    (line,) = rows(seeds)
    assert line.name == "membranes/unet-wce"
    assert line.words == "U-Net, from scratch, weighted cross-entropy"
    assert line.score("mean_iou") == pytest.approx(np.mean(ious))
    assert line.spread("mean_iou") == pytest.approx(np.std(ious, ddof=1))
    assert line.interval("mean_iou") == pytest.approx((0.59, 0.68))
    assert line.seconds == 61
    assert line.confusion().tolist() == (3 * CONFUSION).tolist()
    assert [r.name for r in rows(seeds, each_seed=True)] == [
        "membranes/unet-wce-seed2",
        "membranes/unet-wce-seed1",
        "membranes/unet-wce",
    ]


def test_another_recipe_another_variant_and_an_own_run_stay_lines_of_their_own():
    sets = [weights(), weights(variant="lite0"), weights(own=1), weights(variant="seed1", recipe={"epochs": 9})]
    assert len(rows(sets)) == 4


def test_the_numbers_of_a_line_are_those_of_the_record():
    record = weights(milliseconds=12.5).record
    line = board([row(milliseconds=12.5)]).iloc[0]
    for key in ("mean_iou", "mean_dice", "boundary_f1", "ece"):
        assert line[key] == getattr(record.validation, key)
    assert (line["low"], line["high"]) == record.validation.mean_iou_interval
    assert (line["parameters"], line["milliseconds"], line["device"]) == (1000, 12.5, "cpu, 2 threads")
    assert math.isnan(line["gflops"])
    assert line["training_seconds"] == 60


def test_what_was_not_measured_is_in_no_table_and_no_figure():
    names = (
        "mean_iou",
        "mean_iou_interval",
        "mean_dice",
        "boundary_f1",
        "ece",
        "confusion",
        "calibration",
    )
    bare = row(**dict.fromkeys(names), per_class={}, seconds=None)
    line = board([bare, row("fcn8s")]).iloc[0]
    assert line["verdict"] == NO_INTERVAL
    unknown = ("mean_iou", "mean_dice", "boundary_f1", "ece", "milliseconds", "training_seconds")
    assert np.isnan([line[k] for k in unknown]).all()
    assert bare.confusion() is None
    assert bare.calibration() is None
    assert dice_table([bare]).empty
    assert price([bare], "parameters", "mean_iou").empty
    assert decoders([bare, row("fcn8s")]).empty


def test_the_pareto_front_leaves_out_what_another_beats_at_no_higher_cost():
    cost = np.array([1.0, 2.0, 2.0, 3.0, 4.0])
    score = np.array([0.3, 0.5, 0.6, 0.6, 0.7])
    assert pareto(cost, score).tolist() == [True, False, True, False, True]
    assert pareto(np.array([1.0, 1.0]), np.array([0.5, 0.5])).all()


def test_a_set_without_the_cost_is_not_in_the_picture_and_the_others_are():
    points = price([row(milliseconds=3.0), row("fcn8s")], "milliseconds", "mean_iou")
    assert list(points["label"]) == ["U-Net, from scratch, weighted cross-entropy"]
    assert (points["low"][0], points["high"][0]) == pytest.approx((0.59, 0.61))
    assert price([row("fcn8s")], "gflops", "mean_iou").empty


def test_intervals_are_drawn_for_the_score_that_has_them():
    points = price([row()], "parameters", "mean_dice")
    assert points["low"].isna().all()
    assert points["score"][0] == pytest.approx(0.7)


def test_the_decoder_table_pairs_what_was_trained_alike_and_leaves_out_the_rest():
    sets = [
        weights("fcn8s", iou=0.5, boundary_f1=0.4),
        weights("unet", iou=0.6),
        weights("fc_densenet56", iou=0.505),
        weights("unet", "dice", iou=0.9),
        weights("unet", "wce", "lite0", iou=0.9),
        weights("conv_stack", iou=0.9),
        weights("fcn8s", iou=0.5, dataset="shapes"),
        weights("unet", iou=0.4, dataset="shapes"),
        weights("unet", iou=0.9, dataset="shapes", own=1),
        weights("fcn8s", "ce", iou=0.5),
        weights("unet", "ce", iou=0.9, scale=360),
    ]
    table = decoders(rows(sets))
    assert list(zip(table["dataset"], table["decoder"], table["verdict"], strict=True)) == [
        ("membranes", "U-Net", BETTER),
        ("membranes", "FC-DenseNet56", NOISE),
        ("shapes", "U-Net", WORSE),
    ]
    assert table["mean_iou"].tolist() == pytest.approx([0.1, 0.005, -0.1])
    assert table["boundary_f1"].tolist() == pytest.approx([0.1, 0.1, 0.0])
    said = answer(table)
    assert said == "It pays in 1 of 3 pairs, loses in 1, and is within noise in 1: it depends on the problem."


def test_the_answer_says_no_more_than_the_verdicts():
    one = decoders([row("fcn8s", iou=0.5), row("unet", iou=0.4, boundary_f1=0.6)])
    assert answer(one) == (
        "It pays in none of 1 pair, loses in 1. Boundary F1, which sees the outlines alone, goes the other way than "
        "mean IoU in 1."
    )
    same = decoders([row("fcn8s", iou=0.5), row("unet", iou=0.4), row("fc_densenet56", iou=0.5)])
    assert "it depends on the decoder and how it was trained" in answer(same)
    bare = decoders([row("fcn8s"), row("unet", mean_iou_interval=None)])
    assert "No pair has the intervals" in answer(bare)


def test_the_classes_are_in_order_of_how_easy_they_are_for_all():
    table = dice_table([row("fcn8s", iou=0.7), row(iou=0.6)])
    assert list(table.columns) == ["cell", "membrane"]
    assert table.loc["U-Net, from scratch, weighted cross-entropy"].tolist() == [0.9, 0.6]


def test_the_confusion_figure_shows_shares_of_the_truth_and_counts_under_the_pointer():
    figure = figures.confusion_heat_map(CONFUSION, ("cell", "membrane"))
    heat = figure.data[0]
    assert np.allclose(heat.z, [[0.8, 0.2], [0.2, 0.8]])
    assert np.array_equal(heat.customdata, CONFUSION)
    assert np.allclose(np.diag(heat.z), np.diag(CONFUSION) / Scores(CONFUSION).pixels)


def test_the_reliability_figure_shows_the_bins_that_hold_pixels():
    bins = np.zeros((15, 3))
    bins[7], bins[14] = (10, 5, 4), (30, 29, 27)
    line, bars = figures.reliability(bins).data[1:]
    assert np.allclose(line.x, [0.5, 29 / 30])
    assert np.allclose(line.y, [0.4, 0.9])
    assert np.allclose(np.array(bars.y)[[7, 14]], [0.25, 0.75])


def test_the_price_figure_draws_the_front_and_a_hollow_mark_for_a_start_from_imagenet():
    shown = [row("conv_stack", iou=0.3, milliseconds=1.0), row(iou=0.6, milliseconds=2.0)]
    shown.append(row(variant="lite0", iou=0.5, milliseconds=4.0))
    figure = figures.price(price(shown, "milliseconds", "mean_iou"), "milliseconds", "mean IoU")
    front, *marks = figure.data
    assert list(front.x) == [1.0, 2.0]
    unet = next(m for m in marks if m.x[0] == 2.0)
    assert list(unet.marker.symbol) == [unet.marker.symbol[0], f"{unet.marker.symbol[0]}-open"]
    assert json.loads(figure.to_json())


def test_a_record_reads_the_same_after_a_round_through_json():
    seeds = [weights(variant=f"seed{s}", recipe={"seed": s, "crop": (3, 4)}) for s in (1, 2)]
    again = [WeightSet(Record(**json.loads(json.dumps(asdict(w.record))))) for w in seeds]
    assert len(rows([seeds[0], again[1]])) == 1
