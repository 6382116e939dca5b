"""ZIPs of own data: what is in them is used, nothing climbs out, nothing stays, and what is wrong is said."""

import io
import os
import stat
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from seg.datasets import archive
from seg.datasets.own import open_data
from seg.errors import DataError
from tests import own_data
from tests.fuzzing import of_bytes, results
from tests.own_data import LAYOUTS


def packed(folder: Path, kind: int = zipfile.ZIP_DEFLATED, **more: bytes) -> bytes:
    """A ZIP of a folder, its name above all; more: further names → contents."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind) as file:
        for path in sorted(folder.rglob("*")):
            file.write(path, path.relative_to(folder.parent))
        for name, content in more.items():
            file.writestr(name, content)
    return out.getvalue()


@pytest.fixture
def bowl(tmp_path) -> Path:
    own_data.side_by_side(tmp_path / "bowl")
    return tmp_path / "bowl"


@pytest.fixture
def temporary(tmp_path, monkeypatch) -> Path:
    """Where temporary folders are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_zip_of_any_layout_opens_like_its_folder_and_nothing_of_it_stays(layout, tmp_path, temporary):
    LAYOUTS[layout](tmp_path / "bowl")
    folder = open_data(tmp_path / "bowl")
    with open_data(io.BytesIO(packed(tmp_path / "bowl")), "bowl.zip") as data:
        assert (data.name, data.layout, data.class_map) == (folder.name, folder.layout, folder.class_map)
        for one, other in zip(data.split("val"), folder.split("val"), strict=True):
            assert (one.labels == other.labels).all()
            assert Path(one.file).is_relative_to(temporary)
    assert list(temporary.iterdir()) == []


def test_pictures_that_are_still_wanted_keep_the_files(bowl, temporary):
    samples = open_data(io.BytesIO(packed(bowl)), "bowl.zip").split("val")
    assert samples[0].labels.shape == (40, 56)
    del samples
    assert list(temporary.iterdir()) == []


def test_what_cannot_be_opened_leaves_nothing(temporary):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("readme.txt", "nothing")
    with pytest.raises(DataError, match="holds no labelled pictures"):
        open_data(out, "a.zip")
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("name", ["../evil.png", "/evil.png", "a/../../evil.png", "..\\evil.png", "C:\\evil.png"])
def test_a_path_that_leads_out_is_left_out_and_said_and_the_rest_goes_on(name, bowl, temporary):
    with open_data(io.BytesIO(packed(bowl, **{name: b"evil"})), "a.zip") as data:
        assert any("has a path that leads out of the ZIP, so it was left out" in problem for problem in data.problems)
        assert len(data) == 6
        inside = {path for path in temporary.rglob("*") if path.name.endswith("evil.png")}
        assert inside == set()
    assert not (temporary / "evil.png").exists()
    assert not (temporary.parent / "evil.png").exists()


def test_a_link_is_left_out_and_said(bowl, tmp_path, temporary):
    (tmp_path / "secret.png").write_bytes(b"secret")
    out = io.BytesIO(packed(bowl))
    with zipfile.ZipFile(out, "a") as file:
        link = zipfile.ZipInfo("bowl/images/val/link.png")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        file.writestr(link, str(tmp_path / "secret.png"))
    with open_data(out, "a.zip") as data:
        assert data.problems == ("a.zip: bowl/images/val/link.png is a link, so it was left out.",)
        assert not any(path.is_symlink() for path in temporary.rglob("*"))


def test_a_bomb_is_refused_by_its_size_its_ratio_and_its_number_of_files(bowl, temporary, monkeypatch):
    out = io.BytesIO(packed(bowl))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("bowl/images/zeros.png", bytes(20_000_000))
    monkeypatch.setattr(archive, "SMALL", 1_000_000)
    with pytest.raises(DataError, match=r"would unpack to .* GB, more than a ZIP of its size may"):
        open_data(out, "bomb.zip")
    monkeypatch.setattr(archive, "SMALL", 10**9)
    monkeypatch.setattr(archive, "MOST_BYTES", 10_000_000)
    with pytest.raises(DataError, match="would unpack to"):
        open_data(out, "bomb.zip")
    monkeypatch.setattr(archive, "MOST_FILES", 5)
    with pytest.raises(DataError, match=r"holds 1\d files, more than the 5 that a ZIP may"):
        open_data(out, "bomb.zip")
    assert list(temporary.iterdir()) == []


def test_a_hundred_thousand_files_are_as_many_as_a_zip_may_hold(temporary):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for number in range(archive.MOST_FILES + 1):
            file.writestr(f"images/{number}.png", b"")
    with pytest.raises(DataError, match="holds 100,001 files, more than the 100,000 that a ZIP may"):
        open_data(out, "many.zip")
    assert list(temporary.iterdir()) == []


def test_a_zip_that_says_less_than_it_holds_is_not_unpacked_beyond_that(bowl, temporary):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("images/a.png", bytes(1_000_000))
    data = bytearray(out.getvalue())
    for signature, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.index(signature) + place, 10)
    with pytest.raises(DataError):
        open_data(io.BytesIO(bytes(data)), "liar.zip")
    assert list(temporary.iterdir()) == []


def test_one_damaged_file_is_said_and_the_rest_goes_on(bowl, temporary):
    data = bytearray(packed(bowl))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as file:
        entry = next(e for e in file.infolist() if e.filename == "bowl/images/train/fruit 1.png")
    start = entry.header_offset + 30 + len(entry.filename) + 40
    data[start : start + 20] = os.urandom(20)
    with open_data(io.BytesIO(bytes(data)), "a.zip") as opened:
        assert "a.zip: bowl/images/train/fruit 1.png is damaged, so it was left out." in opened.problems
        assert len(opened) == 5


def test_an_encrypted_zip_and_one_cut_short_and_none_at_all_are_sentences(bowl, tmp_path, temporary):
    whole = packed(bowl)
    locked = bytearray(whole)
    with zipfile.ZipFile(io.BytesIO(whole)) as file:
        for entry in file.infolist():
            locked[entry.header_offset + 6] |= 1
    place = locked.index(b"PK\x01\x02")
    while place >= 0:
        locked[place + 8] |= 1
        place = locked.find(b"PK\x01\x02", place + 4)
    refusals = {
        bytes(locked): "is encrypted: pack it without",
        whole[:-200]: "is no ZIP or is damaged",
        b"Rar!": "is no ZIP or is damaged",
    }
    for content, said in refusals.items():
        path = tmp_path / "a.zip"
        path.write_bytes(content)
        with pytest.raises(DataError, match=said):
            open_data(path)
    assert list(temporary.iterdir()) == []


def test_what_systems_put_beside_and_what_no_data_set_needs_stays_packed(bowl, temporary):
    beside = {"__MACOSX/bowl/images/val/._a.png": b"x", "bowl/run.exe": b"x", "bowl/.DS_Store.png": b"x"}
    with open_data(io.BytesIO(packed(bowl, **beside)), "a.zip") as data:
        assert data.problems == ()
        assert {path.name[:5] for path in temporary.rglob("*") if path.is_file()} == {"fruit"}


def test_an_entry_without_a_name_is_a_sentence(bowl, temporary):
    whole = packed(bowl)
    place = whole.index(b"PK\x01\x02")
    (length,) = struct.unpack_from("<H", whole, place + 28)
    nameless = whole[: place + 28] + b"\0\0" + whole[place + 30 : place + 46] + whole[place + 46 + length :]
    with pytest.raises(DataError, match=r"^a\.zip .*\.$"):
        open_data(io.BytesIO(nameless), "a.zip")


@pytest.mark.fuzz
def test_a_zip_changed_anywhere_gives_a_data_set_or_a_sentence_and_leaves_nothing(bowl, temporary):
    # Where the directory of the ZIP lies, at its end, damage is most varied.
    corpus = [packed(bowl, kind)[::-1] for kind in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)]

    def make(rng: np.random.Generator) -> bytes:
        return of_bytes(rng, corpus, 1200)[::-1]

    def read(data: bytes) -> None:
        open_data(io.BytesIO(data), "a.zip").close()

    assert results(read, make)
    assert list(temporary.iterdir()) == []
