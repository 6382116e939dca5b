"""What a data set is: one record each, and the register that all of them stand in. Nothing here imports torch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from seg.datasets.sample import Sample
from seg.errors import DataError
from seg.labels import ClassMap


@dataclass(frozen=True)
class Replay:
    """The picture that a network labels at a dozen moments of its training, see `seg.training.replay`.

    number: the picture's, as `open` takes it; size: (height, width) of the label maps that are kept, pixels.
    """

    number: int
    open: Callable[[int], Sample]
    size: tuple[int, int]


@dataclass(frozen=True)
class Dataset:
    """One data set, and all that the program knows of it.

    name: as in the names of weight sets; title: as people read it; order: its place in lists, the lowest first.
    size: usual height and width of its pictures, pixels: the proportions of a network's tile are those of this.
    samples: the numbers of the pictures that the app offers, and open: number → the picture with its truth. No training
        run uses them.
    replay: the picture of its trainings' replays.
    any_way_up: whether its pictures are as likely turned any way, so that training may turn them.
    render: (seed, height, width, **options) → a picture with exact truth; None where the data set has no renderer.
    render_options: the options of `render`, which are fields of a training's recipe.
    only_rendered: whether it has no pictures but rendered ones, so that no folder of them is needed.
    thin: what is thin in its pictures, as a sentence names it; '' where nobody has said.
    looks: what one of its pictures is, after 'looks like'; the title if empty.
    terms: what weights trained on its pictures may be used for, where that is less than the program's licence grants.
    sentences: what pages say of this data set alone, {page: sentence}; a page without one says nothing.
    """

    name: str
    title: str
    order: int
    class_map: ClassMap
    size: tuple[int, int]
    samples: tuple[int, ...]
    open: Callable[[int], Sample]
    replay: Replay
    any_way_up: bool = False
    render: Callable[..., Sample] | None = None
    render_options: tuple[str, ...] = ()
    only_rendered: bool = False
    thin: str = ""
    looks: str = ""
    terms: str = ""
    sentences: Mapping[str, str] = field(default_factory=dict)

    @property
    def aspect(self) -> float:
        """Long side over short side."""
        return max(self.size) / min(self.size)

    def rendered(self, count: int, height: int, width: int, first_seed: int, **options: float) -> list[Sample]:
        """`count` rendered scenes of (height, width), from consecutive seeds; options go to the renderer.

        Raises DataError if the data set has no renderer.
        """
        if not count:
            return []
        if self.render is None:
            raise DataError(f"There is no renderer of {self.name} pictures: train on real ones alone, --rendered 0.")
        return [self.render(seed, height, width, **options) for seed in range(first_seed, first_seed + count)]


DATASETS: dict[str, Dataset] = {}
"""Name → data set, in the order of lists."""


def register(dataset: Dataset) -> Dataset:
    """Make a data set known to every page, the command line and training."""
    DATASETS[dataset.name] = dataset
    for name in sorted(DATASETS, key=lambda name: (DATASETS[name].order, name)):
        DATASETS[name] = DATASETS.pop(name)
    return dataset


def dataset_named(name: str) -> Dataset:
    """The data set of this name. Raises DataError with a sentence for an unknown one."""
    if name not in DATASETS:
        raise DataError(f"Unknown data set {name!r}: choose one of {', '.join(DATASETS)}.")
    return DATASETS[name]
