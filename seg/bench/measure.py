"""How fast the shipped weight sets run on this machine, beside the same networks in plain eager PyTorch."""

import copy
import ctypes
import io
import json
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from seg.anatomy.cost import gflops
from seg.bench.peers import peers
from seg.catalogue.comparisons import WeightSet, comparisons
from seg.catalogue.record import Timing
from seg.catalogue.store import SHIPPED, WeightIndex, write_atomically
from seg.datasets import street
from seg.inference.engines import Blueprint, build_engine, choose_device
from seg.inference.engines.cuda import PRECISION
from seg.inference.segmenter import Prediction, Segmenter
from seg.inference.tiling import Tiling
from seg.models import build_model
from seg.pictures.decode import decode
from seg.pictures.drawing import encode_png
from seg.pictures.resize import normalise, resize_short_side, to_tensor

PICTURE = (360, 480)
WIDE = (360, 720)
LARGE = (6000, 8000)
LARGE_SETS = ("street/unet-wce", "street/fcn8s-wce-lite0")
"""Trained at a short side of 180 and of 360 pixels."""
PAPER_TILE = (352, 480)
SEVEN = ("conv_stack", "encoder_decoder", "fcn32s", "fcn16s", "fcn8s", "unet", "fc_densenet103")
FIGURES = "bench.json"
"""Where a folder of weight sets keeps the figures of the last run that was recorded."""


def bench(
    names: list[str] | None = None,
    repeats: int = 5,
    device: str = "auto",
    weights: Path = SHIPPED,
    engine: str = "auto",
    paper: bool = False,
    with_peers: bool = False,
) -> dict[str, Any]:
    """Times one 480×360 picture through every weight set, after loading, compiling and one warm-up. `names` chooses
    among the sets and the papers' widths ("fc_densenet103").

    Per set: `seconds` picture to labels through the Segmenter, `network` of that in the network alone, `eager` the
    bare network in PyTorch (NCHW, fp32) on the same device; medians over `repeats`, `spread` = max − min. The two are
    timed in turn, so that a busy moment meets both. `all_seconds` is the sum over the sets. `tiled` is the share of
    pixels of a 2:1 picture on which the tiled labels are those of the untiled network: near 1 where the receptive field
    fits the tiles' overlap, less where a network sees further than a tile. `ratio` is network to eager; `tile` and
    `of_peak` are of a single tile; `megabytes` is as in `paper_width`. `peak` is the machine's at that moment, see
    `peak_gflops`, and for the whole run the median.

    `app` is the app's whole way, see `app_path`, and `large` a picture of 48 megapixels, see `large_picture`; both are
    left out with `names`. With `paper`, `paper` holds the papers' widths. With `with_peers`, `peers` of a set and a
    width is what others' engines take for the network alone, seconds by name, in the same turns (`seg.bench.peers`).
    """
    index = WeightIndex(weights)
    image, wide = street.render(1, *PICTURE).image, street.render(2, *WIDE).image
    modules = [record for record in index.networks().values() if record.is_module]
    chosen = [index.record(n) for n in names if n not in SEVEN] if names else modules
    sets = []
    for record in chosen:
        segmenter = Segmenter(record, index.load(record), device, engine)
        its_device = segmenter.engine.device
        bare = index.load(record).to(its_device).requires_grad_(False)
        batch = normalise(resize_short_side(to_tensor(image), record.scale)[None], record.mean, record.std).to(
            its_device
        )
        batch = batch[:, : len(record.mean)]
        megabytes = _added_megabytes(lambda s=segmenter: (s(image), s.engine.wait_until_ready(), s(image)))
        others = peers(bare, batch) if with_peers else {}
        runs: dict[str, list[float]] = {"seconds": [], "network": [], "eager": []}
        theirs: dict[str, list[float]] = {name: [] for name in others}
        for i in range(repeats + 1):
            seconds, prediction = _timed(lambda s=segmenter, i=image: s(i))
            eager, _ = _timed(lambda b=bare, x=batch: _eager(b, x))
            _take_turns(others, theirs, i)
            if i:
                for key, value in (("seconds", seconds), ("network", prediction.seconds), ("eager", eager)):
                    runs[key].append(value)
        medians = {key: statistics.median(values) for key, values in runs.items()}
        spread = max(runs["seconds"]) - min(runs["seconds"])
        tile, peak = tile_seconds(segmenter, repeats), peak_gflops(choose_device(device))
        untiled = segmenter(wide, skips=set(segmenter.skip_names))
        sets.append(
            {
                "name": record.name,
                "parameters": record.parameters,
                "gflops": record.gflops,
                "engine": segmenter.engine.active,
                **medians,
                "spread": spread,
                "ratio": medians["network"] / medians["eager"],
                "peers": {name: statistics.median(values) for name, values in theirs.items()},
                "peak": peak,
                "of_peak": record.gflops / tile[0] / peak if record.gflops else None,
                "megabytes": megabytes,
                "tile": tile,
                "tiled": float((segmenter(wide).labels == untiled.labels).mean()),
            }
        )
    widths = [
        paper_width(name, repeats, device, engine, with_peers) for name in SEVEN if paper or name in (names or ())
    ]
    return {
        "device": str(choose_device(device)),
        "processor": _processor(choose_device(device)),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "picture": f"{PICTURE[1]}×{PICTURE[0]}",
        "repeats": repeats,
        "peak": statistics.median(measured["peak"] for measured in sets + widths),
        "sets": sets,
        "all_seconds": sum(s["seconds"] for s in sets),
        "app": None if names else app_path(repeats, device, weights, engine),
        "large": []
        if names
        else large_picture([n for n in LARGE_SETS if n in index.records()], device, weights, engine),
        "paper": widths,
    }


def app_path(repeats: int, device: str, weights: Path, engine: str) -> dict[str, Any]:
    """What the app does when somebody brings a 480×360 JPEG, through every network of the first comparison offered:
    seconds to `decode` it, to `run` the networks, pixels to labels, and to `encode` labels and confidence as PNG.

    `eager` is a plain loop beside `run`: the bare networks in PyTorch (NCHW, fp32), interpolation, softmax and maximum;
    medians of both in turn, `ratio` = run / eager. `start` is what the slowest of them takes to be loaded anew, as in a
    second start of the app. `tiles` is how many tiles a picture four times finer has, `per_tile` what one of them
    takes, labels and all, in parts of what a picture of a single one takes.
    """
    index, buffer = WeightIndex(weights), io.BytesIO()
    Image.fromarray(street.render(1, *PICTURE).image).save(buffer, "JPEG", quality=92)
    sets = [WeightSet(record, weights) for record in index.networks().values() if record.is_module]
    networks = [Segmenter(e.record, index.load(e.record), device, engine) for e in comparisons(sets)[0].entries]
    bare = [index.load(network.record).to(network.engine.device).requires_grad_(False) for network in networks]
    image = decode(buffer.getvalue(), "bench.jpg").pixels
    for network in networks:
        network(image)
        network.engine.wait_until_ready()

    def loop() -> None:
        for network, model in zip(networks, bare, strict=True):
            batch = resize_short_side(to_tensor(image), network.record.scale)[None]
            batch = normalise(batch, network.record.mean, network.record.std)
            logits = _eager(model, batch.to(network.engine.device))
            large = F.interpolate(logits, PICTURE, mode="bilinear", align_corners=False)
            for one in large.softmax(dim=1).max(dim=1):
                one.cpu()

    times: dict[str, list[float]] = {"decode": [], "run": [], "eager": [], "encode": [], "one": [], "many": []}
    last = networks[-1]
    small = street.render(2, *last.record.tile).image
    for i in range(repeats + 1):
        decoding, _ = _timed(lambda: decode(buffer.getvalue(), "bench.jpg"))
        running, found = _timed(lambda: [network(image) for network in networks])
        looping, _ = _timed(loop)
        encoding, _ = _timed(lambda f=found: [_encoded(prediction) for prediction in f])
        one, _ = _timed(lambda: last(small))
        many, _ = _timed(lambda: last(small, detail=4))
        if i:
            for values, value in zip(times.values(), (decoding, running, looping, encoding, one, many), strict=True):
                values.append(value)
    medians = {key: statistics.median(values) for key, values in times.items()}
    names = [network.record.name for network in networks]
    starts = [_start(lambda n=name: Segmenter.load(n, device, engine, weights), image) for name in names]
    height, width = last.record.tile
    tiles = len(Tiling((4 * height, 4 * width), last.record.tile).corners)
    return {
        "networks": names,
        **{key: medians[key] for key in ("decode", "run", "eager", "encode")},
        "ratio": medians["run"] / medians["eager"],
        "start": max(starts),
        "tiles": tiles,
        "per_tile": medians["many"] / tiles / medians["one"],
    }


def _start(load: Callable[[], Segmenter], image: np.ndarray) -> float:
    """Seconds until a network is ready: what loading it and its first picture take beyond its second."""
    loading, network = _timed(load)
    first, _ = _timed(lambda: network(image))
    second, _ = _timed(lambda: network(image))
    return loading + max(0.0, first - second)


def large_picture(names: Sequence[str], device: str, weights: Path, engine: str) -> list[dict[str, Any]]:
    """A picture of 48 megapixels at four times the training scale through each of the sets: `seconds`, and by how many
    `megabytes` the process grows at most, with the network loaded and warm before."""
    height, width = LARGE
    tile = street.render(1, *PICTURE).image
    image = np.tile(tile, (-(-height // PICTURE[0]), -(-width // PICTURE[1]), 1))[:height, :width]
    found = []
    for name in names:
        network = Segmenter.load(name, device, engine, weights)
        network(tile)
        network.engine.wait_until_ready()
        network(tile)
        took: list[float] = []
        megabytes = _added_megabytes(lambda n=network, t=took: t.append(_timed(lambda: n(image, detail=4))[0]))
        found.append({"name": name, "seconds": took[0], "megabytes": megabytes})
    return found


def _encoded(prediction: Prediction) -> tuple[bytes, bytes]:
    return encode_png(prediction.labels), encode_png((prediction.confidence * 255).astype(np.uint8))


def peak_gflops(device: torch.device, repeats: int = 2) -> float:
    """GFLOP/s of a large convolution, 256 to 256 channels, 3×3, on 96×128: the best of plain PyTorch's layouts. On a
    GPU on 32 of them at once, in the engine's half precision."""
    count, precision = (32, PRECISION) if device.type == "cuda" else (1, torch.float32)
    layer = torch.nn.Conv2d(256, 256, 3, padding=1).to(device, precision).requires_grad_(False)
    batch = torch.rand(count, 256, 96, 128, device=device, dtype=precision)
    best = 0.0
    for layout in (torch.contiguous_format, torch.channels_last):
        layer, batch = layer.to(memory_format=layout), batch.to(memory_format=layout)
        seconds = min(_timed(lambda: _eager(layer, batch))[0] for _ in range(repeats + 1))  # noqa: B023
        best = max(best, 2 * 9 * 256 * 256 * 96 * 128 * count / seconds / 1e9)
    return best


def paper_width(name: str, repeats: int, device: str, engine: str, with_peers: bool = False) -> dict[str, Any]:
    """One network of the paper's width with random weights and statistics at `PAPER_TILE`: `seconds` in its engine,
    beside `eager` PyTorch (NCHW, fp32) and the machine's `peak` in turn, medians; `gflops`; `of_peak` the fraction of
    `peak` that it reaches; `ratio` to eager; `megabytes`, what compiling and running it add to the process's memory at
    most, where that can be told; `peers` as in `bench`."""
    torch.manual_seed(0)
    arguments = {"num_classes": 11, "in_channels": 3, "width": "paper"}
    model = build_model(name, **arguments).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # a compiler would compute equal ones once for several layers
            torch.nn.init.normal_(module.get_buffer("running_mean"), std=0.3)
            torch.nn.init.uniform_(module.get_buffer("running_var"), 0.5, 1.5)
    bare = copy.deepcopy(model).to(choose_device(device)).requires_grad_(False)
    work = gflops(model, *PAPER_TILE)
    batch = torch.rand(1, 3, *PAPER_TILE, device=choose_device(device))
    runner = build_engine(model, device, engine, blueprint=Blueprint(name, arguments))

    def ready() -> None:
        runner.run(batch)
        runner.wait_until_ready()
        runner.run(batch)

    megabytes = _added_megabytes(ready)
    others = peers(bare, batch) if with_peers else {}
    theirs: dict[str, list[float]] = {name: [] for name in others}
    times: dict[str, list[float]] = {"seconds": [], "eager": [], "peak": []}
    for i in range(repeats + 1):
        seconds, _ = _timed(lambda: runner.run(batch))
        eager, _ = _timed(lambda: _eager(bare, batch))
        peak = peak_gflops(batch.device)
        _take_turns(others, theirs, i)
        if i:
            for values, value in zip(times.values(), (seconds, eager, peak), strict=True):
                values.append(value)
    medians = {key: statistics.median(values) for key, values in times.items()}
    return {
        "name": name,
        "parameters": sum(p.numel() for p in model.parameters()),
        "gflops": work,
        "engine": runner.active,
        **medians,
        "spread": max(times["seconds"]) - min(times["seconds"]),
        "ratio": medians["seconds"] / medians["eager"],
        "peers": {name: statistics.median(values) for name, values in theirs.items()},
        "of_peak": work / medians["seconds"] / medians["peak"],
        "megabytes": megabytes,
    }


def _take_turns(runners: dict[str, Callable[[], Any]], times: dict[str, list[float]], turn: int) -> None:
    for name, run in runners.items():
        seconds, _ = _timed(run)
        if turn:  # the first one warms up
            times[name].append(seconds)


def _added_megabytes(work: Callable[[], Any]) -> float | None:
    """By how much memory exceeds its present use at most while `work` runs: the GPU's where there is one, else what the
    process holds, which Linux alone tells."""
    if torch.cuda.is_initialized():
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        work()
        return (torch.cuda.max_memory_allocated() - before) / 1e6
    status, reset = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    try:
        ctypes.CDLL(None).malloc_trim(0)  # what was freed before and is still held would hide as much of the growth
        reset.write_text("5")
        before = _kilobytes(status.read_text(), "VmRSS")
    except (OSError, StopIteration, AttributeError, TypeError):
        work()
        return None
    work()
    return (_kilobytes(status.read_text(), "VmHWM") - before) / 1000


def _kilobytes(status: str, key: str) -> int:
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(key))


def tile_seconds(segmenter: Segmenter, repeats: int) -> tuple[float, float]:
    """Median and spread, in seconds, of one tile through the set's engine, after a warm-up."""
    record = segmenter.record
    tile = torch.zeros(1, len(record.mean), *record.tile, device=segmenter.engine.tile_device)
    times = [_timed(lambda: segmenter.engine.run(tile))[0] for _ in range(repeats + 1)][1:]
    return statistics.median(times), max(times) - min(times)


def read_figures(weights: Path = SHIPPED) -> dict[str, Any] | None:
    """The figures that were recorded last, None where there are none that can be read."""
    try:
        figures = json.loads((weights / FIGURES).read_text(encoding="utf-8"))
        return figures if figures["sets"] and figures["peak"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_figures(figures: dict[str, Any], weights: Path) -> None:
    """Write each set's time for one tile into the index, with the machine it was measured on, and all figures beside
    it."""
    write_atomically(weights / FIGURES, json.dumps(figures, indent=1) + "\n")
    index = WeightIndex(weights)
    for measured in figures["sets"]:
        seconds, spread = measured["tile"]
        timing = Timing(
            milliseconds=round(1000 * seconds, 2),
            spread=round(1000 * spread, 2),
            engine=measured["engine"],
            device=figures["device"],
            threads=figures["threads"],
            torch=figures["torch"],
        )
        index.add(replace(index.record(measured["name"]), timing=timing))


def _processor(device: torch.device) -> str:
    """The GPU's name; of a CPU what PyTorch may use of it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}"


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def _eager(model: torch.nn.Module, batch: torch.Tensor) -> torch.Tensor:
    logits = model(batch)
    if logits.is_cuda:
        torch.cuda.synchronize(logits.device)
    return logits
