import io

import numpy as np

from seg.datasets import Sample
from seg.datasets.own import class_colours, open_data
from seg.datasets.packing import packed
from seg.labels import IGNORE, ClassMap
from tests.own_data import MARKUP, NAMES, fruit


def painted(name: str, seed: int, classes: int) -> Sample:
    one = fruit(seed)
    labels = np.random.default_rng(seed).integers(0, classes, one.labels.shape).astype(np.uint8)
    labels[:10] = IGNORE
    return Sample(name, one.image, labels)


def opened(samples, names):
    class_map = ClassMap("mine", names, class_colours(names), IGNORE)
    with open_data(io.BytesIO(packed(samples, class_map, "mine")), "paintings.zip") as found:
        assert (found.name, found.class_map, found.problems) == ("mine", class_map, ())
        return list(found.split("all"))


def test_what_is_packed_opens_as_it_was():
    samples = [painted("bowl.jpg", 0, 3), painted("bowl.jpg", 1, 3), painted("../Bowl", 2, 3), painted("?", 3, 3)]
    found = opened(samples, NAMES)
    assert sorted(one.name for one in found) == ["Bowl-3", "bowl", "bowl-2", "photo"]
    for one in found:
        match = [s for s in samples if np.array_equal(s.image, one.image) and np.array_equal(s.labels, one.labels)]
        assert len(match) == 1


def test_two_classes_are_not_taken_for_black_and_white():
    only = Sample("a", fruit(0).image, np.where(fruit(0).labels > 0, 1, IGNORE).astype(np.uint8))
    (found,) = opened([only], NAMES[:2])
    np.testing.assert_array_equal(found.labels, only.labels)


def test_class_names_of_any_characters_are_kept():
    opened([painted("a", 0, 3)], MARKUP)
