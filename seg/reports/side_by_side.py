"""One picture through several networks, from Python: masks, agreement and, in a notebook, the figure."""

import base64
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from torch import nn

from seg.catalogue.store import folder_of
from seg.datasets.files import read_bytes
from seg.errors import OptionError
from seg.inference.segmenter import Prediction, Segmenter
from seg.labels import ClassMap
from seg.pictures.decode import decode
from seg.pictures.drawing import encode_png, fit, fit_labels, heat_map, overlay
from seg.scores.agreement import disagreement, pairwise_dice

SIDE = 360
"""The longest side of a picture in the figure, in pixels."""

FIGURE = "margin:0;width:{width}px;max-width:100%;font:13px system-ui,sans-serif"


@dataclass(frozen=True)
class SideBySide:
    """What several networks make of one picture. A notebook shows it as a figure.

    image: uint8 (H, W, 3) or (H, W). predictions: network's name → its `Prediction`. class_map: what the ids mean.
    """

    image: np.ndarray
    predictions: Mapping[str, Prediction]
    class_map: ClassMap

    @property
    def masks(self) -> dict[str, np.ndarray]:
        """Network → class ids, uint8 (H, W)."""
        return {name: prediction.labels for name, prediction in self.predictions.items()}

    @cached_property
    def agreement(self) -> np.ndarray:
        """Mean Dice of each network's mask against each other's, float64 (N, N), in the order of the networks."""
        return pairwise_dice(list(self.masks.values()), len(self.class_map))

    @cached_property
    def disagreement(self) -> np.ndarray:
        """How many networks do not say the most frequent class, uint8 (H, W)."""
        return disagreement(list(self.masks.values()), len(self.class_map))

    def __repr__(self) -> str:
        height, width = self.image.shape[:2]
        return f"SideBySide({width}×{height} pixels, {', '.join(self.predictions)})"

    def _repr_html_(self) -> str:
        """The figure that notebooks show: it needs no other file."""
        photo = fit(self.image, SIDE)
        drawn = {"the picture": photo}
        for name, labels in self.masks.items():
            drawn[name] = overlay(photo, fit_labels(labels, SIDE), self.class_map, 0.6)
        if len(self.predictions) > 1:
            drawn["how many disagree"] = heat_map(fit_labels(self.disagreement, SIDE), len(self.predictions) - 1)
        panels = "".join(_panel(title, pixels) for title, pixels in drawn.items())
        chips = "".join(
            f'<span><span style="background:#{bytes(colour).hex()};display:inline-block;width:1em;height:1em;'
            f'vertical-align:-0.1em;margin-right:.4em"></span>{html.escape(name)}</span>'
            for name, colour in zip(self.class_map.names, self.class_map.colours, strict=True)
        )
        row = "display:flex;flex-wrap:wrap;gap:12px"
        return f'<div style="{row}">{panels}</div><div style="{row};margin:8px 0">{chips}</div>{self._table()}'

    def _table(self) -> str:
        """The agreement as a table, nothing for one network."""
        names = [html.escape(name) for name in self.predictions]
        if len(names) < 2:
            return ""
        head = "".join(f"<th>{name}</th>" for name in names)
        lines = "".join(
            f"<tr><th>{name}</th>{''.join(f'<td>{value:.3f}</td>' for value in values)}</tr>"
            for name, values in zip(names, self.agreement, strict=True)
        )
        return f"<table><caption>Mean Dice of every pair</caption><tr><th></th>{head}</tr>{lines}</table>"


def _panel(title: str, pixels: np.ndarray) -> str:
    shown, name = base64.b64encode(encode_png(pixels)).decode(), html.escape(title)
    style = FIGURE.format(width=pixels.shape[1])
    image = f'<img src="data:image/png;base64,{shown}" alt="{name}" style="width:100%">'
    return f'<figure style="{style}">{image}<figcaption>{name}</figcaption></figure>'


def compare(
    image: np.ndarray | str | Path,
    networks: Sequence[str | Segmenter | nn.Module],
    device: str = "auto",
    detail: int = 1,
) -> SideBySide:
    """What networks make of one picture.

    image: uint8 (H, W, 3) in RGB or (H, W) in grey, or a picture file. networks: names of weight sets, one's own of
    SEG_WEIGHTS before shipped ones; Segmenters; and modules, which are taken to have the classes and the scale of the
    first of the others, and ImageNet's mean and std (`Segmenter.from_module` says otherwise).

    Raises OptionError for networks that do not tell the same classes apart, and what `Segmenter` does.
    """
    if isinstance(image, str | Path):
        image = decode(read_bytes(Path(image)), str(image)).pixels
    if isinstance(networks, str | nn.Module | Segmenter):
        networks = [networks]
    opened = [Segmenter.load(one, device, weights=folder_of(one)) if isinstance(one, str) else one for one in networks]
    known = next((one.record for one in opened if isinstance(one, Segmenter)), None)
    if known is None:
        raise OptionError(
            "Nothing says which classes there are: name a weight set, or make a Segmenter of the module, by "
            "seg.Segmenter.from_module(module, classes=…)."
        )
    segmenters: dict[str, Segmenter] = {}
    for one in opened:
        if isinstance(one, nn.Module):
            one = Segmenter.from_module(one, known.class_map, scale=known.scale)
        names = one.record.class_map.names
        if names != known.class_map.names:
            raise OptionError(
                f"{one.record.name} tells {', '.join(names)} apart, and {known.name} "
                f"{', '.join(known.class_map.names)}: compare networks of the same classes."
            )
        segmenters[_unlike(one.record.name, segmenters)] = one
    predictions = {name: segmenter(image, detail) for name, segmenter in segmenters.items()}
    return SideBySide(image, predictions, known.class_map)


def _unlike(name: str, others: Mapping[str, object]) -> str:
    """The name, with a number where another network has it already."""
    number = 1 + sum(other == name or other.startswith(f"{name} (") for other in others)
    return name if number == 1 else f"{name} ({number})"
