"""What the weight sets let one compare."""

from dataclasses import replace

import pytest
from conftest import make_set

from seg.families import comparisons


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return make_set(tmp_path_factory.mktemp("weights"))


def record(one, model: str, loss: str = "wce", variant: str = "", **arguments):
    name = f"street/{model}-{loss}" + (f"-{variant}" if variant else "")
    return replace(one, name=name, model=model, loss=loss, arguments=one.arguments | arguments)


def test_the_architectures_of_a_family_stand_in_the_order_of_their_history(one):
    models = ("unet", "fc_densenet103", "fcn8s", "conv_stack", "fcn32s")
    (family,) = comparisons([record(one, model) for model in models])
    assert [e.title for e in family.entries] == ["Conv stack", "FCN-32s", "FCN-8s", "U-Net", "FC-DenseNet103"]
    assert not any(e.note for e in family.entries)


def test_another_fc_densenet_stands_in_for_the_largest(one):
    (family,) = comparisons([record(one, "fc_densenet56"), record(one, "unet")])
    assert [e.record.model for e in family.entries] == ["unet", "fc_densenet56"]


def test_an_architecture_missing_from_a_family_is_the_nearest_there_is_and_says_so(one):
    scratch = [record(one, "conv_stack"), record(one, "unet")]
    pretrained = [record(one, m, variant="lite0", backbone="efficientnet_lite0") for m in ("unet", "fcn8s")]
    families = {c.title: c for c in comparisons([*scratch, *pretrained]) if c.title.startswith("Architectures")}
    entries = {
        e.record.model: e for e in families["Architectures · street · weighted cross-entropy · ImageNet start"].entries
    }
    assert entries["unet"].note == ""
    assert entries["conv_stack"].note == "not in this family: wce, from scratch"


def test_losses_starts_and_upsampling_methods_of_one_architecture_can_be_compared(one):
    sets = [
        *(record(one, "unet", loss) for loss in ("wce", "ce", "dice")),
        record(one, "unet", variant="lite0", backbone="efficientnet_lite0"),
        *(record(one, "encoder_decoder", variant=u, upsampling=u) for u in ("bilinear", "nearest")),
        record(one, "encoder_decoder"),
    ]
    found = {c.title.split(" · ")[0]: c for c in comparisons(sets)}
    assert [e.title for e in found["Losses"].entries] == ["weighted cross-entropy", "cross-entropy", "Dice"]
    assert [e.title for e in found["Starts"].entries] == ["from scratch", "ImageNet start"]
    assert [e.title for e in found["Upsampling"].entries] == ["bilinear", "nearest", "unpool"]


def test_a_single_set_can_be_looked_at_alone_and_none_is_nothing_to_compare(one):
    (alone,) = comparisons([record(one, "unet")])
    assert [e.title for e in alone.entries] == ["U-Net"]
    assert comparisons([]) == []
