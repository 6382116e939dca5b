"""`Teacher`: a few painted photos go in, and in under a minute a network that knows their classes comes out.

The encoder stays as it is, so that what it makes of a photo is computed once; only the small head on it learns. Beside
the head that learns from all photos, others learn at the same time from all but some of them: what these say of the
photos that they have never seen tells when to stop, and what to expect of a new photo.
"""

import copy
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from seg.catalogue.store import SHIPPED, WeightIndex, half_precision
from seg.datasets.own import class_colours
from seg.errors import OptionError, TrainingError, WeightsError
from seg.inference.segmenter import Prediction
from seg.inference.tiling import ALIGNMENT
from seg.labels import IGNORE, ClassMap
from seg.likeness.likeness import Likeness
from seg.losses import median_frequency_weights
from seg.models import BACKBONES, HEAD, build_model
from seg.models.lite_head import STRIDES, FeatureHead, LiteHead, enlarged
from seg.scores.counts import Row
from seg.training.paintings import COARSE, Features, Painting, Version, resized_labels, versions_for
from seg.training.start import MEAN, STD
from seg.training.taught import LeaveOneOut, Taught

IMAGENET = "ImageNet"
"""The encoder as ImageNet left it; others are called by the weight set that holds them."""

SCALE = 360
"""The short side that photos are brought to, in pixels."""

STEPS = 100
BATCH = 4
LEARNING_RATE = 5e-3
WEIGHT_DECAY = 0.01
REPORTS = 20
"""Of a lesson, if its time is not up before."""

FOLDS = 8
"""Networks that learn from all but some photos, at most; up to so many photos, each leaves out one."""

LONGEST = 2.0
"""Long side over short side of a tile at most."""

FEATURES, TEACHING, DONE = "features", "teaching", "done"


@dataclass(frozen=True)
class Progress:
    """How far a lesson is. Where its time is too short, total falls.

    stage: FEATURES, TEACHING or DONE; done, total: photos whose features there are, or steps. losses: (step, loss);
    dice: (step, Dice of photos that were left out), none of a single photo. Label maps, uint8 (h, w) at working size:
    masks: of the painted photos, by the network; left_out: of the same, each by one that has not learned from it, none
    of a single photo; watched: of the other pictures. taught: the network, when it is done.
    """

    stage: str
    done: int
    total: int
    losses: tuple[tuple[int, float], ...] = ()
    dice: tuple[tuple[int, float], ...] = ()
    masks: tuple[np.ndarray, ...] = ()
    left_out: tuple[np.ndarray, ...] = ()
    watched: tuple[np.ndarray, ...] = ()
    taught: Taught | None = None


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

    def teach(
        self,
        paintings: Sequence[Painting],
        seconds: float = 40.0,
        steps: int | None = None,
        watched: Sequence[Painting] = (),
        seed: int = 0,
    ) -> Iterator[Progress]:
        """Teach a network; it may be left after every progress. The last one has it.

        seconds: of learning, after which it ends early; features take their time before. steps: `STEPS` unless given.
        watched: other pictures whose
        masks are shown, whatever is painted on them.

        Raises DataError and ImageError, naming the photo, for paint that cannot be, TrainingError where there is
        nothing to learn, NotEnoughMemoryError for too many photos.
        """
        yield from Lesson(self, paintings, watched).learn(seconds, steps or STEPS, seed)


class Lesson:
    """One lesson: its photos, and heads that learn from some of them each."""

    def __init__(self, teacher: Teacher, paintings: Sequence[Painting], watched: Sequence[Painting] = ()):
        self.features, self.encoder, self.class_map = teacher.features, teacher.encoder, teacher.class_map
        scale = self.features.scale
        checked = [painting.checked(len(self.class_map)) for painting in paintings]
        self.paintings = [painting.at(scale) for painting in checked if not painting.is_blank]
        self.watched = [painting.at(scale) for painting in watched]
        blank = [painting.name for painting in checked if painting.is_blank]
        self.notes = (f"Nothing is painted on {', '.join(blank)}: left out.",) if blank else ()
        _check_classes(self.paintings, self.class_map)
        folds = min(len(self.paintings), FOLDS) if len(self.paintings) > 1 else 0
        place = np.arange(len(self.paintings))
        self.includes = np.array([place >= 0, *(place % folds != fold for fold in range(folds))])
        """Bool (heads, photos): which head learns from which photo; the first from all."""
        self.computed = 0.0

    def learn(self, seconds: float, steps: int, seed: int) -> Iterator[Progress]:
        yield from self.compute()
        begin = time.monotonic()
        learner = HeadLearner(self, seed)
        losses: list[tuple[int, float]] = []
        dice: list[tuple[int, float]] = []
        best: tuple[float, int, FeatureHead] | None = None
        every, step = max(1, steps // REPORTS), 0
        while step < steps:
            until = min(step + every, steps)
            loss = learner.steps(until - step, step / steps)
            step = until
            fitting = int(step * seconds / max(time.monotonic() - begin, 1e-9))
            steps = min(steps, max(fitting, step))
            shown = Progress(TEACHING, step, steps, losses=(*losses, (step, loss)))
            losses = [*shown.losses]
            rows, shown = self._shown(learner.heads, shown)
            score = rows.mean if rows else 0.0
            if rows:
                dice.append((step, score))
            if best is None or not score < best[0]:
                best = score, step, learner.copy()
            yield replace(shown, dice=tuple(dice))
        assert best is not None
        yield self._finished(best[2], best[1], losses, dice, time.monotonic() - begin)

    def compute(self) -> Iterator[Progress]:
        """The features of all photos."""
        count, begin = versions_for(len(self.paintings)), time.monotonic()
        wanted = [*((painting, count) for painting in self.paintings), *((painting, 1) for painting in self.watched)]
        for done, (painting, versions) in enumerate(wanted):
            yield Progress(FEATURES, done, len(wanted))
            self.features.of(painting, versions)
            self.features.make_room([one for one, _ in wanted])
        self.computed = time.monotonic() - begin
        self.versions = [self.features.of(painting, count) for painting in self.paintings]

    def _shown(self, heads: FeatureHead, progress: Progress) -> tuple[LeaveOneOut | None, Progress]:
        """Masks now, and what those left out say."""
        heads.eval()
        masks, left_out, rows = [], [], []
        for i, (painting, versions) in enumerate(zip(self.paintings, self.versions, strict=True)):
            logits = self._logits(heads, versions[0])
            masks.append(logits[0].argmax(0).to(torch.uint8).numpy())
            if len(self.includes) > 1:
                (head,) = np.flatnonzero(~self.includes[:, i])
                confidence, labels = logits[head].softmax(0).max(0)
                left_out.append(labels.to(torch.uint8).numpy())
                said = Prediction(left_out[-1], confidence.half().numpy(), 0.0, "cpu")
                truth = resized_labels(painting.labels, versions[0].size)
                rows.append(Row.of(i, painting.name, painting.name, truth, [said], len(self.class_map)))
        watched = [self._logits(heads, self.features.of(painting, 1)[0])[0].argmax(0) for painting in self.watched]
        maps = tuple(mask.to(torch.uint8).numpy() for mask in watched)
        shown = replace(progress, masks=tuple(masks), left_out=tuple(left_out), watched=maps)
        return (LeaveOneOut(self.class_map.names, tuple(rows)) if rows else None), shown

    @torch.no_grad()
    def _logits(self, heads: FeatureHead, version: Version) -> Tensor:
        """Of all heads for one version of a photo: (heads, C, h, w) at its size."""
        logits = enlarged(heads({name: tensor.float() for name, tensor in version.features.items()}), STRIDES[0])
        height, width = version.size
        return logits[0, :, :height, :width].unflatten(0, (-1, len(self.class_map)))

    def _finished(self, heads: FeatureHead, step: int, losses: list, dice: list, seconds: float) -> Progress:
        rows, shown = self._shown(heads, Progress(DONE, step, step, tuple(losses), tuple(dice)))
        network = build_model(HEAD, len(self.class_map), backbone=BACKBONES[0])
        assert isinstance(network, LiteHead)
        network.encoder.load_state_dict(self.features.network.encoder.state_dict())
        network.head.load_state_dict(_first_of(heads, len(self.class_map)))
        half_precision(network.eval())
        taught = Taught(
            class_map=self.class_map,
            network=network,
            mean=tuple(self.features.mean),
            std=tuple(self.features.std),
            scale=self.features.scale,
            tile=_tile(self.paintings, self.features.scale),
            encoder=self.encoder,
            photos=tuple(painting.name for painting in self.paintings),
            steps=step,
            losses=tuple(losses),
            computed=self.computed,
            learned=seconds,
            leave_one_out=rows,
            notes=self.notes,
        )
        return replace(shown, taught=taught)


class HeadLearner:
    """All heads of a lesson on their way, side by side."""

    def __init__(self, lesson: Lesson, seed: int):
        self.lesson = lesson
        classes, heads = len(lesson.class_map), len(lesson.includes)
        channels = {name: tensor.shape[1] for name, tensor in lesson.versions[0][0].features.items()}
        torch.manual_seed(seed)
        self.heads = FeatureHead(channels, classes, copies=heads)
        self.optimizer = torch.optim.AdamW(self.heads.parameters(), weight_decay=WEIGHT_DECAY)
        self.random = np.random.default_rng(seed)
        _standardise(self.heads, [version for versions in lesson.versions for version in versions])
        self.groups: dict[tuple[int, int], list[tuple[int, Version, Tensor]]] = {}
        pixels, presence = np.zeros(classes, np.int64), np.zeros(classes, np.int64)
        for i, (painting, versions) in enumerate(zip(lesson.paintings, lesson.versions, strict=True)):
            counts = np.bincount(painting.labels.ravel(), minlength=256)[:classes]
            pixels += counts
            presence += np.where(counts > 0, counts.sum(), 0)
            for version in versions:
                member = (i, version, version.labels(painting.labels))
                self.groups.setdefault(version.padded, []).append(member)
        self.weights = _class_weights(pixels, presence, lesson.paintings)

    def steps(self, count: int, share: float) -> float:
        """Take some steps, when `share` of all is done; returns their mean loss.

        Raises TrainingError for one that is not finite.
        """
        self.heads.train()
        for module in self.heads.standardise.values():
            module.eval()
        for group in self.optimizer.param_groups:
            group["lr"] = LEARNING_RATE * (1 - share) ** 0.9
        losses = [self._step() for _ in range(count)]
        if not np.isfinite(losses).all():
            raise TrainingError("The loss is no number any more: teach again with fewer classes, or other photos.")
        return float(np.mean(losses))

    def _step(self) -> float:
        names = list(self.groups)
        sizes = np.array([len(self.groups[name]) for name in names])
        group = self.groups[names[self.random.choice(len(names), p=sizes / sizes.sum())]]
        chosen = [group[i] for i in self.random.permutation(len(group))[:BATCH]]
        first = chosen[0][1].features
        features = {name: torch.cat([version.features[name] for _, version, _ in chosen]).float() for name in first}
        logits = enlarged(self.heads(features), STRIDES[0] // COARSE)
        logits = logits.unflatten(1, (len(self.lesson.includes), -1)).flatten(0, 1)
        labels = torch.stack([labels for *_, labels in chosen])
        learns = torch.from_numpy(self.lesson.includes[:, [i for i, *_ in chosen]].T.copy())
        truth = labels[:, None].where(learns[..., None, None], IGNORE).flatten(0, 1).long()
        loss = F.cross_entropy(logits, truth, self.weights, ignore_index=IGNORE)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return float(loss.detach())

    def copy(self) -> FeatureHead:
        """The heads as they are now."""
        return copy.deepcopy(self.heads).eval()


def _class_weights(pixels: np.ndarray, presence: np.ndarray, paintings: Sequence[Painting]) -> Tensor:
    """Float (C,): by median frequency where little is painted, for strokes do not say how common a class is; where all
    is painted they do, and classes weigh alike."""
    painted = pixels.sum() / sum(painting.labels.size for painting in paintings)
    weights = median_frequency_weights(torch.from_numpy(pixels), torch.from_numpy(presence))
    return weights ** (1 - painted)


def _standardise(heads: FeatureHead, versions: Sequence[Version]) -> None:
    """Mean and variance of every feature's channels over all versions."""
    for name, norm in heads.standardise.items():
        channels = torch.cat([version.features[name].flatten(2)[0] for version in versions], dim=1).float()
        norm.get_buffer("running_mean").copy_(channels.mean(dim=1))
        norm.get_buffer("running_var").copy_(channels.var(dim=1))


def _first_of(heads: FeatureHead, classes: int) -> dict[str, Tensor]:
    """The state of the first of the heads, for one alone."""
    state = heads.state_dict()
    one = FeatureHead({name: layer.in_channels for name, layer in heads.project.items()}, classes).state_dict()
    return {name: tensor[: len(one[name])] if tensor.ndim else tensor for name, tensor in state.items()}


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


def _check_classes(paintings: Sequence[Painting], class_map: ClassMap) -> None:
    """Raises TrainingError with a sentence where nothing can be told apart."""
    if not paintings:
        raise TrainingError("Nothing is painted on any photo: paint what you look for, and some of what it is not.")
    present = np.unique(np.concatenate([np.unique(painting.labels) for painting in paintings]))
    present = present[present != IGNORE]
    if len(present) > 1:
        return
    name = class_map.names[present[0]]
    if all((painting.labels != IGNORE).all() for painting in paintings):
        raise TrainingError(f"{name} covers every photo in full: there is nothing that it could be told from.")
    raise TrainingError(f"Only {name} is painted: paint some of what it is not, too, as another class.")


def _tile(paintings: Sequence[Painting], scale: int) -> tuple[int, int]:
    """Height and width of a landscape tile that the longest photos fit in, up to `LONGEST`."""
    longest = max(max(p.labels.shape) / min(p.labels.shape) for p in paintings)
    return scale, -(-round(scale * min(longest, LONGEST)) // ALIGNMENT) * ALIGNMENT
