"""A trained network becomes a weight set: its file, its replay, its scores and its record in the index."""

from dataclasses import asdict, replace
from typing import Any, cast

from torch import nn

from seg.anatomy.cost import gflops
from seg.catalogue.record import Arguments, Point, Record, Settings, classes_of
from seg.catalogue.store import WeightIndex
from seg.inference.segmenter import Segmenter
from seg.losses import median_frequency_weights
from seg.scores.calibration import fit_temperature
from seg.scores.evaluation import evaluate
from seg.training.data import Data
from seg.training.recipe import Recipe
from seg.training.replay import Recorder


def write_set(
    index: WeightIndex,
    model: nn.Module,
    recipe: Recipe,
    data: Data,
    arguments: dict[str, Any],
    recorder: Recorder,
    seconds: float,
    curve: list[dict[str, float]],
) -> Record:
    """Write a network in half precision, on the CPU and in eval mode, with its replay, and the record of its scores.

    arguments: those of `build_model`; curve: of each validation, epoch, loss and val_mean_iou.
    """
    size, digest = index.write_tensors(recipe.name, model)
    record = Record(
        name=recipe.name,
        dataset=recipe.dataset,
        model=recipe.model,
        arguments=Arguments(**arguments),
        loss=recipe.loss,
        scale=recipe.scale,
        mean=data.mean,
        std=data.std,
        tile=data.tile,
        classes=classes_of(data.class_map),
        parameters=sum(p.numel() for p in model.parameters()),
        bytes=size,
        sha256=digest,
        ignore=data.class_map.disk_ignore,
        recipe=cast("Settings", {**asdict(recipe), **_class_weights(recipe, data)}),
        seconds=round(seconds),
        curve=tuple(Point(**point) for point in curve),
        gflops=round(gflops(model, *data.tile, len(data.mean)), 4),
        replay=recorder.write(index.folder, recipe.name),
    )
    temperature = fit_temperature(Segmenter(record, model, engine="torch"), data.val_samples)
    record = replace(record, temperature=temperature)
    record = replace(record, validation=evaluate(Segmenter(record, model, engine="torch"), data.val_samples, "val"))
    index.add(record)
    return record


def _class_weights(recipe: Recipe, data: Data) -> dict[str, list[float]]:
    """What the loss weighed the classes by, if it does: no recipe says it, it comes from the pictures."""
    if recipe.loss != "wce":
        return {}
    return {"class_weights": median_frequency_weights(data.pixels, data.presence).double().numpy().round(4).tolist()}
