"""What is held packed comes back as it was."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from seg.inference.segmenter import Prediction
from seg.service.results import Answer, Packed

SIZES = st.tuples(st.integers(1, 40), st.integers(1, 40))


@given(SIZES.flatmap(lambda size: st.tuples(arrays(np.uint8, size), arrays(np.uint16, size))))
def test_a_packed_prediction_comes_back_bit_by_bit(maps):
    labels, bits = maps
    before = Prediction(labels, bits.view(np.float16), 1.5, "cpu", ("A note.",))
    after = Packed(before).unpacked()
    assert (after.labels.dtype, after.confidence.dtype) == (np.uint8, np.float16)
    assert np.array_equal(after.labels, labels)
    assert np.array_equal(after.confidence.view(np.uint16), bits)
    assert (after.seconds, after.device, after.notes) == (1.5, "cpu", ("A note.",))


def test_smooth_maps_take_less_than_half():
    y, x = np.mgrid[:300, :400]
    confidence = (0.6 + 0.3 * np.sin(x / 50) * np.cos(y / 70)).astype(np.float16)
    before = Prediction((x // 60).astype(np.uint8), confidence, 0.0, "cpu")
    assert Packed(before).bytes < 3 * 300 * 400 / 2


@pytest.mark.parametrize("looks", [True, False])
def test_whoever_looks_at_an_answer_keeps_it_as_it_is(looks):
    opened = []
    answer = Answer(opened.append)
    answer.finish(Prediction(np.zeros((9, 9), np.uint8), np.ones((9, 9), np.float16), 0.0, "cpu"))
    seen = answer.result() if looks else None
    assert opened == []
    assert answer.shrink() == answer.bytes
    again = answer.result()
    assert (again is seen) == looks
    assert opened == [answer]
    assert answer.result() is again
    assert opened == [answer]
