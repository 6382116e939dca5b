"""Class names, colours and the ignore index: what the numbers in a label map mean."""

from dataclasses import dataclass

IGNORE = 255
"""The id that means 'no class here' everywhere inside the program, whatever number a dataset uses on disk."""

Colour = tuple[int, int, int]
"""8-bit RGB."""

IGNORE_COLOUR: Colour = (16, 16, 16)
"""How IGNORE is drawn: a neutral that no class has."""


@dataclass(frozen=True)
class Usual:
    """How the masks of a data set usually look, so that one that is read wrongly is told by itself.

    shares: of the pixels along the picture's edge, and of its top, middle and bottom third, each class's share and last
        the unlabelled, (4, C + 1).
    presence: of the pictures, the share that holds each class, (C,).
    least: how unlike all others the strangest of them is, see `seg.pictures.plausible`.
    """

    shares: tuple[tuple[float, ...], ...]
    presence: tuple[float, ...]
    least: float


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
    usual: Usual | None = None
    """How masks of these classes look; None where nobody knows."""

    def __len__(self) -> int:
        return len(self.names)
