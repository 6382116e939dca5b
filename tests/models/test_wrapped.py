"""Anybody's network under this package's contract."""

import pytest
import torch

from seg.models.wrapped import Wrapped
from tests.elsewhere import Then

HALF = torch.nn.Conv2d(3, 4, 2, stride=2)


@pytest.mark.parametrize("size", [(1, 1), (33, 70), (64, 96)])
@pytest.mark.parametrize(
    "answer",
    [
        HALF,
        Then(lambda x: {"out": HALF(x), "aux": x}),
        Then(lambda x: (HALF(x), x)),
        Then(lambda x: {"logits": HALF(x)}),
    ],
)
def test_logits_have_the_size_of_the_picture_however_they_are_handed_on(answer, size):
    with torch.no_grad():
        assert Wrapped(answer)(torch.randn(2, 3, *size)).shape == (2, 4, *size)


def test_a_single_output_becomes_two_whose_softmax_is_its_sigmoid():
    single = torch.nn.Conv2d(3, 1, 1)
    picture = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        second = Wrapped(single)(picture).softmax(dim=1)[:, 1:]
        torch.testing.assert_close(second, single(picture).sigmoid())


@pytest.mark.parametrize("answer", [torch.nn.Flatten(), Then(lambda x: None), Then(lambda x: {"boxes": x})])
def test_what_is_no_map_of_logits_is_named(answer):
    with pytest.raises(TypeError, match=r"^The network gives a \w+.*, not logits"):
        Wrapped(answer)(torch.zeros(1, 3, 32, 32))
