"""Two things of a class that a semantic mask makes one."""

import numpy as np
import pytest

from seg.anatomy.instances import outlined, touching
from seg.datasets import DATASETS

LABELS = np.zeros((40, 60), np.uint8)
LABELS[10:30, 10:40] = 1
INSTANCES = np.zeros(LABELS.shape, np.uint16)
INSTANCES[10:30, 10:24], INSTANCES[10:30, 24:40] = 3, 7


def test_two_neighbours_of_a_class_are_found_with_what_is_around_them():
    pair = touching(LABELS, INSTANCES)
    assert (pair.label, pair.things) == (1, (3, 7))
    rows, columns = pair.box
    assert (rows.start, rows.stop, columns.start, columns.stop) == (0, 40, 0, 50)


def test_neighbours_of_different_classes_are_no_pair():
    labels = LABELS.copy()
    labels[:, 24:] *= 2
    assert touching(labels, INSTANCES) is None


def test_things_apart_or_too_small_to_be_seen_are_no_pair():
    apart, small = INSTANCES.copy(), np.zeros_like(INSTANCES)
    apart[:, 23:25] = 0
    small[0, :2] = 1, 2
    assert touching(LABELS, apart) is touching(np.ones_like(LABELS), small) is None


def test_the_pair_most_nearly_of_a_size_is_shown():
    labels, instances = LABELS.copy(), INSTANCES.copy()
    labels[30:36, 10:40], instances[30:36, 10:40] = 1, 9
    assert touching(labels, instances).things == (3, 7)


def test_the_sample_that_the_tour_falls_back_on_has_a_pair():
    street = DATASETS["street"]
    scene = street.open(street.samples[0])
    assert touching(scene.labels, scene.instances) is not None


@pytest.mark.parametrize("enlargement", [1, 4])
def test_an_outline_runs_around_each_thing_and_nowhere_else(enlargement):
    image = np.full((*LABELS.shape, 3), 128, np.uint8)
    drawn = outlined(image, INSTANCES, enlargement)
    assert drawn.shape == (40 * enlargement, 60 * enlargement, 3)
    changed = (drawn != 128).any(axis=2)
    assert changed[20 * enlargement, 24 * enlargement]
    assert not changed[20 * enlargement, [16 * enlargement, 32 * enlargement]].any()
    assert not changed[0].any()
