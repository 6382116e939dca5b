"""The tour without a browser: small random networks, real widgets."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from seg.app import resources
from seg.app.parts.tour import TITLES
from tests.conftest import make_set

APP = Path(__file__).parents[2] / "streamlit_app.py"
STEPS = range(1, len(TITLES) + 1)


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Starts the tour at a step: (step, what else the address says) → the page."""
    for model in ("conv_stack", "encoder_decoder", "fcn32s", "fcn8s", "unet", "fc_densenet56"):
        make_set(tmp_path, f"street/{model}-wce", model)
    make_set(tmp_path, "membranes/unet-wce", "unet", in_channels=1)
    monkeypatch.setattr(resources, "SHIPPED", tmp_path)

    def at(step: int | str, **said: str) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=120).run()
        for name, value in {"step": str(step), **said}.items():
            app.query_params[name] = value
        page = app.switch_page("pages/start.py").run()
        assert not page.exception
        return page

    return at


def click(page: AppTest, label: str) -> AppTest:
    (button,) = (button for button in page.button if button.label.replace("\\", "") == label)
    button.click().run()
    assert not page.exception
    assert not page.error
    return page


def upload(page: AppTest) -> None:
    """A photo that nobody knows anything of."""
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (70, 90, 3), np.uint8)).save(file, "PNG")
    page.file_uploader[0].upload("mine.png", file.getvalue()).run()
    assert not page.exception


def captions(page: AppTest) -> str:
    return " ".join(caption.value for caption in page.caption)


def answers(page: AppTest) -> list[str]:
    return [info.value for info in (*page.info, *page.success) if info.value.startswith(("**", "Many"))]


@pytest.mark.parametrize("dataset", ["membranes", "street"])
@pytest.mark.parametrize("step", STEPS)
def test_every_step_asks_before_it_answers(start, step, dataset):
    page = start(step, dataset=dataset)
    assert f"{step}. {TITLES[step - 1]}" in [header.value for header in page.header]
    assert answers(page) == []
    assert len(answers(click(page, "Show me"))) == 1


@pytest.mark.parametrize("step", STEPS)
def test_every_step_takes_a_photo_without_a_truth(start, step):
    page = start(step, dataset="street")
    upload(page)
    click(page, "Show me")
    assert len(answers(page)) == 1
    lacking = {2: "Nobody has told thing from thing in your picture", 8: "Nobody knows the truth of your picture"}
    for lacks, said in lacking.items():
        assert (said in captions(page)) == (lacks == step)


def test_a_truth_of_one_class_is_not_enough_to_ask_what_a_loss_counts(start):
    page = start(8, dataset="street")
    upload(page)
    ((digest, mine),) = page.session_state.uploads.items()
    truth = np.zeros(mine.picture.pixels.shape[:2], np.uint8)
    page.session_state.truths = {("street", digest): replace(mine, labelled=truth, own_truth=True)}
    assert "A single class is known in your picture" in captions(page.run())
    assert not page.exception


def test_networks_on_the_way_that_have_not_learned_the_data_set_are_named(start):
    missing = "No FCN-32s and no FCN-8s and no FC-DenseNet has learned membranes pictures."
    assert missing in captions(click(start(9, dataset="membranes"), "Show me"))
    assert "has learned street pictures" not in captions(click(start(9, dataset="street"), "Show me"))


def test_what_one_wants_names_another_network_that_the_records_say(start):
    page = start(9, dataset="street")
    click(page, "Show me")
    assert "Nobody has measured that of a network that has learned street pictures." in [m.value for m in page.markdown]


def test_an_answer_is_judged_kindly_and_stands_when_one_comes_back(start):
    page = start(5, dataset="street")
    click(page, "Fewer and fewer, too")
    assert answers(page)[0].startswith("Many would say so, but it is not: **More and more.**")
    click(page, "More and more")
    assert answers(page)[0].startswith("**Right.**")
    click(page, f"Next: {TITLES[5]}")
    assert answers(page) == []
    page.query_params["step"] = "5"
    assert answers(page.run())[0].startswith("**Right.**")


def test_the_way_on_leads_through_all_steps(start):
    page = start(1, dataset="street")
    for step in STEPS[1:]:
        click(page, f"Next: {TITLES[step - 1]}")
        assert page.query_params["step"] == str(step)
        assert f"{step}. {TITLES[step - 1]}" in [header.value for header in page.header]
    assert not [button for button in page.button if button.label.startswith("Next")]


@pytest.mark.parametrize("said", ["0", "10", "three"])
def test_a_step_that_there_is_not_is_the_first(start, said):
    assert f"1. {TITLES[0]}" in [header.value for header in start(said).header]


def test_the_numbers_of_the_first_question_are_those_of_the_picture(start):
    page = start(1, dataset="street")
    upload(page)
    asked = "**This picture is 70 × 90. How many answers does a network give for it?**"
    assert asked in [text.value for text in page.markdown]
    assert "One for each pixel: 6,300" in [button.label for button in page.button]


def test_where_no_such_network_has_learned_the_data_set_the_tour_says_whose_it_shows(start):
    said = "No encoder/decoder here has learned membranes pictures: this one has learned street scenes."
    assert said in captions(click(start(5, dataset="membranes"), "Show me"))
    assert said not in captions(click(start(5, dataset="street"), "Show me"))


def test_a_single_weight_set_is_enough_to_walk_the_tour(tmp_path, monkeypatch):
    make_set(tmp_path, "shapes/unet-wce", "unet")
    monkeypatch.setattr(resources, "SHIPPED", tmp_path)
    page = AppTest.from_file(str(APP), default_timeout=120).run().switch_page("pages/start.py").run()
    for step in STEPS:
        page.query_params["step"] = str(step)
        page.run()
        assert not page.exception
        for button in [button for button in page.button if button.label == "Show me"]:
            button.click().run()
            assert not page.exception
