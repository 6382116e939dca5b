"""FC-DenseNet in this package's own kernels gives what PyTorch gives, and makes way where it cannot run."""

import os
import platform
import subprocess
import sys
import threading

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from seg.inference.engines import Blueprint, build_engine, choose_engine
from seg.inference.engines.native import kernels
from seg.inference.engines.native.engine import DenseProgram, NativeEngine, _doubling, _layer
from seg.inference.engines.native.kernels import DOUBLED, POOLED, Program, maps
from seg.inference.segmenter import Segmenter
from seg.pictures.decode import decode
from tests.conftest import trained

SIZES = [(1, 1), (3, 2), (11, 15), (22, 30), (47, 66), (8, 240), (5, 241), (13, 700)]
"""From a pixel to rows that are cut into several strips; with rows that fill vectors, and others."""

pytestmark = pytest.mark.skipif(
    bool(kernels.problem()) and not os.environ.get("CI"), reason="there is no compiler for the kernels"
)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SEG_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SEG_ENGINE", raising=False)
    return tmp_path / "cache" / "seg-openvino"


@pytest.fixture(autouse=True)
def threads():
    """More than the cores that there may be: strips come in another order every time."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def filled(channels: int, size: tuple[int, int]) -> torch.Tensor:
    plane = maps(channels, *size)
    plane.copy_(torch.randn(plane.shape))
    return plane


def random_norm(channels: int) -> nn.BatchNorm2d:
    norm = nn.BatchNorm2d(channels).eval().requires_grad_(False)
    norm.running_mean.normal_(std=0.3)
    norm.running_var.uniform_(0.5, 1.5)
    norm.weight.uniform_(-1, 1.5)
    norm.bias.normal_(std=0.5)
    return norm


def run(x, y, layers, **how):
    program = Program()
    program.add(x, y, layers, **how)
    program.run()
    return y


def close(found, expected):
    return (found - expected).abs().max() <= 2e-5 * max(1, expected.abs().max())


@pytest.mark.parametrize("outputs", [16, 12, 5, 11, 1])
@pytest.mark.parametrize("size", SIZES)
def test_a_3x3_convolution_of_what_is_normalised(size, outputs):
    torch.manual_seed(0)
    x, convolution, norm = filled(70, size), nn.Conv2d(70, outputs, 3, padding=1).requires_grad_(False), random_norm(70)
    expected = convolution(F.relu(norm(x[None])))[0]
    assert close(run(x, maps(outputs, *size), [_layer(convolution, norm)]), expected)


@pytest.mark.parametrize("size", SIZES)
def test_several_layers_that_read_the_same_and_one_that_adds(size):
    torch.manual_seed(0)
    x = filled(20, size)
    layers = [(nn.Conv2d(20, 5, 3, padding=1).requires_grad_(False), random_norm(20)) for _ in range(3)]
    expected = torch.cat([convolution(F.relu(norm(x[None])))[0] for convolution, norm in layers])
    found = run(x, maps(15, *size), [_layer(*layer) for layer in layers])
    assert close(found, expected)
    convolution, norm = layers[0]
    run(x, found[5:10], [_layer(convolution, norm)], add=True)
    expected[5:10] += expected[:5] - convolution.bias[:, None, None]
    assert close(found, expected)


@pytest.mark.parametrize("size", SIZES)
def test_a_convolution_of_the_input_itself(size):
    torch.manual_seed(0)
    x, convolution = filled(3, size), nn.Conv2d(3, 24, 3, padding=1).requires_grad_(False)
    assert close(run(x, maps(24, *size), [_layer(convolution)]), convolution(x[None])[0])


@pytest.mark.parametrize("size", SIZES)
def test_a_1x1_convolution_and_the_largest_of_2x2_of_it(size):
    torch.manual_seed(0)
    x, convolution, norm = filled(130, size), nn.Conv2d(130, 20, 1).requires_grad_(False), random_norm(130)
    expected = convolution(F.relu(norm(x[None])))
    assert close(run(x, maps(20, *size), [_layer(convolution, norm)]), expected[0])
    pooled = F.max_pool2d(expected, 2, ceil_mode=True)[0]
    assert close(run(x, maps(*pooled.shape), [_layer(convolution, norm)], kind=POOLED), pooled)


@pytest.mark.parametrize("odd", [(0, 0), (1, 0), (0, 1), (1, 1)])
@pytest.mark.parametrize("size", SIZES)
def test_a_transposed_convolution_cut_to_the_skip(size, odd):
    torch.manual_seed(0)
    x, transition = filled(30, size), nn.ConvTranspose2d(30, 14, 3, stride=2).requires_grad_(False)
    height, width = 2 * size[0] - odd[0], 2 * size[1] - odd[1]
    y = maps(14, height, width)
    for parity in (0, 1):
        run(x, y, _doubling(transition, parity), kind=DOUBLED, parity=parity)
    assert close(y, transition(x[None])[0, :, :height, :width])


@pytest.mark.parametrize("size", [(1, 1), (33, 50), (64, 96), (96, 64)])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("fc_densenet56", {"base": 16}),
        ("fc_densenet67", {"base": 48}),
        ("fc_densenet103", {"base": 16, "levels": 4}),
        ("fc_densenet103", {"base": 8, "levels": 2}),
    ],
)
def test_a_network_gives_what_pytorch_gives(name, options, size):
    model, pictures = trained(name, options), torch.randn(2, 3, *size)
    expected = build_engine(model, "cpu", "torch").run(pictures)
    engine = build_engine(model, "cpu", blueprint=Blueprint(name, {}))
    for _ in range(2):
        found = engine.run(pictures)
        assert (found - expected).abs().max() <= 3e-5 * expected.abs().max()
    assert engine.active == engine.name == "native"


def test_labels_of_the_shipped_network_agree_on_real_frames_of_odd_sizes(shipped, camvid):
    record = shipped.record("street/fc_densenet103-wce")
    native, plain = (Segmenter(record, shipped.load(record), "cpu", engine) for engine in ("auto", "torch"))
    frames = sorted((camvid / "val").iterdir())[:3]
    for frame, (height, width) in zip(frames, [(360, 480), (203, 301), (360, 222)], strict=True):
        picture = decode(frame.read_bytes(), frame.name).pixels[:height, :width]
        for detail in (1, 2):
            assert (native(picture, detail).labels == plain(picture, detail).labels).mean() >= 0.999
    assert native.engine.active == "native"


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="these are this kind's vectors")
@pytest.mark.parametrize(("capability", "lanes"), [("AVX512", 16), ("AVX2", 8), ("DEFAULT", 4)])
def test_shorter_vectors_give_the_same(capability, lanes, monkeypatch):
    here = torch.backends.cpu.get_cpu_capability()
    if capability == "AVX512" and here != "AVX512":
        pytest.skip("this CPU has shorter vectors")
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    kernels.library.cache_clear()
    try:
        assert kernels.library().beyond() == lanes
        for size in SIZES:
            test_a_3x3_convolution_of_what_is_normalised(size, 16)
            test_a_3x3_convolution_of_what_is_normalised(size, 5)
            test_a_1x1_convolution_and_the_largest_of_2x2_of_it(size)
            test_a_transposed_convolution_cut_to_the_skip(size, (1, 1))
    finally:
        kernels.library.cache_clear()


@pytest.mark.parametrize("target", ["aarch64-linux-gnu", "aarch64-macos", "x86_64-macos", "x86_64-windows-gnu"])
def test_the_kernels_compile_for_other_machines(target, tmp_path):
    caches = {"ZIG_GLOBAL_CACHE_DIR": str(tmp_path), "ZIG_LOCAL_CACHE_DIR": str(tmp_path)}
    command = [
        sys.executable,
        "-m",
        "ziglang",
        "cc",
        "-target",
        target,
        *kernels.FLAGS,
        *map(str, kernels.SOURCES[:-1]),
    ]
    subprocess.run([*command, "-o", str(tmp_path / "kernels.so")], env={**os.environ, **caches}, check=True)
    assert (tmp_path / "kernels.so").stat().st_size > 10_000


def test_two_at_once_do_not_disturb_each_other():
    model, shape = trained("fc_densenet56", {"base": 16}), (3, 64, 96)
    programs, pictures = [DenseProgram(model, shape) for _ in range(2)], torch.randn(2, 1, *shape)
    with torch.no_grad():
        expected = [model(picture) for picture in pictures]
    right = []

    def work(i):
        right.extend(close(programs[i](pictures[i]), expected[i]) for _ in range(20))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(right) == 40
    assert all(right)


def test_kernels_are_kept_and_damaged_ones_made_anew(cache):
    kernels.library.cache_clear()
    kernels.library()
    (kept,) = cache.glob("kernels-*.so")
    whole = kept.stat().st_size
    kept.unlink()  # this process has it open
    kept.write_bytes(b"half of it")
    kernels.library.cache_clear()
    assert kernels.problem() == ""
    assert kept.stat().st_size == whole
    assert sorted(file.suffix for file in cache.iterdir()) == [".sha256", ".so"], "nothing else is left"


def test_kept_kernels_need_no_compiler(cache, monkeypatch):
    kernels.library.cache_clear()
    kernels.library()
    kernels.library.cache_clear()
    monkeypatch.setattr(kernels.subprocess, "run", lambda *_, **__: pytest.fail("compiled again"))
    assert kernels.problem() == ""


def test_a_cache_that_cannot_be_written_costs_time_alone(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SEG_CACHE", str(tmp_path / "file"))
    kernels.library.cache_clear()
    assert kernels.problem() == ""


def test_kernels_in_a_cache_that_others_may_write_are_not_loaded(cache, monkeypatch):
    kernels.library.cache_clear()
    kernels.library()
    kept = {file.name: file.read_bytes() for file in cache.iterdir()}
    cache.chmod(0o777)
    kernels.library.cache_clear()
    compiled = []
    run = kernels.subprocess.run
    monkeypatch.setattr(kernels.subprocess, "run", lambda *words, **how: compiled.append(1) or run(*words, **how))
    assert kernels.problem() == ""
    assert compiled == [1]
    assert {file.name: file.read_bytes() for file in cache.iterdir()} == kept


def mirror(**moved: str) -> np.dtype:
    """`STEP` with fields in the places of others."""
    fields = {name: kernels.STEP.fields[moved.get(name, name)] for name in kernels.STEP.names}
    formats, offsets = zip(*fields.values(), strict=True)
    return np.dtype({"names": list(fields), "formats": formats, "offsets": offsets, "itemsize": kernels.STEP.itemsize})


FIELDS = [(name, kernels.STEP[name]) for name in kernels.STEP.names]

MIRRORS = {
    "longer": np.dtype([*FIELDS, ("most", np.float64)], align=True),
    "shorter": np.dtype(FIELDS[:-1], align=True),
    "exchanged": mirror(scale="shift", shift="scale"),
}


@pytest.mark.parametrize("fault", ["missing", "broken", *MIRRORS])
def test_without_the_compiler_or_its_steps_openvino_runs_it_and_a_sentence_says_so(fault, monkeypatch):
    def missing(_):
        raise ModuleNotFoundError("ziglang")

    kernels.library.cache_clear()
    if fault == "missing":
        monkeypatch.setattr(kernels.metadata, "version", missing)
    elif fault == "broken":
        monkeypatch.setattr(kernels, "FLAGS", ["--no-such-flag"])
    else:
        monkeypatch.setattr(kernels, "STEP", MIRRORS[fault])
    try:
        model, picture = trained("fc_densenet56", {"base": 16}), torch.randn(1, 3, 32, 48)
        engine = build_engine(model, "cpu", blueprint=Blueprint("fc_densenet56", {"num_classes": 11, "base": 16}))
        assert engine.name == "openvino"
        assert engine.notes == [
            "The kernels made for FC-DenseNet cannot be used here, so it runs slower, with the same masks."
        ]
        assert close(engine.run(picture), build_engine(model, "cpu", "torch").run(picture))
    finally:
        kernels.library.cache_clear()


def test_memory_that_runs_out_is_a_sentence_and_pytorch_goes_on(monkeypatch):
    model, picture = trained("fc_densenet56", {"base": 16}), torch.randn(1, 3, 32, 48)
    engine = NativeEngine(model)
    before = engine.run(picture).clone()

    def exhausted(*_):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(Program, "run", exhausted)
    assert close(engine.run(picture), before)
    assert engine.active == "torch"
    assert engine.notes == ["This package's own kernels could not run one of the networks, so PyTorch does."]
    monkeypatch.setattr(Program, "__init__", exhausted)
    assert close(NativeEngine(model).run(picture), before)


def test_the_kernels_are_for_dense_networks_on_a_cpu_unless_another_engine_is_asked_for(monkeypatch):
    cpu = torch.device("cpu")
    assert choose_engine(cpu, "auto", "fc_densenet103")[0] == "native"
    assert choose_engine(cpu, "auto", "unet")[0] == "openvino"
    assert choose_engine(cpu, "openvino", "fc_densenet103")[0] == "openvino"
    assert choose_engine(cpu, "torch", "fc_densenet103")[0] == "torch"
    assert choose_engine(torch.device("cuda"), "auto", "fc_densenet103")[0] == "torch"
    monkeypatch.setenv("SEG_ENGINE", "openvino")
    assert choose_engine(cpu, "auto", "fc_densenet103")[0] == "openvino"


def test_features_and_skips_come_from_pytorch(shipped, camvid):
    record = shipped.record("street/fc_densenet103-wce")
    network = Segmenter(record, shipped.load(record), "cpu")
    frame = min((camvid / "val").iterdir())
    picture = decode(frame.read_bytes(), frame.name).pixels
    network(picture)
    with_all = network(picture, skips=set(network.skip_names))
    assert (with_all.labels == network(picture).labels).mean() >= 0.99
    assert (network(picture, skips=set()).labels != with_all.labels).any()
