"""tools/install.py with a stand-in for uv: PyTorch's own index answers, does not, hangs, or breaks off half way."""

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tools import install

STAND_INS = {
    "answers": 'case "$*" in *--dry-run*) ;; *) touch "$SITE/from_uv.py" ;; esac',
    "does not answer": "echo no such index >&2; exit 2",
    "hangs": "exec sleep 600",
    "breaks off": 'case "$*" in *--dry-run*) ;; *) touch "$SITE/half.py"; exit 1 ;; esac',
}


@pytest.fixture(scope="module")
def empty(tmp_path_factory) -> Path:
    """An environment with nothing but pip."""
    folder = tmp_path_factory.mktemp("empty") / "environment"
    install.make(folder)
    return folder


@pytest.fixture
def folder(tmp_path: Path, empty: Path, monkeypatch) -> Path:
    """Where the environment goes; a copy of the empty one is quicker than one made anew."""

    def copy(folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(empty, folder, symlinks=True)

    monkeypatch.setattr(install, "make", copy)
    return tmp_path / "environment"


@pytest.fixture
def requirements(tmp_path: Path, monkeypatch) -> Path:
    """A requirements file that pip can serve from a folder of wheels, without a network."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    with zipfile.ZipFile(wheels / "from_pip-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("from_pip.py", "")
        wheel.writestr("from_pip-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: from_pip\nVersion: 1\n")
        wheel.writestr("from_pip-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("from_pip-1.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    file = tmp_path / "requirements.txt"
    file.write_text("from_pip\n")
    return file


def stand_in(behaviour: str, folder: Path, monkeypatch) -> None:
    """A uv on the PATH that behaves so; what it installs is an empty module."""
    binaries = folder.parent / "binaries"
    binaries.mkdir(exist_ok=True)
    uv = binaries / "uv"
    uv.write_text(f'#!/bin/sh\nSITE=$(echo "{folder}"/lib/python*/site-packages)\n{STAND_INS[behaviour]}\n')
    uv.chmod(0o755)
    monkeypatch.setenv("PATH", f"{binaries}{os.pathsep}{os.environ['PATH']}")


def modules(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("lib/python*/site-packages/*.py")}


@pytest.mark.parametrize(
    ("behaviour", "installed"),
    [
        ("answers", {"from_uv"}),
        ("does not answer", {"from_pip"}),
        ("hangs", {"from_pip"}),
        ("breaks off", {"from_pip"}),
    ],
)
def test_uv_installs_where_its_index_answers_else_pip_does(behaviour, installed, folder, requirements, monkeypatch):
    monkeypatch.setattr(install, "PATIENCE", 1)
    stand_in(behaviour, folder, monkeypatch)
    install.install(folder, requirements)
    assert modules(folder) == installed


def test_pip_installs_where_uv_cannot_be_had(folder, requirements, monkeypatch):
    monkeypatch.setattr(install.shutil, "which", lambda name: None)
    install.install(folder, requirements)
    assert modules(folder) == {"from_pip"}


def test_what_was_cut_off_is_made_anew_and_what_was_whole_is_kept(folder, requirements, monkeypatch):
    stand_in("answers", folder, monkeypatch)

    def cut_off(*what):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(install, "_install_with_uv", cut_off)
        with pytest.raises(KeyboardInterrupt):
            install.install(folder, requirements)
    site = next(folder.glob("lib/python*/site-packages"))
    (site / "half.py").touch()
    install.install(folder, requirements)
    assert modules(folder) == {"from_uv"}
    (site / "kept.py").touch()
    install.install(folder, requirements)
    assert modules(folder) == {"from_uv", "kept"}


def test_a_requirement_that_nobody_has_ends_with_pips_own_words(folder, requirements, monkeypatch):
    stand_in("does not answer", folder, monkeypatch)
    requirements.write_text("no-such-thing\n")
    with pytest.raises(subprocess.CalledProcessError):
        install.install(folder, requirements)
