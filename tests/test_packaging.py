"""What `pip install` brings: dependencies, the command `seg`, and a wheel that works in a folder with nothing else."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from PIL import Image

import seg
from seg.datasets import street
from tests.imports import MODULES, ROOT, imports, library, room

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
BASE = set(PROJECT["dependencies"])
EXTRAS = {name: set(needed) for name, needed in PROJECT["optional-dependencies"].items()}


def lines(file: str) -> set[str]:
    """The requirements of a file, without those of the files that it names."""
    return {line for line in (ROOT / file).read_text("utf-8").splitlines() if line and line[0] not in "#-"}


def test_requirements_files_hold_the_ranges_of_the_package():
    imagenet = lines("requirements-train.txt")
    running = set[str]().union(*(EXTRAS[name] for name in ("app", "native", "onnx", "train")))
    assert lines("requirements.txt") == BASE | running - imagenet
    assert imagenet <= EXTRAS["train"]
    assert lines("requirements-ray.txt") == EXTRAS["ray"]
    assert lines("requirements-dev.txt") == EXTRAS["dev"]


def test_what_a_room_imports_comes_with_the_package_or_with_the_extra_named_for_it():
    extras = {"app": EXTRAS["app"], "training": EXTRAS["train"]}
    installed = packages_distributions()
    missing = []
    for module, path in MODULES.items():
        needed = {canonicalize_name(Requirement(line).name) for line in BASE | extras.get(room(module), set())}
        names = {library(target) for target in imports(path, anywhere=False)} - {"seg", *sys.stdlib_module_names}
        missing += [(module, n) for n in names if needed.isdisjoint(map(canonicalize_name, installed.get(n, ())))]
    assert missing == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """A wheel of the working tree, built without a network and without a trace in the tree."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "seg", source / "seg", ignore=shutil.ignore_patterns("__pycache__"))
    pip("wheel", "--no-build-isolation", "--wheel-dir", out, source)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def site(wheel, tmp_path_factory) -> Path:
    """A folder that the wheel is installed in; what it depends on comes from the environment of the tests."""
    folder = tmp_path_factory.mktemp("site")
    pip("install", "--target", folder, wheel)
    return folder


def pip(*arguments: str | Path) -> None:
    command, *rest = arguments
    run = [sys.executable, "-m", "pip", command, "--no-deps", "--no-index", "--disable-pip-version-check", *rest]
    subprocess.run(run, check=True, capture_output=True)


@pytest.fixture
def run(site, tmp_path):
    """``run("weights")`` calls the installed command in an empty folder."""
    empty = tmp_path / "empty"
    empty.mkdir()

    def call(*arguments: str | Path, command=(site / "bin" / "seg",), **more: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SEG_")}
        environment |= {"PYTHONPATH": str(site), "SEG_ENGINE": "torch", **more}
        return subprocess.run([*command, *arguments], cwd=empty, env=environment, capture_output=True, text=True)

    return call


def test_a_wheel_holds_every_file_that_the_program_reads(wheel):
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
    files = {path.relative_to(ROOT) for path in (ROOT / "seg").rglob("*") if path.is_file()}
    of_tools = {path for path in files if "__pycache__" in path.parts or path.name.endswith(".d.ts")}
    assert inside == {path.as_posix() for path in files - of_tools}
    assert {Path(name).suffix for name in inside} == {
        ".py",
        ".typed",
        ".c",
        ".h",
        ".css",
        ".html",
        ".js",
        ".jpg",
        ".png",
    }


def test_the_wheel_has_the_version_of_the_package(wheel):
    assert wheel.name.startswith(f"seg-{seg.__version__}-")


def test_an_installed_seg_labels_a_picture_as_the_checkout_does(run, weights, tmp_path):
    picture = tmp_path / "scene.png"
    scene = street.render(17).image
    Image.fromarray(scene).save(picture)
    listed = run("weights", "--weights-dir", weights)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "street/fcn8s-wce" in listed.stdout
    predicted = run(
        "predict", picture, "--weights", "street/fcn8s-wce", "--weights-dir", weights, "--out", tmp_path / "masks"
    )
    assert predicted.returncode == 0, predicted.stderr
    expected = seg.Segmenter.load("street/fcn8s-wce", "cpu", "torch", weights)(scene).labels
    assert np.array_equal(np.array(Image.open(tmp_path / "masks" / "scene-ids.png")), expected)


def test_without_weights_an_installed_seg_says_where_they_can_come_from(run, site):
    without = run("weights")
    assert (without.returncode, without.stdout) == (1, "")
    assert without.stderr == (
        f"There are no weights in {site / 'weights'}: index.json is missing. "
        "Name a folder of weights with --weights-dir, or set SEG_HOME to a checkout of the project.\n"
    )


def test_python_m_seg_is_the_same_command_and_finds_the_weights_of_seg_home(run, weights):
    home = {"SEG_HOME": str(weights.parent)}
    command, module = run("weights", **home), run("weights", command=(sys.executable, "-m", "seg"), **home)
    assert "street/fcn8s-wce" in command.stdout
    assert module.stdout == command.stdout
