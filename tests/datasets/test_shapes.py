"""The rendered shapes: same seed same bytes, truth that fits the geometry, a knob that makes two classes rare."""

import math

import numpy as np
import pytest

from seg.datasets import DATASETS, TRAINING_SEEDS, shapes
from seg.datasets.shapes import SHAPES
from seg.errors import OptionError

CLASSES = range(len(SHAPES))
SEEDS = range(5000, 5200)


def share(samples) -> np.ndarray:
    """The share of the pixels that each class has."""
    counts = np.bincount(np.concatenate([s.labels.ravel() for s in samples]), minlength=len(SHAPES))
    return counts / counts.sum()


@pytest.fixture(scope="module")
def by_rarity():
    return {rarity: [shapes.render(seed, rarity=rarity) for seed in SEEDS] for rarity in (0.0, 0.5, 1.0)}


def drawn(outline, centre: tuple[float, float] = (40, 40)) -> np.ndarray:
    """Truth of one shape through `draw_shape`, its centre at (y, x); bool (80, 80)."""
    image, owner = np.full((80, 80, 3), 100, np.float32), np.zeros((80, 80), np.uint16)
    light, colour = np.array((0, 1), np.float32), np.full(3, 200, np.float32)
    shapes.draw_shape(image, owner, 1, outline, centre, colour, light, np.zeros(4), 1.0)
    return owner == 1


def area(points: np.ndarray) -> float:
    """Of the polygon with these corners (N, 2)."""
    x, y = points.T
    return abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def test_the_names_in_the_renderer_are_those_of_the_class_map():
    names = [SHAPES.names[k] for k in (shapes.GROUND, shapes.DISC, shapes.SQUARE, shapes.TRIANGLE, shapes.LINE)]
    assert names == ["ground", "disc", "square", "triangle", "line"]


@pytest.mark.parametrize("rarity", [0.0, 1.0])
def test_the_same_seed_gives_the_same_bytes(rarity):
    first, second = (shapes.render(7, rarity=rarity) for _ in range(2))
    assert first.name == second.name
    for one, other in ((first.image, second.image), (first.labels, second.labels), (first.instances, second.instances)):
        assert one.tobytes() == other.tobytes()


def test_different_seeds_give_different_pictures_and_truth():
    for seed in range(5):
        first, second = shapes.render(seed), shapes.render(seed + 1)
        assert (first.image != second.image).mean() > 0.5
        assert (first.labels != second.labels).mean() > 0.05


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (64, 64), (61, 320), (320, 61), (360, 480)])
def test_any_size_from_32_up_has_the_stated_shapes_and_types(size):
    for seed in range(4):
        sample = shapes.render(seed, *size, rarity=0.0)
        assert (sample.image.shape, sample.image.dtype) == ((*size, 3), np.uint8)
        assert (sample.labels.shape, sample.labels.dtype) == (size, np.uint8)
        assert (sample.instances.shape, sample.instances.dtype) == (size, np.uint16)
        assert sample.labels.max() < len(SHAPES)


def test_the_layout_does_not_depend_on_the_size():
    for seed in range(5):
        small, large = shapes.render(seed, 64, 64), shapes.render(seed, 192, 192)
        assert (small.labels == large.labels[1::3, 1::3]).mean() > 0.99


@pytest.mark.parametrize("radius", [3.0, 7.5, 20.0])
def test_a_disc_has_the_area_of_a_circle_and_reaches_as_far(radius):
    truth = drawn(radius)
    assert truth.sum() == pytest.approx(math.pi * radius**2, abs=3 * math.sqrt(radius))
    rows, columns = np.nonzero(truth)
    from_centre = np.hypot(rows + 0.5 - 40, columns + 0.5 - 40)
    assert radius - 1 < from_centre.max() <= radius


@pytest.mark.parametrize("angle", [0.0, 0.4, 1.2, 3.0])
@pytest.mark.parametrize("kind", [shapes.SQUARE, shapes.TRIANGLE, shapes.LINE])
def test_a_polygon_has_its_area_wherever_it_points(kind, angle):
    """On average over where it lies between the pixels: a slanted edge may pass through a row of pixel centres."""
    outline = shapes.corners(kind, 22.0 if kind == shapes.LINE else 12.0, angle, np.array((0.9, 0.2, 0.5)))
    offsets = np.random.default_rng(0).random((60, 2))
    found = [drawn(outline, (40 + y, 40 + x)).sum() for y, x in offsets]
    assert np.mean(found) == pytest.approx(area(outline), rel=0.03)


def test_a_disc_a_square_and_a_triangle_of_one_size_have_about_the_same_area():
    square = shapes.corners(shapes.SQUARE, 10.0, 0.3, np.zeros(3))
    triangle = shapes.corners(shapes.TRIANGLE, 10.0, 0.3, np.full(3, 0.5))
    assert area(square) == pytest.approx(math.pi * 100, rel=0.01)
    assert area(triangle) == pytest.approx(math.pi * 100, rel=0.01)


def test_a_line_is_thin_and_its_truth_has_no_gap():
    for angle in np.linspace(0, math.pi, 25):
        outline = shapes.corners(shapes.LINE, 14.0, angle, np.zeros(3))
        truth = drawn(outline)
        assert truth.sum() < 28 * 2.2
        rows, columns = np.nonzero(truth)
        along = np.sort((columns + 0.5 - 40) * math.cos(angle) + (rows + 0.5 - 40) * math.sin(angle))
        assert np.diff(along).max() < 1.5
        assert along[-1] - along[0] > 24


def test_the_picture_changes_where_the_truth_does(by_rarity):
    for sample in by_rarity[0.0][:40]:
        grey = sample.image.astype(np.float32)
        step = np.abs(np.diff(grey, axis=1)).sum(2)
        border = np.diff(sample.instances.astype(np.int16), axis=1) != 0
        assert step[border].mean() > 1.3 * step[~border].mean()


def test_instances_are_exactly_the_shapes_one_class_each_and_numbered_without_a_gap(by_rarity):
    for sample in by_rarity[0.0]:
        np.testing.assert_array_equal(sample.instances > 0, sample.labels > 0)
        numbers = np.unique(sample.instances[sample.instances > 0])
        assert numbers.tolist() == list(range(1, len(numbers) + 1))
        for k in numbers:
            assert len(np.unique(sample.labels[sample.instances == k])) == 1


def test_at_rarity_0_the_four_shapes_are_equally_common(by_rarity):
    present = np.array([[k in s.labels for k in CLASSES] for s in by_rarity[0.0]]).mean(axis=0)
    assert present[shapes.GROUND] == 1
    assert np.all((present[1:] > 0.75) & (present[1:] < 0.95))
    found = share(by_rarity[0.0])
    assert 0.7 < found[shapes.GROUND] < 0.88
    assert np.all(found[[shapes.DISC, shapes.SQUARE, shapes.TRIANGLE]] > 0.045)
    assert found[shapes.LINE] > 0.015


def test_a_higher_rarity_leaves_fewer_pixels_to_triangles_and_lines_alone(by_rarity):
    shares = {rarity: share(samples) for rarity, samples in by_rarity.items()}
    for k in (shapes.TRIANGLE, shapes.LINE):
        assert shares[0.0][k] > 1.8 * shares[0.5][k] > 1.8 * 5 * shares[1.0][k] > 0
        pictures = [sum(k in s.labels for s in samples) for samples in by_rarity.values()]
        assert pictures[0] > 1.5 * pictures[1] > 1.5 * 3 * pictures[2] > 0
    for k in (shapes.DISC, shapes.SQUARE):
        assert shares[1.0][k] == pytest.approx(shares[0.0][k], rel=0.15)


def test_colour_alone_does_not_tell_the_classes_apart(by_rarity):
    """The best class for each of 512 colour bins, chosen in hindsight, is hardly better than always saying ground."""
    pixels = np.concatenate([s.image.reshape(-1, 3) for s in by_rarity[0.0]]).astype(np.int64) // 32
    labels = np.concatenate([s.labels.ravel() for s in by_rarity[0.0]])
    table = np.zeros((512, len(SHAPES)), np.int64)
    np.add.at(table, (pixels @ (64, 8, 1), labels), 1)
    assert table.max(axis=1).sum() / len(labels) < (labels == shapes.GROUND).mean() + 0.06


@pytest.mark.parametrize("rarity", [-0.1, 1.5, math.nan])
def test_a_rarity_that_makes_no_sense_is_refused_in_a_sentence(rarity):
    with pytest.raises(OptionError, match="rarity must be between 0 and 1"):
        shapes.render(0, rarity=rarity)


def test_options_reach_the_renderer_and_seeds_follow_each_other():
    render = DATASETS["shapes"].rendered
    samples = render(3, 40, 48, TRAINING_SEEDS, rarity=1.0)
    for seed, sample in enumerate(samples, TRAINING_SEEDS):
        expected = shapes.render(seed, 40, 48, rarity=1.0)
        assert sample.name == f"shapes-{seed}"
        assert sample.image.tobytes() == expected.image.tobytes()
    assert render(1, 40, 48, first_seed=12)[0].name == "shapes-12"
