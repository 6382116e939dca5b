"""Class names in figures are text: plotly draws them letter for letter, and never takes them for numbers."""

import numpy as np
import pandas as pd
import pytest

from seg.figures import architectures, compare, leaderboard, losses, training, upsampling
from seg.figures.common import as_text, name_of

NAMES = ["<b>bold</b>", '<a href="javascript:alert(1)">x</a>', "1 & 2 < 3"]
DICE = np.array([0.2, 0.5, 0.9])

FIGURES = {
    "dice_by_class": lambda names: compare.dice_by_class(DICE[:, None], names, ["unet"]),
    "agreement_matrix": lambda names: compare.agreement_matrix(np.eye(3), names),
    "dice_heat_map": lambda names: leaderboard.dice_heat_map(pd.DataFrame([DICE], ["bowl/unet"], names)),
    "confusion_heat_map": lambda names: leaderboard.confusion_heat_map(np.eye(3), names),
    "dice_by_share": lambda names: losses.dice_by_share(np.array([0.01, 0.1, 0.9]), {"wce": DICE}, names),
    "found_when": lambda names: training.found_when(np.zeros((3, 1), int), [0.0, 1.0], DICE, names, ["unet"]),
    "dice_change": lambda names: architectures.dice_change(DICE, DICE / 2, names),
}


@pytest.mark.parametrize("figure", FIGURES)
def test_names_are_escaped_wherever_plotly_would_read_them(figure):
    drawn = FIGURES[figure](NAMES).to_json().replace("\\u003c", "<").replace("\\u003e", ">")
    assert "&lt;b&gt;bold&lt;\\u002fb&gt;" in drawn or "&lt;b&gt;bold&lt;/b&gt;" in drawn
    assert "<b>" not in drawn
    assert "<a " not in drawn


@pytest.mark.parametrize("figure", sorted(set(FIGURES) - {"found_when"}))
def test_classes_that_are_called_by_numbers_stand_beside_each_other_like_others(figure):
    drawn = FIGURES[figure](["1", "20", "300"])
    assert "category" in (drawn.layout.xaxis.type, drawn.layout.yaxis.type)


@pytest.mark.parametrize("name", [*NAMES, "&lt;", "&amp;lt;", "a\nb"])
def test_a_point_that_is_clicked_knows_its_class(name):
    assert name_of(as_text(name)) == name


def test_no_label_of_a_bar_to_the_left_stands_over_its_name():
    drawn = upsampling.ranking({"U-Net": (2, 12.0), "FCN-8s": (8, -0.8)})
    (texts,) = [trace for trace in drawn.data if trace.type == "scatter"]
    assert dict(zip(texts.y, texts.x, strict=True)) == {"FCN-8s": 0.0, "U-Net": 12.0}
    assert texts.textposition == "middle right"
