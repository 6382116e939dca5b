"""Choices, the session and the address, as a page meets them."""

import pytest
from streamlit.testing.v1 import AppTest

SCRIPT = """
import streamlit as st
from seg.app import address
address.arrive(st.session_state.get("page", "Compare"))
st.session_state.along = address.to_take_along()
st.session_state.got = address.choice("dataset", ["street", "membranes", "shapes"], "street")
st.segmented_control("Data set", ["street", "membranes", "shapes"], key="dataset", required=True)
"""


def visit(**address: str) -> AppTest:
    app = AppTest.from_string(SCRIPT)
    for name, value in address.items():
        app.query_params[name] = value
    return app.run()


def test_the_address_says_what_is_not_usual_and_brings_it_back():
    app = visit()
    assert (app.session_state.got, dict(app.query_params)) == ("street", {})
    app.button_group[0].set_value("shapes").run()
    assert app.session_state.got == "shapes"
    assert app.query_params["dataset"] == "shapes"
    assert visit(dataset="shapes").session_state.got == "shapes"


def test_an_address_that_says_nonsense_is_put_right():
    app = visit(dataset="<b>")
    assert app.session_state.got == "street"
    assert "dataset" not in app.query_params


def test_the_way_back_on_a_page_brings_back_what_was_chosen_there():
    app = visit(dataset="membranes")
    app.button_group[0].set_value("shapes").run()
    app.query_params["dataset"] = "membranes"
    assert app.run().session_state.got == "membranes"
    del app.query_params["dataset"]
    assert app.run().session_state.got == "street"


def test_another_page_keeps_the_choice_though_its_address_is_empty():
    app = visit(dataset="membranes")
    del app.query_params["dataset"]
    app.session_state.page = "Losses"
    app.run()
    assert app.session_state.got == "membranes"
    assert app.session_state.along == {"dataset": "membranes"}
    assert app.query_params["dataset"] == "membranes"


def test_an_upload_is_in_no_address():
    app = visit()
    app.session_state["picture"] = "Sample 2"
    app.session_state["_seg_choices"]["picture"] = "Sample 2"
    assert app.run().session_state.along == {"picture": "Sample 2"}
    app.session_state["upload"] = "0123"
    assert app.run().session_state.along == {}


SEVERAL = """
import streamlit as st
from seg.app import address
address.arrive("Training")
st.session_state.got = address.choices("networks", ["FCN-8s", "U-Net", "Conv stack"], ["FCN-8s"])
st.session_state.number = address.choice("steps", (120, 240), 240)
st.pills("Networks", ["FCN-8s", "U-Net", "Conv stack"], selection_mode="multi", key="networks")
"""


@pytest.mark.parametrize(
    ("said", "got"),
    [
        (None, ["FCN-8s"]), ("U-Net,Conv stack", ["U-Net", "Conv stack"]), ("", []), ("U-Net,<b>", ["U-Net"]),
        ("<b>", ["FCN-8s"]),
    ],
)  # fmt: skip
def test_several_choices_are_one_word_of_the_address(said, got):
    app = AppTest.from_string(SEVERAL)
    if said is not None:
        app.query_params["networks"] = said
    assert app.run().session_state.got == got
    assert ("networks" in app.query_params) == (got != ["FCN-8s"])


def test_no_choice_of_several_is_a_choice_and_a_number_stays_one():
    app = AppTest.from_string(SEVERAL)
    app.query_params["steps"] = "120"
    app.run().button_group[0].set_value([]).run()
    assert app.session_state.got == []
    assert app.query_params["networks"] in ("", [""])
    assert app.session_state.number == 120
