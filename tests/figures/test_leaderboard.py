"""The figures of scores: what can be chosen in them is what they show."""

import numpy as np
import pandas as pd

from seg.figures.leaderboard import confusion_heat_map, price


def test_every_cell_of_a_heat_map_can_be_chosen_and_says_what_it_shows():
    confusion = np.array([[6, 2, 0], [1, 3, 0], [0, 0, 0]])
    heat, cells = confusion_heat_map(confusion, ["sky", "tree", "road"], to_choose=True).data
    assert [tuple(one[:2]) for one in cells.customdata] == [(row, column) for row in range(3) for column in range(3)]
    row, column, pixels, share = cells.customdata[1]
    assert (cells.y[1], cells.x[1]) == (heat.y[int(row)], heat.x[int(column)]) == ("sky", "tree")
    assert (pixels, share) == (2, 0.25)
    assert "customdata[2]" in cells.hovertemplate
    assert cells.marker.opacity == 0


def test_a_price_axis_that_is_short_names_its_ends_in_words_of_their_size():
    points = [
        {"label": name, "own": False, "network": name, "model": "unet", "loss": "ce", "start": "from scratch",
         "cost": cost, "score": 0.5, "low": 0.4, "high": 0.6, "device": "", "front": True}
        for name, cost in (("U-Net", 3e6), ("FCN-8s", 5e6))
    ]  # fmt: skip
    axis = price(pd.DataFrame(points), "parameters", "mean IoU").layout.xaxis
    within = [text for text, at in zip(axis.ticktext, axis.tickvals, strict=True) if 3e6 <= at <= 5e6]
    assert within == ["3M", "4M", "5M"]
