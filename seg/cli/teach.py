"""A few painted photos become a weight set of one's own."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seg.cli.options import IdsFrom, TrainingOut, White

if TYPE_CHECKING:
    from seg.datasets.own import OwnSamples
    from seg.training.paintings import Painting
    from seg.training.taught import LeaveOneOut


def teach(
    data: Annotated[Path, typer.Argument(metavar="DIR|ZIP", help="labelled photos, as `data check` takes them")],
    name: Annotated[str, typer.Option(help="the set's name: mine/mug, say")],
    out: TrainingOut,
    encoder: Annotated[
        str, typer.Option(help="ImageNet, or a set on its encoder: everyday/fcn8s-ce-lite0")
    ] = "ImageNet",
    split: Annotated[str, typer.Option(help="the photos to learn from; train where there is one, else all")] = "",
    scale: Annotated[int, typer.Option(help="short side in pixels", min=64, max=1024)] = 360,
    seconds: Annotated[float, typer.Option(help="of learning, beside those for features", min=1)] = 40.0,
    ids_from: IdsFrom = None,
    white: White = None,
) -> None:
    """Teach a small network what a few painted photos show, in about half a minute.

    What the masks leave unlabelled teaches nothing. For each photo, what a network makes of it that has learned from
    the others alone is printed as Dice, and what to expect of a new one.
    """
    from seg.catalogue.store import WeightIndex
    from seg.datasets.layouts import ALL
    from seg.datasets.own import open_data
    from seg.datasets.unnamed import EVERY
    from seg.pictures.masks import Reading
    from seg.training.taught import check_name
    from seg.training.teacher import Teacher

    check_name(name)
    with open_data(data, looked_at=EVERY) as opened:
        for note in opened.notes:
            print(note, file=sys.stderr)
        reading = Reading.of(opened.class_map, ids_from, white)
        samples = opened.split(split or ("train" if "train" in opened.pairs else ALL), reading)
        teacher = Teacher(opened.class_map, encoder, scale=scale)
        problems: list[str] = []
        paintings = list(_paintings(samples, scale, problems))
    with typer.progressbar(teacher.teach(paintings, seconds), label=name, file=sys.stderr, show_eta=False) as bar:
        *_, last = bar
    taught = last.taught
    assert taught is not None
    record = taught.write(WeightIndex(out), name)
    for line in _lines(taught.leave_one_out):
        print(line)
    count, seconds_taken = len(taught.photos), taught.computed + taught.learned
    print(f"{record.name}: {count} photo{'s' * (count > 1)}, {seconds_taken:.0f} seconds, on {encoder} features.")
    print("\n".join((*taught.notes, *problems)), end="\n" * bool(taught.notes or problems), file=sys.stderr)
    if problems:
        raise typer.Exit(1)


def _paintings(samples: "OwnSamples", scale: int, problems: list[str]) -> Iterator["Painting"]:
    """The photos at working size; problems takes a sentence for each that cannot be read."""
    from seg.errors import SegError
    from seg.pictures.masks import AmbiguousMask
    from seg.training.paintings import Painting

    for index in range(len(samples)):
        try:
            sample = samples[index]
            yield Painting(sample.name, sample.image, sample.labels).at(scale)
        except AmbiguousMask:
            raise
        except SegError as error:
            problems.append(str(error))


def _lines(found: "LeaveOneOut | None") -> Sequence[str]:
    if found is None:
        return ["With one photo, nothing can be said of others: paint a second one."]
    low, high = found.expected
    wide = max(map(len, found.dice))
    return [
        "Dice of each photo, by a network that has not seen it:",
        *(f"  {name:{wide}}  {'–' if value != value else f'{value:.2f}'}" for name, value in found.dice.items()),
        f"mean {found.mean:.2f}; on a new photo like these, expect between {low:.2f} and {high:.2f}.",
    ]
