"""Files as people's folders hold them: pictures among what systems leave behind, and why one cannot be read."""

import os
from collections.abc import Iterator
from pathlib import Path

from seg.errors import DataError

SUFFIXES = {
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif", ".heic", ".heif")
}
"""Of files that are taken for pictures, in small letters."""

_JUNK = {"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir", "#recycle", "$recycle.bin"}


def is_junk(path: str | Path) -> bool:
    """Whether a file or a folder above it is one that macOS, Windows, a disk station or an editor leaves behind: hidden
    ones ('._a.png', '.DS_Store'), Thumbs.db, desktop.ini, __MACOSX and the like."""
    parts = str(path).replace("\\", "/").split("/")
    return any(part.lower() in _JUNK or (part.startswith(".") and part.strip(".")) for part in parts)


def pictures_in(folder: Path) -> list[Path]:
    """The picture files of a folder and of those in it, in the order of their names."""
    return sorted(folder / path for path in _relative(folder) if path.suffix.lower() in SUFFIXES and not is_junk(path))


def _relative(folder: Path) -> Iterator[Path]:
    for parent, inner, names in os.walk(folder, followlinks=True):
        inner[:] = [name for name in inner if not _leads_back(os.path.join(parent, name))]
        yield from (Path(parent, name).relative_to(folder) for name in names)


def _leads_back(folder: str) -> bool:
    """Whether it is a link to a folder that it is in itself."""
    if not os.path.islink(folder):
        return False
    target, parent = os.path.realpath(folder), os.path.realpath(os.path.dirname(folder))
    return os.path.commonpath([target, parent]) == target


def read_bytes(path: Path) -> bytes:
    """What a file holds. Raises DataError with its name and why it cannot be read."""
    try:
        return path.read_bytes()
    except IsADirectoryError as error:
        raise DataError(f"{path} is a folder: name the pictures in it, for example {path / '*.jpg'}.") from error
    except FileNotFoundError as error:
        raise DataError(f"{path} cannot be read: No such file{slashes(path)}.") from error
    except PermissionError as error:
        if path.is_dir():  # what Windows says of a folder
            raise DataError(f"{path} is a folder: name the pictures in it, for example {path / '*.jpg'}.") from error
        raise DataError(f"{path} may not be read: its permissions forbid it.") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from error


def slashes(path: str | Path) -> str:
    """', since this system…' for a path that is written as on Windows, '' elsewhere and for all others."""
    if "\\" not in str(path) or os.sep == "\\":
        return ""
    return f": this system separates folders by /, as in {str(path).replace(chr(92), '/')}"
