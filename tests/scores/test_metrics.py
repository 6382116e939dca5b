"""The scores, against hand computations, brute force and torchmetrics."""

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torchmetrics.functional import segmentation as reference
from torchmetrics.functional.classification import (
    multiclass_accuracy,
    multiclass_calibration_error,
    multiclass_confusion_matrix,
    multiclass_jaccard_index,
)

from seg.labels import IGNORE
from seg.scores import metrics
from seg.scores.agreement import disagreement, majority
from seg.scores.metrics import (
    CALIBRATION_BINS,
    Scores,
    boundary_counts,
    boundary_f1,
    calibration_counts,
    confusion_matrix,
    expected_calibration_error,
    score,
)

LARGE = (6000, 8000)
"""48 megapixels."""
ROOM = 300e6
"""Bytes that no score may take beyond its picture."""

TRUTH = np.array([[0, 0, 1], [1, IGNORE, 1]], np.uint8)
LABELS = np.array([[0, 1, 1], [1, 0, 0]], np.uint8)


def test_rows_are_truth_and_columns_prediction_and_ignored_pixels_are_left_out():
    assert confusion_matrix(LABELS, TRUTH, 3).tolist() == [[1, 1, 0], [1, 2, 0], [0, 0, 0]]


def test_dice_iou_precision_and_recall_are_as_computed_by_hand():
    scores = score(LABELS, TRUTH, 3)
    assert scores.dice[:2] == pytest.approx([2 / 4, 4 / 6])
    assert scores.iou[:2] == pytest.approx([1 / 3, 2 / 4])
    assert scores.precision[:2] == pytest.approx([1 / 2, 2 / 3])
    assert scores.recall[:2] == pytest.approx([1 / 2, 2 / 3])
    assert scores.pixel_accuracy == pytest.approx(3 / 5)


def test_a_class_in_neither_truth_nor_prediction_does_not_count_in_a_mean():
    scores = score(LABELS, TRUTH, 3)
    assert np.isnan(scores.dice[2])
    assert scores.mean_dice == pytest.approx((2 / 4 + 4 / 6) / 2)


def test_a_truth_that_is_ignored_everywhere_gives_no_score():
    assert np.isnan(score(LABELS, np.full_like(TRUTH, IGNORE), 3).mean_iou)


def test_the_scores_of_a_split_come_from_the_summed_confusion_matrix_not_from_a_mean_of_scores():
    other = confusion_matrix(TRUTH, TRUTH, 3)
    both = Scores(confusion_matrix(LABELS, TRUTH, 3) + other)
    assert both.iou[0] == pytest.approx(3 / 5)


def brute_boundary(mask: np.ndarray, c: int, truth: np.ndarray) -> set[tuple[int, int]]:
    height, width = mask.shape
    found = set()
    for y in range(height):
        for x in range(width):
            around = [(y + dy, x + dx) for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0))]
            inside = [p for p in around if 0 <= p[0] < height and 0 <= p[1] < width]
            block = truth[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
            if mask[y, x] == c and any(mask[p] != c for p in inside) and not (block == IGNORE).any():
                found.add((y, x))
    return found


def test_boundary_counts_equal_a_brute_force_search_within_two_pixels():
    rng = np.random.default_rng(3)
    truth = np.kron(rng.integers(0, 3, (4, 5)), np.ones((5, 5))).astype(np.uint8)
    truth[0:2, 0:3] = IGNORE
    labels = np.roll(np.where(truth == IGNORE, 0, truth), 1, axis=1)
    labels[8:12, 8:12] = 2
    counts = boundary_counts(labels, truth, 3)
    for c in range(3):
        predicted, true = brute_boundary(labels, c, truth), brute_boundary(truth, c, truth)

        def matched(points, partners):
            return sum(any((y - v) ** 2 + (x - u) ** 2 <= 4 for v, u in partners) for y, x in points)

        assert counts[c].tolist() == [matched(predicted, true), len(predicted), matched(true, predicted), len(true)]


def test_outlines_within_a_void_band_are_not_judged_instead_of_missed():
    truth = np.zeros((20, 20), np.uint8)
    truth[5:15, 5:15] = 1
    labels = truth.copy()
    labels[0:2] = 1
    truth[boundary_band(truth)] = IGNORE
    assert np.isnan(boundary_f1(boundary_counts(labels, truth, 2)))


def boundary_band(mask: np.ndarray) -> np.ndarray:
    """Pixels with another class within two pixels."""
    steps = [(y, x) for y in range(-2, 3) for x in range(-2, 3)]
    return np.logical_or.reduce([np.roll(mask, step, (0, 1)) != mask for step in steps])


def test_boundary_f1_is_one_for_the_truth_itself_and_falls_when_the_boundary_moves():
    truth = np.zeros((40, 40), np.uint8)
    truth[10:30, 10:30] = 1
    moved = np.roll(truth, 5, axis=1)
    assert boundary_f1(boundary_counts(truth, truth, 2)) == 1
    assert boundary_f1(boundary_counts(np.roll(truth, 2, axis=1), truth, 2)) > boundary_f1(
        boundary_counts(moved, truth, 2)
    )


def test_the_calibration_error_is_the_gap_between_confidence_and_accuracy():
    truth = np.zeros((10, 10), np.uint8)
    labels = truth.copy()
    labels[:4] = 1  # 60 % right
    confidence = np.full((10, 10), 0.9, np.float16)
    counts = calibration_counts(labels, confidence, truth)
    assert counts[:, 0].sum() == 100
    assert expected_calibration_error(counts) == pytest.approx(0.3, abs=1e-3)


def large_maps(num_classes: int) -> list[np.ndarray]:
    """Three label maps of 48 megapixels in which every pixel is on a boundary of most of them."""
    rows = np.arange(LARGE[0], dtype=np.uint8)[:, None]
    columns = np.arange(LARGE[1], dtype=np.uint8)
    return [(rows * step + columns) % num_classes for step in (1, 2, 3)]


def room_taken(measure: Callable[..., object], *given: object) -> int:
    """The most bytes held at once beyond what `measure` was given."""
    tracemalloc.start()
    try:
        measure(*given)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_no_score_of_48_megapixels_takes_much_more_room_than_the_picture():
    labels, truth, other = large_maps(11)
    confidence = np.broadcast_to(np.float16(0.5), LARGE)
    assert room_taken(confusion_matrix, labels, truth, 11) < ROOM
    assert room_taken(boundary_counts, labels, truth, 11) < ROOM
    assert room_taken(calibration_counts, labels, confidence, truth) < ROOM
    assert room_taken(majority, [labels, truth, other], 11) < ROOM
    assert room_taken(disagreement, [labels, truth, other], 11) < ROOM


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (64, 80), (0, 5)])
def test_the_counts_of_a_picture_do_not_depend_on_how_many_rows_are_taken_at_once(monkeypatch, shape):
    rng = np.random.default_rng(5)
    truth, labels = (rng.integers(0, 3, shape).astype(np.uint8) for _ in range(2))
    truth[rng.random(shape) < 0.02] = IGNORE
    confidence = rng.random(shape).astype(np.float16)

    def counts() -> list[np.ndarray]:
        return [
            confusion_matrix(labels, truth, 3),
            boundary_counts(labels, truth, 3),
            calibration_counts(labels, confidence, truth),
        ]

    at_once = counts()
    monkeypatch.setattr(metrics, "STRIP", 1)
    for whole, in_strips in zip(at_once, counts(), strict=True):
        assert in_strips == pytest.approx(whole)
        assert in_strips.dtype == whole.dtype


@pytest.fixture
def noisy() -> tuple[np.ndarray, np.ndarray]:
    """Labels and truth of a picture; one class is rare, and some of the truth is ignored."""
    rng = np.random.default_rng(11)
    truth = rng.choice(4, (60, 70), p=[0.6, 0.25, 0.14, 0.01]).astype(np.uint8)
    labels = np.where(rng.random(truth.shape) < 0.7, truth, rng.integers(0, 4, truth.shape)).astype(np.uint8)
    truth[:5, :30] = IGNORE
    return labels, truth


def test_confusion_iou_and_accuracy_are_what_torchmetrics_says(noisy):
    labels, truth = (torch.from_numpy(m.astype(np.int64)) for m in noisy)
    found = score(*noisy, 4)
    known = {"num_classes": 4, "ignore_index": IGNORE}
    assert (found.confusion == multiclass_confusion_matrix(labels, truth, **known).numpy()).all()
    assert found.iou == pytest.approx(multiclass_jaccard_index(labels, truth, average="none", **known).numpy())
    assert found.recall == pytest.approx(multiclass_accuracy(labels, truth, average="none", **known).numpy())
    assert found.pixel_accuracy == pytest.approx(float(multiclass_accuracy(labels, truth, average="micro", **known)))


def test_dice_is_what_torchmetrics_says(noisy):
    kept = noisy[1] != IGNORE  # its Dice knows no ignored pixels
    labels, truth = (torch.from_numpy(m[kept].astype(np.int64))[None] for m in noisy)
    theirs = reference.dice_score(labels, truth, 4, average="none", input_format="index")
    assert score(*noisy, 4).dice == pytest.approx(theirs[0].numpy())


def test_the_calibration_error_is_what_torchmetrics_says(noisy):
    rng = np.random.default_rng(2)
    logits = torch.from_numpy(rng.normal(size=(1, 4, *noisy[0].shape)))
    probabilities = logits.softmax(dim=1).half().double()  # as a prediction's confidence is
    confidence, labels = probabilities[0].max(dim=0)
    truth = torch.from_numpy(noisy[1].astype(np.int64))[None]
    theirs = multiclass_calibration_error(probabilities, truth, 4, n_bins=CALIBRATION_BINS, ignore_index=IGNORE)
    counts = calibration_counts(labels.numpy().astype(np.uint8), confidence.half().numpy(), noisy[1])
    assert expected_calibration_error(counts) == pytest.approx(float(theirs), abs=1e-6)
