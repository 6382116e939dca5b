"""Class names, colours and the ignore index: what the numbers in a label map mean."""

from dataclasses import dataclass

IGNORE = 255
"""The id that means 'no class here' everywhere inside the program, whatever number a dataset uses on disk."""

Colour = tuple[int, int, int]
"""8-bit RGB."""

IGNORE_COLOUR: Colour = (16, 16, 16)
"""How IGNORE is drawn: a neutral that no class has."""


@dataclass(frozen=True)
class ClassMap:
    """The classes of one dataset: id k is ``names[k]``, drawn in ``colours[k]`` (8-bit RGB)."""

    dataset: str
    names: tuple[str, ...]
    colours: tuple[Colour, ...]
    disk_ignore: int
    """The id that label files of this dataset use for 'unlabelled'; it becomes IGNORE when they are read."""
    other_colours: tuple[tuple[Colour, ...], ...] = ()
    """Further colour sets, in the order of ``names``, that mask files are drawn in; they are read, never written."""

    def __len__(self) -> int:
        return len(self.names)


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

MEMBRANES = ClassMap(
    dataset="membranes",
    names=("cell", "membrane"),
    colours=((86, 180, 233), (213, 94, 0)),
    disk_ignore=255,
)

SHAPES = ClassMap(
    dataset="shapes",
    names=("ground", "disc", "square", "triangle", "line"),
    # Found in the same way, the ground held near grey: the least difference is 28.7.
    colours=((139, 152, 130), (12, 6, 223), (113, 75, 5), (20, 253, 255), (242, 219, 61)),
    disk_ignore=255,
)

CLASS_MAPS = {m.dataset: m for m in (STREET, MEMBRANES, SHAPES)}
