"""The record of a weight set: everything that is known about it besides its tensors, checked when it is read.

No torch here: what lists sets or draws their scores need not load it.
"""

import json
import reprlib
from dataclasses import asdict, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StrictBool,
    StrictStr,
    TypeAdapter,
    ValidationError,
    with_config,
)
from pydantic import model_validator as validator
from pydantic.dataclasses import dataclass
from typing_extensions import TypedDict

from seg.datasets import DATASETS
from seg.errors import WeightsError
from seg.labels import IGNORE, ClassMap

CALIBRATION_BINS = 15
"""Of confidence, from 0 to 1, in which `Validation.calibration` counts how often a network is right."""

ONNX = "onnx"
"""The `Record.model` of what is no module of PyTorch but an ONNX file, whatever is in it."""

RARE, FEW = 0.05, 3
"""What share of the pixels makes a class rare at most, and how many of them a sentence names."""

Count = Annotated[int, Field(strict=True, ge=0, lt=2**53)]
Size = Annotated[int, Field(strict=True, gt=0, lt=2**53)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Amount = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(strict=True, ge=0, le=1)]
Score = Annotated[Number | None, BeforeValidator(lambda value: None if value != value else value)]
"""None where it was not measured, or cannot be: JSON has no NaN."""

Name = Annotated[str, Field(strict=True, pattern=r"^\w[\w.-]*/\w[\w.-]*$")]
Hex = Annotated[str, Field(strict=True, pattern="^#[0-9a-f]{6}$")]
"""A colour as '#rrggbb'."""


@dataclass(frozen=True)
class Class:
    """A class that a network tells from others, and how it is drawn.

    other_colours: further ones that mask files are drawn in, see `ClassMap`.
    """

    name: Annotated[str, Field(strict=True, min_length=1)]
    colour: Hex
    other_colours: tuple[Hex, ...] = ()


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Arguments:
    """Every argument of `build_model` besides the name."""

    num_classes: Size
    in_channels: Size = 3
    width: Literal["slim", "paper"] = "slim"
    base: Size | None = None
    levels: Size | None = None
    backbone: StrictStr | None = None
    upsampling: StrictStr | None = None
    norm: StrictBool | None = None
    options: dict[str, JsonValue] | None = None


@dataclass(frozen=True)
class ClassScores:
    """The scores of one class, see `seg.scores.metrics.Scores`; pixels: those of the truth."""

    dice: Score = None
    iou: Score = None
    precision: Score = None
    recall: Score = None
    pixels: Count = 0


@dataclass(frozen=True)
class Validation:
    """What `seg.scores.evaluation.evaluate` measured on the validation split; it says what each is."""

    split: StrictStr = ""
    images: Count = 0
    pixel_accuracy: Score = None
    mean_dice: Score = None
    mean_iou: Score = None
    mean_iou_interval: tuple[Score, Score] | None = None
    boundary_f1: Score = None
    ece: Score = None
    calibration: (
        Annotated[
            tuple[tuple[Amount, Amount, Amount], ...],
            Field(min_length=CALIBRATION_BINS, max_length=CALIBRATION_BINS),
        ]
        | None
    ) = None
    per_class: dict[str, ClassScores] = field(default_factory=dict)
    confusion: tuple[tuple[Count, ...], ...] | None = None


@with_config(ConfigDict(extra="allow"))
class Settings(TypedDict, total=False):
    """What a set was trained with: every field of `seg.training.recipe.Recipe`; of a taught head, what
    `seg.training.taught` says. Those named are read here."""

    seed: Count
    pretrained: StrictBool
    encoder_of: StrictStr | None
    rarity: Share
    taught_on: StrictStr


@dataclass(frozen=True)
class Point:
    """One point of the learning curve: the loss up to an epoch, and mean IoU on the validation split where measured."""

    epoch: Amount
    loss: Score = None
    val_mean_iou: Score = None


@dataclass(frozen=True)
class Timing:
    """What `seg bench --record` measured for one tile: median and spread, in milliseconds, and where."""

    milliseconds: Amount
    spread: Score = None
    engine: StrictStr = ""
    device: StrictStr = "unknown"
    threads: Size | None = None
    torch: StrictStr = ""


@dataclass(frozen=True)
class Replay:
    """What the set's replay shows, see `seg.training.replay`.

    seed: of the rendered picture; height, width: of the label maps; steps, epochs: the moments, one a map.
    """

    seed: Count
    height: Size
    width: Size
    steps: Annotated[tuple[Count, ...], Field(min_length=1)]
    epochs: tuple[Amount, ...]

    @validator(mode="after")
    def _fits(self) -> "Replay":
        if len(self.steps) != len(self.epochs) or list(self.steps) != sorted(self.steps):
            raise ValueError("its steps and epochs are not those of one training, in order")
        return self


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is known about one weight set; the file itself holds tensors only, or is an ONNX file."""

    name: Name
    """`{dataset}/{model}-{loss}[-{variant}]`; whatever its owner chose behind the slash if it was adopted."""
    dataset: StrictStr
    model: StrictStr
    arguments: Arguments
    loss: StrictStr
    scale: Size
    """Training scale: the short side of a picture, in pixels."""
    mean: Annotated[tuple[Number, ...], Field(min_length=1)]
    std: tuple[Annotated[Number, Field(gt=0)], ...]
    """Per channel, of pictures in [0, 1]."""
    tile: tuple[Size, Size]
    """Height and width of the landscape tile."""
    any_size: StrictBool = True
    """Whether the tile may be turned for a portrait picture: else the network takes pictures of that size alone."""
    channel_order: Literal["rgb", "bgr"] = "rgb"
    """As the network takes colours, and as mean and std are listed."""
    labels_only: StrictBool = False
    """Whether the network gives class ids without logits, so that nobody knows how sure it is."""
    classes: Annotated[tuple[Class, ...], Field(min_length=1, max_length=IGNORE)]
    """The set's own: id k is the k-th."""
    ignore: Annotated[int, Field(strict=True, ge=0, le=IGNORE)] = IGNORE
    """The id that label files for it use for 'unlabelled', besides 255."""
    parameters: Count
    bytes: Count
    sha256: StrictStr
    scores_alone: StrictBool = False
    """Whether its scores are kept and its file is not, as of seeds that show how much is chance."""
    temperature: Annotated[Number, Field(gt=0)] = 1.0
    """What its logits are divided by before the softmax, see `seg.scores.calibration`; 1 where none was fitted."""
    validation: Validation = field(default_factory=Validation)
    recipe: Settings = field(default_factory=Settings)
    seconds: Amount | None = None
    """How long the training took."""
    curve: tuple[Point, ...] = ()
    gflops: Score = None
    """Billions of operations for one tile, see `seg.anatomy.cost.gflops`."""
    timing: Timing | None = None
    replay: Replay | None = None
    source: StrictStr = ""
    """What the network was made of elsewhere, in words; '' for one that was trained here. See `seg.scores.adoption`."""

    @validator(mode="after")
    def _fits(self) -> "Record":
        """What no field can tell by itself."""
        names = [c.name for c in self.classes]
        if not len(self.mean) == len(self.std) == self.arguments.in_channels:
            raise ValueError(f"mean and std are not those of pictures with {self.arguments.in_channels} channels")
        if len(set(names)) < len(names) or self.ignore < len(names):
            raise ValueError("two classes share a name, or one has the number that means 'unlabelled'")
        if len({len(c.other_colours) for c in self.classes}) > 1:
            raise ValueError("some classes have more other_colours than others")
        table = self.validation.confusion
        if table is not None and {len(table), *map(len, table)} != {len(names)}:
            raise ValueError(f"validation.confusion is not a table of {len(names)} classes")
        return self

    @cached_property
    def class_map(self) -> ClassMap:
        """The set's own classes; how masks of them look is known where they are its data set's."""
        names, dataset = tuple(c.name for c in self.classes), DATASETS.get(self.dataset)
        return ClassMap(
            self.dataset,
            names,
            tuple(_rgb(c.colour) for c in self.classes),
            self.ignore,
            tuple(zip(*(map(_rgb, c.other_colours) for c in self.classes), strict=True)),
            dataset.class_map.usual if dataset and dataset.class_map.names == names else None,
        )

    @property
    def is_module(self) -> bool:
        """Whether PyTorch holds it, and so can look into it; an ONNX file runs as a whole."""
        return self.model != ONNX

    @property
    def rare(self) -> tuple[str, ...]:
        """Of its classes those with the fewest validation pixels, the rarest first: `FEW` at most, each of less than
        `RARE` of them all; () where they were not counted."""
        pixels = {name: scores.pixels for name, scores in self.validation.per_class.items() if scores.pixels}
        found = sorted((name for name in pixels if pixels[name] < RARE * sum(pixels.values())), key=pixels.__getitem__)
        return tuple(found[:FEW])

    @property
    def variant(self) -> str:
        """What follows the loss in the name, or ''."""
        if self.source:
            return ""
        return self.name.split("/", 1)[1].removeprefix(f"{self.model}-{self.loss}").removeprefix("-")


_ELSEWHERE = {"any_size": True, "channel_order": "rgb", "labels_only": False, "source": ""}
"""What says something of networks made elsewhere alone → as it is for all others."""
_USUAL = _ELSEWHERE | {"scores_alone": False}


def as_written(record: Record) -> dict[str, Any]:
    """A record as an index lists it: without what says nothing about a network that was trained here."""
    entry = asdict(record)
    if record.arguments.options is None:
        del entry["arguments"]["options"]
    return {key: value for key, value in entry.items() if key not in _USUAL or value != _USUAL[key]}


def classes_of(class_map: ClassMap) -> tuple[Class, ...]:
    """The classes as a record holds them."""
    others = zip(*class_map.other_colours, strict=True) if class_map.other_colours else [()] * len(class_map)
    return tuple(
        Class(name, _hex(colour), tuple(map(_hex, other)))
        for name, colour, other in zip(class_map.names, class_map.colours, others, strict=True)
    )


def read_records(text: str | bytes, source: Path) -> dict[str, Record]:
    """Name → record, in the order of an index, the text of the file `source`.

    Raises WeightsError, naming file and record, for anything that is not a list of complete records.
    """
    restore = "restore the file, or take that record out of it."
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"{source} is damaged, it is not JSON ({error}): restore it.") from error
    if not isinstance(entries, list):
        raise WeightsError(f"{source} is damaged, it holds no list of records: restore it.")
    found: dict[str, Record] = {}
    for number, entry in enumerate(entries, 1):
        try:
            record = _RECORD.validate_python(_as_written_now(entry))
        except ValidationError as error:
            called = entry.get("name") if isinstance(entry, dict) else None
            which = f"record {number} ({called})" if isinstance(called, str) else f"record {number}"
            raise WeightsError(f"{source} is damaged, {which} {_fault(error)}: {restore}") from error
        if record.name in found:
            raise WeightsError(f"{source} is damaged, {record.name} is there twice: {restore}")
        found[record.name] = record
    return found


_RECORD = TypeAdapter(Record)


def _fault(error: ValidationError) -> str:
    """What is wrong with a record, to follow its name in a sentence."""
    first = error.errors(include_url=False)[0]
    field_name = ".".join(map(str, first["loc"]))
    if first["type"] == "missing":
        return f"is not complete, {field_name} is missing"
    if first["type"] == "value_error":
        return f"contradicts itself, {first.get('ctx', {}).get('error')}"
    _, should, what = first["msg"].partition(" should ")
    advice = f"should {what}" if should else f"should not be there ({first['msg'].lower()})"
    return f"cannot be read, {field_name or 'it'} is {reprlib.repr(first['input'])} and {advice}"


def _as_written_now(entry: Any) -> Any:
    """A record of version 0.1, which had the names of its classes alone and kept time and curve in the recipe."""
    if not isinstance(entry, dict) or not isinstance(recipe := entry.get("recipe", {}), dict):
        return entry
    dataset = DATASETS.get(str(entry.get("dataset")))
    if dataset is None or entry.get("classes") != list(dataset.class_map.names):
        return entry
    classes = {"classes": classes_of(dataset.class_map), "ignore": dataset.class_map.disk_ignore}
    moved = {key: recipe[key] for key in ("seconds", "curve") if key in recipe}
    emptied = {key: entry.get(key) or None for key in ("timing", "replay")}
    settings = {key: value for key, value in recipe.items() if key not in moved}
    return {**entry, **classes, **moved, **emptied, "recipe": settings}


def _hex(colour: tuple[int, int, int]) -> str:
    return "#" + bytes(colour).hex()


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue
