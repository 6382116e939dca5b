"""How fast the shipped weight sets run on this machine, beside the same networks in plain eager PyTorch."""

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from seg.datasets import street
from seg.preprocessing import normalise, resize_short_side, to_tensor
from seg.segmenter import Segmenter
from seg.weights import SHIPPED, WeightIndex

PICTURE = (360, 480)
WIDE = (360, 720)


def bench(
    names: list[str] | None = None, repeats: int = 5, device: str = "auto", weights: Path = SHIPPED
) -> dict[str, Any]:
    """Times one 480×360 picture through every weight set (or `names`), after loading and one warm-up.

    Per set: `seconds` picture to labels through the Segmenter, `network` of that in the network alone, `eager` the
    bare network in PyTorch (NCHW, fp32) on the same device; medians over `repeats`, `spread` = max − min. The two are
    timed in turn, so that a busy moment meets both. `all_seconds` is the sum over the sets. `tiled` is the share of
    pixels of a 2:1 picture on which the tiled labels are those of the untiled network: near 1 where the receptive field
    fits the tiles' overlap, less where a network sees further than a tile.
    """
    index = WeightIndex(weights)
    image, wide = street.render(1, *PICTURE).image, street.render(2, *WIDE).image
    sets = []
    for record in (index.record(n) for n in names) if names else index.records().values():
        segmenter = Segmenter(record, index.load(record), device)
        place = segmenter.engine.device
        bare = index.load(record).to(place)
        batch = normalise(resize_short_side(to_tensor(image), record.scale)[None], record.mean, record.std).to(place)
        batch = batch[:, : len(record.mean)]
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
                **medians,
                "spread": spread,
                "tile": tile_seconds(segmenter, repeats),
                "tiled": float((segmenter(wide).labels == untiled.labels).mean()),
            }
        )
    return {
        "device": str(place),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "picture": f"{PICTURE[1]}×{PICTURE[0]}",
        "repeats": repeats,
        "sets": sets,
        "all_seconds": sum(s["seconds"] for s in sets),
    }


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
        place = {key: figures[key] for key in ("device", "threads", "torch")}
        index.add(replace(index.record(measured["name"]), timing={**timing, **place}))


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


@torch.inference_mode()
def _eager(model: torch.nn.Module, batch: torch.Tensor) -> torch.Tensor:
    return model(batch).cpu()
