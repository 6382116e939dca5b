"""The record of a weight set: read and checked in one place, whatever has become of its file."""

import json
import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from seg.catalogue.record import CALIBRATION_BINS, Class, Record, classes_of, read_records
from seg.catalogue.store import SHIPPED, index_text
from seg.datasets import DATASETS
from seg.datasets.shapes import SHAPES
from seg.datasets.street import STREET
from seg.errors import WeightsError
from tests.fuzzing import TIMES

FILE = Path("runs/index.json")
WHOLE = Record(
    name="shapes/unet-dice-seed1",
    dataset="shapes",
    model="unet",
    arguments={"num_classes": len(SHAPES), "base": 8, "backbone": None, "norm": True},
    loss="dice",
    scale=64,
    mean=(0.4,) * 3,
    std=(0.3,) * 3,
    tile=(64, 64),
    classes=classes_of(SHAPES),
    parameters=1000,
    bytes=1,
    sha256="",
    validation={
        "split": "val",
        "images": 4,
        "mean_iou": 0.5,
        "mean_iou_interval": [0.4, 0.6],
        "calibration": [[10, 6.5, 5]] * CALIBRATION_BINS,
        "per_class": {"disc": {"dice": 0.5, "pixels": 3}, "line": {"dice": None}},
        "confusion": [[9, 0, 0, 0, 1]] * 5,
    },
    recipe={"seed": 1, "pretrained": True, "rarity": 0.5, "crop": [32, 32], "variant": "seed1"},
    seconds=12.5,
    curve=[{"epoch": 1, "loss": 0.5, "val_mean_iou": 0.25}, {"epoch": 2.5, "loss": 0.4}],
    gflops=1.5,
    timing={"milliseconds": 3, "threads": 2},
    replay={"seed": 5, "height": 64, "width": 64, "steps": [0, 1], "epochs": [0, 0.5]},
)
ENTRY = json.loads(index_text({WHOLE.name: WHOLE}))[0]


def test_a_record_of_an_earlier_version_that_says_more_opens():
    entry = {**ENTRY, "validation": {**ENTRY["validation"], "confidence_range": [0.2, 0.9]}}
    assert read_records(json.dumps([entry]), FILE)[WHOLE.name] == WHOLE


def test_the_rare_classes_are_those_with_few_validation_pixels_the_rarest_first():
    def of(**pixels: int) -> tuple[str, ...]:
        per_class = {name: {"pixels": count} for name, count in pixels.items()}
        return replace(WHOLE, validation={"per_class": per_class}).rare

    assert of(ground=940, disc=20, square=11, triangle=12, line=17) == ("square", "triangle", "line")
    assert of(ground=800, disc=200) == ()
    assert of(ground=990, disc=0, line=10) == ("line",)
    assert replace(WHOLE, validation={}).rare == ()


def refusal(*entries: Any) -> str:
    """What is said of an index of these entries."""
    with pytest.raises(WeightsError) as caught:
        read_records(json.dumps(entries), FILE)
    sentence = str(caught.value)
    assert sentence.startswith(f"{FILE} is damaged, ")
    assert "\n" not in sentence
    return sentence


def test_a_record_is_read_back_as_it_was_written():
    assert read_records(index_text({WHOLE.name: WHOLE}), FILE) == {WHOLE.name: WHOLE}
    assert WHOLE.arguments.width == "slim"
    assert WHOLE.validation.per_class["disc"].dice == 0.5
    assert WHOLE.replay.epochs[1] == 0.5
    assert WHOLE.variant == "seed1"


def test_a_record_without_a_temperature_is_read_with_one_that_changes_nothing():
    assert (
        replace(WHOLE, temperature=2.5) == read_records(json.dumps([{**ENTRY, "temperature": 2.5}]), FILE)[WHOLE.name]
    )
    older = {key: value for key, value in ENTRY.items() if key != "temperature"}
    assert read_records(json.dumps([older]), FILE)[WHOLE.name].temperature == 1.0


def test_what_is_no_number_is_not_measured():
    nan = replace(WHOLE, gflops=math.nan, curve=[{"epoch": 1, "loss": math.nan}])
    assert (nan.gflops, nan.curve[0].loss) == (None, None)
    assert "NaN" not in index_text({nan.name: nan})


@pytest.mark.parametrize("class_map", [dataset.class_map for dataset in DATASETS.values()], ids=DATASETS)
def test_a_record_has_classes_of_its_own_which_no_table_knows(class_map):
    record = replace(WHOLE, dataset=class_map.dataset, classes=classes_of(class_map), validation={})
    assert replace(record, ignore=class_map.disk_ignore).class_map == class_map
    orchard = replace(record, dataset="orchard", classes=[Class("ground", "#00ff10"), Class("apple", "#d03030")])
    assert orchard.class_map.names == ("ground", "apple")
    assert orchard.class_map.colours == ((0, 255, 16), (208, 48, 48))
    assert orchard.class_map.disk_ignore == 255


def test_every_shipped_record_names_and_colours_its_classes_as_its_data_set_does(shipped):
    records = shipped.records()
    assert len(records) == len(json.loads(shipped.path.read_text()))
    assert all(record.class_map == DATASETS[record.dataset].class_map for record in records.values())
    assert (SHIPPED / "index.json").read_text(encoding="utf-8") == index_text(records), "as the program writes it"


def test_a_record_of_version_0_1_is_read_its_classes_take_the_colours_of_their_data_set():
    street = replace(
        WHOLE, name="street/unet-wce", dataset="street", classes=classes_of(STREET), ignore=11, validation={}
    )
    new = {**asdict(street), "timing": None, "replay": None}
    old = {**new, "classes": list(STREET.names), "timing": {}, "replay": {}}
    del old["ignore"]
    old["recipe"] = {**old["recipe"], "seconds": old.pop("seconds"), "curve": old.pop("curve")}
    (read,) = read_records(json.dumps([old]), FILE).values()
    assert read.class_map == STREET
    assert read == read_records(json.dumps([new]), FILE)[read.name]
    assert "classes.0" in refusal({**old, "classes": ["sky", "sea"]})


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"scale": "x"}, "record 1 (shapes/unet-dice-seed1) cannot be read, scale is 'x' and should"),
        ({"temperature": 0}, "temperature is 0 and should be greater than 0"),
        ({"tile": None}, "tile is None and should be a valid tuple"),
        ({"tile": [64, 0]}, "tile.1 is 0 and should be greater than 0"),
        ({"name": "../../etc/passwd-x"}, "name is '../../etc/passwd-x' and should match"),
        ({"name": "shapes/../../x"}, "name is 'shapes/../../x' and should match"),
        ({"mean": [0.5]}, "contradicts itself, mean and std are not those of pictures with 3 channels"),
        ({"std": [0, 1, 1]}, "std.0 is 0 and should be greater than 0"),
        ({"classes": [{"name": "a", "colour": "red"}]}, "classes.0.colour is 'red' and should match"),
        ({"classes": [{"name": "a", "colour": "#000000"}] * 5}, "two classes share a name"),
        ({"classes": ENTRY["classes"][:-1]}, "validation.confusion is not a table of 4 classes"),
        ({"ignore": 3}, "the number that means 'unlabelled'"),
        ({"arguments": {"num_classes": 5, "dilation": 2}}, "arguments.dilation is 2 and should not be there"),
        ({"arguments": [5]}, "arguments is [5] and should be"),
        ({"validation": {"mean_iou": "much"}}, "validation.mean_iou is 'much' and should be a valid number"),
        ({"validation": {"mean_iou_interval": [0.5]}}, "is not complete, validation.mean_iou_interval.1 is missing"),
        ({"validation": {"calibration": [[1, 1, 1]]}}, "calibration is [[1, 1, 1]] and should have at least 15 items"),
        ({"validation": ["mean_iou"]}, "validation is ['mean_iou'] and should be"),
        ({"recipe": "long"}, "recipe is 'long' and should be"),
        ({"recipe": {"seed": "one"}}, "recipe.seed is 'one' and should be a valid integer"),
        ({"curve": "rising"}, "curve is 'rising' and should be"),
        ({"curve": [{"epoch": "one", "loss": 1}]}, "curve.0.epoch is 'one' and should be a valid number"),
        ({"timing": {"milliseconds": True}}, "timing.milliseconds is True and should be a valid number"),
        ({"replay": ["steps"]}, "replay is ['steps'] and should be"),
        ({"replay": {**ENTRY["replay"], "epochs": ["one", "two"]}}, "replay.epochs.0 is 'one' and should be"),
        ({"replay": {**ENTRY["replay"], "steps": [1, 0]}}, "steps and epochs are not those of one training"),
        ({"replay": {"seed": 5, "height": 64, "width": 64, "epochs": [0]}}, "is not complete, replay.steps is missing"),
    ],
)
def test_a_record_that_cannot_be_is_refused_with_what_is_wrong_in_it(change, sentence):
    said = refusal({**ENTRY, **change})
    assert sentence in said
    assert said.endswith("restore the file, or take that record out of it.")


def test_a_record_in_the_middle_is_found_by_its_number_and_a_name_is_there_once():
    half = {"name": "shapes/unet-ce"}
    assert "record 2 (shapes/unet-ce) is not complete, dataset is missing" in refusal(ENTRY, half)
    assert "record 2 cannot be read, it is 7 and should be a dictionary" in refusal(ENTRY, 7)
    assert "shapes/unet-dice-seed1 is there twice" in refusal(ENTRY, ENTRY)


@pytest.mark.parametrize("text", ["", "{", '"words"', "{}", "null", "[" * 100_000, b"\xff\xfe\xff", "[1e999]", "[NaN]"])
def test_a_file_that_is_no_list_of_records_is_refused_with_a_sentence(text):
    with pytest.raises(WeightsError, match=r"^runs/index\.json is damaged, .*restore"):
        read_records(text, FILE)


def test_a_record_made_in_the_program_is_checked_in_the_same_way():
    with pytest.raises(ValidationError):
        replace(WHOLE, scale=0)
    with pytest.raises(ValidationError):
        replace(WHOLE, validation={"images": -1})


def records_or_sentence(text: str | bytes) -> dict[str, Record] | str:
    try:
        return read_records(text, FILE)
    except WeightsError as error:
        return str(error)


def places(value: Any, path: tuple = ()) -> list[tuple]:
    """The path of everything in a JSON value, itself first."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, inner in items for found in places(inner, (*path, key)))]


@st.composite
def mutated(draw) -> Any:
    """A good index, in this version's form or that of 0.1, of which up to three values are others, or gone."""
    old = {**ENTRY, "classes": list(SHAPES.names), "recipe": {**ENTRY["recipe"], "seconds": 1, "curve": []}}
    index = json.loads(json.dumps([draw(st.sampled_from([ENTRY, old])), {**ENTRY, "name": "shapes/unet-ce"}]))
    odd = st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=3)
        | st.sampled_from([10**400, -1, 0]),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=5,
    )
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(index)))
        if not path:
            return draw(odd)
        *way, last = path
        holder = index
        for key in way:
            holder = holder[key]
        if draw(st.booleans()):
            holder[last] = draw(odd)
        else:
            del holder[last]
    return index


@pytest.mark.fuzz
@settings(max_examples=TIMES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_an_index_damaged_in_any_way_gives_records_or_a_sentence_and_nothing_else(index):
    records = records_or_sentence(json.dumps(index))
    if isinstance(records, str):
        assert str(FILE) in records
        return
    for record in records.values():
        assert len(record.class_map) == len(record.classes)
        assert isinstance(record.variant, str)
    assert read_records(index_text(records), FILE) == records


@pytest.mark.fuzz
@settings(max_examples=TIMES, deadline=None)
@given(st.data())
def test_an_index_cut_off_or_overwritten_anywhere_gives_records_or_a_sentence(data):
    text = bytearray(index_text({WHOLE.name: WHOLE}).encode())
    at = data.draw(st.integers(0, len(text) - 1))
    if data.draw(st.booleans()):
        del text[at:]
    else:
        text[at : at + 4] = data.draw(st.binary(max_size=6))
    records = records_or_sentence(bytes(text))
    assert str(FILE) in records if isinstance(records, str) else len(records) == 1
