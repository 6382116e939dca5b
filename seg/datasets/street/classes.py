"""The classes of a street: those of the 11-class convention of CamVid."""

from seg.labels import ClassMap

STREET = ClassMap(
    dataset="street",
    names=(
        "sky",
        "building",
        "pole",
        "road",
        "pavement",
        "tree",
        "sign",
        "fence",
        "car",
        "pedestrian",
        "bicyclist",
    ),
    # Found by annealing near the colours one expects: the least CIEDE2000 difference of any two, IGNORE_COLOUR
    # among them, is 16.4 over normal, protan, deutan and tritan vision.
    colours=(
        (147, 219, 250),
        (126, 54, 3),
        (227, 236, 229),
        (78, 51, 80),
        (156, 132, 205),
        (45, 118, 83),
        (251, 238, 20),
        (237, 177, 130),
        (12, 53, 194),
        (238, 51, 112),
        (78, 161, 148),
    ),
    disk_ignore=11,
    other_colours=(
        # CamVid's own, as its 11-class convention has them
        (
            (128, 128, 128),
            (128, 0, 0),
            (192, 192, 128),
            (128, 64, 128),
            (0, 0, 192),
            (128, 128, 0),
            (192, 128, 128),
            (64, 64, 128),
            (64, 0, 128),
            (64, 64, 0),
            (0, 128, 192),
        ),
    ),
)
