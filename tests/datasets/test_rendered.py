"""The rendered samples: same seed same bytes, exact truth, proportions near the real sets."""

import numpy as np
import pytest
from PIL import Image

from seg.datasets import membranes, street
from seg.datasets.membranes import MEMBRANES
from seg.datasets.street import STREET
from seg.datasets.street.canvas import Camera, Canvas, Light, Sprite, Texture, wall

COUNTABLE = [STREET.names.index(name) for name in ("car", "pedestrian", "bicyclist")]
REAL_SHARE = dict(
    zip(STREET.names, (0.176, 0.244, 0.010, 0.330, 0.048, 0.099, 0.012, 0.012, 0.060, 0.007, 0.003), strict=True)
)
"""The share of the labelled pixels of the 367 real training frames that each class has."""


@pytest.fixture(scope="module")
def scenes():
    return [street.render(seed) for seed in range(1000, 1012)]


@pytest.fixture(scope="module")
def slices():
    return [membranes.render(seed) for seed in range(1000, 1004)]


def plain_light():
    one = np.ones(3)
    return Light(one, one, one, one, one * 255, one * 255, 1e9, 0.0, False)


@pytest.mark.parametrize("source", [street, membranes])
def test_the_same_seed_gives_the_same_bytes(source):
    first, second = source.render(7, 96, 128), source.render(7, 96, 128)
    assert first.name == second.name
    assert first.image.tobytes() == second.image.tobytes()
    assert first.labels.tobytes() == second.labels.tobytes()
    if first.instances is not None:
        assert first.instances.tobytes() == second.instances.tobytes()


@pytest.mark.parametrize("source", [street, membranes])
def test_different_seeds_give_different_pictures_and_truth(source):
    first, second = source.render(1, 96, 128), source.render(2, 96, 128)
    assert (first.image != second.image).mean() > 0.5
    assert (first.labels != second.labels).mean() > 0.05


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (360, 480), (61, 320), (320, 61), (255, 200)])
def test_any_size_from_32_up_has_the_stated_shapes_and_types(size):
    scene = street.render(3, *size)
    assert (scene.image.shape, scene.image.dtype) == ((*size, 3), np.uint8)
    assert (scene.labels.shape, scene.labels.dtype) == (size, np.uint8)
    assert (scene.instances.shape, scene.instances.dtype) == (size, np.uint16)
    assert scene.labels.max() < len(STREET)
    cells = membranes.render(3, *size)
    assert (cells.image.shape, cells.image.dtype) == (size, np.uint8)
    assert (cells.labels.shape, cells.labels.dtype) == (size, np.uint8)
    assert cells.instances is None
    assert cells.labels.max() < len(MEMBRANES)


def test_the_default_sizes_are_those_of_the_real_sets(scenes, slices):
    assert scenes[0].labels.shape == (360, 480)
    assert slices[0].labels.shape == (512, 512)


def test_a_handful_of_scenes_has_every_class(scenes):
    for start in range(0, len(scenes), 4):
        seen = np.unique(np.concatenate([s.labels.ravel() for s in scenes[start : start + 4]]))
        assert seen.tolist() == list(range(len(STREET)))


def test_most_scenes_have_nearly_every_class(scenes):
    assert np.mean([len(np.unique(s.labels)) for s in scenes]) > 10


def test_instances_are_exactly_the_cars_pedestrians_and_cyclists(scenes):
    for scene in scenes:
        np.testing.assert_array_equal(scene.instances > 0, np.isin(scene.labels, COUNTABLE))


def test_an_instance_has_one_class_and_the_numbers_have_no_gap(scenes):
    for scene in scenes:
        ids = np.unique(scene.instances[scene.instances > 0])
        assert ids.tolist() == list(range(1, len(ids) + 1))
        for k in ids:
            assert len(np.unique(scene.labels[scene.instances == k])) == 1


def test_class_shares_are_near_those_of_the_real_frames(scenes):
    counts = sum(np.bincount(s.labels.ravel(), minlength=len(STREET)) for s in scenes)
    share = dict(zip(STREET.names, counts / counts.sum(), strict=True))
    for name, real in REAL_SHARE.items():
        factor = 1.6 if real > 0.15 else 2.5 if real > 0.02 else 4
        assert real / factor < share[name] < real * factor, name


def test_the_sky_is_up_and_the_road_is_down(scenes):
    sky, road = STREET.names.index("sky"), STREET.names.index("road")
    for scene in scenes:
        rows_of_sky, rows_of_road = np.nonzero(scene.labels == sky)[0], np.nonzero(scene.labels == road)[0]
        assert rows_of_sky.max() < 0.62 * scene.labels.shape[0]
        assert rows_of_road.min() > 0.4 * scene.labels.shape[0]


def test_the_layout_does_not_depend_on_the_size():
    small, large = street.render(5, 180, 240), street.render(5, 360, 480)
    assert (small.labels == large.labels[::2, ::2]).mean() > 0.88


def test_edges_of_the_picture_lie_where_the_truth_changes(scenes):
    """Along the border of two classes the picture changes more than one pixel-pair inside them, for most classes."""
    for scene in scenes:
        grey = scene.image.astype(np.float32).mean(2)
        step = np.abs(np.diff(grey, axis=1))
        border = np.diff(scene.labels.astype(np.int16), axis=1) != 0
        assert step[border].mean() > 2.5 * step[~border].mean()


def test_picture_and_truth_are_drawn_through_the_same_mask():
    canvas = Canvas(40, 60, plain_light())
    canvas.image[:] = 255
    ground, thing = canvas.add(3), canvas.add(8, True)
    canvas.objects[:] = ground
    sprite = Sprite(canvas, 20, 10, 90, 60)
    sprite.polygon([(20, 11), (90.5, 23), (61, 60), (33, 47)], (0, 0, 0))
    sprite.disc(80, 50, 9, 7, (0, 0, 0))
    sprite.stamp(5.0, thing)
    labels, instances = canvas.truth()
    cover = 1 - canvas.picture()[..., 0] / 255
    assert np.all(cover[labels == 8] >= 0.5)
    assert np.all(cover[labels == 3] <= 0.5)
    np.testing.assert_array_equal(instances, labels == 8)


def test_a_nearer_wall_hides_a_farther_one_whatever_the_order():
    camera = Camera(60.0, 60.0, 40.0, 1.5, 0.0, 0.0)
    brick = Texture.of(Image.new("RGB", (16, 16), (90, 60, 50)), 4, 4)
    maps = []
    for order in ((5.0, 9.0), (9.0, 5.0)):
        canvas = Canvas(40, 60, plain_light())
        canvas.add(0)
        ids = {5.0: canvas.add(1), 9.0: canvas.add(7)}
        for z in order:
            wall(canvas, camera, (-2, z), (2.0 if z < 6 else 12.0, z), 0, brick, ids[z] if z < 6 else 2, np.ones(3))
        maps.append(np.isfinite(canvas.depth) * np.where(canvas.depth < 6, 1, 2))
    np.testing.assert_array_equal(*maps)
    assert set(np.unique(maps[0])) == {0, 1, 2}


def test_a_side_wall_shrinks_towards_the_vanishing_point():
    camera = Camera(60.0, 60.0, 40.0, 1.5, 0.0, 0.0)
    canvas = Canvas(40, 60, plain_light())
    canvas.add(0)
    brick = Texture.of(Image.new("RGB", (16, 16), (90, 60, 50)), 4, 4)
    wall(canvas, camera, (3, 4), (3, 40), 0, brick, canvas.add(1), np.ones(3))
    heights = (canvas.objects == 1).sum(0)
    drawn = heights[heights > 0]
    assert np.all(np.diff(drawn) >= -1)
    assert drawn[-1] > 4 * drawn[0]


def test_membranes_have_the_share_and_greys_of_the_real_slices(slices):
    for sample in slices:
        assert 0.17 < sample.labels.mean() < 0.32
        assert 105 < sample.image.mean() < 150
        assert 30 < sample.image.std() < 52
    membrane = np.mean([s.image[s.labels == 1].mean() for s in slices])
    cell = np.mean([s.image[s.labels == 0].mean() for s in slices])
    assert 70 < membrane < 105
    assert 35 < cell - membrane < 75


def test_membranes_part_the_tissue_into_many_cells(slices):
    """Runs of cell along a row are short: no picture is one big cell or all membrane."""
    for sample in slices:
        crossings = (np.diff(sample.labels.astype(np.int8), axis=1) == 1).sum(1)
        assert 4 < crossings.mean() < 30
