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
