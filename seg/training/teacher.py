"""`Teacher`: a few painted photos go in, and in under a minute a network that knows their classes comes out.

The encoder stays as it is, so that what it makes of a photo is computed once; only the small head on it learns. Beside
the head that learns from all photos, others learn at the same time from all but some of them: what these say of the
photos that they have never seen tells when to stop, and what to expect of a new photo.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from seg.catalogue.store import SHIPPED, WeightIndex
from seg.datasets.own import class_colours
from seg.errors import OptionError, WeightsError
from seg.labels import IGNORE, ClassMap
from seg.likeness.likeness import Likeness
from seg.models import BACKBONES, HEAD, build_model
from seg.models.lite_head import LiteHead
from seg.training.heads import Learned
from seg.training.lesson import DONE, FEATURES, TEACHING, Lesson, Progress
from seg.training.paintings import Features, Painting
from seg.training.start import MEAN, STD

__all__ = ["DONE", "FEATURES", "IMAGENET", "TEACHING", "Progress", "Teacher"]

IMAGENET = "ImageNet"
"""The encoder as ImageNet left it; others are called by the weight set that holds them."""

SCALE = 360
"""The short side that photos are brought to, in pixels."""

STEPS = 100


class Teacher:
    """Teaches networks with these classes, one lesson after another: features of photos that come again are there.

    Use from one thread at a time.
    """

    def __init__(
        self,
        classes: Sequence[str] | ClassMap,
        encoder: str = IMAGENET,
        weights: str | Path = SHIPPED,
        scale: int = SCALE,
    ):
        """classes: their names, or a class map. encoder: IMAGENET, or a weight set of the folder `weights` that has the
        same encoder: 'everyday/fcn8s-ce-lite0'. scale: the short side photos are brought to, in pixels.

        Raises OptionError for fewer than two classes and for a set without such an encoder, WeightsError for one that
        is missing or damaged.
        """
        self.class_map = classes if isinstance(classes, ClassMap) else _class_map(classes)
        if len(self.class_map) < 2:
            raise OptionError("One class alone cannot be told from anything: name a second one, background, say.")
        self.encoder = encoder
        self.features = Features(*_encoder(encoder, weights), scale)
        self.learned: Learned | None = None
        """What the last lesson came to: the next one of the same classes goes on from there."""

    def teach(
        self,
        paintings: Sequence[Painting],
        seconds: float = 40.0,
        steps: int | None = None,
        watched: Sequence[Painting] = (),
        seed: int = 0,
    ) -> Iterator[Progress]:
        """Teach a network; it may be left after every progress. The last one has it.

        seconds: of learning, after which it ends early; features take their time before, and what else the processor is
            asked to do does not count. steps: `STEPS` unless given, half as
            many where a lesson goes on from the one before.
        watched: other pictures whose masks are shown, whatever is painted on them.

        Raises DataError and ImageError, naming the photo, for paint that cannot be, TrainingError where there is
        nothing to learn, NotEnoughMemoryError for too many photos.
        """
        lesson = Lesson(self.features, self.class_map, paintings, watched, self.learned)
        yield from lesson.learn(self.encoder, seconds, steps or STEPS, seed)
        self.learned = lesson.learned


def _class_map(names: Sequence[str]) -> ClassMap:
    if len(set(names)) < len(names) or not all(name.strip() for name in names):
        raise OptionError("Two of the classes share a name, or one has none: name each by its own.")
    return ClassMap("mine", tuple(names), class_colours(names), IGNORE)


def _encoder(encoder: str, weights: str | Path) -> tuple[LiteHead, tuple[float, ...], tuple[float, ...]]:
    """A network whose encoder is the one called so, and the mean and std of its pictures."""
    network = build_model(HEAD, 2, backbone=BACKBONES[0])
    assert isinstance(network, LiteHead)
    if encoder == IMAGENET:
        Likeness.verify()
        state, mean, std = Likeness.load().features.encoder.state_dict(), MEAN, STD
    else:
        index = WeightIndex(weights)
        fit = [r.name for r in index.records().values() if r.arguments.backbone == BACKBONES[0]]
        try:
            record = index.record(encoder)
        except WeightsError as error:
            known = ", ".join((IMAGENET, *fit))
            raise OptionError(f"There is no encoder {encoder!r}: choose one of {known}.") from error
        if encoder not in fit or len(record.mean) != 3:
            raise OptionError(f"{encoder} has no encoder to teach on: choose one of {', '.join((IMAGENET, *fit))}.")
        state, mean, std = index.load(record).get_submodule("encoder.model").state_dict(), record.mean, record.std
    network.encoder.model.load_state_dict(state)
    return network.eval().to(memory_format=torch.channels_last), mean, std
