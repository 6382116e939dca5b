"""How weights are made: recipes, data, runs, batches of runs, live runs, lessons of a few painted photos.

Losses stand in `seg.losses`.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seg.datasets import Sample
    from seg.inference.segmenter import Segmenter
    from seg.labels import ClassMap


def teach(samples: "Iterable[Sample]", classes: "Sequence[str] | ClassMap", encoder: str = "ImageNet") -> "Segmenter":
    """Teach a network what a few labelled pictures show, in about half a minute.

    samples: with labels of these classes, `seg.labels.IGNORE` where there are none. encoder: see
    `seg.training.teacher.Teacher`, which raises what is wrong with a sentence and tells more while it teaches.
    """
    from seg.training.paintings import Painting
    from seg.training.teacher import Teacher

    paintings = [Painting(sample.name, sample.image, sample.labels) for sample in samples]
    *_, last = Teacher(classes, encoder).teach(paintings)
    assert last.taught is not None
    return last.taught.segmenter()
