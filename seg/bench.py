"""How fast the shipped weight sets run on this machine, beside the same networks in plain eager PyTorch."""

import copy
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from seg.anatomy import gflops
from seg.datasets import street
from seg.engines import build_engine, choose_device
from seg.models import build_model
from seg.preprocessing import normalise, resize_short_side, to_tensor
from seg.segmenter import Segmenter
from seg.weights import SHIPPED, WeightIndex

PICTURE = (360, 480)
WIDE = (360, 720)
PAPER_TILE = (352, 480)
SEVEN = ("conv_stack", "encoder_decoder", "fcn32s", "fcn16s", "fcn8s", "unet", "fc_densenet103")


def bench(
    names: list[str] | None = None,
    repeats: int = 5,
    device: str = "auto",
    weights: Path = SHIPPED,
    engine: str = "auto",
    paper: bool = False,
) -> dict[str, Any]:
    """Times one 480×360 picture through every weight set (or `names`), after loading, compiling and one warm-up.

    Per set: `seconds` picture to labels through the Segmenter, `network` of that in the network alone, `eager` the
    bare network in PyTorch (NCHW, fp32) on the same device; medians over `repeats`, `spread` = max − min. The two are
    timed in turn, so that a busy moment meets both. `all_seconds` is the sum over the sets. `tiled` is the share of
    pixels of a 2:1 picture on which the tiled labels are those of the untiled network: near 1 where the receptive field
    fits the tiles' overlap, less where a network sees further than a tile.
    `peak` is the machine's, see `peak_gflops`; with `paper`, `paper` holds the papers' widths, see `paper_width`.
    """
    index = WeightIndex(weights)
    image, wide = street.render(1, *PICTURE).image, street.render(2, *WIDE).image
    peak = peak_gflops(choose_device(device))
    sets = []
    for record in (index.record(n) for n in names) if names else index.records().values():
        segmenter = Segmenter(record, index.load(record), device, engine)
        place = segmenter.engine.device
        bare = index.load(record).to(place)
        batch = normalise(resize_short_side(to_tensor(image), record.scale)[None], record.mean, record.std).to(place)
        batch = batch[:, : len(record.mean)]
        segmenter(image)
        segmenter.engine.settle()
        runs: dict[str, list[float]] = {"seconds": [], "network": [], "eager": []}
        for i in range(repeats + 1):
            seconds, prediction = _timed(lambda s=segmenter, i=image: s(i))
            eager, _ = _timed(lambda b=bare, x=batch: _eager(b, x))
            if i:
                for key, value in (("seconds", seconds), ("network", prediction.seconds), ("eager", eager)):
                    runs[key].append(value)
        medians = {key: statistics.median(values) for key, values in runs.items()}
        spread = max(runs["seconds"]) - min(runs["seconds"])
        untiled = segmenter(wide, skips=set(segmenter.skip_names))
        sets.append(
            {
                "name": record.name,
                "parameters": record.parameters,
                "gflops": record.gflops,
                "engine": segmenter.engine.used,
                **medians,
                "spread": spread,
                "tile": tile_seconds(segmenter, repeats),
                "tiled": float((segmenter(wide).labels == untiled.labels).mean()),
            }
        )
    return {
        "device": str(choose_device(device)),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "picture": f"{PICTURE[1]}×{PICTURE[0]}",
        "repeats": repeats,
        "peak": peak,
        "sets": sets,
        "all_seconds": sum(s["seconds"] for s in sets),
        "paper": [paper_width(name, repeats, device, engine, peak) for name in SEVEN] if paper else [],
    }


def peak_gflops(device: torch.device, repeats: int = 5) -> float:
    """GFLOP/s of a large convolution, 256 to 256 channels, 3×3, on 96×128: the best of plain PyTorch's layouts."""
    layer, batch = torch.nn.Conv2d(256, 256, 3, padding=1).to(device), torch.rand(1, 256, 96, 128, device=device)
    best = 0.0
    for layout in (torch.contiguous_format, torch.channels_last):
        layer, batch = layer.to(memory_format=layout), batch.to(memory_format=layout)
        seconds = min(_timed(lambda: _eager(layer, batch))[0] for _ in range(repeats + 1))  # noqa: B023
        best = max(best, 2 * 9 * 256 * 256 * 96 * 128 / seconds / 1e9)
    return best


def paper_width(name: str, repeats: int, device: str, engine: str, peak: float) -> dict[str, Any]:
    """One network of the paper's width with random weights at `PAPER_TILE`: `seconds` in its engine beside `eager`
    PyTorch (NCHW, fp32) in turn, medians; `gflops`; `of_peak` the fraction of `peak` that it reaches; `ratio` to eager;
    `megabytes`, what compiling and running it add to the process's memory at most, where that can be told."""
    torch.manual_seed(0)
    model = build_model(name, 11, 3, width="paper").eval()
    bare = copy.deepcopy(model).to(choose_device(device))
    work = gflops(model, *PAPER_TILE)
    batch = torch.rand(1, 3, *PAPER_TILE)
    there = batch.to(choose_device(device))
    runner = build_engine(model, device, engine, key=f"bench {name}")

    def ready() -> None:
        runner.run(batch)
        runner.settle()
        runner.run(batch)

    megabytes = _added_megabytes(ready)
    times: dict[str, list[float]] = {"seconds": [], "eager": []}
    for i in range(repeats + 1):
        for key, run in (("seconds", lambda: runner.run(batch)), ("eager", lambda: _eager(bare, there))):
            seconds, _ = _timed(run)
            if i:
                times[key].append(seconds)
    medians = {key: statistics.median(values) for key, values in times.items()}
    return {
        "name": name,
        "parameters": sum(p.numel() for p in model.parameters()),
        "gflops": work,
        "engine": runner.used,
        **medians,
        "spread": max(times["seconds"]) - min(times["seconds"]),
        "ratio": medians["seconds"] / medians["eager"],
        "of_peak": work / medians["seconds"] / peak,
        "megabytes": megabytes,
    }


def _added_megabytes(work: Callable[[], Any]) -> float | None:
    """By how much the process's largest resident size exceeds its present one while `work` runs; Linux only."""
    status, reset = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    try:
        reset.write_text("5")
        before = _kilobytes(status.read_text(), "VmRSS")
        work()
        return (_kilobytes(status.read_text(), "VmHWM") - before) / 1000
    except (OSError, StopIteration):
        return None


def _kilobytes(status: str, key: str) -> int:
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(key))


def tile_seconds(segmenter: Segmenter, repeats: int) -> tuple[float, float]:
    """Median and spread, in seconds, of one tile through the set's engine, after a warm-up."""
    record = segmenter.record
    tile = torch.zeros(1, len(record.mean), *record.tile)
    times = [_timed(lambda: segmenter.engine.run(tile))[0] for _ in range(repeats + 1)][1:]
    return statistics.median(times), max(times) - min(times)


def keep(figures: dict[str, Any], weights: Path) -> None:
    """Write each set's time for one tile into the index, with the machine it was measured on."""
    index = WeightIndex(weights)
    for measured in figures["sets"]:
        seconds, spread = measured["tile"]
        timing = {"milliseconds": round(1000 * seconds, 2), "spread": round(1000 * spread, 2)}
        timing["engine"] = measured["engine"]
        place = {key: figures[key] for key in ("device", "threads", "torch")}
        index.add(replace(index.record(measured["name"]), timing={**timing, **place}))


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


@torch.inference_mode()
def _eager(model: torch.nn.Module, batch: torch.Tensor) -> torch.Tensor:
    return model(batch).cpu()
