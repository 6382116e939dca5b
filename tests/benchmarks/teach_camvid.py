"""What a few painted street frames teach, measured on frames that nobody has painted; and a few membrane crops.

    python -m tests.benchmarks.teach_camvid [--encoder ImageNet] [--only PATTERN] [--every N] [--seed N]

A line a lesson: what was taught, by how many training frames, the Dice of the class over the pixels of all validation
frames, what photos left out had led to expect, and the lesson's seconds, wall and CPU, with those for features. Road,
sky, tree and building stand beside the fully trained FCN-8s; beside the first lesson stands the same network from
scratch, in as many seconds. The membranes are taught by crops of 128×128, and measured on whole slices.
"""

import argparse
import time
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

import seg
from seg.datasets import DATASETS, Sample
from seg.datasets.folder import Folder
from seg.labels import IGNORE, ClassMap
from seg.training.paintings import Painting
from seg.training.taught import Taught
from seg.training.teacher import IMAGENET, Teacher
from seg.training.why import from_scratch

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

LESSONS = {
    "car": ((8, 3), 0.02),
    "road": ((8,), 0.02),
    "sky": ((8,), 0.02),
    "tree": ((8,), 0.02),
    "building": ((8,), 0.02),
    "pedestrian": ((8,), 0.005),
    "sign": ((8,), 0.005),
}
"""Class → by how many frames it is taught, and the share of their pixels that it has at least."""

TRAINED = "street/fcn8s-wce-lite0"
COMPARED = ("road", "sky", "tree", "building")

PATIENCE = 600.0
"""Seconds after which a lesson ends early, so many that other programs, which take their share, do not shorten it: CPU
time tells what it takes on an idle machine."""

CROP, ENLARGED = 128, 2
"""Of the membranes: the crops' side in pixels, and what they are enlarged by."""


def only(sample: Sample, place: int) -> Painting:
    """The frame with one class painted, and all others as background."""
    labels = np.where(sample.labels == IGNORE, IGNORE, sample.labels == place).astype(np.uint8)
    return Painting(sample.name, sample.image, labels)


def drawn(samples: Folder, place: int, count: int, least: float, seed: int) -> list[Painting]:
    """So many frames that show enough of the class, drawn by chance."""
    found: list[Painting] = []
    for index in np.random.default_rng(seed).permutation(len(samples)):
        sample = samples[int(index)]
        if len(found) < count and (sample.labels == place).mean() >= least:
            found.append(only(sample, place))
    return found


def dice(segmenter: seg.Segmenter, samples: Iterable[Sample], place: int, said: int = 1, detail: int = 1) -> float:
    """Of one class over the pixels of all pictures; said: its id as the network has it."""
    right = both = 0
    for sample in samples:
        known, true = sample.labels != IGNORE, sample.labels == place
        labels = (segmenter(sample.image, detail).labels == said) & known
        right += np.count_nonzero(labels & true)
        both += np.count_nonzero(labels) + np.count_nonzero(true)
    return 2 * right / max(both, 1)


def lesson(teacher: Teacher, paintings: list[Painting]) -> tuple[Taught, float, float]:
    """The network, and the seconds of wall and CPU time that it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    *_, last = teacher.teach(paintings, seconds=PATIENCE)
    assert last.taught is not None
    return last.taught, time.perf_counter() - wall, time.process_time() - cpu


def told(what: str, score: float, taught: Taught | None, wall: float, cpu: float, more: str = "") -> None:
    expected = "–"
    if taught is not None and taught.leave_one_out is not None:
        expected = f"{taught.leave_one_out.mean:.3f} ({'–'.join(f'{e:.2f}' for e in taught.leave_one_out.expected)})"
    print(f"{what:28} Dice {score:.3f}  left out {expected:18}  {wall:5.1f} s  {cpu:5.1f} CPU-s  {more}", flush=True)


def streets(folder: Path, encoder: str, pattern: str, every: int, seed: int) -> None:
    class_map = DATASETS["street"].class_map
    train = Folder(folder, "train", class_map)
    validation = [sample for i, sample in enumerate(Folder(folder, "val", class_map)) if i % every == 0]
    trained = seg.Segmenter.load(TRAINED)
    scratch_is_due = True
    for name, (counts, least) in LESSONS.items():
        place = class_map.names.index(name)
        for count in counts if fnmatchcase(name, pattern) else ():
            teacher = Teacher(("background", name), encoder)
            paintings = drawn(train, place, count, least, seed)
            taught, wall, cpu = lesson(teacher, paintings)
            score, more = dice(taught.segmenter(), validation, place), ""
            if name in COMPARED:
                theirs = dice(trained, validation, place, said=place)
                more = f"{score / theirs:.3f} of the trained network's {theirs:.3f}"
            told(f"{name}, {count} frames", score, taught, wall, cpu, more)
            if scratch_is_due:
                *_, last = from_scratch(teacher, paintings, seconds=wall)
                assert last.taught is not None
                told(f"{name}, {count}, from scratch", dice(last.taught.segmenter(), validation, place), None, wall, 0)
                scratch_is_due = False


def membranes(folder: Path, encoder: str, seed: int) -> None:
    class_map = DATASETS["membranes"].class_map
    slices, validation = Folder(folder, "train", class_map), list(Folder(folder, "val", class_map))
    random, paintings = np.random.default_rng(seed), []
    for index in random.permutation(len(slices))[:8]:
        sample = slices[int(index)]
        y, x = (int(random.integers(side - CROP + 1)) for side in sample.labels.shape)
        window = (slice(y, y + CROP), slice(x, x + CROP))
        paintings.append(Painting(sample.name, sample.image[window], sample.labels[window]))
    teacher = Teacher(ClassMap("mine", class_map.names, class_map.colours, IGNORE), encoder, scale=CROP * ENLARGED)
    taught, wall, cpu = lesson(teacher, paintings)
    for place, name in enumerate(class_map.names):
        # Slices are four times as large as crops: four times the detail gives them the same enlargement.
        score = dice(taught.segmenter(), validation, place, said=place, detail=4)
        theirs = dice(seg.Segmenter.load("membranes/unet-wce"), validation, place, said=place)
        told(f"{name}, 8 crops", score, taught, wall, cpu, f"{score / theirs:.3f} of the trained U-Net's {theirs:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--camvid", type=Path, default=DATA / "camvid")
    parser.add_argument("--membranes", type=Path, default=DATA / "membranes")
    parser.add_argument("--encoder", default=IMAGENET)
    parser.add_argument("--only", default="*", help="lessons of such names: 'car'")
    parser.add_argument("--every", type=int, default=1, help="only every so-manyth validation frame")
    parser.add_argument("--seed", type=int, default=0, help="of the frames that are drawn")
    given = parser.parse_args()
    streets(given.camvid, given.encoder, given.only, given.every, given.seed)
    if fnmatchcase("membranes", given.only):
        membranes(given.membranes, given.encoder, given.seed)


if __name__ == "__main__":
    main()
