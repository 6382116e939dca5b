"""The figures of scores: what can be chosen in them is what they show."""

import numpy as np

from seg.figures.leaderboard import confusion_heat_map


def test_every_cell_of_a_heat_map_can_be_chosen_and_says_what_it_shows():
    confusion = np.array([[6, 2, 0], [1, 3, 0], [0, 0, 0]])
    heat, cells = confusion_heat_map(confusion, ["sky", "tree", "road"], to_choose=True).data
    assert [tuple(one[:2]) for one in cells.customdata] == [(row, column) for row in range(3) for column in range(3)]
    row, column, pixels, share = cells.customdata[1]
    assert (cells.y[1], cells.x[1]) == (heat.y[int(row)], heat.x[int(column)]) == ("sky", "tree")
    assert (pixels, share) == (2, 0.25)
    assert "customdata[2]" in cells.hovertemplate
    assert cells.marker.opacity == 0
