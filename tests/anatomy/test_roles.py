"""What people call the stages of networks."""

import pytest

from seg.anatomy.roles import opens_on
from seg.anatomy.stages import Stage, stages
from seg.models import build_model


def read(name: str, **options) -> dict[str, Stage]:
    model = build_model(name, 5, 3, **options).eval()
    return {stage.name: stage for stage in stages(model, 96, 128)}


def said(name: str, **options) -> list[str]:
    return [f"{stage.role.step} {stage.role.title}".strip() for stage in read(name, **options).values()]


def test_a_u_net_goes_down_through_its_bottleneck_and_up():
    assert said("unet", base=4, levels=2) == [
        "Encoder 1",
        "÷2 Encoder 2",
        "÷2 Bottleneck",
        "×2 Step up 2",
        "Decoder 2",
        "×2 Step up 1",
        "Decoder 1",
        "Classifier",
    ]


def test_what_lies_on_an_fcns_skips_is_told_from_the_way_up():
    found = said("fcn8s", base=4)
    assert found[-7:] == [
        "Bottleneck 2",
        "Classifier",
        "Skip pool4",
        "×2 Step up 5",
        "Skip pool3",
        "×2 Step up 4",
        "×8 Step up 1",
    ]


def test_a_conv_stack_has_layers_and_no_bottleneck():
    assert said("conv_stack", base=4, levels=5) == [*(f"Layer {i}" for i in range(1, 6)), "Classifier"]


def test_the_norm_behind_the_first_convolution_is_no_stage_of_its_own():
    found = read("unet", backbone="efficientnet_lite0")
    stem = found["encoder.model.conv_stem"]
    assert stem.role.title == "Encoder 2.1"
    assert stem.parameters == 3 * 3 * 3 * 32 + 2 * 32
    assert found["encoder.model.blocks.1"].role.title == "Encoder 3"
    assert found["encoder.model.blocks.1"].shape == (24, 24, 32)


@pytest.mark.parametrize(
    ("name", "options", "stage"),
    [
        ("unet", {"base": 4}, "bottleneck"),
        ("unet", {"backbone": "efficientnet_lite0"}, "encoder.model.blocks.6"),
        ("fcn32s", {"base": 4}, "fc7"),
        ("fc_densenet56", {"base": 12}, "bottleneck"),
        ("encoder_decoder", {"base": 4, "levels": 3}, "encoder.2"),
        ("conv_stack", {"base": 4, "levels": 5}, "body.3"),
        ("smp", {"backbone": "fpn/resnet18"}, "encoder.layer4"),
        ("smp", {"backbone": "deeplabv3plus/mobilenet_v2"}, "encoder.features.18"),
    ],
)
def test_a_network_opens_on_its_bottleneck_whoever_built_it(name, options, stage):
    assert opens_on({name: one.role for name, one in read(name, **options).items()}) == stage


def test_no_title_is_given_twice_and_parallel_branches_are_no_steps():
    found = read("smp", backbone="fpn/resnet18")
    titles = [stage.role.title for stage in found.values()]
    assert len(set(titles)) == len(titles)
    steps = [stage.role.step for stage in found.values()]
    assert steps.count("÷2") == 5
    assert not any(stage.role.step.startswith("÷") for stage in found.values() if stage.role.part == "decoder")
