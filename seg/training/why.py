"""Why a few photos can teach a network: what becomes of it without its encoder, and with fewer of them."""

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from seg.catalogue.store import half_precision
from seg.errors import TrainingError
from seg.labels import IGNORE
from seg.models import BACKBONES, HEAD, build_model
from seg.models.blocks import pad_to_multiple
from seg.models.lite_head import LiteHead
from seg.pictures.resize import normalise, to_channels, to_tensor
from seg.training.heads import BATCH, POWER, HeadLearner
from seg.training.lesson import DONE, TEACHING, Lesson, Progress, tile_for
from seg.training.paintings import Painting, labels_of, version_of, versions_for
from seg.training.taught import Taught
from seg.training.teacher import STEPS, Teacher

ITS_OWN = "its own"
"""What the encoder of a network that began with random numbers is called in its record."""

LEARNING_RATE = 2e-3
"""Of a network from scratch, where it begins."""

REPORTS = 10

SUBSETS = 4
"""Groups of photos of one size that heads learn from, at most."""


def from_scratch(
    teacher: Teacher,
    paintings: Sequence[Painting],
    seconds: float,
    watched: Sequence[Painting] = (),
    seed: int = 0,
) -> Iterator[Progress]:
    """The same photos, in the same versions, taught to the same network whose every number begins at random, for so
    many seconds of work by the calling thread. `Progress.done` and total are seconds; the last has the network.

    Raises what `Teacher.teach` does.
    """
    lesson = Lesson(teacher.features, teacher.class_map, paintings, watched)
    scale, mean, std = teacher.features.scale, tuple(teacher.features.mean), tuple(teacher.features.std)
    torch.manual_seed(seed)
    network = build_model(HEAD, len(teacher.class_map), backbone=BACKBONES[0]).to(memory_format=torch.channels_last)
    assert isinstance(network, LiteHead)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.01)
    random, losses, step = np.random.default_rng(seed), list[float](), 0
    shown, begin = Progress(TEACHING, 0, round(seconds)), time.thread_time()
    while (spent := time.thread_time() - begin) < seconds:
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * (1 - spent / seconds) ** POWER
        pictures, truth = _batch(lesson.paintings, scale, random)
        logits = network.train()(normalise(pictures, mean, std))
        loss = F.cross_entropy(logits, truth.long(), ignore_index=IGNORE)
        if not torch.isfinite(loss):
            raise TrainingError("The loss from scratch is no number any more: begin again.")
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
        step += 1
        if (time.thread_time() - begin) * REPORTS >= seconds * (len(shown.losses) + 1):
            shown = replace(shown, losses=(*shown.losses, (step, float(np.mean(losses)))), done=round(spent))
            losses.clear()
            yield _seen(network, lesson, shown)
    half_precision(network.eval())
    taught = Taught(
        class_map=teacher.class_map,
        network=network,
        mean=mean,
        std=std,
        scale=scale,
        tile=tile_for(lesson.paintings, scale),
        encoder=ITS_OWN,
        photos=tuple(painting.name for painting in lesson.paintings),
        steps=step,
        losses=shown.losses,
        computed=0.0,
        learned=time.thread_time() - begin,
        notes=lesson.notes,
    )
    yield replace(_seen(network, lesson, replace(shown, stage=DONE, done=shown.total)), taught=taught)


def _batch(paintings: Sequence[Painting], scale: int, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Versions of a few photos, uint8 (N, 3, h, w), cut to the smallest of them, and their labels, uint8 (N, h, w)."""
    pairs = []
    for i in random.integers(len(paintings), size=BATCH):
        painting, number = paintings[i], int(random.integers(versions_for(len(paintings))))
        image = version_of(to_channels(to_tensor(painting.image), 3), painting.digest, number, scale)
        size = (image.shape[-2], image.shape[-1])
        pairs.append((image, torch.from_numpy(labels_of(painting.labels, number, size))))
    height, width = (min(image.shape[axis] for image, _ in pairs) for axis in (-2, -1))
    cut = []
    for image, labels in pairs:
        y, x = (int(random.integers(n - least + 1)) for n, least in zip(labels.shape, (height, width), strict=True))
        cut.append((image[:, y : y + height, x : x + width], labels[y : y + height, x : x + width]))
    return torch.stack([image for image, _ in cut]), torch.stack([labels for _, labels in cut])


@torch.no_grad()
def _seen(network: LiteHead, lesson: Lesson, progress: Progress) -> Progress:
    """With its masks of the painted photos and of the others."""
    network.eval()
    features, masks = lesson.features, []
    for painting in (*lesson.paintings, *lesson.watched):
        image = version_of(to_channels(to_tensor(painting.image), 3), painting.digest, 0, features.scale)
        batch = pad_to_multiple(normalise(image[None].contiguous(), features.mean, features.std), 32)
        logits = network(batch)[0, :, : image.shape[-2], : image.shape[-1]]
        masks.append(logits.argmax(0).to(torch.uint8).numpy())
    count = len(lesson.paintings)
    return replace(progress, masks=tuple(masks[:count]), watched=tuple(masks[count:]))


def growth(
    teacher: Teacher, paintings: Sequence[Painting], counts: Sequence[int] = (1, 2, 4, 8), seed: int = 0
) -> Generator[Progress, None, Mapping[int, tuple[float, ...]]]:
    """How Dice grows with the photos: so many learned from → the Dice of the classes sought on all the others, one
    value for each of a few groups of so many. Counts that leave no photo over are left out.

    Yields how far it is, returns the numbers. Raises what `Teacher.teach` does, TrainingError for a single photo.
    """
    lesson = Lesson(teacher.features, teacher.class_map, paintings)
    photos = len(lesson.paintings)
    if photos < 2:
        raise TrainingError("One photo does not say how Dice grows with photos: paint a second one.")
    groups = [
        (count, (np.arange(photos) - first) % photos < count)
        for count in counts
        if count < photos
        for first in np.unique(np.linspace(0, photos, SUBSETS, endpoint=False).astype(int))
    ]
    yield from lesson.compute()
    lesson.includes = np.array([group for _, group in groups])
    learner = HeadLearner(lesson.paintings, lesson.versions, lesson.includes, len(teacher.class_map), seed)
    for done in range(0, STEPS, STEPS // REPORTS):
        loss = learner.steps(STEPS // REPORTS, done / STEPS)
        yield Progress(TEACHING, done + STEPS // REPORTS, STEPS, ((done + STEPS // REPORTS, loss),))
    dice = lesson.dice_by_head(learner.heads)
    return {count: tuple(d for (n, _), d in zip(groups, dice, strict=True) if n == count) for count in dict(groups)}
