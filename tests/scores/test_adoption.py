"""Networks made elsewhere become weight sets: from training to the same labels in three ways, and every refusal."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from seg.catalogue.comparisons import WeightSet, comparisons
from seg.catalogue.store import WeightIndex
from seg.errors import OptionError, WeightsError
from seg.inference.segmenter import Segmenter
from seg.models import build_model
from seg.scores.adoption import AdoptionDoubt, Labelled, adopt
from seg.scores.inputs import Preparation, inputs, numbers
from seg.scores.metrics import Scores, confusion_matrix
from tests.conftest import make_set
from tests.elsewhere import FRUIT, Then, Tiny, fruit, trained_unet, write_fruit, write_onnx

SIZE = 96
BYTES = Preparation(scale_255=True)


@pytest.fixture(scope="module")
def unet():
    return trained_unet()


@pytest.fixture(scope="module")
def sources(unet, tmp_path_factory):
    """The same trained network, saved in three ways, and a folder of labelled fruit."""
    folder = tmp_path_factory.mktemp("sources")
    unet.save_pretrained(folder / "fruit")
    torch.save({"state_dict": {f"model.{name}": t for name, t in unet.state_dict().items()}}, folder / "fruit.ckpt")
    write_onnx(folder / "fruit.onnx", unet, (1, 3, 96, 128), free=(0, 2, 3))
    write_fruit(folder / "data", 6)
    return folder


def dice(segmenter: Segmenter) -> float:
    pictures = [fruit(seed) for seed in range(5000, 5006)]
    return Scores(sum(confusion_matrix(segmenter(p.image).labels, p.labels, 3) for p in pictures)).mean_dice


def test_a_network_trained_elsewhere_gives_the_same_labels_however_it_was_saved(sources, tmp_path):
    ways = {"folder": ("fruit",), "state-dict": ("fruit.ckpt", "unet", "resnet18"), "onnx": ("fruit.onnx",)}
    for name, (source, *words) in ways.items():
        adopt(str(sources / source), f"orchard/{name}", tmp_path, *words, classes=FRUIT, prepared=BYTES, size=SIZE)
    opened = {name: Segmenter.load(f"orchard/{name}", weights=tmp_path) for name in ways}
    for seed in range(6):
        picture = fruit(6000 + seed, *((90, 140) if seed % 2 else (150, 110))).image
        first, *others = (segmenter(picture).labels for segmenter in opened.values())
        assert min((first == other).mean() for other in others) >= 0.999
    assert dice(opened["folder"]) > 0.8
    assert opened["onnx"].record.class_map.names == FRUIT


def test_on_labelled_pictures_another_input_that_is_much_better_is_asked_about(sources, tmp_path):
    data = Labelled(sources / "data")
    with pytest.raises(
        AdoptionDoubt, match=r"^RGB from 0 to 255 gives a mean Dice of 0\.\d\d, .*: sure\? .*--scale-255,"
    ) as doubt:
        adopt(str(sources / "fruit"), "orchard/unet", tmp_path, classes=FRUIT, data=data)
    assert doubt.value.status == 2
    assert doubt.value.dice > doubt.value.named + 0.2
    assert not list(tmp_path.iterdir())
    better = adopt(
        str(sources / "fruit"),
        "orchard/unet",
        tmp_path,
        classes=FRUIT,
        data=data,
        prepared=doubt.value.better.preparation,
    )
    assert max(better.tried.values()) == better.tried["the input you named"] == pytest.approx(doubt.value.dice)
    assert better.record.scale == 96
    assert better.record.validation.images == 6
    assert WeightIndex(tmp_path).record("orchard/unet").validation.mean_dice > 0.8
    forced = adopt(str(sources / "fruit"), "orchard/forced", tmp_path, classes=FRUIT, data=data, force=True)
    assert forced.record.validation.mean_dice < better.record.validation.mean_dice


def test_every_usual_input_is_named_by_its_options():
    for channels, count in ((3, 8), (1, 4)):
        found = list(inputs(channels))
        assert len({(way.channel_order, way.mean, way.std) for way in found}) == count
        for way in found:
            words = way.options.split()
            after = dict(pairwise(words))
            mean, std = (numbers(after.get(option, "")) for option in ("--mean", "--std"))
            said = Preparation(mean, std, scale_255="--scale-255" in words, bgr="--bgr" in words)
            again = said.input((0.0,) * channels, (1.0,) * channels)
            assert again.channel_order == way.channel_order
            np.testing.assert_allclose((again.mean, again.std), (way.mean, way.std), rtol=1e-5)


def test_blue_first_turns_the_usual_numbers_round():
    said = Preparation(bgr=True).input((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    assert (said.channel_order, said.mean, said.std) == ("bgr", (0.3, 0.2, 0.1), (0.6, 0.5, 0.4))


@pytest.mark.parametrize(
    ("prepared", "sentence"),
    [
        (Preparation(mean=(0.5, 0.5, 0.5)), "name both"),
        (Preparation((0.5,), (0.5,)), "takes 3 channels"),
        (Preparation((0.5,) * 3, (0.5, 0, 0.5)), "std is above 0"),
        (Preparation((float("nan"),) * 3, (0.5,) * 3), "are numbers"),
        (Preparation((123.7, 116.3, 103.5), (58, 57, 57)), "not of values from 0 to 1: add --scale-255"),
    ],
)
def test_an_input_that_cannot_be_is_a_sentence(sources, tmp_path, prepared, sentence):
    with pytest.raises(OptionError, match=sentence):
        adopt(str(sources / "fruit"), "orchard/unet", tmp_path, prepared=prepared)
    assert not list(tmp_path.iterdir())


def test_what_the_files_do_not_say_is_assumed_and_said(sources, tmp_path):
    found = adopt(str(sources / "fruit"), "orchard/unet", tmp_path)
    assert found.record.class_map.names == ("class 0", "class 1", "class 2")
    assert found.record.mean == (0.485, 0.456, 0.406)
    assert found.record.scale == 512
    assert [note.split(",")[0] for note in found.notes] == [
        "Its files name no classes",
        "Pictures are brought to a short side of 512 pixels",
        "Mean and std are ImageNet's",
    ]
    assert len(set(found.record.class_map.colours)) == 3
    (tmp_path / "d").mkdir()
    write_fruit(tmp_path / "d" / "data", 2)
    (tmp_path / "d" / "data" / "dataset.toml").write_text(f"classes = {json.dumps(FRUIT)}\n")
    named = adopt(
        str(sources / "fruit"), "orchard/unet", tmp_path, prepared=BYTES, data=Labelled(tmp_path / "d" / "data")
    )
    assert named.record.class_map.names == FRUIT, "those of the labelled pictures"


@pytest.mark.parametrize(
    ("classes", "sentence"),
    [
        (("ground", "apple"), r"tells 3 classes apart, and 2 are named \(ground, apple\)"),
        (("ground", "apple", "apple"), "share a name"),
        (("ground", "apple", ""), "has none"),
    ],
)
def test_classes_that_cannot_be_are_a_sentence(sources, tmp_path, classes, sentence):
    with pytest.raises(OptionError, match=sentence):
        adopt(str(sources / "fruit"), "orchard/unet", tmp_path, classes=classes)


@pytest.mark.parametrize("name", ["orchard", "orchard/", "/unet", "a b/c", "../up/unet", "orchard/a/b", ""])
def test_a_name_that_is_none_is_a_sentence(sources, tmp_path, name):
    with pytest.raises(OptionError, match="is no name of a set"):
        adopt(str(sources / "fruit"), name, tmp_path)


def test_a_set_that_was_trained_here_is_not_written_over_and_one_that_was_adopted_is(sources, tmp_path):
    make_set(tmp_path, "street/fcn8s-wce")
    with pytest.raises(OptionError, match="street/fcn8s-wce already, which was trained here"):
        adopt(str(sources / "fruit"), "street/fcn8s-wce", tmp_path)
    for classes in (FRUIT, ("a", "b", "c")):
        adopt(str(sources / "fruit"), "orchard/unet", tmp_path, classes=classes, size=64)
    assert WeightIndex(tmp_path).record("orchard/unet").class_map.names == ("a", "b", "c")


def test_a_folder_that_cannot_be_written_is_a_sentence(sources, tmp_path):
    (tmp_path / "file").write_text("here")
    with pytest.raises(OptionError, match=r"cannot be written: .* Choose another place"):
        adopt(str(sources / "fruit"), "orchard/unet", tmp_path / "file", size=64)


def test_weights_that_give_no_numbers_are_refused(tmp_path):
    network = build_model("conv_stack", 3, base=4)
    tensors = {name: torch.full_like(t, float("nan")) if t.ndim == 4 else t for name, t in network.state_dict().items()}
    save_file(tensors, tmp_path / "network.safetensors")
    with pytest.raises(WeightsError, match="gives logits that are no numbers for noise: its weights are damaged"):
        adopt(str(tmp_path / "network.safetensors"), "orchard/stack", tmp_path / "out", arch="conv_stack", size=64)


def test_labels_alone_need_names_and_give_the_confidence_1(tmp_path):
    file = write_onnx(tmp_path / "a.onnx", Tiny(3, after=Then(lambda x: x.argmax(1))), (1, 3, 64, 96))
    with pytest.raises(OptionError, match="gives labels alone, so it does not say how many classes: name them"):
        adopt(str(file), "orchard/labels", tmp_path / "out")
    found = adopt(str(file), "orchard/labels", tmp_path / "out", classes=FRUIT)
    assert found.record.labels_only
    assert (found.record.tile, found.record.scale, found.record.any_size) == ((64, 96), 64, False)
    assert (Segmenter.load("orchard/labels", weights=tmp_path / "out")(fruit(1).image).confidence == 1).all()


def test_an_adopted_file_is_checked_like_every_other(sources, tmp_path):
    record = adopt(str(sources / "fruit.onnx"), "orchard/onnx", tmp_path, size=64).record
    index = WeightIndex(tmp_path)
    assert index.file(record).read_bytes() == (sources / "fruit.onnx").read_bytes()
    index.file(record).write_bytes(index.file(record).read_bytes()[:-1] + b"x")
    with pytest.raises(WeightsError, match="orchard/onnx are damaged"):
        Segmenter.load("orchard/onnx", weights=tmp_path)


def test_networks_of_one_data_set_stand_side_by_side_and_beside_shipped_ones_of_the_same_classes(sources, tmp_path):
    def adopted(name, source, classes=FRUIT):
        return WeightSet(adopt(str(sources / source), name, tmp_path, classes=classes, size=64).record, tmp_path, 1)

    sets = [adopted("orchard/folder", "fruit"), adopted("orchard/onnx", "fruit.onnx")]
    (found,) = comparisons(sets)
    assert (found.dataset, found.topic, found.fixed) == ("orchard", "own runs", {})
    assert [entry.title for entry in found.entries] == ["folder", "onnx"]

    street = make_set(tmp_path / "shipped", "street/fcn8s-wce")
    like = replace(street, name="orchard/fcn8s", dataset="orchard", source="somewhere", loss="")
    shipped = [WeightSet(street), WeightSet(make_set(tmp_path / "shipped", "street/unet-wce", "unet"))]
    *_, own, other = [c for c in comparisons([*shipped, *sets, WeightSet(like, tmp_path, 1)]) if c.dataset == "orchard"]
    assert own.fixed != other.fixed, "other classes, so none of the two can be scored on the other's"
    titles = {tuple(entry.title for entry in c.entries) for c in (own, other)}
    shipped_ones = (f"{network}, from scratch, weighted cross-entropy" for network in ("FCN-8s", "U-Net"))
    assert titles == {("folder", "onnx"), ("fcn8s, trained elsewhere, your own", *shipped_ones)}


def test_a_segformer_is_opened_again_with_its_own_classes_and_input(tmp_path):
    transformers = pytest.importorskip("transformers", reason="transformers is not installed: it is optional")
    torch.manual_seed(0)
    config = transformers.SegformerConfig(
        depths=[1, 1, 1, 1],
        hidden_sizes=[8, 16, 16, 24],
        num_attention_heads=[1, 1, 2, 2],
        decoder_hidden_size=16,
        id2label=dict(enumerate(FRUIT)),
    )
    network = transformers.SegformerForSemanticSegmentation(config).eval()
    network.save_pretrained(tmp_path / "segformer")
    found = adopt(str(tmp_path / "segformer"), "orchard/segformer", tmp_path / "out", size=96)
    assert found.record.class_map.names == FRUIT
    opened = Segmenter.load("orchard/segformer", weights=tmp_path / "out")
    assert opened.engine.module.state_dict().keys() == {f"network.{name}" for name in network.state_dict()}
    picture = fruit(1).image
    expected = Segmenter.from_module(network, FRUIT, scale=96)(picture)
    assert (opened(picture).labels == expected.labels).mean() > 0.999
