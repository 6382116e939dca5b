"""Own data sets: what is opened is what lies there, whatever the layout, and what cannot be used has a sentence."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seg.datasets import street
from seg.datasets.layouts import ALL
from seg.datasets.own import labelled, open_data
from seg.errors import DataError
from seg.labels import IGNORE, ClassMap
from seg.pictures.masks import AmbiguousMask
from tests import own_data
from tests.own_data import LAYOUTS, NAMES, SPLITS, basket, save

TRUTH = {one.name: one.labels for _, one in basket()}
UNNAMED = {"ours", "side_by_side"}
FRUIT = ClassMap("fruit", NAMES, ((74, 64, 61), (220, 40, 40), (90, 40, 160)), IGNORE)


@pytest.fixture(params=LAYOUTS)
def layout(request) -> str:
    return request.param


@pytest.fixture
def folder(layout, tmp_path) -> Path:
    LAYOUTS[layout](tmp_path / "fruit")
    return tmp_path / "fruit"


def truth_of(name: str) -> np.ndarray:
    return TRUTH[Path(name).name.replace("_000000_", " ")]


def test_a_layout_is_recognised_with_its_splits_and_classes(folder, layout):
    data = open_data(folder)
    assert {split: len(samples) for split, samples in data.splits.items()} == SPLITS
    assert data.problems == ()
    assert data.name == "fruit"
    if layout in UNNAMED:
        assert data.class_map.names == ("class 0", "class 1", "class 2")
    elif layout == "cityscapes":
        assert data.class_map.names[13] == "car"
    else:
        assert data.class_map.names == NAMES


def test_every_layout_gives_the_same_truth(folder, layout):
    to = np.array([0, 13, 15]) if layout == "cityscapes" else np.arange(3)
    for samples in open_data(folder).splits.values():
        for sample in samples:
            assert (sample.labels == to[truth_of(sample.name)]).all(), sample.name
            assert sample.image.shape == (40, 56, 3)
            assert Path(sample.file).is_file()


def test_reopened_with_the_written_description_the_labels_are_the_same(folder):
    before = open_data(folder)
    (folder / "dataset.toml").write_text(before.written(), "utf-8")
    after = open_data(folder)
    assert (after.name, after.class_map) == (before.name, before.class_map)
    assert after.is_named
    for split, samples in before.splits.items():
        for one, other in zip(samples, after.split(split), strict=True):
            assert (one.labels == other.labels).all()


def test_opening_reads_no_picture(folder, layout, monkeypatch):
    def never(*_):
        raise AssertionError

    monkeypatch.setattr("seg.datasets.own.decode", never)
    monkeypatch.setattr("seg.datasets.folder.decode", never)
    assert len(open_data(folder)) == sum(SPLITS.values())


def test_opening_needs_neither_torch_nor_streamlit():
    code = "import sys, seg.datasets.own; print([m for m in ('torch', 'streamlit', 'pycocotools') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


def test_one_bad_picture_does_not_end_the_rest(folder):
    data = open_data(folder)
    spoilt = data.pairs["train"][1].picture
    spoilt.write_bytes(b"no picture")
    samples = open_data(folder).split("train")
    with pytest.raises(DataError, match="is not a picture") as caught:
        samples[1]
    assert str(spoilt) in str(caught.value)
    assert [samples[index].image.shape for index in (0, 2, 3)] == [(40, 56, 3)] * 3


# Classes matched by name


def described(folder: Path, text: str) -> Path:
    own_data.side_by_side(folder)
    (folder / "dataset.toml").write_text(text, "utf-8")
    return folder


def test_a_networks_classes_are_matched_by_name_in_any_order(tmp_path):
    described(tmp_path, 'classes = ["background", "apple", "plum"]')
    other = ClassMap("bowl", ("plum", "pear", "background", "apple"), ((9, 9, 9),) * 4, IGNORE)
    for sample in labelled(tmp_path, other, "val"):
        assert (sample.labels == np.array([2, 3, 0])[truth_of(sample.name)]).all()


def test_classes_that_the_network_does_not_know_are_named(tmp_path):
    described(tmp_path, 'classes = ["background", "apple", "kiwi"]')
    with pytest.raises(DataError, match=r"has kiwi, which the network of fruit pictures does not know: .*apple, plum"):
        labelled(tmp_path, FRUIT, "val")


def test_masks_that_nothing_names_hold_the_networks_own_ids(tmp_path):
    own_data.side_by_side(tmp_path)
    assert (labelled(tmp_path, FRUIT, "val")[0].labels == truth_of("fruit 4")).all()


def test_the_layout_of_the_street_frames_is_read_as_ever_unless_it_describes_itself(tmp_path):
    own_data.ours(tmp_path)
    with pytest.raises(DataError, match="is not a folder: pictures belong in test/"):
        labelled(tmp_path, street.STREET, "test")
    assert (labelled(tmp_path, FRUIT, "val")[0].labels == truth_of("fruit 4")).all()
    (tmp_path / "dataset.toml").write_text('classes = ["plum", "background", "apple"]', "utf-8")
    assert (labelled(tmp_path, FRUIT, "val")[0].labels == np.array([2, 0, 1])[truth_of("fruit 4")]).all()


# Numbers, colours and maps


def test_a_map_gives_several_numbers_one_class_and_others_none(tmp_path):
    described(tmp_path, 'map = {0 = "table", 1 = "fruit", 2 = "ignore"}')
    data = open_data(tmp_path)
    assert data.class_map.names == ("table", "fruit")
    sample = data.split("val")[0]
    assert (sample.labels == np.array([0, 1, IGNORE])[truth_of(sample.name)]).all()


def test_classes_may_have_numbers_of_their_own_beyond_eight_bits(tmp_path):
    described(tmp_path, 'ignore = 9\nclasses = [{id = 1000, name = "apple"}, {id = 7, name = "plum"}]')
    for path in (tmp_path / "masks").rglob("*.png"):
        labels = np.array(Image.open(path))
        save(np.array([9, 1000, 7], np.uint16)[labels], path)
    sample = open_data(tmp_path).split("val")[0]
    assert (sample.labels == np.array([IGNORE, 0, 1])[truth_of(sample.name)]).all()


def test_a_list_of_classes_that_is_too_short_is_a_sentence_with_file_and_number(tmp_path):
    described(tmp_path, 'name = "bowl"\nclasses = ["background", "apple"]')
    with pytest.raises(DataError, match=r"fruit 4_mask\.png has the value 2 of no class: those of bowl are 0, 1"):
        open_data(tmp_path).split("val")[0]


def test_colour_masks_are_read_by_the_colours_that_are_given(tmp_path):
    described(tmp_path, 'classes = ["background", "apple", "plum"]\ncolours = ["#000000", "#c81e1e", "#461482"]')
    for path in (tmp_path / "masks").rglob("*.png"):
        save(np.array(own_data.DISK_COLOURS, np.uint8)[np.array(Image.open(path))], path)
    empty = next((tmp_path / "masks" / "val").glob("*.png"))
    save(np.zeros((40, 56, 3), np.uint8), empty)
    first, second = open_data(tmp_path).split("val")
    assert {(sample.labels == truth_of(sample.name)).all() for sample in (first, second)} == {True, False}
    assert any((sample.labels == 0).all() for sample in (first, second))


def test_colours_that_nothing_names_become_classes_called_by_them(tmp_path):
    own_data.cvat(tmp_path)
    (tmp_path / "labelmap.txt").unlink()
    data = open_data(tmp_path)
    assert data.class_map.names == ("background", "#461482", "#c81e1e")
    assert (data.split("val")[0].labels == np.array([0, 2, 1])[truth_of("fruit 4")]).all()


def test_black_and_white_masks_are_background_and_foreground_and_that_is_said(tmp_path):
    own_data.side_by_side(tmp_path)
    for path in (tmp_path / "masks").rglob("*.png"):
        save(np.where(np.array(Image.open(path)) > 0, 255, 0).astype(np.uint8), path)
    data = open_data(tmp_path)
    assert data.class_map.names == ("background", "foreground")
    assert any("white was taken for the foreground" in note for note in data.notes)
    assert (data.split("val")[0].labels == (truth_of("fruit 4") > 0)).all()


def test_black_and_white_of_two_classes_with_numbers_of_their_own_are_not_guessed_at(tmp_path):
    described(tmp_path, 'classes = ["background", "fruit"]')
    for path in (tmp_path / "masks").rglob("*.png"):
        save(np.where(np.array(Image.open(path)) > 0, 255, 0).astype(np.uint8), path)
    with pytest.raises(AmbiguousMask, match="only black and white"):
        open_data(tmp_path).split("val")[0]


# Splits


def test_without_splits_every_fifth_picture_is_held_back_and_the_rest_is_learned_from(tmp_path):
    for seed in range(11):
        one = own_data.fruit(seed)
        save(one.image, tmp_path / "images" / f"{seed:02}.png")
        save(one.labels, tmp_path / "masks" / f"{seed:02}.png")
    data = open_data(tmp_path)
    assert list(data.splits) == [ALL]
    train, val = data.for_training()
    assert [sample.name for sample in val] == ["04", "09"] == [sample.name for sample in data.split("val")]
    assert sorted([*(s.name for s in train), "04", "09"]) == [f"{seed:02}" for seed in range(11)]
    assert any("every 5th is" in note for note in data.notes)


def test_a_split_that_is_not_there_is_named_with_those_that_are(folder):
    with pytest.raises(DataError, match=r"has no split 'night': choose one of train, val"):
        open_data(folder).split("night")


# Bad folders


def test_what_is_neither_folder_nor_zip_and_what_has_no_layout_are_sentences(tmp_path):
    with pytest.raises(DataError, match="is neither a folder nor a ZIP"):
        open_data(tmp_path / "nowhere")
    save(np.zeros((4, 4, 3), np.uint8), tmp_path / "a.png")
    with pytest.raises(DataError, match=r"holds no labelled pictures in a layout that is known: SPLIT/ .*labelme"):
        open_data(tmp_path)
    with pytest.raises(DataError, match=r"a\.png is one picture: name the folder"):
        open_data(tmp_path / "a.png")


def test_a_picture_without_label_and_a_label_without_picture_are_named(tmp_path):
    own_data.side_by_side(tmp_path)
    (tmp_path / "images" / "val" / "fruit 4.png").unlink()
    (tmp_path / "masks" / "val" / "fruit 5_mask.png").unlink()
    data = open_data(tmp_path)
    assert len(data.problems) == 1
    assert "fruit 4_mask.png is the label of no picture" in data.problems[0]
    with pytest.raises(DataError, match=r"fruit 5\.png has no label"):
        data.split("val")[0]


def test_a_link_that_leads_back_is_not_followed(tmp_path):
    own_data.side_by_side(tmp_path)
    before = open_data(tmp_path)
    (tmp_path / "images" / "again").symlink_to("..")
    (tmp_path / "images" / "val" / "self").symlink_to(".")
    after = open_data(tmp_path)
    assert after.pairs == before.pairs
    assert not after.problems


def test_a_folder_in_the_folder_is_found(tmp_path):
    own_data.voc(tmp_path / "VOCdevkit" / "VOC2012")
    (tmp_path / ".DS_Store").write_bytes(b"x")
    assert open_data(tmp_path).layout == "PASCAL VOC"


def test_a_set_is_never_called_like_one_of_the_programs_own(tmp_path):
    own_data.ours(tmp_path / "street")
    own_data.ours(tmp_path / "my fruit (new)")
    assert open_data(tmp_path / "street").name == "own-street"
    assert open_data(tmp_path / "my fruit (new)").name == "my-fruit-new"
