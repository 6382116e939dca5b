"""Records of weight sets that nothing but a test needs."""

from typing import Any

from seg.catalogue.record import Record, classes_of
from seg.datasets import DATASETS


def record(name: str, channels: int = 3, **more: Any) -> Record:
    """The record of a set of this name, `{dataset}/{model}-{loss}[-{variant}]`, of the data set's classes and with no
    weights behind it. more: its other fields, and those that are to be otherwise."""
    dataset, rest = name.split("/")
    model, loss = rest.split("-")[:2]
    class_map = DATASETS[dataset].class_map
    usual = {
        "name": name,
        "dataset": dataset,
        "model": model,
        "arguments": {"num_classes": len(class_map), "in_channels": channels},
        "loss": loss,
        "scale": 180,
        "mean": (0.4,) * channels,
        "std": (0.3,) * channels,
        "tile": (180, 240),
        "classes": classes_of(class_map),
        "ignore": class_map.disk_ignore,
        "parameters": 1000,
        "bytes": 1,
        "sha256": "",
    }
    return Record(**{**usual, **more})
