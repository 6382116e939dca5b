"""What works in the background can tell whether networks are at work."""

import math
from concurrent.futures import ThreadPoolExecutor

import pytest

from seg.inference.activity import Activity


def test_it_is_quiet_once_all_that_was_under_way_has_ended():
    activity = Activity()
    assert activity.quiet_seconds == math.inf
    with activity.during():
        with activity.during():
            assert activity.quiet_seconds == 0
        assert activity.quiet_seconds == 0
    assert 0 <= activity.quiet_seconds < math.inf


def test_what_fails_has_ended_too():
    activity = Activity()
    with pytest.raises(ValueError, match="broken"), activity.during():
        raise ValueError("broken")
    assert activity.quiet_seconds > 0


def test_a_thread_knows_of_what_is_under_way_on_others():
    activity = Activity()
    with activity.during(), ThreadPoolExecutor() as other:
        assert not activity.is_elsewhere
        assert other.submit(lambda: activity.is_elsewhere).result()
    assert not activity.is_elsewhere
