"""The architectures on an EfficientNet-Lite, and any other of smp's, keep the contract of the ones from scratch."""

import subprocess
import sys

import pytest
import segmentation_models_pytorch as smp
import torch
import torch.nn.functional as F
from segmentation_models_pytorch.encoders import get_encoder
from torch import nn

from seg.models import ARCHITECTURES, BACKBONES, KNOWN, ON_BACKBONE, SMP, build_model
from seg.models.blocks import pad_to_multiple
from seg.models.smp import ARCHITECTURES as SMP_ARCHITECTURES

LITE0 = "efficientnet_lite0"
TIMMS = "tu-tf_"
"""With a backbone's name smp's name for timm's network, TensorFlow's padding and batch norm included."""
FCNS = ["fcn32s", "fcn16s", "fcn8s"]
SIZES = [(1, 1), (1, 7), (5, 1), (17, 31), (33, 2), (48, 64)]

every_name = pytest.mark.parametrize("name", ON_BACKBONE)
every_backbone = pytest.mark.parametrize("backbone", BACKBONES)
every_smp = pytest.mark.parametrize("arch", SMP_ARCHITECTURES)


def trained(
    name: str, num_classes: int = 4, in_channels: int = 3, backbone: str = LITE0, base: int | None = None
) -> nn.Module:
    """A network whose weights and statistics are as training could leave them: nothing at zero any more."""
    torch.manual_seed(0)
    model = build_model(name, num_classes, in_channels, backbone=backbone, base=base).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    return model


# The contract -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_channels", [1, 3])
@every_name
def test_a_picture_of_any_size_gets_finite_logits_of_its_size(name, in_channels):
    model = trained(name, 4, in_channels)
    for size in SIZES:
        with torch.no_grad():
            logits = model(torch.randn(2, in_channels, *size))
        assert logits.shape == (2, 4, *size)
        assert logits.isfinite().all()


@every_name
def test_two_pictures_of_one_pixel_can_be_trained_on(name):
    model = build_model(name, 4, backbone=LITE0).train()
    logits = model(torch.randn(2, 3, 1, 1))
    assert logits.shape == (2, 4, 1, 1)
    logits.square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


@every_name
def test_on_a_backbone_the_skips_that_stay_are_those_named_and_each_of_them_counts(name):
    model, picture = trained(name), torch.randn(1, 3, 45, 70)
    with torch.no_grad():
        everything = model(picture)
        assert torch.equal(model(picture, skips=set(model.skip_names)), everything)
        for left_out in model.skip_names:
            assert not torch.equal(model(picture, skips=set(model.skip_names) - {left_out}), everything), left_out


def test_a_network_on_a_backbone_names_its_skips_as_the_one_from_scratch_does():
    names = {name: build_model(name, 2, backbone=LITE0).skip_names for name in ON_BACKBONE}
    assert {name: names[name] for name in FCNS} == {name: build_model(name, 2).skip_names for name in FCNS}
    assert names["encoder_decoder"] == ()
    assert names["unet"] == ("level2", "level3", "level4", "level5"), "there is none at full resolution, level1"


@pytest.mark.parametrize("in_channels", [1, 3])
@every_backbone
def test_the_encoder_is_timms_network_with_tensorflows_padding(backbone, in_channels):
    ours = trained("fcn8s", 2, in_channels, backbone).encoder
    theirs = get_encoder(TIMMS + backbone, in_channels, depth=5, weights=None).eval()
    theirs.load_state_dict(ours.state_dict())
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert list(ours.out_channels) == list(theirs.out_channels)
    for size in [(64, 96), (37, 50), (1, 1)]:
        picture = torch.randn(1, in_channels, *size)
        with torch.no_grad():
            for mine, other in zip(ours(picture), theirs(picture), strict=True):
                torch.testing.assert_close(mine, other)


def test_the_encoder_starts_as_spread_as_timms():
    ours, theirs = build_model("fcn32s", 2, backbone=LITE0).encoder, get_encoder(TIMMS + LITE0, depth=5, weights=None)
    for (name, mine), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        if mine.numel() > 1000:
            assert mine.std().item() == pytest.approx(other.std().item(), rel=0.1), name


def test_networks_on_a_backbone_are_built_without_timm_and_smp():
    code = (
        "import sys; from seg.models import build_model; build_model('unet', 2, backbone='efficientnet_lite0'); "
        "assert not {'timm', 'torchvision', 'segmentation_models_pytorch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# The architectures --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["fcn16s", "fcn8s"])
def test_an_fcn_on_a_backbone_starts_without_its_skips_scores(name):
    model = build_model(name, 3, backbone=LITE0)
    assert all(not parameter.any() for parameter in model.score_skip.parameters())
    assert model.score.weight.any()


def test_an_fcns_scores_are_summed_where_their_pixels_lie():
    model, picture = trained("fcn8s"), torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        *_, pool3, pool4, deepest = model.encoder(picture)
        scores = model.upscore_skip["pool4"](model.score(deepest)) + model.score_skip["pool4"](pool4)
        scores = model.upscore_skip["pool3"](scores) + model.score_skip["pool3"](pool3)
        torch.testing.assert_close(model(picture), model.upscore(scores))


@every_backbone
@pytest.mark.parametrize(("base", "channels"), [(None, (256, 128, 64, 32, 16)), (48, (256, 128, 64, 48, 48))])
def test_the_unet_is_smps_own_on_sides_that_it_can_halve(base, channels, backbone):
    model, picture = trained("unet", backbone=backbone, base=base), torch.randn(1, 3, 64, 96)
    theirs = smp.Unet(TIMMS + backbone, encoder_weights=None, classes=4, decoder_channels=channels).eval()
    theirs.load_state_dict(dict(zip(theirs.state_dict(), model.state_dict().values(), strict=True)))
    with torch.no_grad():
        torch.testing.assert_close(model(picture), theirs(picture))


def test_the_unet_repeats_the_borders_of_a_picture_whose_sides_it_cannot_halve():
    x = torch.arange(6.0).reshape(1, 1, 2, 3)
    padded = pad_to_multiple(x, 4)
    assert torch.equal(padded, F.pad(x, (0, 1, 0, 2), mode="replicate"))
    assert padded[0, 0, :, 3].tolist() == [2, 5, 5, 5]
    assert pad_to_multiple(padded, 4) is padded


def test_the_encoder_decoder_on_a_backbone_goes_up_level_by_level_to_the_encoders_sizes():
    model = trained("encoder_decoder")
    sizes = []
    for level in model.decoder:
        level.register_forward_pre_hook(lambda module, arguments: sizes.append(tuple(arguments[0].shape[2:])))
    model(torch.randn(1, 3, 37, 50))
    assert sizes == [(3, 4), (5, 7), (10, 13), (19, 25), (37, 50)]


def test_no_level_of_the_encoder_decoder_on_a_backbone_has_fewer_channels_than_its_base():
    model = trained("encoder_decoder", base=48)
    assert [level[-1][0].out_channels for level in model.decoder] == [256, 128, 64, 48, 48]
    assert model(torch.randn(1, 3, 37, 50)).shape == (1, 4, 37, 50)


# Options ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name not in ON_BACKBONE])
def test_an_architecture_without_a_backbone_says_which_have_one(name):
    with pytest.raises(ValueError, match=rf"^{name} has no option backbone='{LITE0}': choose one of .*fcn8s, unet\.$"):
        build_model(name, 2, backbone=LITE0)


def test_an_unknown_backbone_is_an_error_that_names_the_known_ones():
    with pytest.raises(ValueError, match=r"^Unknown backbone 'resnet18': choose one of efficientnet_lite0, .*lite2\.$"):
        build_model("unet", 2, backbone="resnet18")


@pytest.mark.parametrize("option", [{"levels": 3}, {"norm": True}, {"width": "paper"}])
@pytest.mark.parametrize(("name", "backbone"), [("unet", LITE0), ("fcn8s", LITE0), (SMP, "fpn/resnet18")])
def test_a_network_on_a_backbone_has_one_size(name, backbone, option):
    with pytest.raises(ValueError, match=rf"^{name}( on {LITE0})? has no option {next(iter(option))}="):
        build_model(name, 2, backbone=backbone, **option)


@pytest.mark.parametrize(("name", "backbone"), [("fcn8s", LITE0), (SMP, "fpn/resnet18")])
def test_a_network_without_a_decoder_of_ours_has_no_base_on_a_backbone(name, backbone):
    with pytest.raises(ValueError, match="has no option base=8"):
        build_model(name, 2, backbone=backbone, base=8)


def test_the_encoder_decoder_on_a_backbone_goes_up_bilinearly_only():
    build_model("encoder_decoder", 2, backbone=LITE0, upsampling="bilinear")
    with pytest.raises(
        ValueError, match=r"^encoder_decoder on efficientnet_lite0 cannot go up by 'unpool': .*bilinear'"
    ):
        build_model("encoder_decoder", 2, backbone=LITE0, upsampling="unpool")


# Any other of smp's -------------------------------------------------------------------------------------------------


def test_smp_is_known_but_none_of_the_architectures():
    assert set(KNOWN) == {*ARCHITECTURES, SMP}
    assert SMP not in ARCHITECTURES


@every_smp
def test_any_smp_architecture_takes_pictures_of_any_size(arch):
    model = trained(SMP, 3, 1, f"{arch}/resnet18")
    with torch.no_grad():
        for size in [(1, 1), (33, 70)]:
            assert model(torch.randn(1, 1, *size)).shape == (1, 3, *size)
    model.train()(torch.randn(2, 1, 1, 1)).sum().backward()


@every_smp
def test_the_skips_of_an_smp_architecture_are_the_features_that_its_decoder_reads(arch):
    model, picture = trained(SMP, 3, 3, f"{arch}/resnet18"), torch.randn(1, 3, 40, 70)
    with torch.no_grad():
        everything = model(picture)
        for left_out in model.skip_names:
            assert not torch.equal(model(picture, skips=set(model.skip_names) - {left_out}), everything), left_out
    expected = {"unet": (2, 3, 4, 5), "fpn": (3, 4, 5), "deeplabv3plus": (3,), "deeplabv3": ()}
    if arch in expected:
        assert model.skip_names == tuple(f"level{level}" for level in expected[arch])


@pytest.mark.parametrize("encoder", ["mobilenet_v2", "mit_b0", "tu-convnext_atto", "timm-efficientnet-b0"])
def test_smp_encoders_of_many_kinds_carry_a_unet(encoder):
    model = build_model(SMP, 2, backbone=f"unet/{encoder}").eval()
    with torch.no_grad():
        assert model(torch.randn(1, 3, 50, 33)).shape == (1, 2, 50, 33)


@pytest.mark.parametrize(
    ("backbone", "sentence"),
    [
        (None, r"^smp needs a backbone that names an architecture and an encoder, such as 'fpn/resnet18', not None\.$"),
        ("fpn", r"^smp needs a backbone .* not 'fpn'\.$"),
        ("fpn/", r"^smp needs a backbone .* not 'fpn/'\.$"),
        ("fcn/resnet18", r"^Unknown smp architecture 'fcn': choose one of unet, .*segformer\.$"),
        ("fpn/resnet19", r"^Unknown smp encoder 'resnet19': choose one "),
        ("fpn/tu-resnet19", r"^smp cannot build 'fpn' on 'tu-resnet19': Unknown model"),
        ("fpn/tu-swin_tiny_patch4_window7_224", r"^smp cannot build 'fpn' on 'tu-swin.*224\)\.$"),
    ],
)
def test_what_smp_does_not_have_is_an_error_in_a_sentence(backbone, sentence):
    with pytest.raises(ValueError, match=sentence):
        build_model(SMP, 2, backbone=backbone)
