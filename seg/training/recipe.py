"""What one training run is: everything that decides its weights, and the name they get."""

from dataclasses import dataclass, fields
from typing import Any

OPTIMIZERS = ("adamw", "rmsprop")

POWER = 0.9
"""Of the polynomial by which the learning rate falls."""


@dataclass(frozen=True)
class Recipe:
    """One training run. Two runs of one recipe on one machine end with the same weights.

    scale: short side, in pixels, that a picture of the dataset is brought to.
    crop: height and width of the training crops, instead of the whole tile's.
    epochs, repeats: an epoch takes every picture `repeats` times.
    minutes: ends the schedule by then, with the learning rate brought down; None trains all epochs.
    warmup: share of the schedule over which the learning rate rises from 0.
    decay: the learning rate is multiplied by this after each epoch; None lets it fall to zero polynomially.
    jitter: scale and colour are varied besides crop and flip.
    finetune_epochs: then so many at full size, with finetune_batch and finetune_rate.
    patience: ends the run after so many validations without a better mean IoU, and keeps the best weights of its last
    phase; None keeps the last.
    balance: pictures of classes that fewer than this share of the pictures hold are drawn more often, see
    `seg.training.data.repeat_factors`; 0 draws all alike.
    rendered: scenes mixed in with the real frames. rarity: of the small classes of rendered shapes, 0 to 1.
    pretrained: a backbone starts from its ImageNet weights.
    """

    dataset: str
    model: str
    loss: str = "wce"
    width: str = "slim"
    base: int | None = None
    levels: int | None = None
    backbone: str | None = None
    upsampling: str | None = None
    norm: bool | None = None
    variant: str = ""
    scale: int = 180
    crop: tuple[int, int] | None = None
    jitter: bool = True
    balance: float = 0.0
    rendered: int = 80
    rarity: float = 0.5
    pretrained: bool = True
    epochs: int = 36
    repeats: int = 1
    minutes: float | None = None
    batch: int = 8
    optimizer: str = "adamw"
    learning_rate: float = 1.5e-3
    warmup: float = 0.0
    decay: float | None = None
    weight_decay: float = 0.01
    finetune_epochs: int = 0
    finetune_batch: int = 1
    finetune_rate: float = 1e-4
    patience: int | None = None
    seed: int = 0

    def __post_init__(self):
        """Raises ValueError with a sentence for a number that cannot be."""
        for name in ("scale", "epochs", "repeats", "batch", "learning_rate", "finetune_batch", "finetune_rate"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is {getattr(self, name)}: it must be more than 0.")
        if not 0 <= self.warmup < 1:
            raise ValueError(f"warmup is {self.warmup}: it is a share of the schedule, 0 or more and below 1.")
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(f"Unknown optimizer {self.optimizer!r}: choose one of {', '.join(OPTIMIZERS)}.")
        if self.crop is not None:
            object.__setattr__(self, "crop", tuple(self.crop))

    @property
    def name(self) -> str:
        return f"{self.dataset}/{self.model}-{self.loss}" + (f"-{self.variant}" if self.variant else "")

    @property
    def arguments(self) -> dict[str, Any]:
        """What `build_model` needs to know besides the data's channels and classes."""
        return {k: getattr(self, k) for k in ("width", "base", "levels", "backbone", "upsampling", "norm")}

    def rate(self, share: float) -> float:
        """The learning rate when `share` of the schedule is done: it rises over the warm-up, then falls."""
        if share < self.warmup:
            return self.learning_rate * share / self.warmup
        return self.fallen(self.learning_rate, (share - self.warmup) / (1 - self.warmup), self.epochs)

    def fallen(self, rate: float, share: float, epochs: int) -> float:
        """`rate` when `share` of `epochs` is done: falling to zero polynomially, or by `decay` an epoch."""
        if self.decay is not None:
            return rate * self.decay ** int(share * epochs + 1e-6)
        return rate * (1 - share) ** POWER

    def differences(self, kept: dict[str, Any]) -> list[str]:
        """The fields in which a kept recipe differs, the time budget aside; what it does not know is the default."""
        found = []
        for field in fields(self):
            then, now = kept.get(field.name, field.default), getattr(self, field.name)
            then = tuple(then) if isinstance(then, list) else then
            if field.name != "minutes" and then != now:
                found.append(field.name)
        return found
