"""Errors whose message is one sentence for a person: what was wrong, and what to do about it."""


class SegError(Exception):
    """Base of every error that the app shows on the screen and the command line prints without a traceback."""

    status = 1
    """The command line's exit status."""


class OptionError(SegError):
    """An option or a setting that cannot be: an unknown name, a number out of range, two that exclude each other."""


class ImageError(SegError):
    """A picture or mask file that cannot be used."""


class DataError(SegError):
    """A data folder with a missing, broken or inconsistent file."""


class WeightsError(SegError):
    """A weight set that is missing, damaged or of an unknown kind."""


class TrainingError(SegError):
    """A training run that cannot go on."""


class NotEnoughMemoryError(SegError, MemoryError):
    """A picture that this machine, or its GPU, cannot hold."""


class ServiceError(SegError):
    """A request that cannot be taken now."""


def in_a_sentence(error: BaseException, what: str, advice: str) -> str:
    """What to tell a person whose `what` met an error: its own words if they are for people, else its kind alone."""
    if isinstance(error, SegError) and str(error).strip():
        return str(error)
    return f"{what} failed ({type(error).__name__}): {advice}."
