"""The shrinking disc: what the losses say of nothing, half, shifted and right."""

import numpy as np
import pytest

from seg.losses import LOSSES
from seg.losses.imbalance import ANSWERS, SHARES, SIDE, answers, curves, disc, loss_of_mask


@pytest.mark.parametrize("share", SHARES)
def test_the_disc_covers_the_share_asked_for(share):
    assert disc(share).sum() == round(share * SIDE**2)


def test_the_answers_are_what_they_are_called():
    truth = disc(0.1)
    masks = answers(truth, 3)
    assert not masks["all background"].any()
    assert (masks["right"] == truth).all()
    assert masks["half found"].sum() == pytest.approx(truth.sum() / 2, rel=0.1)
    assert (masks["shifted"][:, 3:] == truth[:, :-3]).all()
    assert masks["shifted"].sum() == truth.sum()


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_prefers_right_to_half_to_nothing(loss):
    truth = disc(0.1)
    masks = answers(truth, 3)
    right, half, nothing = (
        loss_of_mask(loss, masks[a], truth).value for a in ("right", "half found", "all background")
    )
    assert right < half < nothing


def test_cross_entropy_is_content_with_nothing_where_the_disc_is_small_and_dice_is_not():
    found = curves(3, [SHARES[0], SHARES[-1]])

    def kept(loss: str, what: str) -> float:
        small, large = (getattr(v, what) for v in found[loss, "all background"])
        return small / large

    for what in ("value", "gradient"):
        assert kept("ce", what) < 0.05
    assert kept("dice", "value") > 0.5
    assert set(found) == {(loss, answer) for loss in LOSSES for answer in ANSWERS}
    assert np.isfinite([v.value for line in found.values() for v in line]).all()
