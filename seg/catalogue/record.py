"""The record of a weight set: everything that is known about it besides its tensors. No torch here."""

from dataclasses import dataclass, field
from typing import Any

from seg.datasets import DATASETS
from seg.errors import WeightsError
from seg.labels import ClassMap

CALIBRATION_BINS = 15
"""Of confidence, from 0 to 1, in which `validation` counts how often a network is right."""


@dataclass(frozen=True)
class Record:
    """What is known about one weight set; the file itself holds tensors only."""

    name: str
    """`{dataset}/{model}-{loss}[-{variant}]`."""
    dataset: str
    model: str
    arguments: dict[str, Any]
    """Every argument of `build_model` besides the name."""
    loss: str
    scale: int
    """Training scale: the short side of a picture, in pixels."""
    mean: tuple[float, ...]
    std: tuple[float, ...]
    """Per channel, of pictures in [0, 1]."""
    tile: tuple[int, int]
    """Height and width of the landscape tile."""
    classes: tuple[str, ...]
    parameters: int
    bytes: int
    sha256: str
    validation: dict[str, Any] = field(default_factory=dict)
    """What `seg.scores.evaluation.evaluate` measured on the validation split."""
    recipe: dict[str, Any] = field(default_factory=dict)
    """How the set was trained."""
    gflops: float | None = None
    """Billions of operations for one tile, see `seg.anatomy.cost.gflops`."""
    timing: dict[str, Any] = field(default_factory=dict)
    """What `python -m seg bench --record` measured for one tile: milliseconds, spread, device, threads."""
    replay: dict[str, Any] = field(default_factory=dict)
    """The picture and the moments of the set's replay, see `seg.training.replay`."""

    @property
    def class_map(self) -> ClassMap:
        """Names and colours of the classes. Raises WeightsError for an unknown dataset."""
        if self.dataset not in DATASETS:
            raise WeightsError(f"Weight set {self.name} is for {self.dataset!r}, a dataset this version does not know.")
        return DATASETS[self.dataset].class_map

    @property
    def variant(self) -> str:
        """What follows the loss in the name, or ''."""
        return self.name.split("/", 1)[1].removeprefix(f"{self.model}-{self.loss}").removeprefix("-")
