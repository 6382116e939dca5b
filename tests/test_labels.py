from itertools import combinations

import numpy as np
import pytest

from seg.datasets import DATASETS
from seg.datasets.street import STREET
from seg.labels import IGNORE, IGNORE_COLOUR
from seg.pictures.drawing import FOUND_COLOUR, INVENTED_COLOUR, MISSED_COLOUR, WRONG_COLOUR

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB
VISIONS = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)

FLOOR = {"everyday": 15.3, "street": 16.4, "membranes": 30.0, "shapes": 28.7}
"""The least CIEDE2000 difference between any two colours of a map, IGNORE_COLOUR among them, in any vision."""


def to_lab(colours, vision: str) -> np.ndarray:
    """CIELAB (…, 3), D65, of 8-bit sRGB colours (…, 3) as a person of that vision sees them."""
    values = np.asarray(colours) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ VISIONS[vision].T, 0, 1)
    ratio = seen @ TO_XYZ.T / TO_XYZ.sum(axis=1)
    x, y, z = np.moveaxis(np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio * (29 / 6) ** 2 / 3 + 4 / 29), -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def ciede2000(first, second) -> float:
    """The colour difference of Sharma, Wu and Dalal 2005, equations 2 to 22, of two CIELAB colours."""
    (l1, a1, b1), (l2, a2, b2) = first, second
    mean_c = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    stretch = 1.5 - 0.5 * np.sqrt(mean_c**7 / (mean_c**7 + 25.0**7))
    c1, c2 = np.hypot(a1 * stretch, b1), np.hypot(a2 * stretch, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1 * stretch)) % 360, np.degrees(np.arctan2(b2, a2 * stretch)) % 360
    turn = (h2 - h1 + 180) % 360 - 180 if c1 * c2 else 0.0
    delta_h = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))
    mean_l, mean_c, mean_h = (l1 + l2) / 2, (c1 + c2) / 2, (h1 + turn / 2) % 360 if c1 * c2 else h1 + h2
    cosines = ((-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.20, 4, -63))
    weight = 1 + sum(k * np.cos(np.radians(n * mean_h + shift)) for k, n, shift in cosines)
    scale_l = 1 + 0.015 * (mean_l - 50) ** 2 / np.sqrt(20 + (mean_l - 50) ** 2)
    scale_c, scale_h = 1 + 0.045 * mean_c, 1 + 0.015 * mean_c * weight
    rotation = -np.sin(np.radians(60 * np.exp(-(((mean_h - 275) / 25) ** 2))))
    rotation *= 2 * np.sqrt(mean_c**7 / (mean_c**7 + 25.0**7))
    lightness, chroma, tone = (l2 - l1) / scale_l, (c2 - c1) / scale_c, delta_h / scale_h
    return float(np.sqrt(lightness**2 + chroma**2 + tone**2 + rotation * chroma * tone))


def hue(colour) -> float:
    """The CIELAB hue angle in degrees: red 40, yellow 100, green 140, sky blue 240, blue 300."""
    _, a, b = to_lab(colour, "normal")
    return float(np.degrees(np.arctan2(b, a)) % 360)


# Pairs 1, 7, 9, 13, 17, 19 and 25 of the paper's table
@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, 2.4900, -0.0010), (50, -2.4900, 0.0009), 7.1792),
        ((50, -0.0010, 2.4900), (50, 0.0009, -2.4900), 4.8045),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((50, 2.5, 0), (58, 24, 15), 19.4535),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ],
)
def test_the_colour_difference_is_that_of_the_published_table(first, second, expected):
    assert ciede2000(first, second) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("dataset", DATASETS)
def test_any_two_colours_of_a_map_are_told_apart_in_every_colour_vision(dataset, vision):
    class_map = DATASETS[dataset].class_map
    colours = to_lab([*class_map.colours, IGNORE_COLOUR], vision)
    names = [*class_map.names, "ignore"]
    nearest = min(
        (ciede2000(colours[i], colours[j]), names[i], names[j]) for i, j in combinations(range(len(names)), 2)
    )
    assert nearest[0] >= FLOOR[dataset], nearest


@pytest.mark.parametrize("vision", VISIONS)
def test_the_colour_of_an_error_is_told_from_every_grey_in_every_colour_vision(vision):
    greys = to_lab(np.repeat(np.arange(256)[:, None], 3, axis=1), vision)
    wrong = to_lab(WRONG_COLOUR, vision)
    assert min(ciede2000(wrong, grey) for grey in greys) >= 20


@pytest.mark.parametrize("vision", VISIONS)
def test_found_missed_and_invented_are_told_apart_and_from_a_faint_photo_in_every_colour_vision(vision):
    colours = to_lab([FOUND_COLOUR, MISSED_COLOUR, INVENTED_COLOUR], vision)
    faint = to_lab(np.repeat(np.arange(64, 192)[:, None], 3, axis=1), vision)
    assert min(ciede2000(one, other) for one, other in combinations(colours, 2)) >= 20
    assert min(ciede2000(one, grey) for one in colours for grey in faint) >= 20


@pytest.mark.parametrize(
    ("name", "hues"),
    [("sky", (220, 270)), ("tree", (125, 165)), ("sign", (85, 105)), ("building", (20, 75)), ("car", (270, 310))],
)
def test_a_street_class_has_a_colour_that_one_expects_of_it(name, hues):
    assert hues[0] <= hue(STREET.colours[STREET.names.index(name)]) <= hues[1]


def test_the_road_is_dark_and_the_sky_and_the_sign_are_light():
    lightness = {name: to_lab(colour, "normal")[0] for name, colour in zip(STREET.names, STREET.colours, strict=True)}
    assert lightness["road"] < 40
    assert min(lightness["sky"], lightness["sign"]) > 75


@pytest.mark.parametrize("class_map", [d.class_map for d in DATASETS.values()], ids=DATASETS)
def test_every_class_has_a_name_and_one_colour_of_its_own_in_every_set(class_map):
    assert len(class_map) == len(set(class_map.names)) <= IGNORE
    assert class_map.disk_ignore not in range(len(class_map))
    for colours in (class_map.colours, *class_map.other_colours):
        assert len(colours) == len(class_map)
        assert len({*colours, IGNORE_COLOUR}) == len(class_map) + 1
        assert all(0 <= value <= 255 for colour in colours for value in colour)
    assert (0, 0, 0) not in class_map.colours, "black is unlabelled, but in other programs' masks"
