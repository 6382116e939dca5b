"""The command line: `python -m seg`. Imports wait until a command needs them, so that --help is quick."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from seg.errors import SegError

app = typer.Typer(no_args_is_help=True, add_completion=False, help="A laboratory for semantic segmentation.")

AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps")]
EngineName = Annotated[str, typer.Option(help="auto, torch or openvino")]
Detail = Annotated[int, typer.Option(help="times the training scale", min=1, max=4)]
Weights = Annotated[str, typer.Option(help="a set's name, see `weights`")]
Folder_ = Annotated[Path | None, typer.Option("--weights-dir", help="another folder of weights", envvar="SEG_WEIGHTS")]


@app.command()
def models(as_json: AsJson = False) -> None:
    """List the architectures: parameters, GFLOPs, receptive field, skips, upsampling."""
    from dataclasses import asdict

    from seg.anatomy.cost import describe
    from seg.models import ARCHITECTURES

    found = [
        (width, describe(name, num_classes=11, width=width)) for width in ("slim", "paper") for name in ARCHITECTURES
    ]
    if as_json:
        print(json.dumps([{"width": width, **asdict(anatomy)} for width, anatomy in found], indent=1))
        return
    head = f"{'architecture':17}{'width':7}{'parameters':>12}{'GFLOPs':>9}{'field':>7}"
    print(f"{head}  skips; upsampling (kernel, stride, padding)")
    for width, a in found:
        ways = ", ".join(f"{u.method} ({u.kernel}, {u.stride}, {u.padding})" for u in a.upsampling)
        figures = f"{a.name:17}{width:7}{a.parameters:12,}{a.gflops:9.1f}{a.receptive_field:7}"
        print(f"{figures}  {' '.join(a.skips) or '–'}; {ways or '–'}")
    print("GFLOPs for 480×360 pixels, 11 classes, a multiplication and an addition counted as two.")


@app.command()
def weights(
    as_json: AsJson = False,
    verify: Annotated[bool, typer.Option(help="check every SHA-256")] = False,
    folder: Folder_ = None,
) -> None:
    """List the weight sets and their validation scores."""
    from dataclasses import asdict

    from seg.catalogue.store import SHIPPED, WeightIndex

    index = WeightIndex(folder or SHIPPED)
    records = index.records()
    if as_json:
        print(json.dumps([asdict(r) for r in records.values()], indent=1))
    else:
        print(f"{'set':36}{'parameters':>12}{'MB':>7}{'mIoU':>8}{'Dice':>8}{'pixels':>8}{'bF1':>8}")
        for r in records.values():
            v = r.validation
            columns = "".join(f"{_score(s):>8}" for s in (v.mean_iou, v.mean_dice, v.pixel_accuracy, v.boundary_f1))
            print(f"{r.name:36}{r.parameters:12,}{r.bytes / 1e6:7.1f}{columns}")
    if verify:
        for record in records.values():
            index.verify(record)
        print(f"{len(records)} files match their checksums.", file=sys.stderr)


@app.command()
def predict(
    images: Annotated[list[Path], typer.Argument(help="picture files")],
    weights: Weights,
    out: Annotated[Path, typer.Option(help="folder for the masks")],
    device: Device = "auto",
    engine: EngineName = "auto",
    detail: Detail = 1,
    folder: Folder_ = None,
) -> None:
    """Write NAME-ids.png (class ids, coloured palette) and NAME-overlay.png for every picture."""
    from seg.catalogue.store import SHIPPED
    from seg.inference.segmenter import Segmenter
    from seg.pictures.decode import decode
    from seg.pictures.drawing import encode_ids, encode_png, overlay

    segmenter = Segmenter.load(weights, device, engine, folder or SHIPPED)
    class_map = segmenter.record.class_map
    out.mkdir(parents=True, exist_ok=True)
    failed = 0
    for path in images:
        try:
            picture = decode(path.read_bytes(), path.name)
            prediction = segmenter(picture.pixels, detail)
        except (OSError, SegError) as error:
            print(f"{error}", file=sys.stderr)
            failed += 1
            continue
        (out / f"{path.stem}-ids.png").write_bytes(encode_ids(prediction.labels, class_map))
        (out / f"{path.stem}-overlay.png").write_bytes(
            encode_png(overlay(picture.pixels, prediction.labels, class_map, 0.5))
        )
        for note in (*picture.notes, *prediction.notes):
            print(f"{path.name}: {note}", file=sys.stderr)
        print(
            f"{path.name}: {prediction.seconds * 1000:.0f} ms on {prediction.device}, "
            f"mean confidence {prediction.mean_confidence:.2f}"
        )
    if failed:
        raise typer.Exit(1)


@app.command()
def evaluate(
    weights: Weights,
    data: Annotated[Path | None, typer.Option(help="folder with SPLIT/ and SPLITannot/; not needed for shapes")] = None,
    split: str = "val",
    json_file: Annotated[Path | None, typer.Option("--json", help="write the scores here")] = None,
    limit: Annotated[int | None, typer.Option(help="only the first N pictures", min=1)] = None,
    device: Device = "auto",
    engine: EngineName = "auto",
    detail: Detail = 1,
    folder: Folder_ = None,
) -> None:
    """Score a weight set on labelled pictures."""
    from itertools import islice

    from seg.catalogue.store import SHIPPED
    from seg.inference.segmenter import Segmenter
    from seg.scores.evaluation import evaluate as measure
    from seg.scores.evaluation import samples_for

    segmenter = Segmenter.load(weights, device, engine, folder or SHIPPED)
    samples = samples_for(segmenter.record, data, split)
    length = min(limit or len(samples), len(samples))
    with typer.progressbar(islice(samples, length), length=length, label=weights, file=sys.stderr) as bar:
        scores = measure(segmenter, bar, split, detail)
    text = json.dumps(scores, indent=1, ensure_ascii=False)
    if json_file:
        json_file.write_text(text + "\n", encoding="utf-8")
    print(text)


@app.command()
def train(
    dataset: Annotated[str, typer.Option(help="street, membranes or shapes")],
    model: Annotated[str, typer.Option(help="an architecture of `models`, or smp with --backbone ARCH/ENCODER")],
    out: Annotated[Path, typer.Option(help="where the weights, index.json and runs/ go")],
    data: Annotated[
        Path | None, typer.Option(help="folder with train/, trainannot/, val/, valannot/; not needed for shapes")
    ] = None,
    loss: Annotated[str, typer.Option(help="ce, wce, dice, ce_dice, focal, tversky or lovasz")] = "wce",
    width: str = "slim",
    base: Annotated[int | None, typer.Option(help="channels of the first layer")] = None,
    levels: Annotated[int | None, typer.Option(help="how often the resolution is halved")] = None,
    backbone: Annotated[str | None, typer.Option(help="an encoder with an ImageNet start: efficientnet_lite0")] = None,
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
    rendered: Annotated[int, typer.Option(help="rendered scenes mixed in; of shapes, all there are")] = 80,
    seed: int = 0,
    threads: Annotated[int | None, typer.Option(help="CPU threads")] = None,
    resume: Annotated[bool, typer.Option(help="go on from the run's last checkpoint")] = False,
) -> None:
    """Train one network and write its weights and record; `grid` takes every setting from a file."""
    import torch

    from seg.training.recipe import Recipe
    from seg.training.trainer import train as run

    if threads:
        torch.set_num_threads(threads)
    recipe = Recipe(
        dataset=dataset,
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
    )
    record = run(recipe, data, out, resume)
    print(f"{record.name}: validation mean IoU {_score(record.validation.mean_iou)}")


@app.command()
def grid(
    recipes: Annotated[Path, typer.Argument(help="a file of recipes/")],
    out: Annotated[Path, typer.Option(help="where the weights, index.json and runs/ go")],
    data: Annotated[
        Path | None, typer.Option(help="folder with train/, trainannot/, val/, valannot/; rendered data sets need none")
    ] = None,
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
    from seg.training.batch import DONE, RESUME, read, state
    from seg.training.batch import run as train_all

    chosen = [recipe for recipe in read(recipes) if fnmatchcase(recipe.name, only)]
    if not chosen:
        raise TrainingError(f"{recipes} has no run whose name fits {only!r}.")
    if dry_run:
        for recipe in chosen:
            print(f"{state(recipe, out):8}{recipe.name}")
        return
    count = Counter()
    for outcome in train_all(chosen, data, out, ray, threads, progress=sys.stdout.isatty()):
        if outcome.record is None:
            verb = "failed"
            print(f"{outcome.name}: {outcome.failure}", file=sys.stderr, flush=True)
        else:
            verb = {DONE: "done before", RESUME: "resumed"}.get(outcome.found, "trained")
            score, minutes = _score(outcome.record.validation.mean_iou), (outcome.record.seconds or 0) / 60
            print(f"{outcome.name}: {verb}, validation mean IoU {score}, {minutes:.1f} minutes", flush=True)
        count[verb] += 1
    print(", ".join(f"{number} {verb}" for verb, number in count.items()))
    if count["failed"]:
        raise typer.Exit(1)


@app.command()
def bench(
    json_file: Annotated[Path | None, typer.Option("--json", help="write the figures here")] = None,
    repeats: int = 5,
    device: Device = "auto",
    engine: EngineName = "auto",
    only: Annotated[list[str] | None, typer.Option(help="only this set or paper's width; may be repeated")] = None,
    paper: Annotated[bool, typer.Option(help="the papers' widths too: a few minutes on two cores")] = False,
    record: Annotated[bool, typer.Option(help="keep the figures for the Leaderboard")] = False,
    folder: Folder_ = None,
) -> None:
    """Time the weight sets on this machine against plain eager PyTorch."""
    from seg.bench.measure import bench as measure
    from seg.catalogue.store import SHIPPED

    if record and only:
        raise ValueError("--record keeps the figures of a whole run: leave out --only, or use --json to write them.")
    figures = measure(
        repeats=repeats, device=device, weights=folder or SHIPPED, engine=engine, paper=paper, names=only or None
    )
    place = f"{figures['device']} ({figures['processor']}), {figures['threads']} threads, torch {figures['torch']}"
    print(f"{place}; a large convolution reaches {figures['peak']:.0f} GFLOP/s; medians of {figures['repeats']}")
    columns = f"{'± spread':>10}{'eager ms':>10}{'ratio':>8}{'of peak':>9}{'MB':>8}"
    if figures["sets"]:
        print(f"one {figures['picture']} picture")
        print(f"{'set':36}{'engine':>10}{'GFLOPs':>9}{'picture ms':>12}{'network ms':>12}{columns}{'tiled':>8}")
        for s in figures["sets"]:
            print(
                f"{s['name']:36}{s['engine']:>10}{s['gflops'] or 0:9.2f}{1000 * s['seconds']:12.1f}"
                f"{1000 * s['network']:12.1f}{_costs(s)}{s['tiled']:8.3f}"
            )
        print(f"{'all':55}{1000 * figures['all_seconds']:12.1f}")
        print("tiled: share of a 2:1 picture's pixels that get the same label with tiles as without")
    if way := figures["app"]:
        decoding, running, eager, encoding = (1000 * way[key] for key in ("decode", "run", "eager", "encode"))
        print(f"\nthe app's way of one JPEG through {', '.join(way['networks'])}")
        print(f"decode {decoding:.1f} ms, run {running:.1f} ms, encode {encoding:.1f} ms")
        print(f"a plain eager loop runs {eager:.1f} ms, ratio {way['ratio']:.2f}")
        print(f"loaded anew, the slowest is ready after {way['start']:.2f} s")
        print(f"with {way['tiles']} tiles, one takes {way['per_tile']:.2f} of what a picture of one takes")
    for large in figures["large"]:
        memory = "" if large["megabytes"] is None else f", {large['megabytes']:.0f} MB"
        print(f"48 megapixels at detail 4, {large['name']}: {large['seconds']:.1f} s{memory}")
    if widths := figures["paper"]:
        print("\nthe papers' widths, random weights, 1×3×352×480")
        print(f"{'network':20}{'engine':>10}{'GFLOPs':>10}{'ms':>10}{columns}")
        for s in widths:
            print(f"{s['name']:20}{s['engine']:>10}{s['gflops']:10.1f}{1000 * s['seconds']:10.1f}{_costs(s)}")
        seconds, eager = (sum(s[key] for s in widths) for key in ("seconds", "eager"))
        print(f"together {1000 * seconds:.1f} ms, in plain PyTorch {1000 * eager:.1f} ms, ratio {seconds / eager:.2f}")
    if record:
        from seg.bench.measure import keep

        keep(figures, folder or SHIPPED)
    if json_file:
        json_file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _score(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _costs(s: dict) -> str:
    of_peak, memory = s["of_peak"], s["megabytes"]
    return (
        f"{1000 * s['spread']:10.1f}{1000 * s['eager']:10.1f}{s['ratio']:8.2f}"
        + (f"{of_peak:9.2f}" if of_peak is not None else f"{'':9}")
        + (f"{memory:8.0f}" if memory is not None else f"{'':8}")
    )


def run() -> None:
    """Errors meant for people are one line on stderr and exit status 1, never a traceback."""
    try:
        app()
    except (SegError, ValueError) as error:
        print(f"{error}", file=sys.stderr)
        sys.exit(1)
