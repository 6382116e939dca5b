"""What whoever runs the app allows its visitors: environment variables, as docs/deployment.md lists them."""

import os
from functools import lru_cache
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from seg.pictures.decode import MAX_PIXELS


class Limits(BaseModel):
    """pictures: photos that a visit may hold; megapixels: of each; training: whether visitors may have networks learn,
    on the pages Training and Teach; own_sets: whether they may bring weight sets in a ZIP."""

    model_config = ConfigDict(frozen=True)

    pictures: Annotated[int, Field(ge=1, le=10_000)] = 100
    megapixels: Annotated[int, Field(ge=1, le=1_000)] = MAX_PIXELS // 1_000_000
    training: bool = True
    own_sets: bool = True


def variable(name: str) -> str:
    """The environment variable of a limit: SEG_PICTURES."""
    return f"SEG_{name.upper()}"


def limits() -> Limits:
    return _read(_said())[0]


def problems() -> list[str]:
    """A sentence for each variable that says what cannot be; the usual limit then holds."""
    return _read(_said())[1]


def _said() -> tuple[tuple[str, str], ...]:
    said = {name: os.environ.get(variable(name), "").strip() for name in Limits.model_fields}
    return tuple((name, value) for name, value in said.items() if value)


@lru_cache(maxsize=1)
def _read(said: tuple[tuple[str, str], ...]) -> tuple[Limits, list[str]]:
    given, wrong = dict(said), []
    try:
        return Limits.model_validate(given), []
    except ValidationError as error:
        for fault in error.errors():
            name = str(fault["loc"][0])
            usual = getattr(Limits(), name)
            wrong.append(f"{variable(name)} is {given.pop(name)!r}: {fault['msg'].lower()}. Until then it is {usual}.")
    return Limits.model_validate(given), wrong
