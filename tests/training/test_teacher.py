import json
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

import seg.training
from seg import Segmenter
from seg.anatomy.receptive import Seen
from seg.anatomy.stages import Anatomise, Skips
from seg.catalogue.comparisons import WeightSet, comparisons, start_of, title_of
from seg.catalogue.store import WeightIndex
from seg.datasets import Sample
from seg.errors import DataError, ImageError, OptionError, TrainingError
from seg.labels import IGNORE
from seg.scores.metrics import score
from seg.training.heads import HeadLearner, Learned
from seg.training.lesson import Lesson
from seg.training.paintings import Painting
from seg.training.teacher import DONE, FEATURES, IMAGENET, TEACHING, Teacher
from tests.own_data import NAMES, fruit

FRUIT = NAMES[:2]
"""Background and apple; plums are part of the background."""


def painting(seed: int, height: int = 64, width: int = 96) -> Painting:
    """A bowl where about half of the pixels are painted."""
    one = fruit(seed, height, width)
    labels = np.where(one.labels == 1, 1, 0).astype(np.uint8)
    labels[np.random.default_rng(seed).random(labels.shape) < 0.5] = IGNORE
    return Painting(one.name, one.image, labels)


def teacher(**options) -> Teacher:
    return Teacher(FRUIT, scale=64, **options)


def taught_by(teacher: Teacher, paintings, **options):
    *_, last = teacher.teach(paintings, **{"steps": 40, **options})
    return last.taught


@pytest.fixture(scope="module")
def taught():
    return taught_by(teacher(), [painting(seed) for seed in range(3)])


def test_a_taught_network_finds_its_class_in_a_new_photo(taught):
    found = []
    for seed in range(10, 14):
        one = fruit(seed, 64, 96)
        found.append(score(taught.segmenter()(one.image).labels, (one.labels == 1).astype(np.uint8), 2).dice[1])
    assert np.mean(found) > 0.5


def test_a_lesson_says_how_far_it_is_and_shows_what_is_known_by_then():
    new = replace(painting(7), name="new")
    said = list(teacher().teach([painting(0), painting(1)], steps=20, watched=[new]))
    stages = [progress.stage for progress in said]
    assert list(dict.fromkeys(stages)) == [FEATURES, TEACHING, DONE]
    last = said[-1]
    assert [step for step, _ in last.losses] == sorted({step for step, _ in last.losses})
    assert last.losses[-1][1] < last.losses[0][1]
    assert [mask.shape for mask in (*last.masks, *last.left_out, *last.watched)] == [(64, 96)] * 5
    assert all(0 <= value <= 1 for _, value in last.dice)
    assert [progress.taught is None for progress in said] == [True] * (len(said) - 1) + [False]


def test_a_lesson_does_not_end_early_because_the_processor_is_busy_with_something_else():
    lesson = teacher().teach([painting(0), painting(1)], steps=40, seconds=2.0)
    assert next(progress for progress in lesson if progress.stage == TEACHING).done < 40
    time.sleep(2.5)
    *_, last = lesson
    assert last.total == 40


def test_a_lesson_ends_early_when_its_own_time_is_up():
    *_, last = teacher().teach([painting(0), painting(1)], steps=4000, seconds=0.5)
    assert last.total < 4000


def test_a_second_round_goes_on_from_the_first_in_half_the_steps_and_is_no_worse():
    one = teacher()
    first = taught_by(one, [painting(0), painting(1)], steps=20)
    again = taught_by(one, [painting(0), painting(1), painting(2)], steps=20)
    assert (first.steps, again.steps) <= (20, 10)
    assert again.losses[0][1] < first.losses[0][1]
    alone = taught_by(teacher(), [painting(0), painting(1), painting(2)], steps=10)
    assert again.losses[-1][1] < alone.losses[-1][1]
    one.class_map = teacher().class_map.__class__("mine", ("background", "pear"), one.class_map.colours, IGNORE)
    assert taught_by(one, [painting(0), painting(1)], steps=20).steps > 10


@pytest.mark.parametrize(
    ("photos", "includes", "chosen"),
    [
        ("ab", [[1, 1], [0, 1], [1, 0]], [0, 1, 2]),
        ("abc", [[1, 1, 1], [0, 1, 1], [1, 0, 1], [1, 1, 0]], [0, 1, 2, 0]),
        ("cb", [[1, 1], [0, 1], [1, 0]], [0, 0, 2]),
        ("ab", [[0, 0]], None),
        ("cd", [[1, 1], [0, 1]], [0, 0]),
    ],
)
def test_a_head_goes_on_only_from_one_that_has_not_seen_what_it_leaves_out(photos, includes, chosen):
    before = Learned(None, FRUIT, ("a", "b"), np.array([[1, 1], [0, 1], [1, 0]], bool))
    assert before.to_go_on_from(list(photos), np.array(includes, bool)) == chosen


def test_each_head_begins_as_the_one_chosen_for_it_was():
    one = teacher()
    list(one.teach([painting(0), painting(1)], steps=4))
    heads = one.learned.heads
    lesson = Lesson(one.features, one.class_map, [painting(0), painting(1), painting(2)])
    list(lesson.compute())
    learner = HeadLearner(lesson.paintings, lesson.versions, lesson.includes, 2, 0, one.learned)
    for place, chosen in enumerate([0, 1, 2, 0]):
        mine = learner.heads.score.weight.unflatten(0, (4, -1))[place]
        assert torch.equal(mine, heads.score.weight.unflatten(0, (3, -1))[chosen])
        mine = learner.heads.project["stride8"].bias.unflatten(0, (4, -1))[place]
        assert torch.equal(mine, heads.project["stride8"].bias.unflatten(0, (3, -1))[chosen])


def test_features_are_computed_once_a_photo_and_not_again_for_another_paint(monkeypatch):
    one = teacher()
    computed = []
    version = one.features._version
    monkeypatch.setattr(one.features, "_version", lambda p, n: computed.append(p.name) or version(p, n))
    photos = [painting(0), painting(1)]
    taught_by(one, photos, steps=2)
    assert set(computed) == {"fruit 0", "fruit 1"}
    computed.clear()
    corrected = replace(photos[0], labels=np.where(photos[0].labels == IGNORE, 0, photos[0].labels).astype(np.uint8))
    taught_by(one, [corrected, photos[1]], steps=2)
    assert computed == []
    taught_by(one, [*photos, painting(2)], steps=2)
    assert set(computed) == {"fruit 2"}


def test_the_same_paint_teaches_the_same_network_and_more_paint_another():
    base = [painting(seed) for seed in range(2)]
    first = taught_by(teacher(), base, steps=4)
    again = taught_by(teacher(), base, steps=4)
    for key, tensor in first.network.state_dict().items():
        assert torch.equal(tensor, again.network.state_dict()[key])
    more = [replace(p, labels=np.where(p.labels == IGNORE, 0, p.labels).astype(np.uint8)) for p in base]
    other = taught_by(teacher(), more, steps=4)
    assert not torch.equal(other.network.head.score.weight, first.network.head.score.weight)


def test_each_photo_is_judged_by_a_network_that_never_saw_it(taught):
    """A photo painted the wrong way round is one that the others know better."""
    wrong = painting(3)
    wrong = replace(wrong, labels=np.where(wrong.labels == IGNORE, IGNORE, 1 - wrong.labels).astype(np.uint8))
    found = taught_by(teacher(), [painting(0), painting(1), painting(2), wrong]).leave_one_out
    assert found.dice["fruit 3"] < 0.5 < found.dice["fruit 0"]


def test_what_to_expect_of_a_new_photo_is_wider_than_the_spread_of_a_few(taught):
    values = np.array([*taught.leave_one_out.dice.values()])
    low, high = taught.leave_one_out.expected
    assert 0 <= low <= values.min() <= taught.leave_one_out.mean <= values.max() <= high <= 1


def test_what_each_stride_brings_is_told_by_switching_it_off(taught):
    assert set(taught.without) == {"stride8", "stride16", "stride32"}
    assert min(taught.without.values()) < taught.leave_one_out.mean


def test_one_photo_is_taught_but_nothing_is_said_of_others():
    assert taught_by(teacher(), [painting(0)], steps=4).leave_one_out is None


def test_a_taught_set_opens_wherever_a_weight_set_does(taught, tmp_path):
    index = WeightIndex(tmp_path)
    record = taught.write(index, "mine/apple")
    assert WeightIndex(tmp_path).record("mine/apple") == record
    opened = Segmenter.load("mine/apple", weights=tmp_path)
    image = fruit(10, 64, 96).image
    assert opened.record.class_map.names == FRUIT
    np.testing.assert_array_equal(opened(image).labels, taught.segmenter()(image).labels)
    assert json.loads((tmp_path / "index.json").read_text())[0]["validation"]["images"] == 3


def test_a_taught_set_says_what_it_was_taught_on(taught, tmp_path):
    record = taught.write(WeightIndex(tmp_path), "mine/apple")
    assert (title_of(record), start_of(record)) == ("Taught head", "taught on ImageNet features")
    (found, *_) = comparisons([WeightSet(record, tmp_path, 1)])
    assert [entry.title for entry in found.entries] == ["Taught head, your own"]


def test_a_network_of_another_data_set_lends_its_encoder():
    one = taught_by(teacher(encoder="everyday/fcn8s-ce-lite0"), [painting(0), painting(1)], steps=4)
    assert one.encoder == "everyday/fcn8s-ce-lite0"
    assert one.mean == WeightIndex().record("everyday/fcn8s-ce-lite0").mean


def test_any_stride_can_be_left_out(taught):
    image = fruit(10, 64, 96).image
    segmenter = taught.segmenter()
    assert segmenter.skip_names == ("stride8", "stride16", "stride32")
    whole = segmenter.logits(image)
    for name in segmenter.skip_names:
        assert not np.array_equal(segmenter.logits(image, set(segmenter.skip_names) - {name}), whole)


def test_a_taught_network_is_looked_into_like_any_other(taught):
    segmenter, image = taught.segmenter(), fruit(10, 64, 96).image
    stages = Anatomise()(segmenter, image, 1)
    assert stages[-1].name == "head.score"
    assert all(stage.receptive_field for stage in stages)
    assert dict(Skips()(segmenter, image, 1))["stride8"].through == "head.project.stride8"
    field = Seen(0.5, 0.5)(segmenter, image, 1)
    assert field.inside == pytest.approx(1)


def test_a_large_photo_is_brought_to_the_working_size():
    one = painting(0, 640, 960).at(64)
    assert one.image.shape == (64, 96, 3)
    assert set(np.unique(one.labels)) <= {0, 1, IGNORE}
    small = painting(0, 40, 60)
    assert small.at(64) is small


def test_teaching_samples_gives_a_segmenter():
    samples = [Sample(p.name, p.image, p.labels) for p in (painting(0), painting(1))]
    assert seg.training.teach(samples, FRUIT)(samples[0].image).labels.shape == (64, 96)


BLANK = np.full((64, 96), IGNORE, np.uint8)


def test_a_photo_without_paint_is_left_out_and_named():
    blank = Painting("empty.jpg", painting(5).image, BLANK)
    one = taught_by(teacher(), [painting(0), blank, painting(1)], steps=2)
    assert one.photos == ("fruit 0", "fruit 1")
    assert one.notes == ("Nothing is painted on empty.jpg: left out.",)


@pytest.mark.parametrize(
    ("labels", "error", "said"),
    [
        (BLANK, TrainingError, "Nothing is painted on any photo"),
        (
            np.where(np.eye(64, 96), 1, IGNORE).astype(np.uint8),
            TrainingError,
            "Only apple",
        ),
        (np.ones((64, 96), np.uint8), TrainingError, "apple covers every photo in full"),
        (np.full((64, 96), 7, np.uint8), DataError, "id 7, and there are 2 classes"),
        (np.zeros((64, 95), np.uint8), DataError, "95×64 and the photo of 96×64"),
        (np.zeros((64, 96), np.int64), DataError, "int64"),
    ],
)
def test_paint_that_teaches_nothing_is_said_in_a_sentence(labels, error, said):
    with pytest.raises(error, match=said):
        list(teacher().teach([Painting("bowl.jpg", painting(0).image, labels)]))


def test_what_is_no_picture_is_said_in_a_sentence():
    with pytest.raises(ImageError, match="A picture is a NumPy array"):
        list(teacher().teach([Painting("bowl.jpg", painting(0).image / 255, BLANK)]))


@pytest.mark.parametrize(
    ("classes", "encoder", "said"),
    [
        (("apple",), IMAGENET, "One class alone"),
        (("apple", "apple"), IMAGENET, "share a name"),
        (FRUIT, "everyday/unknown", "There is no encoder 'everyday/unknown': choose one of ImageNet, everyday/"),
        (FRUIT, "street/unet-wce", "has no encoder to teach on"),
    ],
)
def test_classes_and_encoders_that_cannot_be_are_said_in_a_sentence(classes, encoder, said):
    with pytest.raises(OptionError, match=said):
        Teacher(classes, encoder)


@pytest.mark.parametrize("name", ["mug", "mine/", "street/mug", "mine/../mug"])
def test_what_is_no_name_of_a_set_is_said_in_a_sentence(taught, tmp_path, name):
    with pytest.raises(OptionError, match="is no name for what you have taught"):
        taught.write(WeightIndex(tmp_path), name)
    assert not (tmp_path / "index.json").exists()
