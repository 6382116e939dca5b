"""What the lab says, above the masks, of what a person uploads; and that his own choice stands."""

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from seg.datasets import DATASETS, Folder
from seg.datasets.everyday import EVERYDAY
from seg.likeness import written
from tests.browser import PATIENCE
from tests.browser.conftest import ROOT
from tests.browser.test_compare import still, upload
from tests.conftest import DATA

UNLIKE = "Unlike anything these networks know"


@pytest.fixture
def page(browser, serve):
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(PATIENCE)
    page.goto(serve("streamlit_app.py"))
    still(page)
    yield page
    assert page.locator('[data-testid="stException"]').all_inner_texts() == []
    page.close()


def bring(page: Page, image: np.ndarray) -> None:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=95)
    upload(page, 0, {"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()})


def line(page: Page):
    return page.locator(".st-key-looks-like")


def expect_shown_by(page: Page, name: str) -> None:
    expect(page.get_by_text(f"trained on {name} pictures")).to_be_visible()


def shipped_cat() -> np.ndarray:
    with Image.open(ROOT / "seg" / "datasets" / "photos" / "cat.jpg") as photo:
        return np.array(photo)


def rendered(name: str) -> np.ndarray:
    return DATASETS[name].open(DATASETS[name].samples[1]).image[:, ::-1]


def real(folder: str, name: str, holds: int | None = None) -> np.ndarray:
    """The first validation picture, or the first with that class in a fifth of it."""
    if not (DATA / folder / "val").is_dir():
        pytest.skip(f"there is no {DATA / folder}")
    samples = Folder(DATA / folder, "val", DATASETS[name].class_map)
    return next(s.image for s in samples if holds is None or (s.labels == holds).mean() > 0.2)


PICTURES = {
    "a cat": ("everyday", shipped_cat),
    "a validation photo of a cat": (
        "everyday", lambda: real("everyday", "everyday", EVERYDAY.names.index("cat")),
    ),
    "a rendered street": ("street", lambda: rendered("street")),
    "a street frame": ("street", lambda: real("camvid", "street")),
    "a rendered slice": ("membranes", lambda: rendered("membranes")),
    "a membrane slice": ("membranes", lambda: real("membranes", "membranes")),
}  # fmt: skip


@pytest.mark.parametrize("what", PICTURES)
def test_what_an_upload_looks_like_is_said_above_the_masks_and_its_data_set_is_taken(page, what):
    name, picture = PICTURES[what]
    bring(page, picture())
    expect(line(page)).to_contain_text(f"Looks like {DATASETS[name].looks} (")
    expect_shown_by(page, name)
    still(page)
    said, grid = line(page).bounding_box(), page.locator('[data-role="network"]').first.bounding_box()
    assert said
    assert grid
    assert said["y"] + said["height"] <= grid["y"]


def test_a_page_of_text_is_said_to_be_unlike_everything_with_the_reason(page):
    bring(page, written.page(np.random.default_rng(77), 640, 460))
    expect(line(page)).to_contain_text(UNLIKE)
    expect(line(page)).to_contain_text("a page of text")


def test_change_takes_another_data_set_and_what_comes_next_does_not_overrule_that(page):
    bring(page, shipped_cat())
    expect(line(page)).to_contain_text(f"Looks like {DATASETS['everyday'].looks} (")
    still(page)
    page.get_by_role("button", name="change").click()
    page.get_by_role("menuitem", name=DATASETS["membranes"].title).click()
    expect_shown_by(page, "membranes")
    expect(line(page)).to_contain_text(f"shown by the networks of {DATASETS['membranes'].title}")
    bring(page, rendered("street"))
    expect(line(page)).to_contain_text(f"Looks like {DATASETS['street'].looks} (")
    expect_shown_by(page, "membranes")
