"""Scored pictures in an order worth looking at, and those that hold one confusion."""

from collections.abc import Sequence

import numpy as np

from seg.scores.counts import Row

WORST, DISAGREEMENT, DIFFERENCE, DOUBT = "worst", "disagreement", "difference", "doubt"
"""What pictures are ordered by: lowest mean Dice; most pixels on which not all networks say the same; largest
difference between two networks' Dice; most pixels on which all networks agree against the truth."""


def in_order(rows: Sequence[Row], by: str, pair: tuple[int, int] = (0, 1)) -> list[Row]:
    """The rows, the most telling first; pair: the networks of `DIFFERENCE`. Pictures without a Dice come last."""

    def key(row: Row) -> float:
        if by == DISAGREEMENT:
            return -(row.disagreement or 0)
        if by == DOUBT:
            return -(row.doubt or 0)
        dice = np.array(row.dice)
        if by == DIFFERENCE:
            return -abs(dice[pair[0]] - dice[pair[1]])
        return float(dice[np.isfinite(dice)].mean()) if np.isfinite(dice).any() else np.inf

    return sorted(rows, key=key)


def confused_pixels(row: Row, network: int, truth: int, said: int) -> int:
    """Pixels of a picture that are of class ``truth`` and that the network takes for ``said``."""
    cells = row.counts[network].cells
    return int(cells[(cells[:, 0] == truth) & (cells[:, 1] == said), 2].sum())


def holding(rows: Sequence[Row], network: int, truth: int, said: int) -> list[Row]:
    """The pictures that hold this confusion, most pixels first."""
    found = [(confused_pixels(row, network, truth, said), row) for row in rows]
    return [row for pixels, row in sorted(found, key=lambda one: -one[0]) if pixels]


def largest_confusions(confusion: np.ndarray, most: int) -> list[tuple[int, int]]:
    """(truth, said) of the largest cells beside the diagonal of a confusion matrix, int64 (C, C), that hold a pixel."""
    beside = confusion.copy()
    np.fill_diagonal(beside, 0)
    order = np.argsort(beside, axis=None)[::-1][:most]
    return [(int(t), int(s)) for t, s in (divmod(int(i), len(beside)) for i in order) if beside[t, s]]


def worst_class(row: Row) -> tuple[int, float] | None:
    """The class of the truth that the network with the lowest Dice here finds least, and its Dice; None for none."""
    dice = np.array(row.dice)
    network = int(np.argmin(np.where(np.isfinite(dice), dice, np.inf)))
    found = row.worst_class(network)
    return None if found is None else (found, float(row.counts[network].scores.dice[found]))


def by_size(rows: Sequence[Row], of_class: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Of the pictures whose truth has the class: its share of the labelled pixels, float64 (N,), its Dice by each of K
    networks, float64 (N, K), and the pictures' names."""
    shares, dice, names = [], [], []
    for row in rows:
        pixels = row.counts[0].scores.pixels
        if pixels[of_class]:
            shares.append(pixels[of_class] / pixels.sum())
            dice.append([one.scores.dice[of_class] for one in row.counts])
            names.append(row.name)
    return np.array(shares), np.array(dice).reshape(len(shares), -1), names
