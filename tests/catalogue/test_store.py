"""Weight files: checked before they are used, written so that nobody sees half a file."""

import json
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch

from seg.catalogue import store
from seg.catalogue.store import WeightIndex
from seg.errors import WeightsError
from seg.inference.segmenter import Segmenter
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


def test_a_network_that_tells_other_classes_apart_than_its_record_names_is_refused_when_opened(weights):
    index = WeightIndex(weights)
    record = index.record("street/fcn8s-wce")
    two = replace(record, classes=record.classes[:2], ignore=255)
    for opened in (index.load, index.verify):
        with pytest.raises(WeightsError, match=r"street/fcn8s-wce tells 11 classes apart, but its record names 2: "):
            opened(two)
    two = replace(two, arguments=replace(record.arguments, num_classes=2))
    with pytest.raises(WeightsError, match=r"do not fit fcn8s.*: score\.weight is 11×\d+×1×1 in the file and 2×"):
        index.load(two)


def test_another_sets_file_does_not_fit_and_what_is_too_much_or_lacks_is_named(weights):
    index = WeightIndex(weights)
    record = index.record("street/fcn8s-wce")
    other = make_set(weights, "street/fcn32s-wce", "fcn32s")
    tensors = index.file(record).read_bytes()
    index.file(record).write_bytes(index.file(other).read_bytes())
    index.file(other).write_bytes(tensors)
    with pytest.raises(WeightsError, match=r"do not fit fcn8s.*: the file lacks score_skip\.pool3\.bias"):
        index.load(replace(record, sha256=other.sha256))
    with pytest.raises(WeightsError, match=r"do not fit fcn32s.*: the file has score_skip\.pool3\.bias, the"):
        index.load(replace(other, sha256=record.sha256))


def test_loading_reads_the_index_and_hashes_the_file_once_until_they_change(weights, monkeypatch):
    index, count = WeightIndex(weights), Counter()

    def counted(module, name):
        whole = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *given: count.update([name]) or whole(*given))

    counted(store, "read_records")
    counted(store, "sha256")
    Segmenter.load("street/fcn8s-wce", weights=weights)
    assert count == {"read_records": 1, "sha256": 1}
    record = index.record("street/fcn8s-wce")
    index.verify(record)
    index.load(record)
    assert count == {"read_records": 1, "sha256": 1}
    make_set(weights, "street/unet-wce", "unet")
    assert len(index.records()) == 2
    before = index.file(record).stat()
    index.file(record).write_bytes(index.file(record).read_bytes()[:-1] + b"x")
    os.utime(index.file(record), ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    with pytest.raises(WeightsError, match="damaged"):
        index.verify(record)


def test_what_a_reader_does_with_its_records_is_nothing_to_the_next_one(weights):
    index = WeightIndex(weights)
    index.records().clear()
    assert list(index.records()) == ["street/fcn8s-wce"]


def test_a_set_is_added_beside_one_of_an_architecture_that_this_version_does_not_know(weights):
    index = WeightIndex(weights)
    rewrite(index, model="transformer9000", name="street/transformer9000-wce")
    make_set(weights, "street/unet-wce", "unet")
    assert list(index.records()) == ["street/unet-wce", "street/transformer9000-wce"]


def test_an_index_of_absurd_size_is_refused_unread(weights, monkeypatch):
    monkeypatch.setattr(store, "MAX_INDEX", 100)
    with pytest.raises(WeightsError, match="far too large"):
        WeightIndex(weights).records()


def test_many_writers_at_once_lose_no_record(weights):
    index = WeightIndex(weights)
    record = index.record("street/fcn8s-wce")
    with ThreadPoolExecutor(8) as writers:
        list(writers.map(lambda i: index.add(replace(record, name=f"street/fcn8s-wce-{i}")), range(20)))
    assert len(index.records()) == 21


def test_every_shipped_set_matches_its_checksum_builds_and_has_scores(shipped):
    records = shipped.records()
    assert {"street/fcn8s-wce", "street/unet-wce"} <= set(records)
    for record in shipped.networks().values():
        model = shipped.load(record)
        assert sum(p.numel() for p in model.parameters()) == record.parameters
        assert shipped.file(record).stat().st_size == record.bytes < 20e6
        assert 0 < record.validation.mean_iou < 1
        assert record.curve


def test_a_set_of_which_only_the_scores_are_kept_is_listed_and_says_how_to_train_it(shipped):
    alone = shipped.records().keys() - shipped.networks().keys()
    assert {"shapes/unet-dice-seed1", "shapes/unet-dice-seed2"} <= alone
    assert all(name.startswith("shapes/") and shipped.record(name).validation.mean_iou for name in alone)
    with pytest.raises(WeightsError, match=r"Of shapes/unet-dice-seed1 only the scores are kept: train it anew"):
        Segmenter.load("shapes/unet-dice-seed1", "cpu")
