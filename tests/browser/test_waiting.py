"""How a page comes to what it waits for, message by message."""

from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from tests.bad_files import saved
from tests.browser import PATIENCE
from tests.visitor import Visitor

DONE = "7 of 7 networks done"


@pytest.fixture
def visitor(serve) -> Iterator[Visitor]:
    visitor = Visitor(f"{serve('streamlit_app.py')}/?dataset=street", PATIENCE / 1000)
    visitor.until(DONE)
    yield visitor
    visitor.close()


def photo(seed: int) -> bytes:
    """So many pixels that its masks are not there at once."""
    noise = np.random.default_rng(seed).integers(0, 256, (1500, 2000, 3), dtype=np.uint8)
    return saved(Image.fromarray(noise), "JPEG")


def test_what_has_arrived_is_drawn_and_the_page_around_it_stands(visitor):
    visitor.upload("first.jpg", photo(1))
    visitor.until(DONE, run_first=True)
    visitor.follow(4)  # the samples in the row are rendered meanwhile, for which the page is drawn anew
    whole, parts = visitor.whole_runs, visitor.parts_drawn
    visitor.upload("second.jpg", photo(2))
    visitor.until(DONE, run_first=True)
    visitor.until("Agreement (CSV)")
    visitor.follow(4)
    assert visitor.whole_runs == whole + 1
    assert visitor.parts_drawn > parts
