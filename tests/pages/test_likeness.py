"""What is said of an upload, and which data set is taken for it: the page without a browser, small random networks."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from seg.app import resources
from seg.catalogue.store import index_text
from seg.datasets import DATASETS
from seg.errors import WeightsError
from seg.likeness import likeness
from seg.likeness.drawn import draw
from seg.service.memory import Memory
from seg.service.service import PredictionService
from tests.conftest import make_set
from tests.pages.test_compare import APP, choose, says, settle

FIRST = next(iter(DATASETS))


@pytest.fixture(scope="module")
def four(tmp_path_factory):
    folder = tmp_path_factory.mktemp("four")
    for name in DATASETS:
        make_set(folder, f"{name}/fcn8s-wce")
    return folder


@pytest.fixture
def visit(four, monkeypatch):
    """Arrive with an address."""
    service = PredictionService()
    monkeypatch.setattr(resources, "SERVICE", service)
    monkeypatch.setattr(resources, "SHIPPED", four)
    monkeypatch.delenv("SEG_WEIGHTS", raising=False)

    def arrive(**address: str) -> AppTest:
        page = AppTest.from_file(APP, default_timeout=60)
        for name, value in address.items():
            page.query_params[name] = value
        return settle(page.run())

    yield arrive
    service.close()


def encoded(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def sample(name: str) -> bytes:
    dataset = DATASETS[name]
    return encoded(dataset.open(dataset.samples[0]).image[:, ::-1])


def bring(page: AppTest, **files: bytes) -> AppTest:
    page.file_uploader[0].set_value([(f"{name}.png", data, "image/png") for name, data in files.items()])
    return settle(page.run())


def shown(page: AppTest) -> str:
    return page.session_state["dataset"]


def line(page: AppTest) -> str:
    """What is said of the upload, '' for nothing."""
    said = [text.value for text in (*page.markdown, *page.warning)]
    return next((text for text in said if text.startswith(("Looks like", "Unlike"))), "")


@pytest.mark.parametrize("name", DATASETS)
def test_an_upload_is_shown_by_the_networks_of_the_data_set_that_it_looks_like(visit, name):
    page = visit()
    assert shown(page) == FIRST
    assert not line(page)
    bring(page, mine=sample(name))
    assert line(page).startswith(f"Looks like **{DATASETS[name].looks}** (9")
    assert shown(page) == name
    assert not page.exception


def test_what_is_like_no_data_set_is_said_with_its_reason_and_shown_all_the_same(visit):
    page = bring(visit(), letter=encoded(draw(0)[1]))
    assert line(page).startswith("Unlike anything these networks know (99%): it looks most like a page of text")
    assert "every pixel becomes one of these" in line(page)
    assert shown(page) == FIRST
    assert says(page, "1 of 1 networks done")


def test_a_data_set_that_the_visitor_chose_is_never_overruled(visit):
    page = visit()
    choose(page, "Data set", "shapes")
    bring(page, street=sample("street"))
    assert shown(page) == "shapes"
    assert line(page).startswith("Looks like **a street** (9")
    assert "shown by the networks of Shapes" in line(page)


def test_a_data_set_that_a_link_names_is_the_visitors_choice(visit):
    page = bring(visit(dataset="membranes"), street=sample("street"))
    assert shown(page) == "membranes"


def test_beside_the_line_stands_a_way_to_change_and_a_change_is_for_good(visit):
    page = bring(visit(), street=sample("street"))
    assert shown(page) == "street"
    menu = page.get("menu_button")[0]
    assert menu.proto.label == "change"
    choose(page, "Data set", "shapes")
    bring(page, membranes=sample("membranes"))
    assert shown(page) == "shapes"


def test_of_many_uploads_each_is_shown_by_its_own(visit):
    page = bring(visit(), street=sample("street"), shapes=sample("shapes"))
    assert shown(page) == "shapes"
    assert list(page.session_state.uploads) != []


def test_where_nothing_knows_data_sets_nothing_is_said(visit, monkeypatch):
    def missing(*_):
        raise WeightsError("likeness.safetensors cannot be read")

    monkeypatch.setattr(likeness, "shipped", missing)
    resources._likeness.cache_clear()
    monkeypatch.setattr(resources, "MEMORY", Memory())
    page = bring(visit(), street=sample("street"))
    resources._likeness.cache_clear()
    assert not page.exception
    assert not line(page)
    assert shown(page) == FIRST


def test_a_set_of_ones_own_data_is_offered_by_change_and_never_overruled(four, visit, tmp_path, monkeypatch):
    orchard = replace(make_set(tmp_path, "shapes/unet-wce", "unet"), name="orchard/unet-wce", dataset="orchard")
    (tmp_path / "orchard").mkdir()
    (tmp_path / "shapes" / "unet-wce.safetensors").rename(tmp_path / "orchard" / "unet-wce.safetensors")
    (tmp_path / "index.json").write_text(index_text({orchard.name: orchard}))
    page = visit()
    monkeypatch.setenv("SEG_WEIGHTS", str(tmp_path))
    bring(page, street=sample("street"))
    assert shown(page) == "street"
    menu = page.get("menu_button")[0]
    assert "orchard" in menu.proto.options
    choose(page, "Data set", "orchard")
    assert shown(page) == "orchard"
    bring(page, shapes=sample("shapes"))
    assert shown(page) == "orchard"
    assert line(page).startswith("Looks like **drawn shapes**")
    assert "shown by the networks of orchard" in line(page)
    assert not page.exception
