"""OpenVINO gives what PyTorch gives, is kept on disk, and makes way where it cannot run."""

import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import wait
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from seg.catalogue.store import WeightIndex
from seg.datasets import street
from seg.errors import OptionError
from seg.inference import segmenter
from seg.inference.activity import ACTIVITY
from seg.inference.engines import Blueprint, build_engine, choose_engine
from seg.inference.engines import cache as cached
from seg.inference.engines.openvino import compiling, converting
from seg.inference.engines.openvino import engine as openvino
from seg.inference.engines.openvino.engine import OpenVINOEngine
from seg.inference.segmenter import Segmenter
from seg.models import build_model
from tests.conftest import NETWORKS, make_set

if not os.environ.get("CI"):
    pytest.importorskip("openvino")

ROOT = Path(__file__).parents[3]

SMALL = {"num_classes": 5, "in_channels": 3, "base": 4}
UNET = Blueprint("unet", SMALL)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SEG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(openvino, "QUIET", 0.2)
    return tmp_path / "cache" / "seg-openvino"


@pytest.mark.parametrize(("name", "options"), NETWORKS)
def test_logits_are_those_of_pytorch(name, options):
    torch.manual_seed(0)
    model = build_model(name, 5, 3, **{"base": 4, **options}).eval()
    picture = torch.rand(2, 3, 47, 66)
    both = [build_engine(model, "cpu", engine).run(picture) for engine in ("torch", "openvino")]
    assert both[0] == pytest.approx(both[1], abs=1e-3)
    agree = (both[0].argmax(dim=1) == both[1].argmax(dim=1)).float().mean()
    assert agree >= 0.999


def test_confidence_is_the_same_on_both_engines_at_the_sets_temperature(tmp_path, monkeypatch):
    monkeypatch.delenv("SEG_ENGINE")
    record, picture = make_set(tmp_path), street.render(4, 90, 120).image
    network = WeightIndex(tmp_path).load(record)
    sure = {}
    for temperature in (1.0, 0.25):
        warm = replace(record, temperature=temperature)
        sure[temperature], other = (
            Segmenter(warm, network, "cpu", engine)(picture).confidence.astype(float)
            for engine in ("torch", "openvino")
        )
        assert other == pytest.approx(sure[temperature], abs=2e-3)
    assert sure[0.25].mean() > sure[1.0].mean() + 0.01


def test_labels_of_a_trained_network_agree_on_real_frames_of_odd_sizes(shipped, camvid):
    from PIL import Image

    file = sorted((camvid / "val").iterdir())[0]
    photo = np.asarray(Image.open(file).convert("RGB"))
    for name, image in (("street/unet-wce", photo), ("street/fcn8s-wce-lite0", photo[:301, :203])):
        record = shipped.record(name)
        found = [Segmenter(record, shipped.load(record), "cpu", engine)(image) for engine in ("torch", "openvino")]
        assert (found[0].labels == found[1].labels).mean() >= 0.999
        assert found[1].notes == ()


def test_a_compiled_network_is_kept_and_found_again(cache, monkeypatch):
    model, picture = build_model("unet", 5, 3, base=4).eval(), torch.rand(1, 3, 48, 64)
    first = OpenVINOEngine(model, "weights", at_once=True, race=False).run(picture)
    (folder,) = cache.iterdir()

    def never(*_):
        raise AssertionError("it was converted again")

    monkeypatch.setattr(openvino, "convert", never)
    again = OpenVINOEngine(model, "weights", at_once=True, race=False)
    assert torch.equal(again.run(picture), first)
    assert not again.notes
    other = OpenVINOEngine(model, "other weights", at_once=True, race=False)
    assert other.run(picture) == pytest.approx(first, abs=1e-3)
    assert other.notes == ["OpenVINO could not run one of the networks, so PyTorch does."]
    assert list(cache.iterdir()) == [folder]


def test_nothing_is_reported_to_anybody():
    build_engine(build_model("conv_stack", 5, 3, base=4), "cpu", "openvino").run(torch.rand(1, 3, 48, 64))
    from openvino.tools.ovc import convert_impl

    assert convert_impl.tm.__name__.endswith("telemetry_stub")


def test_a_damaged_cache_is_rebuilt(cache):
    model, picture = build_model("unet", 5, 3, base=4).eval(), torch.rand(1, 3, 48, 64)
    first = OpenVINOEngine(model, "weights", at_once=True, race=False).run(picture)
    (folder,) = cache.iterdir()
    for file in folder.iterdir():
        file.write_bytes(b"damaged")
    engine = OpenVINOEngine(model, "weights", at_once=True, race=False)
    assert engine.run(picture) == pytest.approx(first, abs=1e-5)
    assert not engine.notes
    assert (folder / "network.xml").read_bytes() != b"damaged"


def test_what_was_not_used_for_longest_makes_room_for_what_is_new(cache, monkeypatch):
    model, picture = build_model("conv_stack", 5, 3, base=4).eval(), torch.rand(1, 3, 48, 64)

    def start(key):
        before = set(cache.glob("*"))
        OpenVINOEngine(model, key, at_once=True, race=False).run(picture)
        return set(cache.glob("*")) - before

    (first,), (second,) = start("first"), start("second")
    for age, folder in ((2, first), (1, second)):
        os.utime(folder, (1e9 - age, 1e9 - age))
    (cache / "a file").write_text("not ours")
    assert start("first") == set(), "found, and so used later than the second"
    held = sum(file.stat().st_size for file in first.iterdir())
    monkeypatch.setattr(cached, "MAX_BYTES", 2.5 * held)
    (third,) = start("third")
    assert set(filter(Path.is_dir, cache.iterdir())) == {first, third}
    monkeypatch.setattr(cached, "MAX_BYTES", 0)
    (last,) = start("last")
    assert set(filter(Path.is_dir, cache.iterdir())) == {last}


def test_a_cache_that_cannot_be_written_costs_time_alone(tmp_path, monkeypatch):
    file = tmp_path / "a file"
    file.write_text("no folder")
    monkeypatch.setenv("SEG_CACHE", str(file))
    model, picture = build_model("unet", 5, 3, base=4).eval(), torch.rand(1, 3, 48, 64)
    engine = OpenVINOEngine(model, "weights", at_once=True, race=False)
    assert engine.run(picture) == pytest.approx(build_engine(model, "cpu", "torch").run(picture), abs=1e-3)
    assert len(engine.notes) == 1
    assert "cannot be kept" in engine.notes[0]
    assert next(iter(engine._compiled.values())).result() is not None


def test_a_cache_that_others_may_write_is_neither_read_nor_written(cache):
    model, picture = build_model("unet", 5, 3, base=4).eval(), torch.rand(1, 3, 48, 64)
    OpenVINOEngine(model, "weights", at_once=True, race=False).run(picture)
    (kept,) = filter(Path.is_dir, cache.iterdir())
    (kept / "network.xml").write_text("not ours")
    cache.chmod(0o777)
    engine = OpenVINOEngine(model, "weights", at_once=True, race=False)
    assert engine.run(picture) == pytest.approx(build_engine(model, "cpu", "torch").run(picture), abs=1e-3)
    assert (kept / "network.xml").read_text() == "not ours"
    assert "cannot be kept" in engine.notes[0]


def test_the_folder_of_what_is_kept_is_its_users_alone(cache):
    assert cached.own_folder() == cache
    assert cache.stat().st_mode & 0o077 == 0


def test_pytorch_answers_until_the_compiled_network_is_there(monkeypatch):
    model, picture = build_model("unet", 5, 3, base=4).eval(), torch.rand(1, 3, 48, 64)
    engine = OpenVINOEngine(model, blueprint=UNET, race=False)
    before = engine.run(picture)
    assert before == pytest.approx(build_engine(model, "cpu", "torch").run(picture), abs=1e-4)
    assert engine.active == "torch"
    wait(engine._compiled.values())  # converted in a process of its own
    assert engine.active == "openvino"
    monkeypatch.setattr(engine, "forward", None)
    assert engine.run(picture) == pytest.approx(before, abs=1e-3)


def test_the_slower_engine_makes_way(monkeypatch):
    model, picture = build_model("unet", 5, 3, base=4).eval(), torch.rand(1, 3, 48, 64)
    monkeypatch.setattr(openvino, "_is_faster", lambda *_: False)
    engine = OpenVINOEngine(model)
    engine.run(picture)
    engine.wait_until_ready()
    assert next(iter(engine._compiled.values())).result() is None
    assert not engine.notes
    assert engine.run(picture) == pytest.approx(build_engine(model, "cpu", "torch").run(picture), abs=1e-4)


def test_the_race_leaves_the_live_network_alone():
    model, picture = build_model("unet", 5, 3, base=4).eval(), torch.rand(1, 3, 48, 64)
    engine, seen = OpenVINOEngine(model), []
    engine.run(picture)
    model.register_forward_hook(lambda *_: seen.append(threading.current_thread().name))
    engine.wait_until_ready()
    assert seen == []


def test_the_race_waits_until_no_network_is_at_work(monkeypatch):
    raced = threading.Event()
    monkeypatch.setattr(openvino.CONVERTER, "convert", lambda *_: None)
    monkeypatch.setattr(openvino, "compile_network", lambda *_: None)
    monkeypatch.setattr(openvino, "_runner", lambda _: None)
    monkeypatch.setattr(openvino, "_is_faster", lambda *_: raced.set() or True)
    engine = OpenVINOEngine(build_model("unet", 5, 3, base=4).eval(), blueprint=UNET)
    with ACTIVITY.during():
        engine.run(torch.rand(1, 3, 48, 64))
        assert not raced.wait(5 * openvino.QUIET)
    assert raced.wait(10)


@pytest.mark.parametrize(("compiled", "plain", "faster"), [(1, 2, True), (2, 1, False), (1, 1, True)])
@pytest.mark.parametrize("disturbed", [set(), {0, 1, 2, 3}, {0, 2, 4, 6}, {5, 6, 7, 8}])
def test_what_disturbs_most_of_a_race_does_not_decide_it(monkeypatch, compiled, plain, faster, disturbed):
    clock, runs = [0.0], iter(range(100))

    def taking(seconds):
        def run(_):
            clock[0] += seconds + 10 * (next(runs) in disturbed)

        return run

    monkeypatch.setattr(openvino, "time", SimpleNamespace(perf_counter=lambda: clock[0]))
    assert openvino._is_faster(taking(compiled), taking(plain), (3, 8, 8)) is faster


def test_without_openvino_pytorch_runs_and_a_sentence_says_so(monkeypatch):
    def broken():
        raise ImportError("no openvino")

    monkeypatch.delenv("SEG_ENGINE", raising=False)
    monkeypatch.setattr(compiling, "core", broken)
    chosen, problem = choose_engine(torch.device("cpu"))
    assert chosen == "torch"
    assert "not installed" in problem
    with pytest.raises(OptionError, match="not installed"):
        build_engine(build_model("conv_stack", 5, 3, base=4), "cpu", "openvino")


def test_on_a_cpu_that_openvino_does_not_know_pytorch_runs_and_a_sentence_says_so(monkeypatch):
    monkeypatch.delenv("SEG_ENGINE", raising=False)
    monkeypatch.setattr(compiling, "core", lambda: SimpleNamespace(available_devices=["NPU"]))
    chosen, problem = choose_engine(torch.device("cpu"))
    assert chosen == "torch"
    assert problem == "OpenVINO does not know this CPU, so PyTorch runs the networks."


@pytest.mark.parametrize("error", [RuntimeError("std::bad_alloc"), MemoryError()])
def test_a_compiled_network_that_runs_out_of_memory_makes_way_with_the_same_masks(error):
    model, picture = build_model("unet", 5, 3, base=4).eval(), torch.rand(1, 3, 48, 64)
    engine = OpenVINOEngine(model, at_once=True, race=False)
    before = engine.run(picture)

    def exhausted(tile):
        raise error

    engine._compiled[3, 48, 64] = openvino._finished(exhausted)
    assert engine.run(picture) == pytest.approx(before, abs=1e-3)
    assert engine.active == "torch"
    assert engine.notes == ["OpenVINO could not run one of the networks, so PyTorch does."]


def test_the_environment_chooses_the_engine(monkeypatch):
    monkeypatch.setitem(os.environ, "SEG_ENGINE", "torch")
    assert choose_engine(torch.device("cpu"))[0] == "torch"
    monkeypatch.delitem(os.environ, "SEG_ENGINE")
    assert choose_engine(torch.device("cpu"))[0] == "openvino"
    assert choose_engine(torch.device("cuda"))[0] == "torch"
    with pytest.raises(OptionError, match="choose one of"):
        choose_engine(torch.device("cpu"), "onnx")


def test_features_gradients_and_skips_still_work(tmp_path):
    record = make_set(tmp_path, "street/unet-wce", "unet")
    network = Segmenter(record, WeightIndex(tmp_path).load(record), "cpu", "openvino")
    photo = street.render(3, 180, 240).image
    assert network(photo).labels.shape == (180, 240)
    assert network.features(photo, "down.1").shape[0] == 8
    assert network.gradient(photo, 90, 120).max() > 0
    assert network(photo, skips=set()).labels.shape == (180, 240)


def test_a_second_start_answers_from_disk_without_building_the_network(tmp_path, cache):
    record = make_set(tmp_path, "street/unet-wce", "unet")
    photo = street.render(3, 180, 240).image
    first = Segmenter.load(record.name, "cpu", "openvino", tmp_path)(photo)
    again = Segmenter.load(record.name, "cpu", "auto", tmp_path)
    again.engine = OpenVINOEngine(again.engine._given, record.sha256)
    again.engine._given = None
    assert (again(photo).labels == first.labels).mean() >= 0.999
    assert again.engine.active == "openvino"


def test_a_network_that_lost_its_race_races_again_at_the_next_start_and_is_not_converted_for_it(cache, monkeypatch):
    model, picture = build_model("unet", 5, 3, base=4).eval(), torch.rand(1, 3, 48, 64)

    def start(faster):
        monkeypatch.setattr(openvino, "_is_faster", lambda *_: faster)
        engine = OpenVINOEngine(model, "weights")
        engine.run(picture)
        engine.wait_until_ready()
        assert not engine.notes
        return engine.active

    assert start(faster=False) == "torch"
    monkeypatch.setattr(openvino, "convert", None)
    assert start(faster=False) == "torch"
    assert start(faster=True) == "openvino"
    monkeypatch.setattr(openvino, "_is_faster", None)
    again = OpenVINOEngine(model, "weights")
    again.run(picture)
    assert again.active == "openvino"


def test_networks_that_wait_are_converted_by_one_process_which_then_ends(monkeypatch):
    started, start = [], converting._start
    monkeypatch.setattr(converting, "_start", lambda: started.append(start()) or started[-1])
    picture = torch.rand(1, 3, 48, 64)
    blueprints = [Blueprint(name, SMALL) for name in ("conv_stack", "fcn8s")]
    engines = [
        OpenVINOEngine(build_model(plan.architecture, **SMALL).eval(), blueprint=plan, race=False)
        for plan in blueprints
    ]
    expected = [engine.run(picture) for engine in engines]
    wait([future for engine in engines for future in engine._compiled.values()])
    for engine, logits in zip(engines, expected, strict=True):
        assert engine.active == "openvino"
        assert engine.run(picture) == pytest.approx(logits, abs=1e-3)
    (process,) = started
    assert process.wait(20) == 0


def test_a_converter_that_dies_is_a_sentence_pytorch_goes_on_and_the_next_network_gets_another(monkeypatch):
    model, picture = build_model("unet", 5, 3, base=4).eval(), torch.rand(1, 3, 48, 64)
    python = converting.sys.executable
    monkeypatch.setattr(converting.sys, "executable", shutil.which("false"))
    engine = OpenVINOEngine(model, blueprint=UNET, race=False)
    before = engine.run(picture)
    wait(engine._compiled.values())
    assert torch.equal(engine.run(picture), before)
    assert engine.notes == ["OpenVINO could not run one of the networks, so PyTorch does."]
    monkeypatch.setattr(converting.sys, "executable", python)
    engine = OpenVINOEngine(model, blueprint=UNET, race=False)
    engine.run(picture)
    wait(engine._compiled.values())
    assert engine.active == "openvino"


ENDS = """
import time, torch
from seg.inference.engines.base import Blueprint
from seg.inference.engines.openvino import engine as openvino
from seg.models import build_model
openvino.QUIET = {quiet}
plan = Blueprint("unet", {{"num_classes": 5, "in_channels": 3, "base": 4}})
engine = openvino.OpenVINOEngine(build_model("unet", 5, 3, base=4).eval(), "weights", plan)
engine.run(torch.rand(1, 3, 48, 64))
while {quiet} == 0 and openvino.CONVERTER._process is None:
    time.sleep(0.01)
print(getattr(openvino.CONVERTER._process, "pid", 0))
"""


@pytest.mark.parametrize("quiet", [0, 5])
def test_a_program_that_ends_drops_what_waits_to_be_converted(quiet, cache):
    done = subprocess.run(
        [sys.executable, "-c", ENDS.format(quiet=quiet)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stderr == ""
    assert not list(cache.glob("*/network.xml"))
    if process := int(done.stdout):
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_what_cannot_be_converted_is_an_error_and_the_process_goes_on():
    plan, converter = Blueprint("conv_stack", SMALL), converting.Converter()
    tensors = build_model("conv_stack", **SMALL).state_dict()
    with pytest.raises(RuntimeError, match="channels"):
        converter.convert(plan, tensors, (1, 8, 8))
    process = converter._process
    converter.convert(plan, tensors, (3, 8, 8))
    assert converter._process is process
    assert converter._end() == 0


def test_tensors_that_do_not_fit_the_blueprint_are_an_error():
    converter = converting.Converter()
    with pytest.raises(RuntimeError, match="state_dict"):
        converter.convert(UNET, build_model("conv_stack", **SMALL).state_dict(), (3, 8, 8))
    converter.close()


def test_a_network_without_a_blueprint_is_converted_here(monkeypatch):
    monkeypatch.setattr(openvino.CONVERTER, "convert", None)
    model, picture = build_model("unet", **SMALL).eval(), torch.rand(1, 3, 48, 64)
    engine = OpenVINOEngine(model, race=False)
    before = engine.run(picture)
    wait(engine._compiled.values())
    assert engine.active == "openvino"
    assert engine.run(picture) == pytest.approx(before, abs=1e-3)


def test_a_picture_that_is_too_much_for_the_device_is_done_on_the_cpu(tmp_path, monkeypatch):
    record = make_set(tmp_path, "street/unet-wce", "unet")
    network = Segmenter.load(record.name, "cpu", "torch", tmp_path)
    photo = street.render(3, 180, 240).image
    expected = network(photo)
    real, calls = segmenter.labels_at, []

    def too_much(*arguments):
        calls.append(1)
        if len(calls) == 1:
            raise torch.OutOfMemoryError("too much")
        return real(*arguments)

    monkeypatch.setattr(segmenter, "labels_at", too_much)
    found = network(photo)
    assert (found.labels == expected.labels).all()
    assert len(found.notes) == 1
    assert "ran out of memory" in found.notes[0]
