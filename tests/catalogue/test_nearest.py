"""Which set there is of an architecture."""

import pytest

from seg.catalogue.comparisons import WeightSet
from seg.catalogue.nearest import nearest, usual
from tests.records import record


def sets(*names: str) -> list[WeightSet]:
    return [WeightSet(record(name)) for name in names]


def test_a_set_of_the_data_set_comes_before_a_better_known_architecture_of_another():
    found = nearest(sets("street/fcn8s-wce", "shapes/fcn16s-wce"), "shapes", ("fcn8s", "fcn16s"))
    assert found.record.name == "shapes/fcn16s-wce"


def test_without_one_a_set_that_learned_something_else_is_taken():
    found = nearest(sets("shapes/conv_stack-wce", "street/conv_stack-wce"), "everyday", ("conv_stack",))
    assert found.record.name == "street/conv_stack-wce"


def test_without_any_there_is_none():
    assert nearest(sets("street/unet-wce"), "street", ("conv_stack",)) is None


@pytest.mark.parametrize(
    ("there", "first"),
    [
        (("street/fcn8s-wce", "street/unet-wce"), "street/unet-wce"),
        (("street/fcn32s-wce", "street/fcn8s-wce", "shapes/unet-wce"), "street/fcn32s-wce"),
    ],
)
def test_one_begins_with_the_u_net_or_with_what_there_is(there, first):
    assert usual(sets(*there), "street").record.name == first
