"""The scores, against hand computations and brute force."""

import numpy as np
import pytest

from seg.labels import IGNORE
from seg.scores.metrics import (
    Scores,
    bootstrap_mean_iou,
    boundary_counts,
    boundary_f1,
    calibration_counts,
    confusion_matrix,
    expected_calibration_error,
    score,
)

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


def test_the_bootstrap_interval_holds_the_mean_iou_and_narrows_when_pictures_are_alike():
    rng = np.random.default_rng(0)
    unlike = rng.integers(1, 100, (20, 3, 3)) + 200 * np.eye(3, dtype=int) * rng.integers(0, 2, (20, 1, 1))
    low, high = bootstrap_mean_iou(unlike)
    assert low < Scores(unlike.sum(axis=0)).mean_iou < high
    alike = np.repeat(unlike[:1], 20, axis=0)
    assert np.ptp(bootstrap_mean_iou(alike)) < 1e-9


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
