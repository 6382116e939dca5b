"""dataset.toml: what is written is read, and what cannot be understood is a sentence with file and fault."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seg.datasets import description
from seg.datasets.layouts import Classes
from seg.errors import DataError
from seg.labels import IGNORE


def read(folder, text: str) -> description.Description:
    path = folder / "dataset.toml"
    path.write_text(text, "utf-8")
    return description.read(path)


def test_the_designs_example_is_read(tmp_path):
    found = read(tmp_path, 'name = "orchard"\nignore = 255\nclasses = ["ground", "trunk", "apple"]')
    assert (found.name, found.classes.names) == ("orchard", ("ground", "trunk", "apple"))
    assert found.classes.ids == {0: 0, 1: 1, 2: 2, 255: IGNORE}


def test_classes_may_be_tables_with_number_and_colour(tmp_path):
    found = read(tmp_path, 'classes = ["ground", {id = 3, name = "apple", colour = "#d03030"}]')
    assert found.classes.ids == {0: 0, 3: 1}
    assert found.drawn == {"apple": (208, 48, 48)}


def test_a_map_names_the_classes_by_itself(tmp_path):
    found = read(tmp_path, 'map = {14 = "car", 7 = "road", 3 = "ignore", 15 = "car"}')
    assert found.classes.names == ("car", "road")
    assert found.classes.ids == {14: 0, 7: 1, 3: IGNORE, 15: 0}


def test_colours_are_those_of_the_masks_and_of_the_classes_unless_these_have_their_own(tmp_path):
    text = 'colours = ["#000000", "#ff0000"]\nclasses = ["ground", {name = "apple", colour = "#d03030"}]'
    found = read(tmp_path, text)
    assert found.classes.colours == ((0, 0, 0), (255, 0, 0))
    assert found.drawn == {"ground": (0, 0, 0), "apple": (208, 48, 48)}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("classes = [", "is not TOML"),
        ('klasses = ["a"]', "unknown key 'klasses': choose among name, ignore, classes, colours, map"),
        ('name = "../x"', "name is '../x': it may hold letters"),
        ('name = "street"', "which is a data set of this program"),
        ('classes = "a"', "classes must be a list of names"),
        ("classes = [3]", "a class cannot be called 3, which is no name"),
        ('classes = ["a", "a"]', "two classes are called 'a'"),
        ('classes = ["a", " "]', "a class cannot be called ' '"),
        ('classes = ["ignore"]', "a class cannot be called 'ignore'"),
        ('classes = [{name = "a", color = "#000000"}]', "unknown key 'color' of a class"),
        ('classes = [{name = "a", colour = "red"}]', "'red' is no colour: write it as '#d03030'"),
        ('classes = [{name = "a", id = -1}]', "the id of 'a' is -1"),
        ('classes = [{name = "a", id = 1}, "b"]', "two classes have the same id"),
        ('classes = ["a", "b"]\nignore = 1', "ignore is 1, which is the number of the class 'b'"),
        ("ignore = 255", "ignore needs classes, or a map"),
        ('classes = ["a", "b"]\ncolours = ["#000000"]', "there are 2 classes but 1 different colours"),
        ('classes = ["a"]\nmap = {3 = "b"}', "map names 'b', which is none of the classes"),
        ("map = [3]", "map must be a table"),
        ('map = {99999 = "a"}', "a key of map is 99999"),
        (f"classes = {[f'c{i}' for i in range(256)]}", "there are 256 classes, more than the 255"),
        ('classes = [{name = "a", colour = "#000001"}, {name = "b", colour = "#000001"}]', "have the same colour"),
    ],
)
def test_what_cannot_be_is_a_sentence_with_file_and_key(tmp_path, text, sentence):
    with pytest.raises(DataError) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'dataset.toml'}")
    assert sentence in str(caught.value)


def test_bytes_that_are_no_text_are_a_sentence(tmp_path):
    (tmp_path / "dataset.toml").write_bytes(b"name = \xff\xfe")
    with pytest.raises(DataError, match="is no UTF-8 text"):
        description.read(tmp_path / "dataset.toml")


names = st.text(min_size=1, max_size=20).filter(
    lambda name: not description.class_name_fault(name) and name != "ignore"
)
places = st.one_of(st.integers(0, 2), st.just(IGNORE))


@given(
    st.lists(names, min_size=3, max_size=3, unique=True),
    st.dictionaries(st.integers(0, 65535), places, max_size=6),
    st.dictionaries(names.filter(lambda name: not name.isdigit()), places, max_size=3),
    st.booleans(),
)
def test_what_is_written_is_read_as_it_was(tmp_path_factory, class_names, ids, words, in_colours):
    colours = ((0, 0, 0), (255, 0, 0), (0, 255, 0)) if in_colours else ()
    words = {**words, **{name: place for place, name in enumerate(class_names)}}
    classes = Classes(tuple(class_names), colours, {} if in_colours else ids, words)
    drawn = dict(zip(class_names, ((1, 2, 3), (4, 5, 6), (7, 8, 9)), strict=True))
    found = read(tmp_path_factory.mktemp("d"), description.written("orchard", classes, drawn))
    assert (found.name, found.drawn) == ("orchard", drawn)
    assert found.classes.names == tuple(class_names)
    assert found.classes.colours == colours
    assert found.classes.words.items() >= words.items()
    if ids and not in_colours:
        assert {number: place for number, place in found.classes.ids.items() if number in ids} == ids
        assert set(found.classes.ids) == set(ids)
