"""What a visitor teaches with: his photos with their paintings, and the names of what is painted."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from seg.app.parts.exhibits import SIDE, Exhibit
from seg.datasets.own import BACKGROUND_COLOUR, BACKGROUNDS
from seg.datasets.palette import told_apart
from seg.labels import IGNORE, ClassMap
from seg.pictures import masks
from seg.pictures.decode import Picture
from seg.pictures.drawing import encode_thumbnail, fit, overlay
from seg.service.teachings import Teaching
from seg.training.paintings import Painting
from seg.training.teacher import Teacher

MOST_PHOTOS = 20
"""Taught from at once: a visitor's photos, paintings and features stay below some 150 MB."""

LONG_SIDE = 1024
"""That photos are reduced to as they come: several times what the network sees of them."""

ENCODER_BYTES = 20_000_000

MOST_CLASSES = 12
LONGEST_NAME = 40

BACKGROUND, THING = "background", "thing"
WHITE = (255, 255, 255)


@dataclass(eq=False)
class Photo:
    """A photo with its painting. labels: uint8 (H, W), as it is painted now, IGNORE where it is not; start: what the
    painting in the browser began with; edition: counts its beginnings; rest: whether all that is not painted is
    background; size: (H, W) of the file."""

    exhibit: Exhibit
    size: tuple[int, int]
    labels: np.ndarray
    start: np.ndarray | None = None
    edition: int = 0
    rest: bool = False
    _drawn: tuple = ()

    @classmethod
    def of(cls, picture: Picture) -> "Photo":
        height, width = picture.pixels.shape[:2]
        if max(height, width) > LONG_SIDE:
            pixels = np.ascontiguousarray(fit(picture.pixels, LONG_SIDE))
            picture = Picture.of(pixels, picture.name, picture.notes, picture.orientation)
        return cls(Exhibit(picture), (height, width), np.full(picture.pixels.shape[:2], IGNORE, np.uint8))

    @property
    def key(self) -> str:
        return self.exhibit.picture.digest

    @property
    def name(self) -> str:
        return self.exhibit.picture.name

    @property
    def image(self) -> np.ndarray:
        return self.exhibit.picture.pixels

    @property
    def painting_name(self) -> str:
        return f"{self.key[:16]}-{self.edition}"

    @property
    def painted(self) -> np.ndarray:
        """What is taught of it."""
        return np.where(self.labels == IGNORE, np.uint8(0), self.labels) if self.rest else self.labels

    @property
    def is_painted(self) -> bool:
        return bool((self.painted != IGNORE).any())

    def begin(self, labels: np.ndarray) -> None:
        """Let its painting begin anew with these."""
        self.labels = self.start = labels
        self.edition += 1

    def thumbnail(self, class_map: ClassMap) -> bytes:
        """A small square JPEG of it with its paint."""
        drawn = (id(self.labels), self.rest, class_map)
        if not self._drawn or self._drawn[0] != drawn:
            self._drawn = drawn, encode_thumbnail(laid_over(self.image, self.painted, class_map), SIDE)
        return self._drawn[1]


def laid_over(image: np.ndarray, labels: np.ndarray, class_map: ClassMap) -> np.ndarray:
    """Labels, uint8 (h, w) of the photo's shape, in their colours over the photo, which is as it is where there are
    none, and below the background: uint8 (H, W, 3)."""
    height, width = image.shape[:2]
    labels = np.asarray(Image.fromarray(labels).resize((width, height), Image.Resampling.NEAREST))
    bare = (labels == IGNORE) | (labels == 0)
    photo = np.asarray(Image.fromarray(image).convert("RGB"))
    return np.where(bare[..., None], photo, overlay(image, labels, class_map, 0.6))


@dataclass(frozen=True)
class Doubt:
    """A mask of a photo that can be read in two ways."""

    photo: Photo
    data: bytes
    name: str
    asked: masks.AmbiguousMask


@dataclass(eq=False)
class Desk:
    """All that a visitor teaches with, and has taught: gone with his session.

    names: of the things, whose ids begin with 1; shown: the key of the photo in the viewer; lesson: the last one, and
    taught: the last that has come to its end.
    """

    names: tuple[str, ...] = (THING,)
    photos: dict[str, Photo] = field(default_factory=dict)
    shown: str = ""
    refused: list[str] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    lesson: Teaching | None = None
    taught: Teaching | None = None
    _teacher: Teacher | None = None

    @property
    def class_map(self) -> ClassMap:
        return class_map_of(self.names)

    @property
    def photo(self) -> Photo:
        return self.photos.get(self.shown) or next(iter(self.photos.values()))

    def teacher(self) -> Teacher:
        """With the features of all photos that have been looked at."""
        teacher = Teacher(self.class_map)
        if self._teacher is not None:
            teacher.features, teacher.learned = self._teacher.features, self._teacher.learned
        self._teacher = teacher
        return teacher

    @property
    def held_bytes(self) -> int:
        """Of its photos and paintings, and of the encoder and what it has made of them."""
        photos = list(self.photos.values())
        held = sum(photo.image.nbytes + 2 * photo.labels.nbytes for photo in photos)
        return held + (ENCODER_BYTES + self._teacher.features.held_bytes if self._teacher is not None else 0)

    def paintings(self, painted: bool = True) -> list[Painting]:
        """Of the photos that are painted, or of the others."""
        return [Painting(p.name, p.image, p.painted) for p in self.photos.values() if p.is_painted == painted]

    def rename(self, names: tuple[str, ...]) -> None:
        """Paint follows its name; where that is gone, a new name in its place is the new one for the same paint; where
        there is none, the paint goes."""
        ids = np.full(256, IGNORE, np.uint8)
        ids[0] = 0
        for place, old in enumerate(self.names):
            if old in names:
                ids[place + 1] = names.index(old) + 1
            elif place < len(names) and names[place] not in self.names:
                ids[place + 1] = place + 1
        for photo in self.photos.values():
            if (ids[photo.labels] != photo.labels).any():
                photo.begin(ids[photo.labels])
        self.names = names

    def add(self, photos: Sequence[Photo]) -> None:
        """Take them, as many as there is room for, and show the last."""
        for photo in photos:
            if photo.key not in self.photos:
                self.photos[photo.key] = photo
            self.shown = photo.key


def class_map_of(things: Sequence[str]) -> ClassMap:
    """Background, and these. None is white: on a photo that would be taken for light."""
    colours = told_apart(len(things), (BACKGROUND_COLOUR, WHITE))
    return ClassMap("mine", (BACKGROUND, *things), (BACKGROUND_COLOUR, *colours), IGNORE)


def understood(text: str) -> tuple[str, ...]:
    """The things that somebody has named, with commas between. Raises ValueError with a sentence."""
    names = [" ".join(name.split()) for name in text.split(",")]
    if not all(names):
        raise ValueError("A class has no name: write one before, between and behind the commas.")
    names = [name for name in names if name.casefold() not in BACKGROUNDS]
    if not names:
        raise ValueError("Background alone cannot be told from anything: name what you look for.")
    same = [name.casefold() for name in names]
    if twice := [name for name in names if same.count(name.casefold()) > 1]:
        raise ValueError(f"Two classes are called {twice[0]}: give each a name of its own.")
    if len(names) > MOST_CLASSES:
        raise ValueError(f"{len(names)} classes are more than a few photos can teach: name at most {MOST_CLASSES}.")
    if long := [name for name in names if len(name) > LONGEST_NAME]:
        raise ValueError(f"{long[0][:LONGEST_NAME]}… is too long for a name: take at most {LONGEST_NAME} letters.")
    return tuple(names)
