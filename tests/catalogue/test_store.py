"""Weight files: checked before they are used, written so that nobody sees half a file."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch

from seg.catalogue.store import WeightIndex
from seg.errors import WeightsError
from tests.conftest import make_set


def rewrite(index: WeightIndex, **changes) -> None:
    entries = json.loads(index.path.read_text())
    entries[0].update(changes)
    index.path.write_text(json.dumps(entries))


def test_a_written_set_is_read_back_as_it_was_to_half_precision(tmp_path):
    record = make_set(tmp_path)
    index = WeightIndex(tmp_path)
    assert index.record(record.name) == record
    first, second = index.load(record), index.load(record)
    assert not first.training
    for name, tensor in first.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[name])
        assert tensor.dtype in (torch.float32, torch.int64)


@pytest.mark.parametrize("damage", [lambda b: b[:-20], lambda b: b[:-1] + bytes([b[-1] ^ 1]), lambda b: b""])
def test_a_changed_file_is_refused_by_its_checksum(weights, damage):
    index = WeightIndex(weights)
    record = index.record("street/fcn8s-wce")
    index.file(record).write_bytes(damage(index.file(record).read_bytes()))
    with pytest.raises(WeightsError, match=r"street/fcn8s-wce are damaged.*checksum"):
        index.load(record)


def test_a_missing_file_a_missing_index_and_an_unknown_set_are_named(weights, tmp_path):
    index = WeightIndex(weights)
    record = index.record("street/fcn8s-wce")
    index.file(record).unlink()
    with pytest.raises(WeightsError, match="street/fcn8s-wce are missing"):
        index.load(record)
    with pytest.raises(WeightsError, match=r"no weight set 'nothing'.*street/fcn8s-wce"):
        index.record("nothing")
    with pytest.raises(WeightsError, match=r"index\.json is missing"):
        WeightIndex(tmp_path / "empty").records()


def test_an_unknown_architecture_and_unfit_arguments_are_refused_with_a_sentence(weights):
    index = WeightIndex(weights)
    rewrite(index, model="transformer9000")
    with pytest.raises(WeightsError, match=r"transformer9000.*does not know"):
        index.load(index.record("street/fcn8s-wce"))
    rewrite(index, model="fcn8s", arguments={"num_classes": 11, "levels": 9})
    with pytest.raises(WeightsError, match="cannot be built"):
        index.load(index.record("street/fcn8s-wce"))
    rewrite(index, model="unet", arguments={"num_classes": 11})
    with pytest.raises(WeightsError, match="do not fit"):
        index.load(index.record("street/fcn8s-wce"))


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"name": "x"}]', '"words"'])
def test_a_damaged_index_is_refused_with_a_sentence(weights, text):
    index = WeightIndex(weights)
    index.path.write_text(text)
    with pytest.raises(WeightsError):
        index.records()


def test_a_record_of_a_newer_version_with_words_unknown_here_still_loads(weights):
    index = WeightIndex(weights)
    rewrite(index, mood="sunny")
    assert index.load(index.record("street/fcn8s-wce"))


def test_many_writers_at_once_lose_no_record(weights):
    index = WeightIndex(weights)
    record = index.record("street/fcn8s-wce")
    with ThreadPoolExecutor(8) as writers:
        list(writers.map(lambda i: index.add(replace(record, name=f"street/fcn8s-wce-{i}")), range(20)))
    assert len(index.records()) == 21


def test_every_shipped_set_matches_its_checksum_builds_and_has_scores(shipped):
    records = shipped.records()
    assert {"street/fcn8s-wce", "street/unet-wce"} <= set(records)
    for record in records.values():
        model = shipped.load(record)
        assert sum(p.numel() for p in model.parameters()) == record.parameters
        assert shipped.file(record).stat().st_size == record.bytes < 20e6
        assert 0 < record.validation["mean_iou"] < 1
        assert record.recipe["curve"]
