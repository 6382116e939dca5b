"""The classes of a street: those of the 11-class convention of CamVid."""

from seg.labels import ClassMap, Usual

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
    # Counted by `seg.pictures.plausible.usual` on the 367 training frames of CamVid.
    usual=Usual(
        shares=(
            (0.21, 0.212, 0.005, 0.339, 0.042, 0.083, 0.007, 0.009, 0.034, 0.002, 0.002, 0.055),
            (0.459, 0.343, 0.009, 0, 0, 0.153, 0.011, 0, 0.002, 0, 0, 0.024),
            (0.046, 0.344, 0.019, 0.129, 0.052, 0.135, 0.024, 0.029, 0.129, 0.017, 0.006, 0.07),
            (0, 0.011, 0.002, 0.821, 0.083, 0.004, 0.001, 0.004, 0.045, 0.002, 0.002, 0.025),
        ),
        presence=(0.996, 0.993, 0.996, 0.999, 0.95, 0.868, 0.955, 0.471, 0.98, 0.863, 0.548),
        least=-2.77,
    ),
)
