import pytest
import torch

from seg.models import ARCHITECTURES, BACKBONES, HEAD, KNOWN, ON_BACKBONE, build_model
from seg.models.lite_head import WIDTH, FeatureHead, enlarged


def test_the_head_is_built_like_any_network_but_is_none_of_the_seven():
    assert HEAD not in (*ARCHITECTURES, *KNOWN, *ON_BACKBONE)
    with pytest.raises(ValueError, match="Unknown backbone None"):
        build_model(HEAD, 2)
    with pytest.raises(ValueError, match="has no option base=8"):
        build_model(HEAD, 2, base=8, backbone=BACKBONES[0])


@pytest.mark.parametrize("size", [(1, 1), (33, 70), (64, 96)])
def test_pictures_of_any_size_get_logits_at_their_size(size):
    network = build_model(HEAD, 5, backbone=BACKBONES[0]).eval()
    assert network(torch.rand(2, 3, *size)).shape == (2, 5, *size)


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_an_enlarged_pixel_is_the_last_of_its_block(factor):
    coarse = torch.rand(2, 3, 5, 7)
    fine = enlarged(coarse, factor)
    assert fine.shape == (2, 3, 5 * factor, 7 * factor)
    torch.testing.assert_close(fine[..., factor - 1 :: factor, factor - 1 :: factor], coarse)


def test_enlarging_in_steps_is_enlarging_at_once():
    ramp = torch.arange(6.0)[None, None, None].expand(1, 1, 4, 6)
    torch.testing.assert_close(enlarged(enlarged(ramp, 2), 4)[..., 8:], enlarged(ramp, 8)[..., 8:])


def test_heads_side_by_side_are_the_heads_alone():
    torch.manual_seed(0)
    features = {"fine": torch.rand(2, 4, 8, 8), "coarse": torch.rand(2, 6, 4, 4)}
    channels = {name: feature.shape[1] for name, feature in features.items()}
    both, second = FeatureHead(channels, 3, copies=2).eval(), FeatureHead(channels, 3).eval()
    state = {
        name: tensor[-len(like) :]
        for (name, tensor), like in zip(both.state_dict().items(), second.state_dict().values(), strict=True)
        if like.ndim
    }
    second.load_state_dict(state, strict=False)
    assert second.score.in_channels == WIDTH
    torch.testing.assert_close(both(features)[:, 3:], second(features))
