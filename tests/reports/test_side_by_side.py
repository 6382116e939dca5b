"""`seg.compare`: weight sets and one's own modules on one picture, and the figure that a notebook shows."""

import re

import numpy as np
import pytest
import torch
from PIL import Image

import seg
from seg.datasets import DATASETS, street
from seg.errors import ImageError, OptionError
from seg.scores.agreement import pairwise_dice
from tests.conftest import make_set
from tests.elsewhere import Then, Tiny

PICTURE = street.render(3, 90, 120).image
STREET = DATASETS["street"].class_map


@pytest.fixture
def sets(tmp_path, monkeypatch):
    for name in ("street/fcn8s-wce", "shapes/fcn8s-wce"):
        make_set(tmp_path, name)
    monkeypatch.setenv("SEG_WEIGHTS", str(tmp_path))
    return tmp_path


def test_a_module_stands_beside_a_weight_set_and_has_its_classes(sets):
    module = Tiny(len(STREET))
    found = seg.compare(PICTURE, ["street/fcn8s-wce", module, module])
    assert list(found.masks) == ["street/fcn8s-wce", "own/Tiny", "own/Tiny (2)"]
    assert found.class_map == seg.Segmenter.load("street/fcn8s-wce", weights=sets).record.class_map
    assert (found.masks["own/Tiny"] == found.masks["own/Tiny (2)"]).all()
    assert found.agreement.tolist() == pairwise_dice(list(found.masks.values()), len(STREET)).tolist()
    assert found.disagreement.shape == PICTURE.shape[:2]
    assert repr(found) == "SideBySide(120×90 pixels, street/fcn8s-wce, own/Tiny, own/Tiny (2))"


def test_the_figure_holds_every_mask_and_needs_no_other_file(sets):
    shown = seg.compare(PICTURE, ["street/fcn8s-wce", Tiny(len(STREET))])._repr_html_()
    assert re.findall(r"<figcaption>(.*?)</figcaption>", shown) == [
        "the picture",
        "street/fcn8s-wce",
        "own/Tiny",
        "how many disagree",
    ]
    assert shown.count("data:image/png;base64,") == 4
    assert all(name in shown for name in STREET.names)
    assert not re.search(r'(?:src|href)="(?!data:)', shown)
    assert "<table>" not in seg.compare(PICTURE, ["street/fcn8s-wce"])._repr_html_()


def test_class_names_are_text_in_the_figure():
    segmenter = seg.Segmenter.from_module(Tiny(2), ["<script>", "b&c"], scale=64)
    shown = seg.compare(PICTURE, [segmenter])._repr_html_()
    assert "&lt;script&gt;" in shown
    assert "<script>" not in shown


def test_a_picture_may_be_a_file(sets, tmp_path):
    Image.fromarray(PICTURE).save(tmp_path / "street.png")
    found = seg.compare(tmp_path / "street.png", ["street/fcn8s-wce"])
    assert (found.image == PICTURE).all()


def test_what_cannot_be_compared_is_a_sentence(sets):
    with pytest.raises(OptionError, match="Nothing says which classes there are"):
        seg.compare(PICTURE, [Tiny(3)])
    with pytest.raises(OptionError, match="compare networks of the same classes"):
        seg.compare(PICTURE, ["street/fcn8s-wce", "shapes/fcn8s-wce"])
    with pytest.raises(OptionError, match="Tiny gives 3 logits, and 11 classes are named"):
        seg.compare(PICTURE, ["street/fcn8s-wce", Tiny(3)])
    with pytest.raises(ImageError, match="A picture is a NumPy array"):
        seg.compare(PICTURE / 255, ["street/fcn8s-wce"])


# Segmenter.from_module ----------------------------------------------------------------------------------------------


def test_a_module_is_used_as_it_is_with_the_numbers_that_are_named():
    module = torch.nn.Conv2d(1, 2, 1)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([0.0, 1.0]).view(2, 1, 1, 1))
        module.bias.zero_()
    segmenter = seg.Segmenter.from_module(module, ["dark", "bright"], mean=[0.5], std=[0.1], scale=64)
    grey = np.repeat(np.array([[40, 200]], np.uint8), 64, axis=0).repeat(32, axis=1)
    assert (segmenter(grey).labels == (grey > 127)).all()
    with torch.no_grad():
        module.weight.neg_()
    assert (segmenter(grey).labels == (grey < 127)).all(), "what it learns on counts at once"
    assert "network" in dict(segmenter.module.named_modules())
    assert segmenter.features(grey, "network").shape == (2, 64, 64)
    assert segmenter.gradient(grey, 3, 3).max() > 0


def test_classes_may_be_a_class_map_and_one_logit_may_stand_for_two_classes():
    segmenter = seg.Segmenter.from_module(Tiny(len(STREET)), STREET, scale=64)
    assert segmenter.record.class_map.colours == STREET.colours
    both = seg.Segmenter.from_module(Tiny(1), ["ground", "apple"], scale=64)
    assert both.logits(PICTURE).shape[0] == 2


@pytest.mark.parametrize(
    ("module", "more", "sentence"),
    [
        (Tiny(3), {"classes": ["a", "b"]}, "Tiny gives 3 logits, and 2 classes are named"),
        (Tiny(2), {"classes": ["a", "a"]}, "two classes share a name"),
        (Tiny(2), {"classes": ["a", "b"], "mean": [0.5] * 2, "std": [0.5] * 2}, "Tiny cannot be run on a picture"),
        (Tiny(2), {"classes": ["a", "b"], "mean": [0.5] * 3, "std": [0.5]}, "mean and std"),
        (Tiny(2), {"classes": ["a", "b"], "std": [0.5, 0, 0.5]}, r"Tiny cannot be used so: std\.1"),
        (Tiny(2), {"classes": ["a", "b"], "scale": 0}, "Tiny cannot be used so: scale"),
        (
            Then(lambda x: x.mean()),
            {"classes": ["a", "b"]},
            "Then cannot be run on a picture: The network gives",
        ),
    ],
)
def test_a_module_that_does_not_fit_is_a_sentence(module, more, sentence):
    with pytest.raises(OptionError, match=sentence):
        seg.Segmenter.from_module(module, **more)
