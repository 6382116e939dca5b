"""Networks read stage by stage."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from seg.anatomy.cost import gflops, receptive_field, receptive_fields, watching
from seg.anatomy.receptive import Seen
from seg.anatomy.stages import Anatomise, Costs, Means, Skips, Strongest, Timed, stages
from seg.catalogue.store import WeightIndex
from seg.datasets import street
from seg.inference.segmenter import Segmenter
from seg.models import HEAD, build_model
from seg.scores.ablation import Ablated, changed
from tests.conftest import make_set

NETWORKS = [
    ("conv_stack", {"base": 4}),
    ("encoder_decoder", {"base": 4}),
    ("fcn32s", {"base": 4}),
    ("fcn16s", {"base": 4}),
    ("fcn8s", {"base": 4}),
    ("unet", {"base": 4}),
    ("fc_densenet56", {"base": 12}),
    ("fcn8s", {"backbone": "efficientnet_lite0"}),
    ("unet", {"backbone": "efficientnet_lite0"}),
    (HEAD, {"backbone": "efficientnet_lite0"}),
]
SKIPPING = [(name, options) for name, options in NETWORKS if name not in ("conv_stack", "encoder_decoder", "fcn32s")]


@pytest.mark.parametrize(("name", "options"), NETWORKS)
def test_the_stages_hold_all_parameters_and_all_operations(name, options):
    model = build_model(name, 5, 3, **options).eval()
    found = stages(model, 96, 128)
    assert sum(stage.parameters for stage in found) == sum(p.numel() for p in model.parameters())
    assert sum(stage.gflops for stage in found) == pytest.approx(gflops(model, 96, 128), rel=1e-6)
    assert found[-1].shape[0] == 5
    assert len(found) >= 6


@pytest.mark.parametrize(("name", "options"), NETWORKS)
def test_shapes_are_those_of_a_real_run(name, options):
    model = build_model(name, 5, 3, **options).eval()
    found = {stage.name: stage.shape for stage in stages(model, 96, 128)}
    seen = {}

    def see(stage, output):
        seen[stage] = tuple((output[0] if isinstance(output, tuple) else output).shape[1:])

    with watching(model, list(found), see), torch.no_grad():
        model(torch.zeros(1, 3, 96, 128))
    assert seen == found


@pytest.mark.parametrize(("name", "options"), SKIPPING)
def test_a_skip_ends_where_the_network_says(name, options):
    model = build_model(name, 5, 3, **options).eval()
    torch.manual_seed(0)
    for parameter in model.parameters():  # some start at zero, and a skip through them would change nothing
        if not parameter.any():
            torch.nn.init.normal_(parameter)
    order = [stage.name for stage in stages(model, 96, 128)]
    assert set(model.skip_ends) == set(model.skip_names)
    picture = torch.rand(1, 3, 96, 128)

    def outputs(kept):
        found = {}
        with watching(model, order, lambda stage, output: found.setdefault(stage, output)), torch.no_grad():
            model(picture, skips=kept)
        return [o[0] if isinstance(o, tuple) else o for o in (found[stage] for stage in order)]

    everything = set(model.skip_names)
    before = outputs(everything)
    for skip, (start, end, *_) in model.skip_ends.items():
        after = outputs(everything - {skip})
        same = [torch.equal(a, b) for a, b in zip(before, after, strict=True)]
        first = same.index(False) if False in same else len(order)
        assert order.index(start) < order.index(end) <= first
        assert first <= order.index(end) + 2, f"{skip} shows only after {order[first]}"


def test_receptive_fields_grow_and_end_with_the_networks():
    model = build_model("unet", 5, 3, base=4).eval()
    names = [stage.name for stage in stages(model, 96, 128)]
    found = receptive_fields(model, names)
    down = [found[name] for name in names if name.startswith("down")]
    assert down == sorted(down)
    assert down[0] == 5
    assert max(found.values()) == receptive_field(model)


@pytest.fixture
def network(tmp_path) -> Segmenter:
    record = make_set(tmp_path, "street/unet-wce", "unet")
    return Segmenter(record, WeightIndex(tmp_path).load(record), "cpu")


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return street.render(3, 180, 240).image


def test_a_networks_stages_are_timed_and_see(network, photo):
    found = Anatomise()(network, photo, 1)
    assert all(stage.seconds > 0 and stage.receptive_field > 0 for stage in found)
    assert found[0].shape == (4, 180, 240)


def test_the_strongest_channels_are_those_that_vary_most(network, photo):
    found = Strongest("down.1", 3)(network, photo, 1)
    spread = network.features(photo, "down.1").std(axis=(1, 2))
    assert list(found.channels) == list(np.argsort(-spread)[:3])
    assert found.total == 8
    assert found.maps.shape == (3, 90, 120)
    assert found.maps.max() == 255


def test_every_stage_has_the_mean_of_its_channels(network, photo):
    found = Means()(network, photo, 1)
    assert list(found) == [stage.name for stage in Anatomise()(network, photo, 1)]
    mean = network.features(photo, "bottleneck").mean(axis=0)
    low, high = np.percentile(mean, (1, 99))
    expected = np.clip((mean - low) / (high - low), 0, 1) * 255
    np.testing.assert_allclose(found["bottleneck"], expected, atol=1)
    assert max(found["down.0"].shape) == 96


def test_times_are_those_of_the_sides_asked_for(network, photo):
    small, large = Timed((32, 180))(network, photo, 1)
    assert small > 0
    assert large > 0


@pytest.mark.parametrize(("y", "x"), [(0.0, 0.0), (0.5, 0.5), (0.999, 0.2)])
def test_the_effective_field_lies_inside_the_theoretical_one(tmp_path, photo, y, x):
    record = make_set(tmp_path, "street/conv_stack-wce", "conv_stack")
    network = Segmenter(record, WeightIndex(tmp_path).load(record), "cpu")
    field = Seen(y, x)(network, photo, 1)
    assert field.inside == pytest.approx(1.0, abs=1e-6)
    top, left, bottom, right = field.box
    assert top <= y <= bottom
    assert left <= x <= right
    assert field.side <= field.theoretical * 2
    assert field.heat.max() == pytest.approx(1.0)


def test_ablation_scores_are_those_of_the_masks():
    truth = np.zeros((20, 20), np.uint8)
    truth[5:15, 5:15] = 1
    right = Ablated.of(truth, truth, 2)
    assert right.mean_dice == right.boundary_f1 == 1
    moved = np.roll(truth, 4, axis=1)
    worse = Ablated.of(moved, truth, 2)
    assert worse.mean_dice < 1
    assert worse.boundary_f1 < 1
    assert changed(moved, truth) == pytest.approx(80 / 400)


def test_twice_the_side_costs_four_times_as_much(network, photo):
    (small, _), (large, memory) = Costs((96, 192))(network, photo, 1)
    assert large == pytest.approx(4 * small, rel=0.02)
    assert memory > 0


def test_skips_say_where_they_lead(network, photo):
    found = dict(Skips()(network, photo, 1))
    assert found["level1"] == ("down.0", "up.3", "joined", None)
    assert set(found) == set(network.skip_names)


def test_networks_can_be_read_by_several_threads_at_once():
    models = [build_model(name, 5, 3, **options).eval() for name, options in NETWORKS[-2:]]
    with ThreadPoolExecutor(4) as pool:
        counted = [pool.submit(gflops, models[i % 2], 96, 128) for i in range(12)]
        read = [pool.submit(stages, models[i % 2], 96, 128) for i in range(12)]
        assert len({round(future.result(), 6) for future in counted}) == 2
        assert len({future.result() for future in read}) == 2
