"""The pictures that a visitor may look at: rendered samples and uploads, with their truth where there is one."""

import zlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from pathlib import Path

import numpy as np
import streamlit as st

from seg.app import resources
from seg.app.limits import limits
from seg.errors import ImageError
from seg.pictures.decode import Picture, decode, digest
from seg.pictures.drawing import encode_thumbnail
from seg.service.requests import Later

SIDE = 144
"""Of a thumbnail, in its own pixels: two for each that it is shown at."""

MOST_BYTES = 1_000_000_000
"""Of a visitor's photos, as the files that they came in, on the disk."""


@dataclass(frozen=True)
class Upload:
    """An uploaded photo, described as a `Picture` is, whose pixels are decoded from its file when they are not held.

    shape: of the pixels; file: in the visit's folder.
    """

    name: str
    notes: tuple[str, ...]
    digest: str
    orientation: int
    shape: tuple[int, ...]
    file: Path

    @classmethod
    def of(cls, data: bytes, name: str) -> "Upload":
        """The photo in a file. Raises ImageError for one that cannot be shown, and where there is no room for it."""
        picture = decode(data, name, limits().megapixels * 1_000_000)
        if not resources.MEMORY.make_room(picture.pixels.nbytes):
            raise ImageError(f"{name} is left out: there is no memory for it now. Try a smaller one, or again later.")
        folder = resources.visit_folder() / "photos"
        try:
            folder.mkdir(exist_ok=True)
            file = folder / picture.digest
            if len(data) + sum(one.stat().st_size for one in folder.iterdir() if one != file) > MOST_BYTES:
                raise ImageError(
                    f"{name} is left out: your photos take {MOST_BYTES / 1e9:.0f} GB already. Remove some under 'This "
                    "photo', or score many on the page 'Your data'."
                )
            file.write_bytes(data)
        except OSError as error:
            raise ImageError(f"{name} cannot be kept here: {error.strerror}.") from error
        upload = cls(name, picture.notes, picture.digest, picture.orientation, picture.pixels.shape, file)
        resources.MEMORY.kept("pictures", upload.key, lambda: picture.pixels)
        return upload

    @property
    def key(self) -> Hashable:
        """What it is held under."""
        return "photo", self.digest

    @property
    def pixels(self) -> np.ndarray:
        """See `Picture.pixels`. Raises ImageError where the visit, and with it the file, is over."""
        return resources.MEMORY.kept("pictures", self.key, self._decoded)

    def _decoded(self) -> np.ndarray:
        try:
            return decode(self.file.read_bytes(), self.name).pixels
        except OSError as error:
            raise ImageError(f"{self.name} is no longer here: upload it again.") from error


Shown = Picture | Upload


class Truth:
    """Class ids, uint8 (H, W), of a visitor's own truth: held packed, and whole while there is room."""

    def __init__(self, labels: np.ndarray):
        self.digest, self._shape = digest(labels), labels.shape
        self._packed = zlib.compress(np.ascontiguousarray(labels).data, 1)

    @property
    def labels(self) -> np.ndarray:
        return resources.MEMORY.kept("truths", ("truth", self.digest), self._unpacked)

    def _unpacked(self) -> np.ndarray:
        return np.frombuffer(bytearray(zlib.decompress(self._packed)), np.uint8).reshape(self._shape)


@dataclass(frozen=True)
class Exhibit:
    """A picture of the gallery. labelled: its truth, uint8 (H, W), class ids of the data set shown, or None; sample:
    not uploaded; own_truth: the visitor painted or uploaded the truth; truth_notes: sentences on how that was read."""

    picture: Shown
    labelled: np.ndarray | Truth | None = None
    sample: bool = False
    own_truth: bool = False
    truth_notes: tuple[str, ...] = ()

    @property
    def truth(self) -> np.ndarray | None:
        """Uint8 (H, W), or None."""
        return self.labelled.labels if isinstance(self.labelled, Truth) else self.labelled

    @cached_property
    def truth_digest(self) -> str:
        """Tells this truth from any other, for caches; '' for none."""
        if isinstance(self.labelled, Truth):
            return self.labelled.digest
        return "" if self.labelled is None else digest(self.labelled)

    @property
    def pixels_later(self) -> Later:
        """What a network is asked about: decoded when its turn has come."""
        picture = self.picture
        shape = picture.shape if isinstance(picture, Upload) else picture.pixels.shape
        return Later(shape, lambda: picture.pixels)

    @cached_property
    def thumbnail(self) -> bytes:
        """A small square JPEG of the picture's middle."""
        return encode_thumbnail(self.picture.pixels, SIDE)

    def stay(self) -> None:
        """It is on the visitor's page: its pixels and its truth are held as long as they are there."""
        for key in (
            self.picture.key if isinstance(self.picture, Upload) else None,
            ("truth", self.labelled.digest) if isinstance(self.labelled, Truth) else None,
        ):
            if key:
                resources.MEMORY.show(resources.visitor(), key)


def labelled_uploads(dataset: str) -> list[Exhibit]:
    """The uploads that have a truth in the classes of the data set, painted or uploaded."""
    truths = st.session_state.truths
    return [truths[dataset, key] for key in st.session_state.uploads if (dataset, key) in truths]


def use_truth(exhibit: Exhibit, dataset: str, truth: np.ndarray, notes: tuple[str, ...] = ()) -> None:
    """Make ``truth``, uint8 (H, W), what this picture is scored against in this data set, until it is taken away."""
    st.session_state.truths[dataset, exhibit.picture.digest] = replace(
        exhibit, labelled=Truth(truth), own_truth=True, truth_notes=notes
    )


def offered(dataset: str) -> dict[str, Callable[[], Exhibit]]:
    """Key → what gives the picture: uploads by their digest, then samples by their name, which are rendered when they
    are first asked for."""
    uploads = {key: partial(st.session_state.uploads.get, key) for key in st.session_state.uploads}
    return {**uploads, **{name: partial(sample, dataset, seed, name) for name, seed in seeds(dataset).items()}}


def seeds(dataset: str) -> dict[str, int]:
    """Name → seed of the data set's samples."""
    return {f"Sample {i}": seed for i, seed in enumerate(resources.seeds(dataset), start=1)}


@resources.kept("samples")
def sample(dataset: str, seed: int, name: str) -> Exhibit:
    scene = resources.sample(dataset, seed)
    return Exhibit(Picture.of(scene.image, name), scene.labels, sample=True)


@lru_cache(maxsize=256)
def sample_thumbnail(dataset: str, seed: int, name: str) -> bytes:
    """See `Exhibit.thumbnail`: a few kB, which the row of pictures needs whether the sample is held or not."""
    return sample(dataset, seed, name).thumbnail


def name_of(key: str) -> str:
    upload = st.session_state.uploads.get(key)
    return upload.picture.name if upload else key
