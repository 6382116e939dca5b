"""Networks made elsewhere are read from every kind of file, and whatever cannot be read is a sentence."""

import json
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from seg.catalogue import foreign
from seg.catalogue.foreign import read
from seg.errors import OptionError, SegError, WeightsError
from seg.models import build_model
from tests.elsewhere import Tiny, write_onnx


@pytest.fixture(scope="module")
def unet():
    import segmentation_models_pytorch as smp

    torch.manual_seed(0)
    return smp.Unet("resnet18", encoder_weights=None, decoder_channels=(32, 16, 16, 8, 8), classes=3).eval()


@pytest.fixture(scope="module")
def folder(unet, tmp_path_factory):
    unet.save_pretrained(tmp_path_factory.mktemp("smp") / "fruit")
    return tmp_path_factory.getbasetemp() / "smp0" / "fruit"


def same(found, network) -> bool:
    picture = torch.randn(1, 3, 64, 96, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        return torch.allclose(found.content(picture), network(picture), atol=1e-5)


def test_a_folder_of_smp_is_built_with_all_of_its_arguments(folder, unet):
    found = read(str(folder))
    assert (found.model, found.arguments.backbone) == ("smp", "unet/resnet18")
    assert found.arguments.options["decoder_channels"] == [32, 16, 16, 8, 8]
    assert found.source == "fruit, saved by segmentation_models.pytorch"
    assert same(found, unet)


def test_a_head_with_one_output_becomes_one_with_two_classes(tmp_path):
    import segmentation_models_pytorch as smp

    binary = smp.Unet("resnet18", encoder_weights=None, activation="sigmoid", aux_params={"classes": 4}).eval()
    binary.save_pretrained(tmp_path)
    found = read(str(tmp_path))
    assert found.arguments.num_classes == 2
    left_out = "classification_head.3.bias, classification_head.3.weight"
    assert found.notes == (f"Left out, as no part of the network: {left_out}.",)
    picture = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        second = found.content(picture).softmax(dim=1)[:, 1:]
        torch.testing.assert_close(second, binary(picture)[0], atol=1e-5, rtol=1e-4)


def test_an_encoder_of_timm_brings_its_mean_and_std(tmp_path):
    found = foreign.Foreign("", "smp", foreign.Arguments(num_classes=2), tmp_path)
    expects = foreign._as_encoder_expects
    assert expects(found, "tu-vit_base_patch16_224", "imagenet").mean == (0.5, 0.5, 0.5)
    assert expects(found, "tu-vit_base_patch16_224", None).mean is None
    assert expects(found, "no-such-encoder", "imagenet").mean is None


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda tensors: tensors,
        lambda tensors: {f"module.{name}": tensor for name, tensor in tensors.items()},
        lambda tensors: {f"module._orig_mod.{name}": tensor for name, tensor in tensors.items()},
        lambda tensors: {"state_dict": {f"model.{name}": t for name, t in tensors.items()}, "epoch": 3, "loops": {}},
        lambda tensors: {"model_state_dict": tensors, "optimizer_state_dict": {"lr": 0.1}},
        lambda tensors: {name: tensor for name, tensor in tensors.items() if "num_batches_tracked" not in name},
    ],
)
def test_a_state_dict_is_understood_however_it_was_wrapped(tmp_path, wrapped):
    import segmentation_models_pytorch as smp

    usual = smp.Unet("resnet18", encoder_weights=None, classes=3).eval()
    torch.save(wrapped(dict(usual.state_dict())), tmp_path / "fruit.pth")
    found = read(str(tmp_path / "fruit.pth"), "unet", "resnet18")
    assert (found.arguments.num_classes, found.arguments.in_channels) == (3, 3)
    assert same(found, usual)


@pytest.mark.parametrize(
    ("model", "arguments"),
    [
        ("unet", {"num_classes": 4, "base": 6}),
        ("unet", {"num_classes": 2, "in_channels": 1, "base": 4, "width": "paper", "levels": 3}),
        ("encoder_decoder", {"num_classes": 5, "base": 4, "levels": 4, "upsampling": "transposed"}),
        ("fcn8s", {"num_classes": 11, "base": 4}),
        ("fcn8s", {"num_classes": 7, "backbone": "efficientnet_lite0"}),
        ("fc_densenet56", {"num_classes": 3, "base": 12, "levels": 3}),
    ],
)
def test_one_of_our_architectures_tells_by_its_tensors_how_it_was_built(tmp_path, model, arguments):
    torch.manual_seed(0)
    network = build_model(model, **arguments).eval()
    save_file(network.state_dict(), tmp_path / "network.safetensors")
    found = read(str(tmp_path / "network.safetensors"), model, arguments.get("backbone", ""))
    assert (found.model, found.arguments.num_classes) == (model, arguments["num_classes"])
    picture = torch.randn(1, arguments.get("in_channels", 3), 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(found.content(picture), network(picture))


def test_missing_and_surplus_keys_are_named_and_what_belongs_to_no_part_is_left_out(tmp_path, unet):
    file, tensors = tmp_path / "fruit.pth", dict(unet.state_dict())
    torch.save(tensors, file)
    with pytest.raises(WeightsError, match=r"does not fit unet on resnet34: it lacks encoder\.layer1\.2\.\S+, .* more"):
        read(str(file), "unet", "resnet34")
    with pytest.raises(WeightsError, match=r"does not fit unet on resnet18: decoder\.\S+ is \d.* in the network"):
        read(str(file), "unet", "resnet18")  # its decoder has other widths
    small = build_model("conv_stack", 3, base=4).state_dict()
    torch.save({**small, "loss.weight": torch.ones(3)}, file)
    assert read(str(file), "conv_stack").notes == ("Left out, as no part of the network: loss.weight.",)
    part = next(iter(small)).split(".")[0]
    torch.save({**small, f"{part}.more": torch.ones(3)}, file)
    with pytest.raises(WeightsError, match=rf"it has {part}\.more, which the network has not"):
        read(str(file), "conv_stack")


class Evil:
    """What a pickle may do."""

    def __reduce__(self):
        return (print, ("run",))


def test_a_pickle_of_more_than_tensors_is_refused_and_nothing_in_it_runs(tmp_path, unet, capsys):
    for content in (unet, {"state_dict": unet.state_dict(), "extra": Evil()}):
        torch.save(content, tmp_path / "whole.pt")
        with pytest.raises(WeightsError, match=r"holds more than tensors, [\w.]+, .*write its tensors alone"):
            read(str(tmp_path / "whole.pt"), "unet", "resnet18")
    assert capsys.readouterr().out == ""


def test_torchscript_is_refused_with_the_way_to_onnx(tmp_path):
    torch.jit.trace(Tiny(), torch.zeros(1, 3, 8, 8)).save(tmp_path / "script.pt")
    with pytest.raises(WeightsError, match=r"is a program .* adopt an ONNX file instead, which torch\.onnx\.export"):
        read(str(tmp_path / "script.pt"))


@pytest.mark.parametrize("name", ["fruit.pth", "fruit.safetensors", "fruit.onnx"])
@pytest.mark.parametrize("damage", ["cut", "empty", "words", "zeros", "nothing in it", "missing"])
def test_a_damaged_file_is_a_sentence_that_names_it(tmp_path, name, damage):
    file, tensors = tmp_path / name, build_model("conv_stack", 3, base=4).state_dict()
    if name.endswith("pth"):
        torch.save({} if damage == "nothing in it" else tensors, file)
    elif name.endswith("onnx"):
        write_onnx(file, Tiny(), (1, 3, 64, 96))
    else:
        save_file({} if damage == "nothing in it" else tensors, file)
    whole = file.read_bytes()
    spoilt = {"cut": whole[: len(whole) // 2], "empty": b"", "words": b"not tensors" * 99, "zeros": bytes(len(whole))}
    if damage == "missing":
        file.unlink()
    elif damage in spoilt:
        file.write_bytes(spoilt[damage])
    elif name.endswith("onnx"):
        return
    with pytest.raises(WeightsError, match=rf"{name}\b") as caught:
        read(str(file), "conv_stack")
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("name", ["new.pth", "old.pth", "fruit.safetensors", "fruit.onnx"])
def test_bytes_that_were_changed_anywhere_are_a_sentence_or_no_matter(tmp_path, name):
    file, tensors = tmp_path / name, build_model("conv_stack", 3, base=4).state_dict()
    if name.endswith("pth"):
        torch.save(tensors, file, _use_new_zipfile_serialization=name.startswith("new"))
    elif name.endswith("onnx"):
        write_onnx(file, Tiny(), (1, 3, 64, 96))
    else:
        save_file(tensors, file)
    whole, rng, said = file.read_bytes(), np.random.default_rng(0), []
    for _ in range(40):
        spoilt = bytearray(whole)
        for place in rng.integers(0, min(len(whole), 4000), rng.choice([1, 3, 20])):
            spoilt[place] = rng.integers(256)
        file.write_bytes(spoilt)
        try:
            read(str(file), "conv_stack")
        except SegError as error:
            said.append(str(error))
    assert said
    assert not [sentence for sentence in said if "\n" in sentence]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("{", "is damaged, it is not JSON"),
        ("[1]", "is damaged, it holds no settings"),
        ({"_model_class": None}, "unknown|Unknown"),
        ({"_model_class": "Nothing"}, "Unknown smp architecture 'nothing'"),
        ({"encoder_name": "resnet1"}, "Unknown smp encoder 'resnet1'"),
        ({"classes": "many"}, "its num_classes is 'many'"),
        ({"classes": 300}, "tells 300 classes apart: 255 are the most"),
        ({"in_channels": 5}, "takes 5 channels: pictures have one or three"),
        ({"encoder_depth": 99}, "cannot be built: smp cannot build"),
        ({"classes": 4}, r"head\.0\.bias is 3 there and 4 in the network"),
    ],
)
def test_a_folder_whose_configuration_is_wrong_is_a_sentence(tmp_path, folder, change, sentence):
    for file in folder.iterdir():
        (tmp_path / file.name).symlink_to(file)
    config = tmp_path / "config.json"
    content = json.loads(config.read_text())
    config.unlink()
    config.write_text(change if isinstance(change, str) else json.dumps(content | change))
    with pytest.raises(SegError, match=sentence):
        read(str(tmp_path))


def test_what_is_no_network_at_all_is_a_sentence(tmp_path, folder):
    (tmp_path / "notes.txt").write_text("words")
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.json").write_text("{}")
    (tmp_path / "lacking").mkdir()
    (tmp_path / "lacking" / "config.json").symlink_to(folder / "config.json")
    file = tmp_path / "network.safetensors"
    save_file(build_model("conv_stack", 3, base=4).state_dict(), file)
    for source, words, sentence in [
        (tmp_path / "notes.txt", (), "is none of the files that can be adopted"),
        (tmp_path / "empty", (), "config.json is missing"),
        (tmp_path / "other", (), "describes neither a network of segmentation_models.pytorch"),
        (tmp_path / "lacking", (), "holds no weights: model.safetensors is missing"),
        (tmp_path / "nowhere.pth", (), "There is no file or folder"),
        (file, (), "holds tensors alone: say what they are of, by --arch unet --encoder resnet34"),
        (file, ("segnet",), "Unknown architecture 'segnet': choose one of conv_stack, "),
        (file, ("unet", "resnet1"), "Unknown smp encoder 'resnet1'"),
        (file, ("unet",), "does not fit unet: it lacks "),
        (file, ("conv_stack", "efficientnet_lite0"), "conv_stack has no efficientnet_lite0"),
    ]:
        with pytest.raises((WeightsError, OptionError), match=sentence):
            read(str(source), *words)


def test_a_hub_that_does_not_answer_is_one_sentence(monkeypatch):
    import huggingface_hub

    def unreachable(*_, **__):
        raise ConnectionError("\nno route\n")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    with pytest.raises(WeightsError, match=r"^somebody/unet is no file or folder here, .* \(ConnectionError\): check"):
        read("somebody/unet")


def test_what_the_hub_gives_is_read_as_a_folder(monkeypatch, folder, unet):
    import huggingface_hub

    asked = []

    def give(name: str, revision: str | None, **_: object) -> str:
        asked.append((name, revision))
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", give)
    found = read("somebody/unet-fruit")
    assert found.source == "somebody/unet-fruit, saved by segmentation_models.pytorch"
    assert same(found, unet)
    read("somebody/unet-fruit@v1.0")
    assert asked == [("somebody/unet-fruit", None), ("somebody/unet-fruit", "v1.0")]


# transformers -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def segformer(tmp_path_factory):
    transformers = pytest.importorskip("transformers", reason="transformers is not installed: it is optional")
    torch.manual_seed(0)
    config = transformers.SegformerConfig(
        depths=[1, 1, 1, 1],
        hidden_sizes=[8, 16, 16, 24],
        num_attention_heads=[1, 1, 2, 2],
        decoder_hidden_size=16,
        id2label={0: "ground", 1: "apple", 2: "pear"},
    )
    folder = tmp_path_factory.mktemp("segformer")
    network = transformers.SegformerForSemanticSegmentation(config).eval()
    network.save_pretrained(folder)
    settings = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.2, 0.2], "size": {"height": 96, "width": 128}}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    return folder, network


def test_a_segformer_is_read_with_classes_mean_std_and_size(segformer):
    folder, network = segformer
    found = read(str(folder))
    assert (found.model, found.classes) == ("transformers", ("ground", "apple", "pear"))
    assert (found.mean, found.std, found.size) == ((0.5, 0.4, 0.3), (0.2, 0.2, 0.2), 96)
    picture = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        logits = torch.nn.functional.interpolate(network(picture).logits, (64, 96), mode="bilinear")
        torch.testing.assert_close(found.content(picture), logits)
        assert found.content(torch.randn(2, 3, 33, 50)).shape == (2, 3, 33, 50)


def test_without_transformers_the_sentence_says_how_to_get_it(segformer, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(WeightsError, match=r"which is not installed: pip install transformers\."):
        read(str(segformer[0]))


def test_a_network_of_transformers_that_does_not_segment_is_a_sentence(segformer, tmp_path):
    config = json.loads((segformer[0] / "config.json").read_text())
    for change, sentence in [
        ({"model_type": "bert"}, "makes no network for semantic segmentation of 'bert'"),
        ({"model_type": "unheard-of"}, "makes no network for semantic segmentation of 'unheard-of'"),
        ({"id2label": ["ground"]}, "its id2label names no classes by their numbers"),
        ({"id2label": {str(i): str(i) for i in range(4)}}, "cannot be read: transformers cannot read its weights: "),
        ({"depths": [2, 1, 1, 1]}, r"It lacks segformer\.\S+ and \d+ more"),
        ({}, "cannot be read: transformers cannot read its weights: "),
    ]:
        (tmp_path / "config.json").write_text(json.dumps(config | change))
        weights = (segformer[0] / "model.safetensors").read_bytes()
        (tmp_path / "model.safetensors").write_bytes(weights if change else weights[:2000])
        with pytest.raises(WeightsError, match=sentence) as caught:
            read(str(tmp_path))
        assert "\n" not in str(caught.value)
