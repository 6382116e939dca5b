"""Training: one network, or the runs that a file lists."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from seg.cli.options import IdsFrom, TrainingData, TrainingOut, White, as_score
from seg.errors import OptionError


def train(
    model: Annotated[str, typer.Option(help="an architecture of `models`, or smp with --backbone ARCH/ENCODER")],
    out: TrainingOut,
    dataset: Annotated[
        str | None, typer.Option(help="a data set's name: street, say; left out, DATA has its own classes and name")
    ] = None,
    data: TrainingData = None,
    loss: Annotated[str, typer.Option(help="ce, wce, dice, ce_dice, focal, tversky or lovasz")] = "wce",
    width: str = "slim",
    base: Annotated[int | None, typer.Option(help="channels of the first layer")] = None,
    levels: Annotated[int | None, typer.Option(help="how often the resolution is halved")] = None,
    backbone: Annotated[
        str | None, typer.Option(help="an encoder with an ImageNet start: efficientnet_lite0, _lite1, _lite2")
    ] = None,
    pretrained: Annotated[bool, typer.Option(help="whether the backbone starts from ImageNet")] = True,
    upsampling: Annotated[
        str | None, typer.Option(help="encoder_decoder: unpool, transposed, bilinear, nearest")
    ] = None,
    variant: Annotated[str, typer.Option(help="last part of the set's name")] = "",
    scale: Annotated[int, typer.Option(help="short side in pixels")] = 180,
    epochs: int = 36,
    minutes: Annotated[float | None, typer.Option(help="time budget: the schedule ends by then")] = None,
    batch: int = 8,
    learning_rate: float = 1.5e-3,
    rendered: Annotated[
        int | None,
        typer.Option(help="rendered scenes mixed in, or all there are without --data; 80, for own data none"),
    ] = None,
    seed: int = 0,
    ids_from: IdsFrom = None,
    white: White = None,
    threads: Annotated[int | None, typer.Option(help="CPU threads", min=1)] = None,
    resume: Annotated[bool, typer.Option(help="go on from the run's last checkpoint")] = False,
) -> None:
    """Train one network and write its weights and record; `grid` takes every setting from a file."""
    import torch

    from seg.datasets.own import open_data
    from seg.datasets.unnamed import EVERY
    from seg.training import trainer
    from seg.training.recipe import Recipe

    if threads:
        torch.set_num_threads(threads)
    if dataset is None and data is None:
        raise OptionError("Name a data set with --dataset, or a folder of your own with --data.")
    own = open_data(data, looked_at=EVERY) if dataset is None and data else None
    if rendered is None:
        rendered = 0 if own else 80
    recipe = Recipe(
        dataset=own.name if own else dataset or "",
        own=own is not None,
        model=model,
        loss=loss,
        width=width,
        base=base,
        levels=levels,
        backbone=backbone,
        pretrained=pretrained,
        upsampling=upsampling,
        variant=variant,
        scale=scale,
        epochs=epochs,
        minutes=minutes,
        batch=batch,
        learning_rate=learning_rate,
        rendered=rendered,
        seed=seed,
        ids_from=ids_from,
        white=white,
    )
    for note in own.notes if own else ():
        print(note, file=sys.stderr)
    record = trainer.train(recipe, own or data, out, resume, progress=sys.stdout.isatty())
    print(f"{record.name}: validation mean IoU {as_score(record.validation.mean_iou)}")


def grid(
    recipes: Annotated[Path, typer.Argument(help="a file of recipes/")],
    out: TrainingOut,
    data: TrainingData = None,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="split the runs over Ray's workers: local, auto or HOST:PORT. All of its machines must see this "
            "program, DATA and OUT under the same paths, so OUT is a folder that they share",
        ),
    ] = None,
    only: Annotated[str, typer.Option(metavar="PATTERN", help="only runs of such names: 'street/unet-*'")] = "*",
    threads: Annotated[int | None, typer.Option(help="CPU threads of each run", min=1)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="print the state of every run and train none")] = False,
) -> None:
    """Train the runs that a file lists: those missing, and those cut off from where they were; skip what is done."""
    from collections import Counter
    from fnmatch import fnmatchcase

    from seg.errors import TrainingError
    from seg.training.batch import DONE, RESUME, read, run, state

    chosen = [recipe for recipe in read(recipes, data) if fnmatchcase(recipe.name, only)]
    if not chosen:
        raise TrainingError(f"{recipes} has no run whose name fits {only!r}.")
    if dry_run:
        for recipe in chosen:
            print(f"{state(recipe, out):8}{recipe.name}")
        return
    count = Counter()
    for outcome in run(chosen, data, out, ray, threads, progress=sys.stdout.isatty()):
        if outcome.record is None:
            verb = "failed"
            print(f"{outcome.name}: {outcome.failure}", file=sys.stderr, flush=True)
        else:
            verb = {DONE: "done before", RESUME: "resumed"}.get(outcome.found, "trained")
            score, minutes = as_score(outcome.record.validation.mean_iou), (outcome.record.seconds or 0) / 60
            print(f"{outcome.name}: {verb}, validation mean IoU {score}, {minutes:.1f} minutes", flush=True)
        count[verb] += 1
    print(", ".join(f"{number} {verb}" for verb, number in count.items()))
    if count["failed"]:
        raise typer.Exit(1)
