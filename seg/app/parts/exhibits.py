"""The pictures that a visitor may look at: rendered samples and uploads, with their truth where there is one."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial

import numpy as np
import streamlit as st

from seg.app import resources
from seg.pictures.decode import Picture, digest
from seg.pictures.drawing import encode_thumbnail

SIDE = 144
"""Of a thumbnail, in its own pixels: two for each that it is shown at."""


@dataclass(frozen=True)
class Exhibit:
    """A picture of the gallery. truth: uint8 (H, W), class ids of the data set shown, or None; sample: not uploaded;
    own_truth: the visitor painted or uploaded the truth; truth_notes: sentences on how that was read."""

    picture: Picture
    truth: np.ndarray | None = None
    sample: bool = False
    own_truth: bool = False
    truth_notes: tuple[str, ...] = ()

    @cached_property
    def truth_digest(self) -> str:
        """Tells this truth from any other, for caches; '' for none."""
        return "" if self.truth is None else digest(self.truth)

    @cached_property
    def thumbnail(self) -> bytes:
        """A small square JPEG of the picture's middle."""
        return encode_thumbnail(self.picture.pixels, SIDE)


def labelled_uploads(dataset: str) -> list[Exhibit]:
    """The uploads that have a truth in the classes of the data set, painted or uploaded."""
    truths = st.session_state.truths
    return [truths[dataset, key] for key in st.session_state.uploads if (dataset, key) in truths]


def use_truth(exhibit: Exhibit, dataset: str, truth: np.ndarray, notes: tuple[str, ...] = ()) -> None:
    """Make ``truth``, uint8 (H, W), what this picture is scored against in this data set, until it is taken away."""
    st.session_state.truths[dataset, exhibit.picture.digest] = replace(
        exhibit, truth=truth, own_truth=True, truth_notes=notes
    )


def offered(dataset: str) -> dict[str, Callable[[], Exhibit]]:
    """Key → what gives the picture: uploads by their digest, then samples by their name, which are rendered when they
    are first asked for."""
    uploads = {key: partial(st.session_state.uploads.get, key) for key in st.session_state.uploads}
    return {**uploads, **{name: partial(sample, dataset, seed, name) for name, seed in seeds(dataset).items()}}


def seeds(dataset: str) -> dict[str, int]:
    """Name → seed of the data set's samples."""
    return {f"Sample {i}": seed for i, seed in enumerate(resources.seeds(dataset), start=1)}


@lru_cache(maxsize=64)
def sample(dataset: str, seed: int, name: str) -> Exhibit:
    scene = resources.sample(dataset, seed)
    return Exhibit(Picture.of(scene.image, name), scene.labels, sample=True)


def name_of(key: str) -> str:
    upload = st.session_state.uploads.get(key)
    return upload.picture.name if upload else key
