"""What `seg.anatomy.cost` reads off a network is what a gradient, or a pencil, finds."""

from itertools import pairwise, product

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from seg.anatomy.cost import describe, extent, gflops, parameters, receptive_field, upsampling_stack
from seg.anatomy.dependence import Reach, TracedMap
from seg.models import ARCHITECTURES, HEAD, ON_BACKBONE, UPSAMPLING, build_model

NETWORKS = [
    *((name, {}) for name in ARCHITECTURES if name != "encoder_decoder"),
    *(("encoder_decoder", {"upsampling": method}) for method in UPSAMPLING),
]
NAMES = [" ".join([name, *options.values()]) for name, options in NETWORKS]

every_network = pytest.mark.parametrize(("name", "options"), NETWORKS, ids=NAMES)


class AveragePoolWithoutIndices(nn.Module):
    """In max pooling's place before an unpooling, which then has no need of its indices."""

    def forward(self, x):
        return F.avg_pool2d(x, 2, ceil_mode=True), None


class UnpoolEverywhere(nn.Module):
    """In max-unpooling's place: a value goes to all four pixels, since it may have come from any of them."""

    def forward(self, x, indices, output_size):
        height, width = output_size[-2:]
        return x.repeat_interleave(2, dim=-2).repeat_interleave(2, dim=-1)[..., :height, :width]


def linear(module: nn.Module) -> nn.Module:
    """The network with every weight positive, no bias and averages for maxima: no path through it is ever blocked."""
    for name, child in module.named_children():
        if isinstance(child, nn.MaxPool2d):
            averages = nn.AvgPool2d(2, ceil_mode=True)
            setattr(module, name, AveragePoolWithoutIndices() if child.return_indices else averages)
        elif isinstance(child, nn.MaxUnpool2d):
            setattr(module, name, UnpoolEverywhere())
        elif isinstance(child, nn.BatchNorm2d):
            setattr(module, name, nn.Identity())
        else:
            linear(child)
        if isinstance(child, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.constant_(child.weight, 1 / child.weight[:, 0].numel())  # small enough for a hundred layers
            if child.bias is not None:
                nn.init.zeros_(child.bias)
    return module.double().eval()


def small(name: str, **options) -> nn.Module:
    """Few channels: what a network sees does not depend on how many it has."""
    return build_model(name, 2, 1, base=6 if "densenet" in name else 1, **options)


def seen(
    model: nn.Module, size: tuple[int, int], pixels: list[tuple[int, int]], **arguments
) -> dict[tuple[int, int], tuple[int, int, int, int]]:
    """Output pixel → (top, left, bottom, right) of the picture's pixels that its gradient reaches."""
    picture = torch.ones(1, 1, *size, dtype=torch.float64, requires_grad=True)
    logits = model(picture, **arguments)[0].sum(dim=0)
    boxes = {}
    for pixel in pixels:
        (gradient,) = torch.autograd.grad(logits[pixel], picture, retain_graph=True)
        rows, columns = gradient[0, 0].any(dim=1).nonzero(), gradient[0, 0].any(dim=0).nonzero()
        if len(rows):
            boxes[pixel] = rows[0].item(), columns[0].item(), rows[-1].item() + 1, columns[-1].item() + 1
    return boxes


@every_network
def test_the_extent_is_the_bounding_box_of_the_gradient(name, options):
    model = small(name, levels=2, **options) if not name.startswith("fcn") else small(name)
    size, pixels = (72, 96), [(0, 0), (35, 48), (36, 47), (71, 95), (50, 13)]
    expected = {pixel: extent(model, size, *pixel, 1) for pixel in pixels}
    assert seen(linear(model), size, pixels) == expected


@every_network
def test_the_extent_is_right_where_odd_sizes_are_pooled_and_cropped(name, options):
    model = small(name, levels=3, **options) if not name.startswith("fcn") else small(name)
    size, pixels = (53, 43), [(0, 42), (26, 21), (27, 20), (52, 42), (51, 1)]
    expected = {pixel: extent(model, size, *pixel, 1) for pixel in pixels}
    assert seen(linear(model), size, pixels) == expected


@every_network
def test_the_receptive_field_is_the_largest_side_that_the_gradient_finds(name, options):
    model = small(name, **options)
    side = receptive_field(model, 1)
    length = 64 * (side // 64 + 2)
    pixels = [(length // 2 + phase, 0) for phase in range(32)]  # what a row sees repeats every 2⁵ rows
    boxes = seen(linear(model), (length, 1), pixels).values()
    assert all(top > 0 and bottom < length for top, _, bottom, _ in boxes), "the picture is too small to tell"
    assert max(bottom - top for top, _, bottom, _ in boxes) == side


@pytest.mark.parametrize("name", [*ON_BACKBONE, HEAD])
def test_the_extent_on_a_backbone_is_the_bounding_box_of_the_gradient(name):
    model = build_model(name, 2, 1, backbone="efficientnet_lite0").eval()
    size, pixels = (37, 1100), [(0, 0), (18, 549), (36, 1099)]
    expected = {pixel: extent(model, size, *pixel, 1) for pixel in pixels}
    assert seen(linear(model), size, pixels) == expected
    assert any(left > 0 or right < size[1] for _, left, _, right in expected.values()), (
        "the picture is too small to tell"
    )


@pytest.mark.parametrize("name", ["fcn8s", "unet", "fc_densenet56"])
def test_the_extent_without_skips_is_what_the_deep_path_sees(name):
    model = small(name)
    size, pixel = (121, 3), (60, 1)
    expected = extent(model, size, *pixel, 1, skips=set())
    assert seen(linear(model), size, [pixel], skips=set()) == {pixel: expected}


def test_a_zeroed_path_is_not_part_of_the_extent():
    class TwoPaths(nn.Module):
        def __init__(self):
            super().__init__()
            self.wide, self.narrow = nn.Conv2d(1, 1, 9, padding=4), nn.Conv2d(1, 1, 3, padding=1)

        def forward(self, x, skips=None):
            wide = self.wide(x)
            return self.narrow(x) + (wide if skips is None else torch.zeros_like(wide))

    assert extent(TwoPaths(), (20, 20), 10, 10, 1) == (6, 6, 15, 15)
    assert extent(TwoPaths(), (20, 20), 10, 10, 1, skips=set()) == (9, 9, 12, 12)


def test_an_fc_densenet_sees_further_up_and_left_because_its_transposed_convolutions_are_cropped_there():
    top, left, bottom, right = extent(build_model("fc_densenet56", 2), (2048, 2048), 1024, 1024)
    assert (top, bottom) == (left, right)
    assert 1024 - top > bottom - 1024
    top, left, bottom, right = extent(build_model("unet", 2), (512, 512), 255, 256)
    assert 255 - top == right - 1 - 256, "the U-Net's grids are aligned, so the middle two pixels mirror each other"


def test_the_extent_is_clipped_to_the_picture():
    assert extent(build_model("conv_stack", 2), (9, 40), 4, 20) == (0, 13, 9, 28)


def test_a_pixel_outside_the_picture_has_no_extent():
    with pytest.raises(IndexError, match="no pixel in row 9 and column 0"):
        extent(build_model("conv_stack", 2), (9, 40), 9, 0)


def test_each_layer_of_a_conv_stack_adds_two_pixels():
    fields = [receptive_field(build_model("conv_stack", 2, levels=levels)) for levels in range(1, 6)]
    assert fields == [3, 5, 7, 9, 11]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_receptive_field_does_not_depend_on_the_width(name):
    assert describe(name, width="slim").receptive_field == describe(name, width="paper").receptive_field


def test_more_levels_see_further():
    fields = [receptive_field(build_model("unet", 2, levels=levels)) for levels in range(1, 6)]
    assert all(a < b for a, b in pairwise(fields))


# The rules for single layers ----------------------------------------------------------------------------------------

sizes = st.tuples(st.integers(1, 12), st.integers(1, 12))
kernels, strides, paddings, dilations = st.integers(1, 5), st.integers(1, 4), st.integers(0, 3), st.integers(1, 3)


def assert_extents_match(layer: nn.Module, size: tuple[int, int]) -> None:
    try:
        expected_shape = linear(layer)(torch.ones(1, 1, *size, dtype=torch.float64)).shape[2:]
    except RuntimeError:
        assume(False)
    assert layer(TracedMap(1, Reach.itself(size[0]), Reach.itself(size[1]), [])).shape[2:] == expected_shape
    pixels = list(product(range(min(size[0], expected_shape[0])), range(min(size[1], expected_shape[1]))))
    for pixel, box in seen(layer, size, pixels).items():
        assert extent(layer, size, *pixel, 1) == box


@settings(max_examples=40, deadline=None)
@given(sizes, kernels, strides, paddings, dilations)
def test_a_convolution_of_any_kind_reaches_what_its_gradient_reaches(size, kernel, stride, padding, dilation):
    assert_extents_match(nn.Sequential(nn.Conv2d(1, 1, kernel, stride, padding, dilation)), size)


@settings(max_examples=40, deadline=None)
@given(sizes, kernels, strides, paddings, dilations, st.integers(0, 3))
def test_a_transposed_convolution_of_any_kind_reaches_what_its_gradient_reaches(
    size, kernel, stride, padding, dilation, output_padding
):
    layer = nn.ConvTranspose2d(1, 1, kernel, stride, padding, output_padding, dilation=dilation)
    assert_extents_match(nn.Sequential(layer), size)


@settings(max_examples=40, deadline=None)
@given(sizes, kernels, strides, paddings, st.booleans())
def test_a_pooling_of_any_kind_reaches_what_its_gradient_reaches(size, kernel, stride, padding, ceil_mode):
    assume(2 * padding <= kernel)
    assert_extents_match(nn.Sequential(nn.AvgPool2d(kernel, stride, padding, ceil_mode)), size)


@settings(max_examples=40, deadline=None)
@given(sizes, sizes, st.sampled_from(["nearest", "bilinear"]))
def test_an_interpolation_to_any_size_reaches_what_its_gradient_reaches(size, larger, mode):
    assert_extents_match(nn.Sequential(nn.Upsample(larger, mode=mode)), size)


@settings(max_examples=20, deadline=None)
@given(sizes, st.sampled_from([0.5, 1, 1.5, 2, 2.5, 4]), st.sampled_from(["nearest", "bilinear"]))
def test_an_interpolation_by_any_factor_reaches_what_its_gradient_reaches(size, factor, mode):
    assert_extents_match(nn.Sequential(nn.Upsample(scale_factor=factor, mode=mode)), size)


@pytest.mark.parametrize(
    "layer",
    [
        nn.ZeroPad2d((1, 2, 3, 0)),
        nn.ZeroPad2d((-1, 2, -3, 0)),
        nn.ReplicationPad2d((1, 2, 30, 0)),
        nn.ReplicationPad2d((-1, 2, -3, 0)),
        nn.Conv2d(1, 1, (3, 5), padding="same", dilation=2),
    ],
)
def test_padding_reaches_what_its_gradient_reaches(layer):
    assert_extents_match(nn.Sequential(layer), (9, 8))


@pytest.mark.parametrize("size", [(8, 6), (7, 9), (1, 1)])
def test_unpooling_depends_on_the_window_that_the_pooling_compared(size):
    class ThereAndBack(nn.Module):
        def forward(self, x):
            pooled, indices = F.max_pool2d(x, 2, ceil_mode=True, return_indices=True)
            return F.max_unpool2d(torch.zeros_like(pooled), indices, 2, output_size=x.shape[-2:])

    for y, x in product(range(size[0]), range(size[1])):
        top, left = y // 2 * 2, x // 2 * 2
        box = top, left, min(top + 2, size[0]), min(left + 2, size[1])
        assert extent(ThereAndBack(), size, y, x, 1) == box


def test_an_activation_without_a_rule_passes_through():
    layers = [nn.SiLU(), nn.ReLU6(), nn.Hardswish(), nn.GELU(), nn.Softmax(dim=1), nn.Dropout(0.5)]
    assert receptive_field(nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), *layers)) == 3


@pytest.mark.parametrize("layer", [nn.Softmax(dim=3), nn.AdaptiveAvgPool2d(1), nn.GroupNorm(1, 3), nn.Flatten()])
def test_a_layer_that_mixes_pixels_and_has_no_rule_is_an_error_that_names_it(layer):
    with pytest.raises(NotImplementedError, match=r"no rule for (softmax|adaptive_avg_pool2d|group_norm|flatten)"):
        receptive_field(nn.Sequential(layer))


def test_a_network_for_another_number_of_channels_is_an_error():
    with pytest.raises(ValueError, match="of 1 channels was given 3"):
        receptive_field(build_model("unet", 2, in_channels=1))


def test_looking_at_a_network_leaves_it_as_it_was():
    model = build_model("unet", 2).train()
    model.bottleneck.eval()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    receptive_field(model), upsampling_stack(model), gflops(model, 32, 32), extent(model, (9, 9), 1, 1)
    assert modes == [module.training for module in model.modules()]
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


# Size, cost and the way up ------------------------------------------------------------------------------------------


def test_a_multiplication_and_an_addition_are_two_operations():
    model = build_model("conv_stack", 2, 1, base=3, levels=2)
    per_pixel = 9 * 1 * 3 + 9 * 3 * 3 + 3 * 2
    assert gflops(model, 4, 5, 1) == pytest.approx(2 * per_pixel * 4 * 5 / 1e9)


def test_a_transposed_convolution_costs_its_kernel_for_every_pixel_that_goes_in():
    assert gflops(nn.Sequential(nn.ConvTranspose2d(3, 5, 4, stride=2, padding=1)), 6, 7) == pytest.approx(
        2 * 16 * 3 * 5 * 6 * 7 / 1e9
    )


@every_network
def test_operations_are_counted_on_a_real_network_and_leave_its_weights_where_they_are(name, options):
    model = small(name, **options)
    assert gflops(model, 33, 47, 1) > 0
    assert all(parameter.device.type == "cpu" for parameter in model.parameters())


def test_half_precision_weights_cost_as_many_operations():
    model = build_model("unet", 2)
    assert gflops(model, 32, 48) == gflops(build_model("unet", 2).half(), 32, 48)


def test_parameters_are_what_training_adjusts():
    assert parameters(nn.Sequential(nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5))) == 3 * 5 * 9 + 5 + 2 * 5


def kernels_strides_paddings(name: str, **options) -> list[tuple[int, int, int]]:
    return [(step.kernel, step.stride, step.padding) for step in describe(name, **options).upsampling]


def test_the_fcns_go_up_by_32_by_2_and_16_and_by_2_2_and_8():
    assert kernels_strides_paddings("fcn32s") == [(64, 32, 16)]
    assert kernels_strides_paddings("fcn16s") == [(4, 2, 1), (32, 16, 8)]
    assert kernels_strides_paddings("fcn8s") == [(4, 2, 1), (4, 2, 1), (16, 8, 4)]


def test_the_unet_goes_up_by_2_four_times_and_halves_its_channels():
    steps = describe("unet", width="paper").upsampling
    assert {(step.method, step.kernel, step.stride, step.padding, step.output_padding) for step in steps} == {
        ("transposed", 2, 2, 0, 0)
    }
    assert [(step.in_channels, step.out_channels) for step in steps] == [(1024, 512), (512, 256), (256, 128), (128, 64)]


def test_fc_densenet103_carries_the_new_features_of_each_block_up():
    steps = describe("fc_densenet103", width="paper").upsampling
    assert {(step.method, step.kernel, step.stride, step.padding) for step in steps} == {("transposed", 3, 2, 0)}
    assert [step.in_channels for step in steps] == [240, 192, 160, 112, 80]
    assert [step.out_channels for step in steps] == [240, 192, 160, 112, 80]


@pytest.mark.parametrize(
    ("upsampling", "expected"),
    [("unpool", (2, 2, 0, 0)), ("transposed", (3, 2, 1, 1)), ("bilinear", (4, 2, 1, 0)), ("nearest", (2, 2, 0, 0))],
)
def test_the_encoder_decoder_goes_up_as_it_was_told(upsampling, expected):
    steps = describe("encoder_decoder", upsampling=upsampling, base=4).upsampling
    assert [step.method for step in steps] == [upsampling] * 5
    assert {(step.kernel, step.stride, step.padding, step.output_padding) for step in steps} == {expected}
    assert [step.in_channels for step in steps] == [32, 32, 16, 8, 4]


@pytest.mark.parametrize("factor", [2, 3, 4, 5])
@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_an_interpolation_is_described_by_the_transposed_convolution_that_does_the_same(mode, factor):
    (step,) = upsampling_stack(nn.Sequential(nn.Upsample(scale_factor=factor, mode=mode)), in_channels=1)
    tent = 1 - (torch.arange(step.kernel) - (step.kernel - 1) / 2).abs() / factor
    line = tent if mode == "bilinear" else torch.ones(step.kernel)
    picture = torch.rand(1, 1, 7, 6)
    ours = F.conv_transpose2d(picture, line.outer(line)[None, None], stride=step.stride, padding=step.padding)
    theirs = F.interpolate(picture, scale_factor=factor, mode=mode)
    inside = (..., slice(factor, -factor), slice(factor, -factor))
    torch.testing.assert_close(ours[inside], theirs[inside])


def test_networks_on_a_backbone_are_described_like_any_other():
    options = {"num_classes": 5, "in_channels": 1, "backbone": "efficientnet_lite0"}
    anatomies = {name: describe(name, **options) for name in ON_BACKBONE}
    ways_up = {name: [(step.method, step.stride) for step in anatomies[name].upsampling] for name in ON_BACKBONE}
    assert ways_up == {
        "encoder_decoder": [("bilinear", 2)] * 5,
        "fcn32s": [("transposed", 32)],
        "fcn16s": [("transposed", 2), ("transposed", 16)],
        "fcn8s": [("transposed", 2), ("transposed", 2), ("transposed", 8)],
        "unet": [("nearest", 2)] * 5,
    }
    model = build_model("unet", **options)
    assert anatomies["unet"].parameters == parameters(model)
    assert anatomies["unet"].gflops == gflops(model, 360, 480, 1)
    assert anatomies["unet"].skips == model.skip_names


def test_the_conv_stack_never_goes_up():
    assert describe("conv_stack").upsampling == ()


def test_a_description_passes_on_what_build_model_says_about_a_wrong_argument():
    with pytest.raises(ValueError, match="Unknown architecture 'deeplab'"):
        describe("deeplab")
    with pytest.raises(ValueError, match="conv_stack has no option upsampling='nearest'"):
        describe("conv_stack", upsampling="nearest")


def test_a_description_holds_the_networks_own_names_and_numbers():
    model = build_model("fcn8s", 5, 1, base=4)
    anatomy = describe("fcn8s", num_classes=5, in_channels=1, base=4)
    assert anatomy.name == "fcn8s"
    assert anatomy.skips == ("pool4", "pool3")
    assert anatomy.parameters == parameters(model)
    assert anatomy.gflops == gflops(model, 360, 480, 1)
    assert anatomy.receptive_field == receptive_field(model, 1)
    assert anatomy.upsampling == upsampling_stack(model, 1)
