"""How often the data set that a picture looks like is the right one: `python -m tests.benchmarks.measure_likeness`.

On validation pictures as they are, cropped, in grey, as JPEG of quality 30 and doubled; on pictures of what no network
knows; and how long it takes. weights/README.md has the figures.
"""

import io
import shutil
import time
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

from seg.datasets import DATASETS, validation_scenes
from seg.datasets.files import pictures_in
from seg.likeness.likeness import Likeness
from seg.pictures.decode import decode
from tests.benchmarks.unlike import from_browser, from_scikit_image
from tests.browser.conftest import CHROMIUM
from tests.conftest import DATA

FOLDERS = {"everyday": "everyday", "street": "camvid", "membranes": "membranes"}
SHAPES = 60
"""Rendered pictures of shapes."""


def cropped(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """60 to 85 % of each side."""
    height, width = (int(side * rng.uniform(0.6, 0.85)) for side in image.shape[:2])
    top, left = rng.integers(0, image.shape[0] - height + 1), rng.integers(0, image.shape[1] - width + 1)
    return image[top : top + height, left : left + width]


def grey(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.asarray(Image.fromarray(image).convert("L"))


def poor_jpeg(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=30)
    return np.asarray(Image.open(file))


def doubled(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    picture = Image.fromarray(image)
    return np.asarray(picture.resize((2 * picture.width, 2 * picture.height), Image.Resampling.BICUBIC))


CHANGES: Mapping[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "as it is": lambda image, rng: image,
    "cropped": cropped,
    "grey": grey,
    "JPEG 30": poor_jpeg,
    "doubled": doubled,
}


def validation(name: str, every: int = 1) -> Iterator[np.ndarray]:
    """The validation pictures of a data set, uint8, or every so-manieth."""
    if name in FOLDERS:
        for file in pictures_in(DATA / FOLDERS[name] / "val")[::every]:
            yield decode(file.read_bytes(), file.name).pixels
    else:
        dataset = DATASETS[name]
        yield from (sample.image for sample in validation_scenes(dataset, *dataset.size)[: SHAPES // every])


def right(likeness: Likeness, name: str, change: str, every: int = 1) -> tuple[int, int]:
    """How many of a data set's validation pictures, changed so, are taken for its own, and of how many."""
    rng = np.random.default_rng(1)
    repeats = 10 if name == "membranes" and change == "cropped" else 1
    pictures = [CHANGES[change](image, rng) for image in validation(name, every) for _ in range(repeats)]
    return sum(likeness(picture).dataset == name for picture in pictures), len(pictures)


def measure() -> None:
    """Print all figures."""
    likeness = Likeness.load()
    print(f"{'':12}" + "".join(f"{change:>16}" for change in CHANGES))
    for name in DATASETS:
        counts = (right(likeness, name, change) for change in CHANGES)
        print(f"{name:12}" + "".join(f"{f'{hits} of {total}':>16}" for hits, total in counts), flush=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        unlike = [*from_scikit_image(), *from_browser(browser)]
        browser.close()
    answers = {name: likeness(image) for name, image in unlike}
    known = {name: answer for name, answer in answers.items() if answer.dataset}
    print(f"unlike anything: {len(answers) - len(known)} of {len(answers)}")
    for name, answer in answers.items():
        print(f"  {name}: {f'TAKEN FOR {answer.dataset}' if answer.dataset else answer.reason} ({answer.share:.0%})")
    for height, width in ((360, 480), (1080, 1920), (4000, 6000)):
        image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
        times = []
        for _ in range(11):
            start = time.perf_counter()
            likeness(image)
            times.append(1000 * (time.perf_counter() - start))
        print(f"{width}×{height}: {np.median(times):.0f} ms")


if __name__ == "__main__":
    measure()
