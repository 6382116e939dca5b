"""Small heads that learn from painted photos, side by side, on features that stay as they are."""

import copy
from collections.abc import Sequence

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
POWER = 0.9
"""Of the polynomial by which the learning rate falls."""


class HeadLearner:
    """Heads on their way, side by side, each of which learns from some photos.

    paintings, versions: photos of one lesson, and what the encoder makes of each; includes: bool (heads, photos), which
    head learns from which photo.
    """

    def __init__(
        self,
        paintings: Sequence[Painting],
        versions: Sequence[Sequence[Version]],
        includes: np.ndarray,
        classes: int,
        seed: int,
    ):
        self.includes = includes
        channels = {name: tensor.shape[1] for name, tensor in versions[0][0].features.items()}
        torch.manual_seed(seed)
        self.heads = FeatureHead(channels, classes, copies=len(includes))
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
        """Take some steps, when `share` of all is done; returns their mean loss.

        Raises TrainingError for one that is not finite.
        """
        self.heads.train()
        for module in self.heads.standardise.values():
            module.eval()
        for group in self.optimizer.param_groups:
            group["lr"] = LEARNING_RATE * (1 - share) ** POWER
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
    """Float (C,): by median frequency where little is painted, for strokes do not say how common a class is; where all
    is painted they do, and classes weigh alike. Both were measured."""
    painted = pixels.sum() / sum(painting.labels.size for painting in paintings)
    weights = median_frequency_weights(torch.from_numpy(pixels), torch.from_numpy(presence))
    return weights ** ((1 - painted) / 2)


def _standardise(heads: FeatureHead, versions: Sequence[Version]) -> None:
    """Mean and variance of every feature's channels over all versions."""
    for name, norm in heads.standardise.items():
        channels = torch.cat([version.features[name].flatten(2)[0] for version in versions], dim=1).float()
        norm.get_buffer("running_mean").copy_(channels.mean(dim=1))
        norm.get_buffer("running_var").copy_(channels.var(dim=1))


def first_of(heads: FeatureHead, classes: int) -> dict[str, Tensor]:
    """The state of the first of the heads, for one alone."""
    state = heads.state_dict()
    one = FeatureHead(
        {name: layer.get_parameter("weight").shape[1] for name, layer in heads.project.items()}, classes
    ).state_dict()
    return {name: tensor[: len(one[name])] if tensor.ndim else tensor for name, tensor in state.items()}
