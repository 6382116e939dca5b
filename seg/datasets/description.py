"""dataset.toml: what an own data set is called, its classes, and what the numbers or colours of its masks mean."""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from seg.datasets.layouts import Classes
from seg.datasets.record import DATASETS
from seg.datasets.texts import read_text
from seg.errors import DataError
from seg.labels import IGNORE, Colour

FILE = "dataset.toml"

_KEYS = ("name", "ignore", "classes", "colours", "map")
_IGNORED = "ignore"
"""What a map says of numbers that mean no class."""

MAX_NAME = 200
"""Characters of a class name."""


@dataclass(frozen=True)
class Description:
    """name: of the data set, None where the file gives none. classes: None where it gives none. drawn: class name → the
    colour that it is drawn in, for those that have one."""

    name: str | None = None
    classes: Classes | None = None
    drawn: Mapping[str, Colour] = field(default_factory=dict)


def read(path: Path) -> Description:
    """Raises DataError, naming file and key, for whatever cannot be understood."""
    try:
        table = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{path} is not TOML: {error}.") from error
    reader = _Reader(path)
    if unknown := sorted(table.keys() - set(_KEYS)):
        reader.refuse(f"unknown key {unknown[0]!r}: choose among {', '.join(_KEYS)}")
    name = reader.name(table["name"]) if "name" in table else None
    mapped = reader.mapped(table.get("map", {}))
    names, numbers, drawn = reader.classes(table.get("classes", []), mapped)
    if not names:
        if lacking := [key for key in ("ignore", "colours") if key in table]:
            reader.refuse(f"{lacking[0]} needs classes, or a map: say which classes there are")
        return Description(name)
    colours = reader.colours(table.get("colours", []), names)
    ids, words = reader.ids(names, numbers, mapped, table.get("ignore"))
    if colours and not mapped and not numbers:  # masks of colours; palettes of them are read by colour, too
        ids = {}
    drawn = {**dict(zip(names, colours, strict=bool(colours))), **drawn}
    if len(set(drawn.values())) < len(drawn):
        reader.refuse("two classes have the same colour")
    return Description(name, Classes(names, colours, ids, words), drawn)


@dataclass(frozen=True)
class _Reader:
    """Checks the values of one file."""

    path: Path

    def refuse(self, what: str) -> NoReturn:
        raise DataError(f"{self.path}: {what}.")

    def name(self, value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(r"\w[\w.-]*", value):
            self.refuse(f"name is {value!r}: it may hold letters, digits, '.', '_' and '-' only")
        if value in DATASETS:
            self.refuse(f"name is {value!r}, which is a data set of this program: choose another name")
        return value

    def class_name(self, value: Any) -> str:
        if (wrong := class_name_fault(value)) or value == _IGNORED:
            self.refuse(f"a class cannot be called {value!r}, {wrong or 'which a map uses for no class'}")
        return value

    def colour(self, value: Any) -> Colour:
        if not isinstance(value, str) or not re.fullmatch("#[0-9a-fA-F]{6}", value):
            self.refuse(f"{value!r} is no colour: write it as '#d03030'")
        red, green, blue = bytes.fromhex(value[1:])
        return red, green, blue

    def number(self, value: Any, what: str) -> int:
        if type(value) is not int or not 0 <= value < 2**16:
            self.refuse(f"{what} is {value!r}: it must be a whole number from 0 to 65535, as it stands in the masks")
        return value

    def mapped(self, value: Any) -> dict[str, str]:
        if not isinstance(value, dict):
            self.refuse('map must be a table of numbers and classes, map = {14 = "car", 3 = "ignore"}')
        return {key: name if name == _IGNORED else self.class_name(name) for key, name in value.items()}

    def classes(self, value: Any, mapped: Mapping[str, str]) -> tuple[tuple[str, ...], dict[str, int], dict]:
        """Names; the numbers of those that have one; the colours of those that have one."""
        if not isinstance(value, list):
            self.refuse("classes must be a list of names, or of tables {id = 3, name = 'apple', colour = '#d03030'}")
        names, numbers, drawn = [], {}, {}
        for entry in value or [name for name in dict.fromkeys(mapped.values()) if name != _IGNORED]:
            table = entry if isinstance(entry, dict) else {"name": entry}
            if unknown := sorted(table.keys() - {"id", "name", "colour"}):
                self.refuse(f"unknown key {unknown[0]!r} of a class: choose among id, name, colour")
            names.append(name := self.class_name(table.get("name")))
            if "id" in table:
                numbers[name] = self.number(table["id"], f"the id of {name!r}")
            if "colour" in table:
                drawn[name] = self.colour(table["colour"])
        if twice := sorted({name for name in names if names.count(name) > 1}):
            self.refuse(f"two classes are called {twice[0]!r}")
        if len(names) > IGNORE:
            self.refuse(f"there are {len(names)} classes, more than the {IGNORE} that there may be")
        if stray := sorted({*mapped.values()} - {*names, _IGNORED}):
            self.refuse(f"map names {stray[0]!r}, which is none of the classes")
        return tuple(names), numbers, drawn

    def colours(self, value: Any, names: tuple[str, ...]) -> tuple[Colour, ...]:
        if not isinstance(value, list):
            self.refuse("colours must be a list, one for each class in their order, each written as '#d03030'")
        found = tuple(self.colour(colour) for colour in value)
        if found and (len(found) != len(names) or len(set(found)) < len(found)):
            self.refuse(f"there are {len(names)} classes but {len(set(found))} different colours: give each one")
        return found

    def ids(
        self, names: tuple[str, ...], numbers: Mapping[str, int], mapped: Mapping[str, str], ignore: Any
    ) -> tuple[dict[int, int], dict[str, int]]:
        """What each number in a mask means, and each label of an outline: a class id, or IGNORE."""
        places = {name: place for place, name in enumerate(names)}
        meant = {key: IGNORE if name == _IGNORED else places[name] for key, name in mapped.items()}
        numbered = {int(key): id_ for key, id_ in meant.items() if re.fullmatch(r"\d{1,9}", key)}
        ids = {self.number(number, "a key of map"): id_ for number, id_ in numbered.items()}
        if not mapped:
            given = [(numbers.get(name, place), place) for name, place in places.items()]
            ids = dict(given)
            if len(ids) < len(given):
                self.refuse("two classes have the same id")
        if ignore is not None:
            number = self.number(ignore, "ignore")
            if ids.get(number, IGNORE) != IGNORE:
                self.refuse(f"ignore is {number}, which is the number of the class {names[ids[number]]!r}")
            ids[number] = IGNORE
        return ids, {**places, **meant}


def class_name_fault(value: Any) -> str:
    """Why a class cannot be called so, or ''."""
    if not isinstance(value, str) or not value.strip():
        return "which is no name"
    if len(value) > MAX_NAME:
        return f"which has more than {MAX_NAME} characters"
    if any("\ud800" <= character <= "\udfff" for character in value):
        return "which holds half a character"
    return ""


def written(name: str, classes: Classes, drawn: Mapping[str, Colour]) -> str:
    """A dataset.toml that `read` understands as this."""
    places = {place: number for number, place in reversed(list(classes.ids.items()))}
    voids = [number for number, place in classes.ids.items() if place == IGNORE]
    others = {word: place for word, place in classes.words.items() if classes.names[place : place + 1] != (word,)}
    all_numbered = not classes.ids or set(range(len(classes.names))) <= places.keys()
    is_simple = len(places) == len(classes.ids) and all_numbered and not others
    mapping = {} if is_simple else {**{str(number): place for number, place in classes.ids.items()}, **others}
    lines = [
        "# What the masks of this folder mean. Names and colours may be edited as you like.",
        f"name = {_quoted(name)}",
        *([f"ignore = {voids[0]}  # this number is unlabelled"] if len(voids) == 1 and not mapping else []),
        "classes = [",
    ]
    for place, class_name in enumerate(classes.names):
        number = f"id = {places[place]}, " if place in places and not mapping else ""
        lines.append(f"    {{{number}name = {_quoted(class_name)}, colour = {_hex(drawn[class_name])}}},")
    lines.append("]")
    if classes.colours:
        shown = ", ".join(_hex(colour) for colour in classes.colours)
        lines.append(f"colours = [{shown}]  # of the masks, in the order of the classes")
    if mapping:
        lines += ["", "[map]  # number in the masks, or label of an outline → class"]
        for key, place in mapping.items():
            lines.append(f"{_quoted(key)} = {_quoted(_IGNORED if place == IGNORE else classes.names[place])}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """As TOML has strings: JSON's way, and the one character more that TOML forbids."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _hex(colour: Colour) -> str:
    return f'"#{bytes(colour).hex()}"'
