"""What one training run is: everything that decides its weights, and the name they get. Nothing here needs torch."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StrictBool, StrictStr, ValidationError, ValidationInfo, field_validator
from pydantic.dataclasses import dataclass

from seg.catalogue.comparisons import LOSS_TITLES
from seg.datasets import DATASETS
from seg.errors import OptionError
from seg.models import BACKBONES, KNOWN, SMP, UPSAMPLING

POWER = 0.9
"""Of the polynomial by which the learning rate falls."""

CHOICES: Mapping[str, Collection[str]] = {
    "model": KNOWN,
    "loss": LOSS_TITLES,
    "width": ("slim", "paper"),
    "backbone": BACKBONES,
    "upsampling": UPSAMPLING,
    "optimizer": ("adamw", "rmsprop"),
}
"""What the fields that are names may be; smp has backbones of its own."""

Whole = Annotated[int, Field(strict=True, gt=0)]
Count = Annotated[int, Field(strict=True, ge=0)]
Positive = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Rate = Annotated[float, Field(strict=True, gt=0, le=1)]
Share = Annotated[float, Field(strict=True, ge=0, le=1)]

LIMITS = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Recipe:
    """One training run. Two runs of one recipe on one machine end with the same weights.

    scale: short side, in pixels, that a picture of the dataset is brought to.
    crop: height and width of the training crops, instead of the whole tile's.
    epochs, repeats: an epoch takes every picture `repeats` times.
    minutes: ends the schedule by then, with the learning rate brought down; None trains all epochs.
    warmup: share of the schedule over which the learning rate rises from 0.
    decay: the learning rate is multiplied by this after each epoch; None lets it fall to zero polynomially.
    jitter: scale and colour are varied besides crop and flip.
    finetune_epochs: then so many at full size, with finetune_batch; the learning rate has fallen to finetune_rate by
    then, and falls on from there.
    average: what is validated and kept is the mean of the weights, each step's worth this much of the next one's
    (Polyak, Juditsky 1992, as an exponential mean); None keeps the last.
    patience: ends the run after so many validations without a better mean IoU, and keeps the best weights of its last
    phase; None keeps the last.
    balance: pictures of classes that fewer than this share of the pictures hold are drawn more often, see
    `seg.training.data.repeat_factors`; 0 draws all alike.
    ids_from, white: how masks are read that leave it open, see `seg.pictures.masks.Reading`; white is a class's name.
    rendered: scenes mixed in with the real frames. rarity: of the small classes of rendered shapes, 0 to 1.
    pretrained: a backbone starts from its ImageNet weights, or from those of the trained set `encoder_of`, as the FCN
    paper starts each of its networks from the one before. encoder_rate: and learns at this much of the learning rate.
    own: the dataset is none of the program's but called so by its folder, see `seg.datasets.own`.

    Raises OptionError, naming the field, for a name that there is not, a number out of range and a wrong type.
    """

    dataset: StrictStr
    model: StrictStr
    loss: StrictStr = "wce"
    width: StrictStr = "slim"
    base: Annotated[int, Field(strict=True, gt=0, le=1024)] | None = None
    levels: Whole | None = None
    backbone: StrictStr | None = None
    upsampling: StrictStr | None = None
    norm: StrictBool | None = None
    variant: Annotated[
        str, Field(strict=True, pattern=r"^[\w.-]*$", description="may hold letters, digits, '.', '_' and '-' only")
    ] = ""
    scale: Annotated[int, Field(strict=True, ge=16, le=4096)] = 180
    crop: Annotated[tuple[Whole, Whole] | None, Field(description="must be two whole numbers, height and width")] = None
    jitter: StrictBool = True
    balance: Share = 0.0
    ids_from: Annotated[int, Field(strict=True, ge=0, le=1)] | None = None
    white: StrictStr | None = None
    rendered: Count = 80
    rarity: Share = 0.5
    pretrained: StrictBool = True
    encoder_of: StrictStr | None = None
    encoder_rate: Rate = 1.0
    epochs: Whole = 36
    repeats: Whole = 1
    minutes: Positive | None = None
    batch: Whole = 8
    optimizer: StrictStr = "adamw"
    learning_rate: Rate = 1.5e-3
    warmup: Annotated[float, Field(strict=True, ge=0, lt=1)] = 0.0
    decay: Rate | None = None
    weight_decay: Share = 0.01
    finetune_epochs: Count = 0
    finetune_batch: Whole = 1
    finetune_rate: Rate = 1e-4
    average: Annotated[float, Field(strict=True, gt=0, lt=1)] | None = None
    patience: Whole | None = None
    seed: Annotated[int, Field(strict=True, ge=0, le=100_000_000)] = 0
    own: StrictBool = False

    @field_validator("*", mode="wrap")
    @classmethod
    def _checked(cls, value: Any, check: Callable[[Any], Any], info: ValidationInfo) -> Any:
        """Says what is wrong in a sentence of ours, whoever made the recipe."""
        name = str(info.field_name)
        try:
            value = check(value)
        except ValidationError as error:
            raise OptionError(_refusal(cls, name, value, error)) from error
        named_by_smp = name == "backbone" and info.data.get("model") == SMP
        if name in CHOICES and value is not None and value not in CHOICES[name] and not named_by_smp:
            raise OptionError(f"Unknown {name} {value!r}: choose one of {', '.join(CHOICES[name])}.")
        return value

    def __post_init__(self) -> None:
        if not self.own and self.dataset not in DATASETS:
            raise OptionError(f"Unknown dataset {self.dataset!r}: choose one of {', '.join(DATASETS)}.")
        if self.own and not re.fullmatch(r"\w[\w.-]*", self.dataset):
            raise OptionError(f"dataset is {self.dataset!r}: it may hold letters, digits, '.', '_' and '-' only.")
        if (self.encoder_of is not None or self.encoder_rate != 1) and not (self.backbone and self.pretrained):
            raise OptionError("encoder_of and encoder_rate need a backbone that does not start from scratch.")
        if self.average is not None and self.patience is not None:
            raise OptionError("average and patience exclude each other: keep the mean of the weights, or the best.")

    @property
    def name(self) -> str:
        return f"{self.dataset}/{self.model}-{self.loss}" + (f"-{self.variant}" if self.variant else "")

    @property
    def arguments(self) -> dict[str, Any]:
        """What `build_model` needs to know besides the data's channels and classes."""
        return {k: getattr(self, k) for k in ("width", "base", "levels", "backbone", "upsampling", "norm")}

    def rate(self, share: float) -> float:
        """The learning rate when `share` of the epochs before those at full size is done: it rises over the warm-up,
        then falls to where those begin."""
        if share < self.warmup:
            return self.learning_rate * share / self.warmup
        end = self.finetune_rate if self.finetune_epochs else 0.0
        return self.fallen(self.learning_rate, (share - self.warmup) / (1 - self.warmup), self.epochs, end)

    def fallen(self, rate: float, share: float, epochs: int, end: float = 0.0) -> float:
        """`rate` when `share` of `epochs` is done: falling to `end` polynomially, or by `decay` an epoch."""
        if self.decay is not None:
            return rate * self.decay ** int(share * epochs + 1e-6)
        return end + (rate - end) * (1 - share) ** POWER

    def differences(self, kept: Mapping[str, Any]) -> list[str]:
        """The fields in which a kept recipe differs, the time budget aside; what it does not know is the default."""
        found = []
        for field in fields(self):
            then, now = kept.get(field.name, field.default), getattr(self, field.name)
            then = tuple(then) if isinstance(then, list) else then
            if field.name != "minutes" and then != now:
                found.append(field.name)
        return found


def _refusal(cls: Any, name: str, value: Any, error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    context = first.get("ctx", {})
    for limit, words in LIMITS.items():
        if limit in context:
            return f"{name} is {value!r}: it must be {words} {context[limit]:g}."
    expected = cls.__pydantic_fields__[name].description or "must" + first["msg"].partition("should")[2]
    if first["type"] == "string_pattern_mismatch":
        return f"{name} is {value!r}: it {expected}."
    return f"{name} = {value!r} is of the wrong type: it {expected}."
