"""Weight sets in a ZIP come out as they went in; what else a ZIP may hold is a sentence."""

import io
import json
import zipfile

import pytest

from seg.catalogue.packing import packed_sets, unpack_sets
from seg.catalogue.store import WeightIndex
from seg.errors import WeightsError
from tests.conftest import make_set


@pytest.fixture
def index(tmp_path) -> WeightIndex:
    for name in ("street/fcn8s-ce", "street/fcn8s-wce"):
        make_set(tmp_path / "theirs", name)
    return WeightIndex(tmp_path / "theirs")


def zipped(files: dict[str, bytes]) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file


def files(index: WeightIndex, **changes) -> dict[str, bytes]:
    """Of one set, whose record is changed."""
    (entry, *_) = json.loads(index.path.read_text())
    file = f"{entry['name']}.safetensors"
    return {"index.json": json.dumps([entry | changes]).encode(), file: (index.folder / file).read_bytes()}


@pytest.mark.parametrize("top", ["", "runs/"])
def test_sets_come_out_of_a_zip_as_they_went_in(index, tmp_path, top):
    with zipfile.ZipFile(io.BytesIO(packed_sets(index, ["street/fcn8s-wce"]))) as archive:
        contents = {top + name: archive.read(name) for name in archive.namelist()}
    mine = WeightIndex(tmp_path / "mine")
    make_set(mine.folder, "street/unet-ce", "unet")
    (record,) = unpack_sets(zipped(contents), "mug.zip", mine)
    assert record == index.record("street/fcn8s-wce") == mine.record("street/fcn8s-wce")
    assert set(mine.records()) == {"street/unet-ce", "street/fcn8s-wce"}
    mine.load(record)


def test_a_set_of_the_same_name_is_replaced(index, tmp_path):
    mine = WeightIndex(tmp_path / "mine")
    make_set(mine.folder, "street/fcn8s-ce", base=8)
    unpack_sets(zipped(files(index)), "mug.zip", mine)
    assert mine.record("street/fcn8s-ce") == index.record("street/fcn8s-ce")
    mine.load(mine.record("street/fcn8s-ce"))


DAMAGES = {
    "no ZIP": (lambda index: io.BytesIO(b"nothing"), "mug.zip is no ZIP or is damaged"),
    "no index": (lambda index: zipped({"mug.safetensors": b""}), "mug.zip holds no weight sets"),
    "no file": (lambda index: zipped({"index.json": files(index)["index.json"]}), "fcn8s-ce are missing: mug.zip/"),
    "another file": (
        lambda index: zipped(files(index) | {"street/fcn8s-ce.safetensors": b"no"}),
        "does not match its checksum",
    ),
    "no index at all": (lambda index: zipped({"index.json": b"{"}), "mug.zip/index.json"),
    "another network": (
        lambda index: zipped(files(index, arguments={"num_classes": 11, "base": 8})),
        "do not fit fcn8s as its record describes it",
    ),
    "a network of terabytes": (
        lambda index: zipped(files(index, arguments={"num_classes": 11, "base": 10**6})),
        "do not fit fcn8s as its record describes it",
    ),
    "a network without end": (
        lambda index: zipped(files(index, arguments={"num_classes": 11, "base": 10**12})),
        "far too large",
    ),
    "a path that leads out": (
        lambda index: zipped(files(index, name="../../evil")),
        "damaged",
    ),
    "ONNX alone": (
        lambda index: zipped(files(index, model="onnx")),
        "holds no weight set whose numbers are in a .safetensors file",
    ),
}


@pytest.mark.parametrize("damage", sorted(DAMAGES))
def test_what_is_no_zip_of_weight_sets_is_a_sentence_and_changes_nothing(index, tmp_path, damage):
    make, sentence = DAMAGES[damage]
    mine = WeightIndex(tmp_path / "mine")
    make_set(mine.folder, "street/fcn8s-wce", base=8)
    before = mine.records()
    with pytest.raises(WeightsError) as error:
        unpack_sets(make(index), "mug.zip", mine)
    assert sentence in str(error.value)
    assert "/tmp" not in str(error.value)
    assert WeightIndex(mine.folder).records() == before
    assert not list(tmp_path.glob("evil*"))
