"""Compiled networks on disk: a folder for each, written whole, of which the least recently used go first."""

import contextlib
import errno
import hashlib
import logging
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import Any

import torch

log = logging.getLogger(__name__)

FORM = 14
"""Goes up with every change of what is compiled, so that nothing older is taken from disk."""

MAX_BYTES = 2 * 2**30
"""What all folders hold together at most: all shipped sets take a third of it."""


def cache_folder() -> Path:
    """Where compiled networks are kept: SEG_CACHE, else the user's cache folder."""
    home = os.environ.get("SEG_CACHE") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "seg-openvino"


def own_folder() -> Path:
    """`cache_folder`, made if it is missing, for this user alone.

    What lies in it is run here. Raises OSError if it cannot be made, is somebody else's, or others may write there.
    """
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if hasattr(os, "getuid"):
        status = folder.stat()
        if status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise PermissionError(errno.EPERM, "it is not this user's alone", str(folder))
    return folder


def path_of(key: str, shape: tuple[int, ...]) -> Path:
    """The file of the network with these weights for this shape of a tile, (C, h, w), on CPUs of this kind (a home may
    be shared); beside it is all that is kept."""
    import openvino

    made_for = f"{key} {shape} {torch.backends.cpu.get_cpu_capability()}"
    made_by = f"{FORM} {torch.__version__} {openvino.__version__}"
    return cache_folder() / hashlib.sha256(f"{made_for} {made_by}".encode()).hexdigest()[:24] / "network.xml"


def store(network: Any, file: Path) -> bool:
    """Write the folder of one network whole: others see all of it or nothing. Returns whether it is there."""
    import openvino

    try:
        temporary = Path(tempfile.mkdtemp(dir=own_folder()))
    except OSError as error:
        log.info("compiled networks cannot be kept: %s", error)
        return False
    try:
        openvino.save_model(network, temporary / file.name, compress_to_fp16=False)
        with contextlib.suppress(OSError):  # another process was faster
            os.replace(temporary, file.parent)
        return file.exists()
    except (OSError, RuntimeError) as error:  # a full disk is a RuntimeError there
        log.info("compiled networks cannot be kept: %s", error)
        return False
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def mark_used(file: Path) -> None:
    """Note that it is used now."""
    with contextlib.suppress(OSError):
        os.utime(file.parent)


def evict_least_used(file: Path) -> None:
    """If all that is kept is too much, remove what was not used for longest; never this one."""
    held = 0
    with contextlib.suppress(OSError):  # another process does the same, or the folder is not ours
        for folder in sorted(filter(Path.is_dir, file.parent.parent.iterdir()), key=_last_used, reverse=True):
            held += sum(part.stat().st_size for part in folder.iterdir())
            if held > MAX_BYTES and folder != file.parent:
                shutil.rmtree(folder, ignore_errors=True)


def _last_used(folder: Path) -> float:
    return folder.stat().st_mtime
