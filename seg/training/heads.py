"""Small heads that learn from painted photos, side by side, on features that stay as they are."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from seg.errors import TrainingError
from seg.labels import IGNORE
from seg.losses import median_frequency_weights
from seg.models.lite_head import STRIDES, FeatureHead, enlarged
from seg.training.paintings import COARSE, Painting, Version

BATCH = 4
LEARNING_RATE = 5e-3
WEIGHT_DECAY = 0.01
LEAST = 0.25
"""The power of median frequency by which classes weigh at least."""

POWER = 0.9
"""Of the polynomial by which the learning rate falls."""


@dataclass(frozen=True)
class Learned:
    """Heads that have learned, side by side.

    classes: names; photos: their digests; includes: bool (heads, photos), which head has learned from which photo.
    """

    heads: FeatureHead
    classes: tuple[str, ...]
    photos: tuple[str, ...]
    includes: np.ndarray

    def to_go_on_from(self, photos: Sequence[str], includes: np.ndarray) -> list[int] | None:
        """For each of the heads of another lesson, the one here that has learned from most of its photos, and from none
        that it leaves out; None if one of them has no such head."""
        known = {photo: place for place, photo in enumerate(self.photos)}
        found = []
        for wanted in includes:
            left_out = [known[photo] for photo in np.array(photos)[~wanted].tolist() if photo in known]
            fit = np.flatnonzero(~self.includes[:, left_out].any(axis=1))
            if not len(fit):
                return None
            found.append(int(fit[self.includes[fit].sum(axis=1).argmax()]))
        return found


class HeadLearner:
    """Heads on their way, side by side, each of which learns from some photos.

    paintings, versions: photos of one lesson, and what the encoder makes of each; includes: bool (heads, photos), which
    head learns from which photo. before: heads of an earlier lesson of the same classes, from which these go on where
    each finds one that has not seen what it leaves out; they then learn as in the second half of a lesson.
    """

    def __init__(
        self,
        paintings: Sequence[Painting],
        versions: Sequence[Sequence[Version]],
        includes: np.ndarray,
        classes: int,
        seed: int,
        before: Learned | None = None,
    ):
        self.includes = includes
        channels = {name: tensor.shape[1] for name, tensor in versions[0][0].features.items()}
        torch.manual_seed(seed)
        self.heads = FeatureHead(channels, classes, copies=len(includes))
        chosen = before.to_go_on_from([painting.digest for painting in paintings], includes) if before else None
        self.begun = 0.0 if chosen is None else 0.5
        if before and chosen:
            _go_on(self.heads, before.heads, chosen)
        self.optimizer = torch.optim.AdamW(self.heads.parameters(), weight_decay=WEIGHT_DECAY)
        self.random = np.random.default_rng(seed)
        _standardise(self.heads, [version for several in versions for version in several])
        self.groups: dict[tuple[int, int], list[tuple[int, Version, Tensor]]] = {}
        pixels, presence = np.zeros(classes, np.int64), np.zeros(classes, np.int64)
        for i, (painting, several) in enumerate(zip(paintings, versions, strict=True)):
            counts = np.bincount(painting.labels.ravel(), minlength=256)[:classes]
            pixels += counts
            presence += np.where(counts > 0, counts.sum(), 0)
            for version in several:
                member = (i, version, version.labels(painting.labels))
                self.groups.setdefault(version.padded, []).append(member)
        self.weights = _class_weights(pixels, presence, paintings)

    def steps(self, count: int, share: float) -> float:
        """Take some steps, when `share` of the lesson is done; returns their mean loss.

        Raises TrainingError for one that is not finite.
        """
        self.heads.train()
        for module in self.heads.standardise.values():
            module.eval()
        for group in self.optimizer.param_groups:
            group["lr"] = LEARNING_RATE * ((1 - self.begun) * (1 - share)) ** POWER
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
        logits = logits.unflatten(1, (len(self.includes), -1)).flatten(0, 1)
        labels = torch.stack([labels for *_, labels in chosen])
        learns = torch.from_numpy(self.includes[:, [i for i, *_ in chosen]].T.copy())
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
    """Float (C,): by the root of median frequency where little is painted, for strokes do not say how common a class
    is; by its fourth root where all is painted, and they do. Both were
    measured: with all classes alike, a class of half a percent is found with a Dice of 0.02 instead of 0.36."""
    painted = pixels.sum() / sum(painting.labels.size for painting in paintings)
    weights = median_frequency_weights(torch.from_numpy(pixels), torch.from_numpy(presence))
    return weights ** max((1 - painted) / 2, LEAST)


def _standardise(heads: FeatureHead, versions: Sequence[Version]) -> None:
    """Mean and variance of every feature's channels over all versions."""
    for name, norm in heads.standardise.items():
        channels = torch.cat([version.features[name].flatten(2)[0] for version in versions], dim=1).float()
        norm.get_buffer("running_mean").copy_(channels.mean(dim=1))
        norm.get_buffer("running_var").copy_(channels.var(dim=1))


def _go_on(heads: FeatureHead, before: FeatureHead, chosen: Sequence[int]) -> None:
    """Let each of the heads begin as the one chosen for it was in the end."""
    known = dict(before.named_parameters())
    with torch.no_grad():
        for name, parameter in heads.named_parameters():
            one = len(parameter) // len(chosen)
            parameter.copy_(known[name].unflatten(0, (-1, one))[list(chosen)].flatten(0, 1))


def first_of(heads: FeatureHead, classes: int) -> dict[str, Tensor]:
    """The state of the first of the heads, for one alone."""
    state = heads.state_dict()
    one = FeatureHead(
        {name: layer.get_parameter("weight").shape[1] for name, layer in heads.project.items()}, classes
    ).state_dict()
    return {name: tensor[: len(one[name])] if tensor.ndim else tensor for name, tensor in state.items()}
