"""ZIPs of data sets and of weight sets, unpacked where nothing of them stays and nothing of them can do harm."""

import stat
import tempfile
import zipfile
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import IO

from seg.datasets.files import SUFFIXES, is_junk
from seg.errors import DataError

MOST_FILES = 100_000
"""In one ZIP."""

MOST_BYTES = 16 * 2**30
"""Of all files of one ZIP together, unpacked."""

MOST_RATIO, SMALL = 200, 256 * 2**20
"""Beyond SMALL bytes, a ZIP that unpacks to more than so many times its size is a bomb: photos do not shrink so."""

KEPT = {*SUFFIXES, ".json", ".toml", ".txt"}
"""What a data set is made of; other files stay packed."""

_CHUNK = 1 << 20


class Unpacked:
    """A ZIP's files in a temporary folder, which goes with this object at the latest.

    folder: where they are. problems: a sentence for each file that was left out.
    """

    def __init__(self, source: str | Path | IO[bytes], name: str = "", kept: Collection[str] = frozenset(KEPT)):
        """source: a ZIP file, or what was uploaded; name: what sentences call it, the path unless given. kept: the
        endings of the files that are unpacked.

        Raises DataError for what is no ZIP, is damaged, encrypted throughout, or larger than the limits above.
        """
        self.name = name or str(source)
        self.problems: list[str] = []
        self._kept = kept
        self._temporary = tempfile.TemporaryDirectory(prefix="seg-data-", ignore_cleanup_errors=True)
        self.folder = Path(self._temporary.name)
        try:
            self._unpack(source)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Remove the files."""
        self._temporary.cleanup()

    def _unpack(self, source: str | Path | IO[bytes]) -> None:
        try:
            with zipfile.ZipFile(source) as archive:
                entries = [entry for entry in archive.infolist() if not entry.is_dir()]
                self._check(entries)
                self._room = MOST_BYTES
                for entry in entries:
                    self._take(archive, entry)
        except DataError:
            raise
        except (OSError, ValueError, NotImplementedError) as error:
            said = getattr(error, "strerror", None) or str(error)
            raise DataError(f"{self.name} cannot be unpacked: {said}.") from error
        except Exception as error:  # whatever Python's reader meets in a damaged directory
            if PurePosixPath(self.name).suffix.lower() in SUFFIXES:
                raise DataError(
                    f"{self.name} is one picture: name the folder that it lies in with its mask, or a ZIP of that."
                ) from error
            raise DataError(f"{self.name} is no ZIP or is damaged: pack or upload it again.") from error
        if not any(self.folder.iterdir()):
            raise DataError(f"{self.name} holds nothing to use. {' '.join(self.problems[:1])}".rstrip())

    def _check(self, entries: list[zipfile.ZipInfo]) -> None:
        if len(entries) > MOST_FILES:
            raise DataError(
                f"{self.name} holds {len(entries):,} files, more than the {MOST_FILES:,} that a ZIP may: unpack it and "
                "name the folder, or pack fewer."
            )
        size, packed = sum(entry.file_size for entry in entries), sum(entry.compress_size for entry in entries)
        if size > MOST_BYTES or size > max(SMALL, MOST_RATIO * packed):
            raise DataError(
                f"{self.name} would unpack to {size / 2**30:,.1f} GB, more than a ZIP of its size may: unpack it and "
                "name the folder."
            )
        if entries and all(entry.flag_bits & 1 for entry in entries):
            raise DataError(f"{self.name} is encrypted: pack it without a password.")

    def _take(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
        """Unpack one file, unless it is none of those wanted; one that cannot be has its sentence."""
        if is_junk(entry.filename) or PurePosixPath(entry.filename).suffix.lower() not in self._kept:
            return
        said = f"{self.name}: {entry.filename}"
        target = self._target(entry)
        if isinstance(target, str):
            self.problems.append(f"{said} {target}, so it was left out.")
            return
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(entry) as packed, target.open("xb") as file:
                while chunk := packed.read(_CHUNK):
                    self._room -= len(chunk)
                    if self._room < 0:
                        raise DataError(f"{self.name} unpacks to more than it says: it is damaged or made to do harm.")
                    file.write(chunk)
        except FileExistsError:
            self.problems.append(f"{said} is there twice, so only the first was taken.")
        except DataError:
            raise
        except Exception as error:  # whatever the unpackers meet in a damaged file
            if isinstance(error, OSError) and error.errno and not isinstance(error, NotADirectoryError):
                raise  # the disk's fault, not the file's
            if target.is_file():
                target.unlink()
            unknown = isinstance(error, NotImplementedError)
            kind = "is packed in a way that is not read here" if unknown else "is damaged"
            self.problems.append(f"{said} {kind}, so it was left out.")

    def _target(self, entry: zipfile.ZipInfo) -> Path | str:
        """Where the file goes, or why it goes nowhere."""
        parts = entry.filename.replace("\\", "/").split("/")
        if stat.S_ISLNK(entry.external_attr >> 16):
            return "is a link"
        if entry.flag_bits & 1:
            return "is encrypted"
        if not parts[0] or ":" in parts[0] or any(part in ("", ".", "..") for part in parts):
            return "has a path that leads out of the ZIP"
        if any(len(part.encode()) > 255 for part in parts) or len(parts) > 32 or "\0" in entry.filename:
            return "has a name that no folder can hold"
        return self.folder.joinpath(*parts)
