"""One lesson: photos whose paint a network learns, and how far it is."""

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from seg.catalogue.store import half_precision
from seg.errors import TrainingError
from seg.inference.segmenter import Prediction
from seg.inference.tiling import ALIGNMENT
from seg.labels import IGNORE, ClassMap
from seg.models import BACKBONES, HEAD, build_model
from seg.models.lite_head import STRIDES, FeatureHead, LiteHead, enlarged
from seg.scores.counts import Row
from seg.scores.metrics import Scores, confusion_matrix, mean_known, score
from seg.training.heads import HeadLearner, Learned, first_of
from seg.training.paintings import Features, Painting, Version, resized_labels, versions_for
from seg.training.taught import LeaveOneOut, Taught, sought

REPORTS = 10
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


class Lesson:
    """The photos of one lesson, and heads that learn from some of them each.

    watched: other pictures whose masks are shown. before: heads of an earlier lesson to go on from. Raises DataError
    and ImageError, naming the photo, for paint that cannot be, TrainingError where there is nothing to learn.
    """

    def __init__(
        self,
        features: Features,
        class_map: ClassMap,
        paintings: Sequence[Painting],
        watched: Sequence[Painting] = (),
        before: Learned | None = None,
    ):
        self.features, self.class_map = features, class_map
        self.before = before if before is not None and before.classes == class_map.names else None
        self.learned: Learned | None = None
        checked = [painting.checked(len(class_map)) for painting in paintings]
        self.paintings = [painting.at(features.scale) for painting in checked if not painting.is_blank]
        self.watched = [painting.at(features.scale) for painting in watched]
        blank = [painting.name for painting in checked if painting.is_blank]
        self.notes = (f"Nothing is painted on {', '.join(blank)}: left out.",) if blank else ()
        _check_classes(self.paintings, class_map)
        folds = min(len(self.paintings), FOLDS) if len(self.paintings) > 1 else 0
        place = np.arange(len(self.paintings))
        self.includes = np.array([place >= 0, *(place % folds != fold for fold in range(folds))])
        """Bool (heads, photos): which head learns from which photo; the first from all."""
        self.versions: list[list[Version]] = []
        self.computed = 0.0

    def compute(self) -> Iterator[Progress]:
        """The features of all photos. Raises NotEnoughMemoryError for too many."""
        count, begin = versions_for(len(self.paintings)), time.thread_time()
        wanted = [*((painting, count) for painting in self.paintings), *((painting, 1) for painting in self.watched)]
        for done, (painting, versions) in enumerate(wanted):
            yield Progress(FEATURES, done, len(wanted))
            self.features.of(painting, versions)
            self.features.make_room([one for one, _ in wanted])
        self.computed = time.thread_time() - begin
        self.versions = [self.features.of(painting, count) for painting in self.paintings]

    def learn(self, encoder: str, seconds: float, steps: int, seed: int) -> Iterator[Progress]:
        """Teach all heads; the last progress has the network. encoder: what its record calls it by. steps: half as many
        where heads go on from an earlier lesson."""
        yield from self.compute()
        begin = time.thread_time()
        learner = HeadLearner(self.paintings, self.versions, self.includes, len(self.class_map), seed, self.before)
        steps = max(1, round(steps * (1 - learner.begun)))
        shown, best = Progress(TEACHING, 0, steps), (-1.0, 0, learner.heads)
        every = max(1, steps // REPORTS)
        while shown.done < shown.total:
            step = min(shown.done + every, shown.total)
            loss = learner.steps(step - shown.done, shown.done / shown.total)
            fitting = int(step * seconds / max(time.thread_time() - begin, 1e-9))
            total = min(shown.total, max(fitting, step))
            shown = replace(shown, done=step, total=total, losses=(*shown.losses, (step, loss)))
            shown = self._seen(learner.heads, shown)
            dice = self._dice(shown.left_out)
            if np.isfinite(dice):
                shown = replace(shown, dice=(*shown.dice, (step, dice)))
            if not dice < best[0]:  # of a single photo, the last
                best = dice, step, learner.copy()
            yield shown
        _, step, heads = best
        photos = tuple(painting.digest for painting in self.paintings)
        self.learned = Learned(heads, self.class_map.names, photos, self.includes)
        shown = self._seen(heads, replace(shown, stage=DONE))
        taught = self._taught(heads, encoder, step, shown.losses, time.thread_time() - begin)
        yield replace(shown, taught=taught)

    def _seen(self, heads: FeatureHead, progress: Progress) -> Progress:
        """With the masks that the heads give now."""
        heads.eval()
        masks, left_out = [], []
        for i, versions in enumerate(self.versions):
            by = [0, *np.flatnonzero(~self.includes[:, i])]
            first, *others = self._logits(heads, versions[0], by).argmax(1).to(torch.uint8).numpy()
            masks.append(first)
            left_out += others
        watched = [
            self._logits(heads, self.features.of(painting, 1)[0], [0])[0].argmax(0).to(torch.uint8).numpy()
            for painting in self.watched
        ]
        return replace(progress, masks=tuple(masks), left_out=tuple(left_out), watched=tuple(watched))

    @torch.no_grad()
    def _logits(
        self, heads: FeatureHead, version: Version, chosen: Sequence[int], skips: Collection[str] | None = None
    ) -> Tensor:
        """Of some heads for one version of a photo: (chosen, C, h, w) at its size."""
        features = {name: tensor.float() for name, tensor in version.features.items()}
        coarse = heads(features, None if skips is None else set(skips))[0]
        logits = enlarged(coarse.unflatten(0, (-1, len(self.class_map)))[list(chosen)], STRIDES[0])
        return logits[..., : version.size[0], : version.size[1]]

    def _truth(self, i: int) -> np.ndarray:
        return resized_labels(self.paintings[i].labels, self.versions[i][0].size)

    def _dice(self, masks: Sequence[np.ndarray]) -> float:
        """The mean over photos of the Dice of the classes sought; NaN of none."""
        if not masks:
            return float("nan")
        classes = list(sought(self.class_map.names))
        found = [score(mask, self._truth(i), len(self.class_map)).dice[classes] for i, mask in enumerate(masks)]
        return float(mean_known(mean_known(np.stack(found))))

    def dice_by_head(self, heads: FeatureHead) -> list[float]:
        """Of each head, the Dice of the classes sought on all photos that it has not learned from together; NaN where
        there is none."""
        heads.eval()
        classes, found = list(sought(self.class_map.names)), []
        for head, included in enumerate(self.includes):
            total = np.zeros((len(self.class_map),) * 2, np.int64)
            for i in np.flatnonzero(~included).tolist():
                mask = self._logits(heads, self.versions[i][0], [head])[0].argmax(0).to(torch.uint8).numpy()
                total += confusion_matrix(mask, self._truth(i), len(self.class_map))
            found.append(float(mean_known(Scores(total).dice[classes])))
        return found

    def _left_out(self, heads: FeatureHead, skips: Collection[str] | None = None) -> LeaveOneOut | None:
        """What heads say of the photos that they have not learned from; None of a single photo."""
        if len(self.includes) == 1:
            return None
        rows = []
        for i, painting in enumerate(self.paintings):
            shares = self._logits(heads, self.versions[i][0], np.flatnonzero(~self.includes[:, i]).tolist(), skips)
            confidence, labels = shares[0].softmax(0).max(0)
            said = Prediction(labels.to(torch.uint8).numpy(), confidence.half().numpy(), 0.0, "cpu")
            rows.append(Row.of(i, painting.name, painting.name, self._truth(i), [said], len(self.class_map)))
        return LeaveOneOut(self.class_map.names, tuple(rows))

    def _taught(
        self, heads: FeatureHead, encoder: str, step: int, losses: tuple[tuple[int, float], ...], seconds: float
    ) -> Taught:
        network = build_model(HEAD, len(self.class_map), backbone=BACKBONES[0])
        assert isinstance(network, LiteHead)
        network.encoder.load_state_dict(self.features.network.encoder.state_dict())
        network.head.load_state_dict(first_of(heads, len(self.class_map)))
        half_precision(network.eval())
        names, without = network.skip_names, {}
        for name in names if len(self.includes) > 1 else ():
            found = self._left_out(heads, set(names) - {name})
            without[name] = found.mean if found else float("nan")
        return Taught(
            class_map=self.class_map,
            network=network,
            mean=tuple(self.features.mean),
            std=tuple(self.features.std),
            scale=self.features.scale,
            tile=tile_for(self.paintings, self.features.scale),
            encoder=encoder,
            photos=tuple(painting.name for painting in self.paintings),
            steps=step,
            losses=losses,
            computed=self.computed,
            learned=seconds,
            leave_one_out=self._left_out(heads),
            without=without,
            notes=self.notes,
        )


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


def tile_for(paintings: Sequence[Painting], scale: int) -> tuple[int, int]:
    """Height and width of a landscape tile that the longest photos fit in, up to `LONGEST`."""
    longest = max(max(p.labels.shape) / min(p.labels.shape) for p in paintings)
    return scale, -(-round(scale * min(longest, LONGEST)) // ALIGNMENT) * ALIGNMENT
