"""What the weight sets let one compare."""

from dataclasses import replace

import pytest

from seg.catalogue.comparisons import (
    IMAGENET,
    SCRATCH,
    WeightSet,
    comparisons,
    head_starts,
    set_in_words,
    sets_in_words,
    start_of,
)
from seg.catalogue.record import Class
from seg.catalogue.store import SHIPPED, WeightIndex
from tests.conftest import make_set

LITE0 = {"variant": "lite0", "backbone": "efficientnet_lite0"}


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return make_set(tmp_path_factory.mktemp("weights"))


def weights(one, model: str, loss: str = "wce", variant: str = "", own: int = 0, dataset: str = "street", **arguments):
    name = f"{dataset}/{model}-{loss}" + (f"-{variant}" if variant else "")
    changes = {"name": name, "dataset": dataset, "model": model, "loss": loss}
    scale = 360 if "backbone" in arguments else 180
    return WeightSet(replace(one, **changes, arguments=replace(one.arguments, **arguments), scale=scale), own=own)


def grid(one) -> list[WeightSet]:
    """The street sets that are to be, and three seeds of shapes."""
    seven = ("conv_stack", "encoder_decoder", "fcn32s", "fcn16s", "fcn8s", "unet", "fc_densenet103")
    losses = ("ce", "dice", "ce_dice", "focal", "tversky", "lovasz")
    ups = ("transposed", "bilinear", "nearest")
    return [
        *(weights(one, model) for model in seven),
        *(weights(one, "unet", loss) for loss in losses),
        *(weights(one, "fcn8s", loss) for loss in ("ce", "dice")),
        *(weights(one, "encoder_decoder", variant=up, upsampling=up) for up in ups),
        *(weights(one, model, **LITE0) for model in ("fcn32s", "fcn16s", "fcn8s", "unet")),
        weights(one, "encoder_decoder", upsampling="bilinear", **LITE0),
        *(weights(one, m, dataset="shapes", variant=v) for m in seven for v in ("seed2", "seed1", "")),
        *(weights(one, "unet", k, dataset="shapes", variant=v) for k in losses for v in ("seed1", "")),
    ]


def of(found, topic: str, dataset: str = "street"):
    return [c for c in found if (c.topic, c.dataset) == (topic, dataset)]


def titles(comparison) -> list[str]:
    return [entry.title for entry in comparison.entries]


def test_the_architectures_of_a_family_stand_in_the_order_of_their_history(one):
    models = ("unet", "fc_densenet103", "fcn8s", "conv_stack", "fcn32s")
    (family,) = comparisons([weights(one, model) for model in models])
    assert titles(family) == ["Conv stack", "FCN-32s", "FCN-8s", "U-Net", "FC-DenseNet103"]
    assert not any(e.note for e in family.entries)


def test_another_fc_densenet_stands_in_for_the_largest_and_only_one_has_a_panel(one):
    for sizes in (("fc_densenet56",), ("fc_densenet56", "fc_densenet67")):
        (family,) = comparisons([*(weights(one, m) for m in sizes), weights(one, "unet")])
        assert [e.record.model for e in family.entries] == ["unet", sizes[-1]]


def test_the_imagenet_family_comes_first_and_what_it_lacks_is_the_nearest_there_is_and_says_so(one):
    first, second = of(comparisons(grid(one)), "architectures")
    assert (first.fixed["Start"], second.fixed["Start"]) == (IMAGENET, SCRATCH)
    notes = {e.title: (e.record.name, e.note) for e in first.entries}
    assert notes["U-Net"] == ("street/unet-wce-lite0", "")
    assert notes["Conv stack"] == ("street/conv_stack-wce", "not in this family: from scratch")
    assert notes["FC-DenseNet103"] == ("street/fc_densenet103-wce", "not in this family: from scratch")
    assert len(first.entries) == len(second.entries) == 7
    assert [e.record.name for e in second.entries][1] == "street/encoder_decoder-wce"


def test_losses_upsampling_methods_and_starts_of_one_architecture_can_be_compared(one):
    found = comparisons(grid(one))
    unet, fcn8s = of(found, "losses")
    assert titles(unet) == [
        "weighted cross-entropy", "cross-entropy", "Dice", "cross-entropy + Dice", "focal", "Tversky", "Lovász",
    ]  # fmt: skip
    assert titles(fcn8s) == ["weighted cross-entropy", "cross-entropy", "Dice"]
    (upsampling,) = of(found, "upsampling")
    assert titles(upsampling) == ["unpool", "transposed", "bilinear", "nearest"]
    starts = of(found, "starts")
    assert [c.fixed["Network"] for c in starts] == ["Encoder/decoder", "FCN-32s", "FCN-16s", "FCN-8s", "U-Net"]
    assert all(titles(c) == [SCRATCH, IMAGENET] for c in starts)
    assert [e.record.arguments.upsampling for e in starts[0].entries] == ["bilinear", "bilinear"]
    assert [e.note for e in starts[-1].entries] == ["trained at 180 pixels", "trained at 360 pixels"]


def test_other_seeds_make_neither_panels_nor_comparisons_of_their_own(one):
    found = [c for c in comparisons(grid(one)) if c.dataset == "shapes"]
    assert [c.topic for c in found] == ["architectures", "losses"]
    for comparison in found:
        assert len(comparison.entries) == 7
        assert not any("seed" in e.record.name for e in comparison.entries)


def test_a_network_of_the_papers_width_is_compared_with_the_slim_one_and_has_no_panel_beside_it(one):
    sets = [*grid(one), weights(one, "unet", variant="paper", width="paper")]
    (widths,) = of(comparisons(sets), "widths")
    assert titles(widths) == ["slim", "paper"]
    assert all(len(c.entries) == 7 for c in of(comparisons(sets), "architectures"))


def test_own_sets_stand_beside_the_shipped_ones_and_hide_none(one):
    own = [weights(one, "unet", own=1), weights(one, "unet", "dice", own=1), weights(one, "unet", own=2)]
    assert [w.name for w in own] == ["own: street/unet-wce", "own: street/unet-dice", "own 2: street/unet-wce"]
    found = comparisons([*own, *grid(one)])
    scratch = of(found, "architectures")[1]
    assert titles(scratch)[-3:] == ["FC-DenseNet103", "U-Net, your own", "U-Net, your own, folder 2"]
    assert {"Dice", "Dice, your own", "weighted cross-entropy"} <= set(titles(of(found, "losses")[0]))
    (mine,) = of(found, "own runs")
    assert titles(mine) == [
        "U-Net, weighted cross-entropy, your own",
        "U-Net, Dice, your own",
        "U-Net, weighted cross-entropy, your own, folder 2",
        "U-Net, weighted cross-entropy",
        "U-Net, Dice",
    ]  # fmt: skip


@pytest.mark.parametrize("models", [("unet",), ("unet", "fcn8s")])
def test_own_sets_alone_are_compared_too(one, models):
    found = comparisons([weights(one, model, own=1) for model in models])
    assert [c.topic for c in found] == ["architectures", "own runs"]
    called = {"unet": "U-Net, your own", "fcn8s": "FCN-8s, your own"}
    assert sorted(titles(found[0])) == sorted(called[m] for m in models)


def test_sets_of_one_name_that_have_other_classes_are_never_in_one_comparison(one):
    """Own data of one name may have got a class more between two trainings: a mask of 2 would be called otherwise."""
    other = (Class("table", "#4a403d"), Class("plum", "#5a28a0"))
    before = [weights(one, model, own=1, dataset="bowl") for model in ("unet", "fcn8s", "conv_stack")]
    late = (weights(one, model, loss, own=1, dataset="bowl") for model, loss in (("fcn32s", "wce"), ("unet", "ce")))
    after = [replace(new, record=replace(new.record, classes=other, validation={})) for new in late]
    found = comparisons([*before, *after])
    assert {entry.record.name for c in found for entry in c.entries} == {w.record.name for w in (*before, *after)}
    for comparison in found:
        assert len({entry.record.class_map.names for entry in comparison.entries}) == 1


def test_no_two_panels_of_a_comparison_have_one_title(one):
    own = [replace(w, own=i) for w in grid(one) for i in (1, 2)]
    for comparison in comparisons([*grid(one), *own, weights(one, "smp", own=1, backbone="fpn/resnet18")]):
        assert len(set(titles(comparison))) == len(comparison.entries), comparison.title


def test_another_network_of_smp_has_a_panel_named_after_its_backbone(one):
    sets = [*grid(one), weights(one, "smp", variant="fpn", backbone="fpn/resnet18")]
    assert titles(of(comparisons(sets), "architectures")[1])[-1] == "fpn on resnet18"


def test_a_backbone_that_was_not_pretrained_is_no_imagenet_start(one):
    untrained = weights(one, "unet", **LITE0)
    untrained = replace(untrained, record=replace(untrained.record, recipe={"pretrained": False}))
    (starts,) = of(comparisons([weights(one, "unet"), untrained]), "starts")
    assert titles(starts) == [SCRATCH, "efficientnet_lite0 from scratch"]


def test_networks_on_encoders_of_two_sizes_are_no_family(one):
    sets = [weights(one, "unet", variant=f"lite{n}", backbone=f"efficientnet_lite{n}") for n in (0, 2)]
    assert [start_of(one.record) for one in sets] == [IMAGENET, "efficientnet_lite2 from ImageNet"]
    assert set_in_words(sets[1]).startswith("U-Net, efficientnet_lite2 from ImageNet, ")


def test_a_single_set_can_be_looked_at_alone_and_none_is_nothing_to_compare(one):
    (alone,) = comparisons([weights(one, "unet")])
    assert titles(alone) == ["U-Net"]
    assert comparisons([]) == []


def test_an_encoder_that_was_trained_before_is_told(one):
    later = replace(one, model="unet", recipe={**one.recipe, "encoder_of": "street/fcn8s-ce"})
    before = weights(one, "fcn8s", "ce")
    said = "U-Net's encoder began as the trained one of FCN-8s, from scratch, cross-entropy."
    assert head_starts([one, later], [before]) == [said]


def test_every_shipped_set_has_a_name_in_words_of_its_own():
    sets = [WeightSet(record) for record in WeightIndex(SHIPPED).records().values()]
    said = {weights.name: set_in_words(weights) for weights in sets}
    assert said["street/unet-wce-lite0"] == "U-Net, from ImageNet, weighted cross-entropy"
    assert said["shapes/unet-dice-seed1"] == "U-Net, from scratch, Dice, seed 1"
    assert said["street/encoder_decoder-wce-nearest"].endswith("weighted cross-entropy, nearest")
    for dataset in {weights.record.dataset for weights in sets}:
        names = [said[weights.name] for weights in sets if weights.record.dataset == dataset]
        assert len(set(names)) == len(names)


def test_what_was_trained_in_a_visit_is_called_so_with_its_number(one):
    live = [weights(one, "unet", variant=f"live{number}", own=1) for number in (1, 2)]
    (own,) = of(comparisons([*live, *grid(one)]), "own runs")
    assert titles(own)[:2] == [
        "U-Net, your own training 1",
        "U-Net, your own training 2",
    ]
    assert set_in_words(live[1]) == "U-Net, from scratch, weighted cross-entropy, your own training 2"


def test_sets_that_are_listed_together_say_their_data_set_where_there_are_several(one):
    street, shapes = weights(one, "unet"), weights(one, "unet", dataset="shapes")
    assert sets_in_words([street]) == {"street/unet-wce": "U-Net, from scratch, weighted cross-entropy"}
    assert list(sets_in_words([street, shapes]).values()) == [
        "U-Net, from scratch, weighted cross-entropy, street pictures",
        "U-Net, from scratch, weighted cross-entropy, shapes pictures",
    ]
