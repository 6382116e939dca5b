"""The small data folder that the trainings of these tests learn from."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seg.datasets import street
from seg.labels import IGNORE


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """A data folder of four street scenes to learn from and two to validate with."""
    folder = tmp_path_factory.mktemp("data")
    for split, seeds in (("train", range(4)), ("val", range(4, 6))):
        for suffix in ("", "annot"):
            (folder / (split + suffix)).mkdir()
        for seed in seeds:
            scene = street.render(seed, 54, 72)
            Image.fromarray(scene.image).save(folder / split / f"{seed}.png")
            ids = np.where(scene.labels == IGNORE, 11, scene.labels)
            Image.fromarray(ids).save(folder / f"{split}annot" / f"{seed}.png")
    return folder
