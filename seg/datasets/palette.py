"""Colours for classes that nobody has chosen any for: told apart in every colour vision."""

from functools import cache

import numpy as np

from seg.labels import IGNORE_COLOUR, Colour

_VISIONS = np.array(
    [
        np.eye(3),
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ]
)
"""Normal, protan, deutan and tritan, on linear RGB (Machado, Oliveira, Fernandes 2009, severity 1)."""

_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)

_LEVELS = np.linspace(24, 248, 13).round().astype(int)
"""Of red, green and blue; neither the darkest nor white, which are seen badly on the one page or the other."""


_ROUNDS = 12
"""In which each colour may move away from its neighbours; beyond a few dozen colours none finds a better place."""


@cache
def told_apart(count: int, given: tuple[Colour, ...] = ()) -> tuple[Colour, ...]:
    """`count` colours, each as far as may be from the others, from those given and from that of the unlabelled.

    The distance of two colours is the least that any colour vision sees, in Oklab (Ottosson 2020).
    """
    candidates, seen = _candidates()
    fixed = np.min([_distance(seen, _seen(np.array(colour))) for colour in (IGNORE_COLOUR, *given)], axis=0)
    nearest, rows = fixed, []
    for _ in range(count):
        rows.append(_distance(seen, seen[nearest.argmax()]))
        nearest = np.minimum(nearest, rows[-1])
    for turn in range(min(count, 40) * _ROUNDS):
        place = turn % count
        others = np.min([fixed, *rows[:place], *rows[place + 1 :]], axis=0)
        rows[place] = _distance(seen, seen[others.argmax()])
    chosen = candidates[[int(row.argmin()) for row in rows]].tolist()
    return tuple((red, green, blue) for red, green, blue in chosen)


@cache
def _candidates() -> tuple[np.ndarray, np.ndarray]:
    """Colours (N, 3), and how they are seen."""
    colours = np.stack(np.meshgrid(_LEVELS, _LEVELS, _LEVELS, indexing="ij"), axis=-1).reshape(-1, 3)
    return colours, _seen(colours)


def _seen(colours: np.ndarray) -> np.ndarray:
    """Oklab (…, 4, 3) of 8-bit sRGB (…, 3), as each colour vision has it."""
    values = colours / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.einsum("vij,...j->...vi", _VISIONS, linear), 0, 1)
    return np.cbrt(seen @ _TO_CONES.T) @ _TO_OKLAB.T


def _distance(many: np.ndarray, one: np.ndarray) -> np.ndarray:
    return np.linalg.norm(many - one, axis=-1).min(axis=-1)
