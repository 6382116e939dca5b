"""The architectures against their papers."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from seg.models import ARCHITECTURES, TITLES, UPSAMPLING, build_model
from seg.models.blocks import crop_to
from seg.models.fc_densenet import GROWTH, LAYERS, DenseLayer, TransitionDown

WITH_SKIPS = ["fcn16s", "fcn8s", "unet", "fc_densenet56", "fc_densenet67", "fc_densenet103"]
DENSENETS = list(LAYERS)

every_architecture = pytest.mark.parametrize("name", ARCHITECTURES)


def on_paper(name: str, num_classes: int = 11, in_channels: int = 3, **options) -> nn.Module:
    """The paper's network without memory for its weights."""
    with torch.device("meta"):
        return build_model(name, num_classes, in_channels, width="paper", **options)


def count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def trained(name: str, num_classes: int = 5, **options) -> nn.Module:
    """A small network with weights and statistics as training could leave them, nothing at zero any more."""
    torch.manual_seed(0)
    options.setdefault("base", 12 if "densenet" in name else 2)
    model = build_model(name, num_classes, **options).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(std=0.1)
                module.running_var.uniform_(0.5, 1.5)
    return model


def modules(model: nn.Module, *kinds: type) -> list[nn.Module]:
    return [module for module in model.modules() if isinstance(module, kinds)]


# Parameters ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "num_classes", "in_channels", "expected"),
    [
        ("fcn32s", 21, 3, 136_152_917),
        ("fcn16s", 21, 3, 134_815_994),
        ("fcn8s", 21, 3, 134_489_759),
        ("unet", 2, 1, 31_030_658),
        ("fc_densenet56", 11, 3, 1_376_795),
        ("fc_densenet67", 11, 3, 3_463_243),
        ("fc_densenet103", 11, 3, 9_322_091),
    ],
)
def test_the_paper_width_has_the_papers_number_of_parameters(name, num_classes, in_channels, expected):
    assert count(on_paper(name, num_classes, in_channels)) == expected


@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name != "conv_stack"])
def test_the_slim_width_has_between_0_3_and_4_million_parameters(name):
    assert 300_000 <= count(build_model(name, 11)) <= 4_000_000


def test_the_slim_conv_stack_has_fewer_parameters_than_any_other():
    assert count(build_model("conv_stack", 11)) < 300_000


@every_architecture
def test_both_widths_convolve_in_the_same_order_with_the_same_kernels(name):
    def kernels(model: nn.Module) -> list[tuple]:
        convolutions = modules(model, nn.Conv2d, nn.ConvTranspose2d)
        return [(type(layer), layer.kernel_size, layer.stride, layer.padding) for layer in convolutions]

    assert kernels(build_model(name, 11)) == kernels(on_paper(name))


# Shapes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_channels", [1, 3])
@every_architecture
def test_a_picture_of_any_size_gets_finite_logits_of_its_size(name, in_channels):
    model = build_model(name, 4, in_channels).eval()
    for height, width in [(1, 1), (1, 7), (5, 1), (17, 31), (33, 2), (48, 64)]:
        with torch.no_grad():
            logits = model(torch.randn(2, in_channels, height, width))
        assert logits.shape == (2, 4, height, width)
        assert logits.isfinite().all()


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(UPSAMPLING), st.integers(1, 40), st.integers(1, 40))
def test_every_way_up_of_the_encoder_decoder_comes_back_to_any_size(upsampling, height, width):
    model = build_model("encoder_decoder", 3, base=2, upsampling=upsampling).eval()
    with torch.no_grad():
        logits = model(torch.randn(1, 3, height, width))
    assert logits.shape == (1, 3, height, width)
    assert logits.isfinite().all()


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(ARCHITECTURES), st.integers(1, 40), st.integers(1, 40))
def test_every_architecture_comes_back_to_any_size(name, height, width):
    model = build_model(name, 2, 1, base=6 if "densenet" in name else 2).eval()
    with torch.no_grad():
        assert model(torch.randn(1, 1, height, width)).shape == (1, 2, height, width)


@every_architecture
def test_two_pictures_of_one_pixel_can_be_trained_on(name):
    model = build_model(name, 4).train()
    logits = model(torch.randn(2, 3, 1, 1))
    assert logits.shape == (2, 4, 1, 1)
    logits.square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


@every_architecture
def test_a_network_in_eval_mode_gives_a_picture_the_same_logits_alone_and_in_a_batch(name):
    model = trained(name)
    pictures = torch.randn(3, 3, 21, 34)
    with torch.no_grad():
        together, alone = model(pictures)[1:2], model(pictures[1:2])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-4 * max(1, float(alone.abs().max())))


# build_model --------------------------------------------------------------------------------------------------------


def test_every_architecture_has_a_title():
    assert tuple(TITLES) == ARCHITECTURES
    assert len(set(TITLES.values())) == len(ARCHITECTURES)


def test_an_unknown_architecture_is_an_error_that_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"^Unknown architecture 'segnet': choose one of conv_stack, .*smp\.$"):
        build_model("segnet", 2)


def test_an_unknown_width_is_an_error_that_names_the_two():
    with pytest.raises(ValueError, match=r"^Unknown width 'wide': choose 'slim' or 'paper'\.$"):
        build_model("unet", 2, width="wide")


def test_an_unknown_upsampling_is_an_error_that_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"^Unknown upsampling 'cubic': choose one of unpool, .*nearest\.$"):
        build_model("encoder_decoder", 2, upsampling="cubic")


@pytest.mark.parametrize(
    ("name", "options", "named"),
    [
        ("unet", {"upsampling": "nearest"}, r"upsampling='nearest'"),
        ("fcn8s", {"levels": 3}, r"levels=3"),
        ("fc_densenet56", {"norm": False}, r"norm=False"),
    ],
)
def test_an_option_that_the_architecture_does_not_have_is_an_error(name, options, named):
    with pytest.raises(ValueError, match=rf"^{name} has no option {named}\.$"):
        build_model(name, 2, **options)


def test_base_sets_the_channels_of_the_first_layer_and_levels_the_halvings():
    model = build_model("unet", 2, base=5, levels=3)
    assert [layer.out_channels for layer in modules(model.down, nn.Conv2d)][::2] == [5, 10, 20]
    assert build_model("fc_densenet103", 2, base=12, levels=2).skip_names == ("block1", "block2")
    assert len(build_model("conv_stack", 2, levels=3).body) == 3
    assert len(build_model("encoder_decoder", 2, levels=2).encoder) == 2


# Skips --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("conv_stack", ()),
        ("encoder_decoder", ()),
        ("fcn32s", ()),
        ("fcn16s", ("pool4",)),
        ("fcn8s", ("pool4", "pool3")),
        ("unet", ("level1", "level2", "level3", "level4")),
        *((name, ("block1", "block2", "block3", "block4", "block5")) for name in DENSENETS),
    ],
)
def test_skips_have_the_documented_names(name, expected):
    assert build_model(name, 2).skip_names == expected


@every_architecture
def test_keeping_every_skip_by_name_is_keeping_them_all(name):
    model, picture = trained(name), torch.randn(1, 3, 37, 50)
    with torch.no_grad():
        assert torch.equal(model(picture, skips=set(model.skip_names)), model(picture))


@pytest.mark.parametrize("name", WITH_SKIPS)
def test_leaving_out_any_one_skip_changes_the_logits(name):
    model, picture = trained(name), torch.randn(1, 3, 37, 50)
    with torch.no_grad():
        logits = model(picture)
        for left_out in model.skip_names:
            kept = set(model.skip_names) - {left_out}
            assert not torch.allclose(model(picture, skips=kept), logits, atol=1e-4), left_out


@pytest.mark.parametrize("name", ["conv_stack", "encoder_decoder", "fcn32s"])
def test_a_network_without_skips_does_not_mind_that_none_are_kept(name):
    model, picture = trained(name), torch.randn(1, 3, 20, 20)
    with torch.no_grad():
        assert torch.equal(model(picture, skips=set()), model(picture))


@pytest.mark.parametrize("left_out", [{"pool4"}, {"pool3"}, {"pool4", "pool3"}])
def test_an_fcn_without_a_skip_is_the_one_whose_scores_of_it_are_zero(left_out):
    model, picture = trained("fcn8s"), torch.randn(1, 3, 45, 70)
    with torch.no_grad():
        ablated = model(picture, skips={"pool4", "pool3"} - left_out)
        for name in left_out:
            model.score_skip[name].weight.zero_()
            model.score_skip[name].bias.zero_()
        torch.testing.assert_close(ablated, model(picture))


@pytest.mark.parametrize(
    ("name", "steps_up", "blocks"), [("unet", "upconv", "up"), ("fc_densenet56", "transitions_up", "up_blocks")]
)
def test_a_concatenated_skip_that_is_left_out_reaches_its_block_as_zeros(name, steps_up, blocks):
    def joined(parts):
        return torch.cat([crop_to(part, parts[0]) for part in parts], dim=1)

    model, picture = trained(name), torch.randn(1, 3, 45, 70)
    inputs = []
    for block in getattr(model, blocks):
        block.register_forward_pre_hook(lambda module, parts: inputs.append(joined(parts)))
    kept = set(model.skip_names[1:3])
    with torch.no_grad():
        model(picture, skips=kept)
    for skip, step_up, x in zip(reversed(model.skip_names), getattr(model, steps_up), inputs, strict=True):
        skipped, carried = x[:, : -step_up.out_channels], x[:, -step_up.out_channels :]
        assert bool(skipped.any()) == (skip in kept), skip
        assert carried.any()


# Conv stack ---------------------------------------------------------------------------------------------------------


def test_the_conv_stack_keeps_the_full_resolution_in_every_layer():
    model = build_model("conv_stack", 4)
    assert {type(module) for module in modules(model.body, nn.Module)} <= {
        nn.Sequential,
        nn.Conv2d,
        nn.BatchNorm2d,
        nn.ReLU,
    }
    for layer in modules(model, nn.Conv2d):
        assert layer.stride == layer.dilation == (1, 1)
        assert [2 * padding + 1 for padding in layer.padding] == list(layer.kernel_size)


def test_the_conv_stack_of_paper_width_is_seven_layers_of_64():
    assert [layer.out_channels for layer in modules(on_paper("conv_stack"), nn.Conv2d)] == [64] * 7 + [11]


# Encoder/decoder ----------------------------------------------------------------------------------------------------


def test_the_encoder_decoder_has_vgg16s_convolutions_and_their_mirror():
    model = on_paper("encoder_decoder")
    down = [layer.out_channels for layer in modules(model.encoder, nn.Conv2d)]
    up = [layer.in_channels for layer in modules(model.decoder, nn.Conv2d)]
    assert down == [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    assert up == down[::-1]


def test_every_convolution_of_the_encoder_decoder_but_the_last_is_normalised():
    model = on_paper("encoder_decoder")
    assert len(modules(model, nn.BatchNorm2d)) == len(modules(model, nn.Conv2d)) - 1


@pytest.mark.parametrize("size", [(8, 8), (5, 7), (1, 1), (2, 9)])
def test_unpooling_puts_each_value_back_where_the_pooling_found_it(size):
    model = build_model("encoder_decoder", 2, levels=1)
    model.encoder[0], model.decoder[0] = nn.Identity(), nn.Identity()
    x = torch.rand(2, 3, *size) + 0.1
    there_and_back = model(x)
    found = there_and_back != 0
    assert torch.equal(there_and_back[found], x[found])
    height, width = size
    for top in range(0, height, 2):
        for left in range(0, width, 2):
            window, kept = (t[..., top : top + 2, left : left + 2].flatten(2) for t in (x, there_and_back))
            assert torch.equal(kept.amax(dim=2), window.amax(dim=2)), "the largest value of the window is back"
            assert (kept != 0).sum(dim=2).eq(1).all(), "and it alone"


def test_each_unpooling_uses_the_indices_of_the_pooling_on_its_own_level():
    model = build_model("encoder_decoder", 2, in_channels=1, base=1, levels=3)
    model.encoder = nn.ModuleList(nn.Identity() for _ in range(3))
    model.decoder = nn.ModuleList(nn.Identity() for _ in range(3))
    x = torch.rand(1, 1, 21, 13)
    model(x)
    expected = torch.zeros_like(x)
    for top in range(0, 21, 8):
        for left in range(0, 13, 8):
            window = x[0, 0, top : top + 8, left : left + 8]
            y, z = divmod(int(window.argmax()), window.shape[1])
            expected[0, 0, top + y, left + z] = window.max()
    assert torch.equal(model(x), expected)


@pytest.mark.parametrize(("upsampling", "expected"), [("unpool", 0), ("transposed", 5), ("bilinear", 0)])
def test_only_transposed_upsampling_adds_layers_to_the_encoder_decoder(upsampling, expected):
    assert len(modules(build_model("encoder_decoder", 2, upsampling=upsampling), nn.ConvTranspose2d)) == expected


# FCN ----------------------------------------------------------------------------------------------------------------


def bilinear_layers() -> list[nn.ConvTranspose2d]:
    return [
        layer for name in ("fcn32s", "fcn16s", "fcn8s") for layer in modules(build_model(name, 4), nn.ConvTranspose2d)
    ]


def test_an_fcns_upsampling_starts_bilinear_between_equal_classes_and_zero_between_others():
    for layer in bilinear_layers():
        kernel, stride = layer.kernel_size[0], layer.stride[0]
        position = torch.arange(kernel) + 0.5 - stride
        tent = 1 - position.abs() / stride
        for source in range(4):
            for target in range(4):
                expected = tent.outer(tent) if source == target else torch.zeros(kernel, kernel)
                torch.testing.assert_close(layer.weight[source, target].detach(), expected)


def test_an_fcns_upsampling_starts_as_bilinear_interpolation_away_from_the_border():
    for layer in bilinear_layers():
        stride = layer.stride[0]
        scores = torch.randn(2, 4, 6, 5)
        with torch.no_grad():
            ours = layer(scores)
        theirs = F.interpolate(scores, scale_factor=stride, mode="bilinear", align_corners=False)
        assert ours.shape == theirs.shape
        inside = (..., slice(stride, -stride), slice(stride, -stride))
        torch.testing.assert_close(ours[inside], theirs[inside], rtol=1e-5, atol=1e-5)


def test_an_fcns_upsampling_is_trained_dense_and_has_no_bias():
    for layer in bilinear_layers():
        assert layer.weight.requires_grad
        assert layer.groups == 1
        assert layer.bias is None


def test_an_fcn_is_vgg16_with_its_fully_connected_layers_turned_into_convolutions():
    model = on_paper("fcn8s", 21)
    layers = modules(model, nn.Conv2d)
    assert [layer.out_channels for layer in layers] == [
        *(64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512),
        *(4096, 4096, 21, 21, 21),
    ]
    assert (layers[13].kernel_size, layers[13].padding, layers[14].kernel_size) == ((7, 7), (3, 3), (1, 1))
    assert not modules(model, nn.BatchNorm2d)
    assert [layer.p for layer in modules(model, nn.Dropout)] == [0.5, 0.5]


def test_an_fcns_skips_score_pool4_and_pool3_at_their_own_strides():
    model = trained("fcn8s")
    sizes = {}
    for name, layer in model.score_skip.items():
        layer.register_forward_hook(lambda module, x, y, name=name: sizes.__setitem__(name, tuple(y.shape[2:])))
    model(torch.randn(1, 3, 160, 96))
    assert sizes == {"pool4": (10, 6), "pool3": (20, 12)}


# U-Net --------------------------------------------------------------------------------------------------------------


def test_the_unet_has_the_papers_channels():
    model = on_paper("unet", 2, 1)
    down = [layer.out_channels for layer in modules(nn.ModuleList([*model.down, model.bottleneck]), nn.Conv2d)]
    assert down == [64, 64, 128, 128, 256, 256, 512, 512, 1024, 1024]
    assert [layer.in_channels for layer in modules(model.up, nn.Conv2d)] == [1024, 512, 512, 256, 256, 128, 128, 64]
    assert len(modules(model, nn.Conv2d, nn.ConvTranspose2d)) == 23, (
        "'in total the network has 23 convolutional layers'"
    )


def test_batch_norm_in_the_unet_is_an_option():
    assert not modules(on_paper("unet"), nn.BatchNorm2d)
    assert len(modules(on_paper("unet", norm=True), nn.BatchNorm2d)) == 18
    assert not modules(build_model("unet", 2, norm=False), nn.BatchNorm2d)


# FC-DenseNet --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DENSENETS)
def test_a_dense_layer_is_batch_norm_relu_convolution_dropout(name):
    for layer in modules(on_paper(name), DenseLayer):
        norm, _, convolution, dropout = layer
        assert [type(part) for part in layer] == [nn.BatchNorm2d, nn.ReLU, nn.Conv2d, nn.Dropout]
        assert norm.num_features == convolution.in_channels
        assert (convolution.kernel_size, convolution.padding) == ((3, 3), (1, 1))
        assert convolution.out_channels == GROWTH[name]
        assert dropout.p == 0.2


@pytest.mark.parametrize("name", DENSENETS)
def test_a_transition_down_is_batch_norm_relu_1x1_convolution_dropout_pooling(name):
    for transition in modules(on_paper(name), TransitionDown):
        kinds = [nn.BatchNorm2d, nn.ReLU, nn.Conv2d, nn.Dropout, nn.MaxPool2d]
        assert [type(part) for part in transition] == kinds
        assert transition[2].kernel_size == (1, 1)
        assert transition[2].in_channels == transition[2].out_channels


@pytest.mark.parametrize(("name", "layers"), [("fc_densenet56", 56), ("fc_densenet67", 67), ("fc_densenet103", 103)])
def test_an_fc_densenet_has_as_many_convolutions_as_its_name_says(name, layers):
    assert len(modules(on_paper(name), nn.Conv2d, nn.ConvTranspose2d)) == layers


@pytest.mark.parametrize("name", DENSENETS)
def test_a_transition_up_carries_only_the_new_features_of_the_block_before_it(name):
    carried = [layers * GROWTH[name] for layers in reversed(LAYERS[name])][:-1]
    ups = on_paper(name).transitions_up
    assert [layer.in_channels for layer in ups] == carried
    assert [layer.out_channels for layer in ups] == carried
    assert {(layer.kernel_size, layer.stride) for layer in ups} == {((3, 3), (2, 2))}


def test_the_first_transition_up_of_fc_densenet103_carries_240_features():
    assert on_paper("fc_densenet103").transitions_up[0].in_channels == 15 * 16 == 240


def test_what_a_transition_up_carries_are_the_features_that_the_blocks_layers_made():
    model = trained("fc_densenet56")
    made, carried = [], []
    for layer in model.bottleneck.layers:
        layer.register_forward_hook(lambda module, x, y: made.append(y))
    model.transitions_up[0].register_forward_pre_hook(lambda module, arguments: carried.append(arguments[0]))
    with torch.no_grad():
        model(torch.randn(1, 3, 64, 64))
    assert torch.equal(carried[0], torch.cat(made, dim=1))


def test_each_layer_of_a_dense_block_reads_the_input_and_all_features_before_it():
    block = trained("fc_densenet56").bottleneck
    x = torch.randn(1, block.layers[0][0].num_features, 4, 4)
    features = [x]
    with torch.no_grad():
        for layer in block.layers:
            features.append(layer(torch.cat(features, dim=1)))
        everything, new = block(x)
    assert torch.equal(everything, torch.cat(features, dim=1))
    assert torch.equal(new, torch.cat(features[1:], dim=1))


@pytest.mark.parametrize("name", DENSENETS)
def test_the_last_dense_block_keeps_its_input(name):
    model = on_paper(name)
    last = model.up_blocks[-1].layers
    assert model.classifier.in_channels == last[0][0].num_features + len(last) * GROWTH[name]


def test_the_classifier_of_fc_densenet103_reads_256_channels():
    assert on_paper("fc_densenet103").classifier.in_channels == 256


@pytest.mark.parametrize("name", DENSENETS)
def test_every_convolution_of_an_fc_densenet_has_a_bias(name):
    assert all(layer.bias is not None for layer in modules(on_paper(name), nn.Conv2d, nn.ConvTranspose2d))


def test_a_crop_takes_the_top_left():
    x = torch.arange(20.0).reshape(1, 1, 4, 5)
    assert crop_to(x, torch.empty(1, 7, 3, 2)).tolist() == [[[[0, 1], [5, 6], [10, 11]]]]


@pytest.mark.parametrize(("name", "levels"), [("encoder_decoder", 6), ("fc_densenet103", 0)])
def test_more_levels_than_the_paper_has_are_refused(name, levels):
    with pytest.raises(ValueError, match="choose 1 to 5"):
        build_model(name, 11, levels=levels)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_dense_block_gives_the_same_with_and_without_gradients(layout):
    torch.manual_seed(0)
    model = build_model("fc_densenet56", 5, 3).eval().to(memory_format=layout)
    picture = torch.rand(2, 3, 45, 66).to(memory_format=layout)
    with_gradients = model(picture)
    with torch.inference_mode():
        assert model(picture) == pytest.approx(with_gradients.detach(), abs=1e-5)
