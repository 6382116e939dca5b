"""What a picture looks like: the shipped classifier on pictures it was not fitted on, own data sets, bad files."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from seg.datasets import DATASETS, street
from seg.errors import WeightsError
from seg.likeness import fitting
from seg.likeness.drawn import DRAWN, draw
from seg.likeness.features import AREA, ASPECT, STRIDE, Features, seen
from seg.likeness.likeness import FILE, KINDS, Likeness, shipped
from tests.benchmarks.measure_likeness import CHANGES, FOLDERS, right
from tests.benchmarks.unlike import from_scikit_image
from tests.conftest import DATA


def dishes(count: int, first: int = 0) -> list[np.ndarray]:
    """Blue plates with round things on them, as no data set here has them."""
    found = []
    for seed in range(first, first + count):
        rng = np.random.default_rng(seed)
        y, x = np.mgrid[:200, :260] - np.array([100, 130])[:, None, None]
        image = np.full((200, 260, 3), (30, 60, 150), np.uint8)
        image[np.hypot(x, y) < 80] = (235, 235, 225)
        for _ in range(12):
            cy, cx = rng.uniform(-50, 50, 2)
            image[np.hypot(x - cx, y - cy) < 14] = (200, 40 + int(rng.integers(0, 40)), 30)
        found.append(image)
    return found


@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.parametrize("change", CHANGES)
def test_validation_pictures_are_taken_for_those_of_their_data_set_however_they_come(name, change):
    if name in FOLDERS and not (DATA / FOLDERS[name] / "val").is_dir():
        pytest.skip(f"the pictures of {name} are not in {DATA / FOLDERS[name]}")
    hits, total = right(shipped(), name, change, every=1 if name == "membranes" else 12)
    assert hits >= 0.95 * total


@pytest.mark.parametrize("name", DATASETS)
def test_the_apps_own_samples_are_taken_for_those_of_their_data_set(name):
    dataset = DATASETS[name]
    assert [shipped()(dataset.open(number).image).dataset for number in dataset.samples] == [name] * 4


def test_scikit_images_pictures_are_like_no_data_set_and_a_reason_says_why():
    answers = {name: shipped()(image) for name, image in from_scikit_image()}
    if not answers:
        pytest.skip("scikit-image is not installed")
    unlike = [name for name, answer in answers.items() if not answer.dataset]
    assert len(unlike) >= 0.85 * len(answers)
    assert all(answers[name].reason and 0.5 <= answers[name].share <= 1 for name in unlike)
    assert answers["page.png"].reason == f"it looks most like {KINDS['page']}"


@pytest.mark.parametrize("image", [np.zeros((1, 1), np.uint8), np.full((3, 900, 3), 200, np.uint8)])
def test_any_picture_gets_an_answer(image):
    answer = shipped()(image)
    assert answer.dataset or answer.reason


@pytest.mark.parametrize("shape", [(1, 1), (64, 64, 3), (480, 360), (90, 3000, 3), (5000, 2100, 3)])
def test_pictures_are_seen_at_one_area_in_their_own_proportions(shape):
    height, width, channels = seen(np.zeros(shape, np.uint8)).shape
    assert channels == 3
    assert height % STRIDE == width % STRIDE == 0
    assert height * width == pytest.approx(AREA, rel=0.25)
    assert max(height, width) <= ASPECT * min(height, width) + STRIDE


def test_grey_pictures_are_described_as_the_same_in_three_channels():
    grey = street.render(5, 120, 160).image[..., 1]
    features = Features().eval()
    assert torch.equal(features.describe(grey), features.describe(np.repeat(grey[..., None], 3, 2)))


def test_an_own_data_set_is_known_from_a_handful_of_its_pictures():
    likeness = shipped().including("dishes", dishes(6))
    answers = [likeness(image) for image in dishes(4, first=100)]
    assert [answer.dataset for answer in answers] == ["dishes"] * 4
    assert all(answer.share > 0.5 for answer in answers)
    assert likeness(DATASETS["everyday"].open(0).image).dataset == "everyday"
    assert shipped().own == {}


def test_too_few_pictures_or_such_as_have_nothing_in_common_make_no_data_set():
    assert shipped().including("dishes", dishes(2)) is shipped()
    mixed = [DATASETS[name].open(DATASETS[name].samples[0]).image for name in DATASETS]
    assert shipped().including("anything", mixed) is shipped()


def test_the_engine_describes_a_picture_as_the_features_do(monkeypatch):
    monkeypatch.setenv("SEG_ENGINE", "auto")
    likeness, image = shipped.__wrapped__(), DATASETS["shapes"].open(12).image
    before = likeness.describe(image)  # by PyTorch, until the other is there
    likeness.engine.wait_until_ready()
    assert likeness.engine.active == "openvino"
    for description in (before, likeness.describe(image)):
        torch.testing.assert_close(description, likeness.features.describe(image), atol=1e-4, rtol=0)


def test_every_kind_is_drawn_and_the_same_seed_draws_the_same():
    drawn = [draw(seed) for seed in range(len(DRAWN))]
    assert {kind for kind, _ in drawn} == set(KINDS)
    assert all(image.dtype == np.uint8 and image.ndim == 3 for _, image in drawn)
    assert (draw(3)[1] == drawn[3][1]).all()


def test_what_is_written_says_the_same_when_it_is_read(tmp_path):
    fitting.write(shipped(), tmp_path / "likeness.safetensors")
    again = Likeness.load(tmp_path / "likeness.safetensors")
    image = DATASETS["shapes"].open(12).image
    assert again(image).dataset == shipped()(image).dataset == "shapes"
    assert again(image).share == pytest.approx(shipped()(image).share, abs=1e-3)
    assert FILE.stat().st_size < 9_000_000


def test_a_file_matches_the_checksum_beside_it_or_a_sentence_says_so(tmp_path):
    Likeness.verify()
    file = tmp_path / "likeness.safetensors"
    fitting.write(shipped(), file)
    Likeness.verify(file)
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(WeightsError, match="does not match its checksum"):
        Likeness.verify(file)
    file.with_suffix(".sha256").unlink()
    with pytest.raises(WeightsError, match="checksum cannot be read"):
        Likeness.verify(file)


def test_the_regression_finds_what_is_linearly_apart():
    torch.manual_seed(0)
    x, y = torch.randn(300, 4), torch.arange(300) % 3
    x[torch.arange(300), y] += 4
    weight, bias = fitting.regression(x, y, 3)
    assert ((x @ weight.T + bias).argmax(1) == y).float().mean() > 0.95


def test_a_file_that_is_missing_or_no_likeness_is_a_sentence(tmp_path):
    with pytest.raises(WeightsError, match="cannot be read"):
        Likeness.load(tmp_path / "none.safetensors")
    (tmp_path / "noise").write_bytes(b"noise")
    save_file({"weight": torch.zeros(2)}, tmp_path / "other")
    for name in ("noise", "other"):
        with pytest.raises(WeightsError, match="is damaged"):
            Likeness.load(tmp_path / name)
