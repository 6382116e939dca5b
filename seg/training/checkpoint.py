"""The files of a run in the making: what is wrong with them, in a sentence."""

import errno
import pickle  # nosec B403 # for the name of its error
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from seg.errors import TrainingError


def check(checkpoint: Path) -> None:
    """Raises TrainingError with a sentence for a checkpoint that cannot be read or is not one of ours."""
    try:
        torch.load(checkpoint, map_location="cpu", weights_only=True)["seg"]["data"]
    except (OSError, RuntimeError, EOFError, KeyError, TypeError, ValueError, pickle.UnpicklingError) as error:
        raise TrainingError(
            f"The checkpoint {checkpoint} is damaged: remove it to start the run afresh, or restore it."
        ) from error


@contextmanager
def writing(run: Path) -> Iterator[None]:
    """Turns what the operating system says of a full disk or a folder that cannot be written into a sentence."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        cause = error if isinstance(error, OSError) else error.__context__
        full = isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT)
        if full or "PytorchStreamWriter failed" in str(error) or "enforce fail at inline_container" in str(error):
            raise TrainingError(
                f"The disk that holds {run} is full: make room and go on with --resume. The last good checkpoint is "
                "kept."
            ) from error
        if isinstance(error, OSError):
            raise TrainingError(
                f"{run} cannot be written ({error.strerror or error}): choose another --out."
            ) from error
        raise
