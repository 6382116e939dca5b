"""Scored pictures in an order worth looking at, and those that hold one confusion; pictures are named by their places
among the rows."""

import numpy as np

from seg.scores.counts import Row
from seg.scores.metrics import Areas
from seg.scores.totals import Totals

WORST, DISAGREEMENT, DIFFERENCE, DOUBT = "worst", "disagreement", "difference", "doubt"
"""What pictures are ordered by: lowest mean Dice; most pixels on which not all networks say the same; largest
difference between two networks' Dice; most pixels on which all networks agree against the truth."""


def in_order(totals: Totals, by: str, pair: tuple[int, int] = (0, 1)) -> list[int]:
    """All pictures, the most telling first; pair: the networks of `DIFFERENCE`."""
    dice = totals.dice_of_each
    if by == DISAGREEMENT:
        key = -np.array([row.disagreement or 0 for row in totals.rows])
    elif by == DOUBT:
        key = -np.array([row.doubt or 0 for row in totals.rows])
    elif by == DIFFERENCE:
        key = -np.abs(dice[:, pair[0]] - dice[:, pair[1]])
    else:
        key = dice.mean(axis=1)
    return np.argsort(key, kind="stable").tolist()


def confused_pixels(row: Row, network: int, truth: int, said: int) -> int:
    """Pixels of a picture that are of class ``truth`` and that the network takes for ``said``."""
    cells = row.counts[network].cells
    return int(cells[(cells[:, 0] == truth) & (cells[:, 1] == said), 2].sum())


def holding(totals: Totals, network: int, truth: int, said: int) -> list[int]:
    """The pictures that hold this confusion, most pixels first."""
    pixels = np.array([confused_pixels(row, network, truth, said) for row in totals.rows])
    return [place for place in np.argsort(-pixels, kind="stable").tolist() if pixels[place]]


def largest_confusions(confusion: np.ndarray, most: int) -> list[tuple[int, int]]:
    """(truth, said) of the largest cells beside the diagonal of a confusion matrix, int64 (C, C), that hold a pixel."""
    beside = confusion.copy()
    np.fill_diagonal(beside, 0)
    order = np.argsort(beside, axis=None)[::-1][:most]
    return [(int(t), int(s)) for t, s in (divmod(int(i), len(beside)) for i in order) if beside[t, s]]


def worst_class(totals: Totals, place: int) -> tuple[int, float]:
    """The class of the truth that the network with the lowest Dice in this picture finds least, and its Dice."""
    network = int(np.argmin(totals.dice_of_each[place]))
    right, true, said = (of[place, network] for of in (totals.each.right, totals.each.true, totals.each.said))
    dice = np.where(true > 0, Areas(right, true, said).dice, np.inf)
    return int(np.argmin(dice)), float(dice.min())


def by_size(totals: Totals, of_class: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Of the pictures whose truth has the class: its share of the labelled pixels, float64 (N,), its Dice by each of K
    networks, float64 (N, K), and the pictures' names."""
    pixels = totals.each.true[:, 0]
    found = np.flatnonzero(pixels[:, of_class]).tolist()
    shares = pixels[found, of_class] / pixels[found].sum(axis=1)
    return shares, totals.each.dice[found][:, :, of_class], [totals.rows[place].name for place in found]
