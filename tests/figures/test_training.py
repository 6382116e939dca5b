import numpy as np

from seg.figures.training import found_when, learning_curves

RISING = ((1.0, 0.2), (2.0, 0.4), (3.0, 0.5))


def test_no_two_networks_have_the_same_line():
    figure = learning_curves({f"network {n}": RISING for n in range(12)}, "validation mean IoU")
    looks = {(line.line.color, line.line.dash, line.marker.symbol) for line in figure.data}
    assert len(looks) == 12
    assert list(figure.data[0].x) == [1, 2, 3]
    assert list(figure.data[0].y) == [0.2, 0.4, 0.5]


def test_relative_curves_all_begin_at_one():
    figure = learning_curves({"focal": ((1.0, 0.04), (2.0, 0.01)), "Dice": ((1.0, 0.8), (2.0, 0.4))}, "loss", True)
    assert [list(line.y) for line in figure.data] == [[1, 0.25], [1, 0.5]]


def test_a_relative_curve_that_begins_at_nothing_stays_as_it_is():
    assert list(learning_curves({"a": ((1.0, 0.0), (2.0, 0.1))}, "loss", True).data[0].y) == [0, 0.1]


def test_classes_stand_by_their_share_of_the_picture_and_those_not_in_it_are_left_out():
    moments = np.array([[2], [0], [-1]])
    figure = found_when(moments, (0, 0.5, 1), np.array([0.3, 0.0, 0.7]), ("sky", "car", "road"), ("U-Net",))
    assert list(figure.layout.yaxis.ticktext) == ["road · 70.0 %", "sky · 30.0 %"]
    assert list(figure.data[0].x) == [3, 2]
    assert [words for _, words in figure.data[0].customdata] == ["never", "100 %"]


def test_networks_that_find_a_class_at_the_same_moment_do_not_hide_each_other():
    figure = found_when(np.zeros((1, 7), int), (0, 1), np.ones(1), ("sky",), [f"network {n}" for n in range(7)])
    places = {(mark.x[0], mark.y[0]) for mark in figure.data}
    assert len(places) == 7
    assert all(abs(x) < 0.5 and abs(y) < 0.5 for x, y in places)
