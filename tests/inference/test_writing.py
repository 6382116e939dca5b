"""Masks of many pictures: wherever these are, by one process or by a cluster's workers, and on where it was cut off."""

import os
import signal
import subprocess
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from seg.cli.main import app
from seg.datasets import street
from seg.errors import DataError
from seg.inference.segmenter import Segmenter
from seg.inference.writing import at_address, content, listed
from tests.conftest import make_set

COUNT = 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    make_set(folder / "weights")
    (folder / "photos").mkdir()
    for number in range(COUNT):
        Image.fromarray(street.render(number, 48, 64).image).save(folder / "photos" / f"{number:02}.png")
    (folder / "photos" / "07.png").write_bytes(b"no picture")
    return folder


def predict(folder: Path, out: str, *words: object):
    given = ["predict", *words, "--weights", "street/fcn8s-wce", "--weights-dir", folder / "weights"]
    given += ["--out", folder / out, "--engine", "torch", "--device", "cpu"]
    return CliRunner().invoke(app, list(map(str, given)))


def results(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def alone(folder) -> dict[str, bytes]:
    """The results of one process for the whole folder."""
    done = predict(folder, "alone", folder / "photos")
    assert done.exit_code == 1, "one of them is no picture"
    assert "07.png" in done.stderr
    found = results(folder / "alone")
    assert len(found) == 2 * (COUNT - 1)
    return found


def test_with_tta_the_masks_are_those_of_a_network_with_tta(folder, alone):
    assert predict(folder, "tta", folder / "photos" / "00.png", "--tta", "--write", "confidence").exit_code == 0
    written = np.asarray(Image.open(folder / "tta" / "00-confidence.png"))
    image = np.asarray(Image.open(folder / "photos" / "00.png"))
    said = {
        tta: Segmenter.load("street/fcn8s-wce", "cpu", "torch", folder / "weights", tta=tta)(image).confidence
        for tta in (False, True)
    }
    off = {tta: np.abs(written / 255 - confidence).max() for tta, confidence in said.items()}
    assert off[True] < 0.01 < off[False]


def test_lists_and_addresses_name_the_pictures_that_their_folder_holds(folder, alone):
    paths = sorted(map(str, (folder / "photos").iterdir()))
    (folder / "list.txt").write_text("\n".join(paths), "utf-8")
    pd.DataFrame({"path": [f"file://{path}" for path in paths]}).to_parquet(folder / "list.parquet")
    for out, source in {
        "text": folder / "list.txt",
        "table": folder / "list.parquet",
        "address": f"file://{folder / 'photos'}",
        "pattern": f"file://{folder / 'photos'}/*.png",
    }.items():
        assert predict(folder, out, source).exit_code == 1
        assert results(folder / out) == alone


def test_what_is_there_already_is_left_out_when_it_goes_on(folder, alone):
    predict(folder, "cut off", folder / "photos")
    (folder / "cut off" / "03-ids.png").unlink()
    kept = folder / "cut off" / "04-ids.png"
    kept.write_bytes(b"as it was")
    predict(folder, "cut off", folder / "photos", "--resume")
    assert results(folder / "cut off") == {**alone, "04-ids.png": b"as it was"}


@pytest.mark.parametrize("address", ["file:///nowhere/photos", "nothing://bucket/a.png", "s3://"])
def test_an_address_where_nothing_is_is_a_sentence(address):
    with pytest.raises(DataError, match=r"(cannot be read|holds no picture).*\.$"):
        [content(picture) for picture in at_address(address)]


def test_a_list_that_is_none_is_a_sentence(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"none")
    with pytest.raises(DataError, match="is no list of pictures"):
        listed(str(tmp_path / "a.parquet"))


def workers() -> list[int]:
    """Process ids of what Ray has write masks."""
    shown = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    lines = [line.split(None, 1) for line in shown.splitlines()]
    return [int(pid) for pid, title in lines if title.startswith("ray::") and "_Worker" in title]


@pytest.mark.training
@pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed: requirements-ray.txt")
def test_two_workers_write_what_one_process_writes_though_one_is_killed(folder, alone, monkeypatch):
    from seg.inference import on_ray

    spread, killed = on_ray.spread, []

    def though_one_is_killed(*what):
        for answer in spread(*what):
            if not killed:
                killed.extend(workers())
                os.kill(killed[0], signal.SIGKILL)
            yield answer

    monkeypatch.setattr(on_ray, "spread", though_one_is_killed)
    done = predict(folder, "on ray", folder / "photos", "--ray", "local")
    assert killed
    assert done.exit_code == 1
    assert done.stdout.count("mean confidence") == COUNT - 1
    assert "07.png" in done.stderr
    assert results(folder / "on ray") == alone
    assert np.asarray(Image.open(folder / "on ray" / "00-ids.png")).shape == (48, 64)
