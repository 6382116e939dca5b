"""`Likeness`: a picture goes in, and the name of the data set that it looks like comes out, or why it is like none."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from seg.catalogue.store import SHIPPED, sha256
from seg.errors import WeightsError
from seg.inference.engines import Blueprint, Engine, build_engine, callers_on
from seg.inference.once import Once
from seg.likeness.features import Features, batch_of

FILE = SHIPPED / "likeness.safetensors"

KINDS = {
    "page": "a page of text or figures",
    "chart": "a chart",
    "screen": "a screen",
    "map": "a map, or a view from above",
    "scan": "a picture from medicine or a microscope",
    "sky": "the night sky",
    "texture": "a texture without anything in it",
    "row": "things laid out on an even ground",
    "flat": "a drawing of flat forms",
}
"""What is like no data set → how a sentence names it."""

SURE = 0.5
"""The least share with which a picture is said to look like a data set."""

FEWEST = 3
"""Pictures that an own data set is known by at least."""

AMONG_OTHERS = 0.95
"""Of pictures of other kinds, so many must be less like an own data set than its own pictures are like each other."""


@dataclass(frozen=True)
class Answer:
    """What a picture looks like.

    dataset: the name of a data set, '' for none. share: how sure that is, 0 to 1; for none, that it is none.
    reason: why it is like none, to follow a colon, else ''.
    """

    dataset: str
    share: float
    reason: str = ""


@dataclass(frozen=True)
class Own:
    """A data set that a few pictures stand for.

    pictures: their descriptions, each of length 1, (N, SIZE). A picture whose description has the greatest cosine
    `middle` with them is of the set or of none alike; at `width` more it is as the set's own are.
    """

    pictures: Tensor
    middle: float
    width: float


class Likeness:
    """A linear classifier on `Features`: some of its classes are data sets, the others `KINDS` of what is none.

    sets: the data sets' names, in the order of the first rows of weight, float32 (C, SIZE), and bias (C,); `KINDS`
    follow. mean, std: (SIZE,) of what it was fitted on. others: (N, SIZE), descriptions of pictures of all classes,
    which an own data set is told from. engine: runs the features in their place.
    """

    def __init__(
        self,
        features: Features,
        sets: Iterable[str],
        weight: Tensor,
        bias: Tensor,
        mean: Tensor,
        std: Tensor,
        others: Tensor,
        own: Mapping[str, Own] | None = None,
        engine: Engine | None = None,
    ):
        self.features, self.sets, self.engine = features, tuple(sets), engine
        self.weight, self.bias, self.mean, self.std, self.others = weight, bias, mean, std, others
        self.own = dict(own or {})

    @staticmethod
    def verify(file: Path = FILE) -> None:
        """Raises WeightsError with a sentence where a file is missing or not what was written."""
        try:
            written = file.with_suffix(".sha256").read_text("utf-8").split()[0]
            found = sha256(file)
        except (OSError, IndexError) as error:
            raise WeightsError(f"{file} or its checksum cannot be read: restore both.") from error
        if found != written:
            raise WeightsError(f"{file} does not match its checksum: restore it.")

    @classmethod
    def load(cls, file: Path = FILE) -> "Likeness":
        """Raises WeightsError with a sentence for a file that is missing or damaged."""
        try:
            with safe_open(file, "pt") as opened:
                sets = json.loads((opened.metadata() or {})["sets"])
                tensors = {name: opened.get_tensor(name).float() for name in opened.keys()}  # noqa: SIM118, no mapping
            features = Features()
            features.load_state_dict(
                {name: tensors.pop(f"features.{name}") for name in features.state_dict()}, strict=True
            )
            features.eval().to(memory_format=torch.channels_last)
            return cls(features, sets, **tensors)
        except OSError as error:
            raise WeightsError(f"{file} cannot be read, so no picture's data set is known: restore it.") from error
        except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise WeightsError(f"{file} is damaged, so no picture's data set is known: restore it.") from error

    def __call__(self, image: np.ndarray) -> Answer:
        """What a picture looks like, uint8 (H, W, 3) or (H, W)."""
        return self.of(self.describe(image))

    def describe(self, image: np.ndarray) -> Tensor:
        """What `Features` says of a picture, float32 (SIZE,)."""
        if self.engine is None:
            return self.features.describe(image)
        return self.engine.run(batch_of(image))[0].clone()

    def of(self, description: Tensor) -> Answer:
        """What a picture looks like, from what `Features` says of it, float32 (SIZE,)."""
        unit = self._unit(description[None])[0]
        share, name = max(((_share(one, unit), name) for name, one in self.own.items()), default=(0.0, ""))
        if share >= SURE:
            return Answer(name, share)
        shares = (self.weight @ description + self.bias).softmax(0)
        best = int(shares[: len(self.sets)].argmax())
        if shares[best] >= SURE:
            return Answer(self.sets[best], float(shares[best]))
        none = shares[len(self.sets) :]
        kind = list(KINDS)[int(none.argmax())]
        reason = f"it looks most like {KINDS[kind]}"
        if none.max() < SURE:
            reason = "it is not near enough to the pictures of any data set"
        return Answer("", 1 - float(shares[best]), reason)

    def including(self, name: str, images: Iterable[np.ndarray]) -> "Likeness":
        """One that knows another data set, too, from a handful of its pictures.

        It stays as it is where they are fewer than `FEWEST`, or no more like each other than like anything else.
        """
        found = [self.describe(image) for image in images]
        if len(found) < FEWEST:
            return self
        pictures = self._unit(torch.stack(found))
        each = (pictures @ pictures.T - 2 * torch.eye(len(pictures))).amax(dim=1).mean()
        elsewhere = (self._unit(self.others) @ pictures.T).amax(dim=1).quantile(AMONG_OTHERS)
        if each <= elsewhere:
            return self
        own = Own(pictures, float(each + elsewhere) / 2, float(each - elsewhere) / 2)
        rest = (self.features, self.sets, self.weight, self.bias, self.mean, self.std, self.others)
        return Likeness(*rest, own={**self.own, name: own}, engine=self.engine)

    def _unit(self, descriptions: Tensor) -> Tensor:
        """(N, SIZE) in the fitted pictures' own units, each of length 1."""
        scaled = (descriptions - self.mean) / self.std
        return scaled / scaled.norm(dim=1, keepdim=True).clamp(min=1e-6)


def _share(own: Own, unit: Tensor) -> float:
    """How sure a description of length 1 is of an own data set."""
    cosine = float((own.pictures @ unit).max())
    return float(torch.sigmoid(torch.tensor(3 * (cosine - own.middle) / own.width)))


@Once
def shipped() -> Likeness:
    """The one that comes with the program, loaded once, on the CPU in the engine for it. Raises WeightsError as
    `Likeness.load` does."""
    likeness = Likeness.load()
    blueprint = Blueprint("", {}, f"{Features.__module__}:{Features.__name__}")
    callers = callers_on("cpu")
    likeness.engine = build_engine(likeness.features, "cpu", "auto", sha256(FILE), blueprint, callers)
    return likeness
