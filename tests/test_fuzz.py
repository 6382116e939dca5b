"""Whatever reads what others bring, given damaged ones of each kind; `make fuzz` gives 5,000 of each."""

import json
import struct
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from seg.catalogue.onnx import read_onnx
from seg.catalogue.record import read_records
from seg.catalogue.store import WeightIndex, index_text, sha256
from seg.catalogue.tensors import read_tensors
from seg.datasets import description
from seg.datasets.membranes import MEMBRANES
from seg.datasets.own import open_data
from seg.datasets.street import STREET
from seg.pictures import masks
from seg.pictures.decode import decode
from seg.pictures.drawing import colour_mask, encode_ids, encode_png
from tests import own_data
from tests.bad_files import BAD, ODD, saved
from tests.conftest import make_set
from tests.elsewhere import Tiny, write_onnx
from tests.fuzzing import TIMES, of_address, of_bytes, of_json, of_values, results

# Pillow warns of much that it then reads or refuses; a visitor never sees it.
pytestmark = [pytest.mark.fuzz, pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")]

PICTURES = [data for _, data, *_ in (*ODD.values(), *BAD.values())]
HEADER = 300
"""Bytes of a picture's file that say what the others are."""


def test_any_damage_to_a_picture_leaves_a_picture_or_a_sentence():
    def read(data: bytes) -> None:
        picture = decode(data, "a.png", most=10_000_000)
        assert picture.pixels.dtype == np.uint8
        assert picture.pixels.ndim in (2, 3)

    assert results(read, lambda rng: of_bytes(rng, PICTURES, HEADER))


def test_any_damage_to_a_mask_leaves_labels_or_a_sentence():
    ids = {
        each: (np.arange(24 * 32).reshape(24, 32) // 96 % len(each)).astype(np.uint8) for each in (STREET, MEMBRANES)
    }
    corpus = [(each, data) for each, labels in ids.items() for data in written_masks(each, labels)]

    def make(rng: np.random.Generator):
        class_map, data = corpus[rng.integers(len(corpus))]
        return class_map, of_bytes(rng, [data, *(PICTURES[:5])] if rng.random() < 0.1 else [data], HEADER)

    def read(case) -> None:
        class_map, data = case
        labels = masks.read(data, "a.png", class_map).labels
        assert labels.dtype == np.uint8
        assert set(np.unique(labels)) <= {*range(len(class_map)), 255}

    assert results(read, make)
    results(lambda case: masks.numbers_or_colours(case[1], "a.png"), make)


def written_masks(class_map, labels: np.ndarray) -> list[bytes]:
    grey, colours = Image.fromarray(labels), Image.fromarray(colour_mask(labels, class_map))
    transparent = colours.convert("RGBA")
    transparent.putpixel((0, 0), (0, 0, 0, 0))
    deep = Image.fromarray(labels.astype(np.uint16) * 257)
    return [
        encode_ids(labels, class_map),
        encode_png(colour_mask(labels, class_map)),
        *(saved(image, kind) for image in (grey, colours) for kind in ("PNG", "BMP", "GIF", "TIFF")),
        saved(transparent, "PNG"),
        saved(deep, "PNG"),
        saved(deep, "TIFF"),
        saved(colours, "WEBP", lossless=True),
    ]


DESCRIPTIONS = [
    'name = "orchard"\nignore = 255\nclasses = ["ground", "trunk", "apple"]\n',
    'classes = ["ground", {id = 3, name = "apple", colour = "#d03030"}]\n[map]\n14 = "ground"\n3 = "ignore"\n',
    'colours = ["#000000", "#ff0000"]\nclasses = ["ground", {name = "apple", colour = "#d03030"}]\n',
    'map = {14 = "car", 7 = "road", 3 = "ignore", tree = "car"}\nignore = 0\n',
]


def as_toml(value) -> str:
    """A value that JSON knows, in TOML's words."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(str(key))} = {as_toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("NaN", "nan").replace("Infinity", "inf").replace("null", '"?"')


def test_any_damage_to_a_description_leaves_classes_or_a_sentence(tmp_path):
    file = tmp_path / "dataset.toml"
    tables = [tomllib.loads(text) for text in DESCRIPTIONS]

    def make(rng: np.random.Generator) -> bytes:
        if rng.random() < 0.4:
            return of_bytes(rng, [text.encode() for text in DESCRIPTIONS])
        table = of_values(rng, tables[rng.integers(len(tables))])
        table = table if isinstance(table, dict) else {"classes": table}
        lines = (f"{json.dumps(str(key))} = {as_toml(value)}" for key, value in table.items())
        return "\n".join(lines).encode("utf-8", "surrogatepass")

    def read(data: bytes) -> None:
        file.write_bytes(data)
        found = description.read(file)
        if found.classes:
            text = description.written(found.name or "a", found.classes, dict.fromkeys(found.classes.names, (1, 2, 3)))
            assert tomllib.loads(text)

    assert results(read, make)


def opens(file: Path):
    """Reads a data set whose annotations are these bytes, and draws its first labels."""

    def read(data: bytes) -> None:
        file.write_bytes(data)
        labels = open_data(file.parents[1] if file.parent.name == "annotations" else file.parent).split("all")[0].labels
        assert labels.shape == (10, 12)

    return read


def blank(file: Path) -> None:
    own_data.save(np.zeros((10, 12, 3), np.uint8), file)


def test_any_damage_to_annotations_of_coco_leaves_labels_or_a_sentence(tmp_path):
    blank(tmp_path / "images" / "a.png")
    file = tmp_path / "annotations" / "instances_default.json"
    file.parent.mkdir()
    outlines = [[[2, 2, 8, 2, 8, 8, 2, 8]], {"size": [10, 12], "counts": "0h3"}, {"size": [10, 12], "counts": [9, 111]}]
    whole = {
        "images": [{"id": 1, "file_name": "a.png", "height": 10, "width": 12}],
        "annotations": [
            {"id": i, "image_id": 1, "category_id": 1 + i % 2, "segmentation": outline, "iscrowd": 0}
            for i, outline in enumerate(outlines)
        ],
        "categories": [{"id": 1, "name": "leaf"}, {"id": 2, "name": "bud"}],
    }
    assert results(opens(file), lambda rng: of_json(rng, whole))


def test_any_damage_to_shapes_of_labelme_leaves_labels_or_a_sentence(tmp_path):
    blank(tmp_path / "a.png")
    kinds = {"polygon": [[1, 1], [5, 2], [3, 7]], "circle": [[3, 3], [4, 4]], "rectangle": [[1, 1], [3.5, 4]]}
    shapes = [{"label": "leaf", "points": points, "shape_type": kind} for kind, points in kinds.items()]
    packed = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAG7buVgAAAABJRU5ErkJggg=="
    shapes.append({"label": "bud", "points": [[4, 3], [6, 4]], "shape_type": "mask", "mask": packed})
    whole = {"shapes": shapes, "imagePath": "a.png", "imageHeight": 10, "imageWidth": 12}
    assert results(opens(tmp_path / "a.json"), lambda rng: of_json(rng, whole))


@pytest.fixture
def index(tmp_path) -> WeightIndex:
    make_set(tmp_path / "sets", "street/fcn8s-wce")
    make_set(tmp_path / "sets", "street/unet-wce", "unet")
    return WeightIndex(tmp_path / "sets")


def test_any_damage_to_an_index_leaves_records_that_are_checked_or_a_sentence(index):
    whole = json.loads(index.path.read_text())

    def read(data: bytes) -> None:
        records = read_records(data, index.path)
        assert read_records(index_text(records), index.path) == records
        for record in records.values():
            assert len(record.class_map) == len(record.classes)
            index.check_fit(record)

    assert results(read, lambda rng: of_json(rng, whole))


def test_any_damage_to_a_weight_file_leaves_numbers_or_a_sentence(index):
    record = index.record("street/fcn8s-wce")
    file = index.file(record)
    whole = file.read_bytes()
    (length,) = struct.unpack("<Q", whole[:8])
    header, numbers = json.loads(whole[8 : 8 + length]), whole[8 + length :]

    def make(rng: np.random.Generator) -> bytes:
        if rng.random() < 0.4:
            return of_bytes(rng, [whole], 8 + length)
        text = json.dumps(of_values(rng, header)).encode()
        return struct.pack("<Q", len(text)) + text + numbers

    def read(data: bytes) -> None:
        file.write_bytes(data)
        read_tensors(file)
        described = replace(record, sha256=sha256(file))  # who damages a file may write its checksum, too
        index.check_fit(described)
        index.load(described)

    assert results(read, make)


def test_any_damage_to_an_onnx_file_leaves_a_network_or_a_sentence(tmp_path):
    pytest.importorskip("openvino", reason="ONNX files are run by OpenVINO")
    fixed = write_onnx(tmp_path / "a.onnx", Tiny(), (1, 3, 32, 48)).read_bytes()
    free = write_onnx(tmp_path / "b.onnx", Tiny(), (1, 3, 32, 48), free=(0, 2, 3)).read_bytes()
    assert results(lambda data: read_onnx(data, "a.onnx"), lambda rng: of_bytes(rng, [fixed, free]))


ADDRESS = """
import streamlit as st
from seg.app import address
address.arrive("Compare")
st.session_state.got = [
    address.choice("dataset", ["street", "membranes", "shapes"], "street"),
    address.choice("steps", (120, 240), 240),
    address.choices("networks", ["FCN-8s", "U-Net", "Conv, stack"], ["FCN-8s"]),
    address.numbers("point", [1.5, -2.0]),
    address.of_component("said"),
]
st.segmented_control("Data set", ["street", "membranes", "shapes"], key="dataset", required=True)
st.pills("Networks", ["FCN-8s", "U-Net", "Conv, stack"], selection_mode="multi", key="networks")
"""

GOOD = {"dataset": "shapes", "steps": "120", "networks": "U-Net,Conv\\, stack", "point": "1,2", "said": "a:b;c"}


@pytest.fixture
def known_components(monkeypatch):
    """What components the installed packages have is looked up once: it takes Streamlit longer than a page."""
    found = manifest_scanner.scan_component_manifests()
    monkeypatch.setattr(manifest_scanner, "scan_component_manifests", lambda: found)


def test_any_address_is_what_may_be_chosen(known_components):
    def read(said: dict[str, str | list[str]]) -> None:
        app = AppTest.from_string(ADDRESS)
        for name, value in said.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception, app.exception[0].value
        dataset, steps, networks, point, _ = app.session_state.got
        assert dataset in ("street", "membranes", "shapes")
        assert steps in (120, 240)
        assert {*networks} <= {"FCN-8s", "U-Net", "Conv, stack"}
        assert np.isfinite(point).all()
        assert len(point) == 2

    assert results(read, lambda rng: of_address(rng, GOOD)) == TIMES
