"""Tables that a handout takes along, in the words in which they are shown."""

from streamlit.testing.v1 import AppTest

SCRIPT = """
import pandas as pd
import streamlit as st
from seg.app.frames import dataframe
number = st.column_config.NumberColumn
table = pd.DataFrame({"set": ["U-Net", "<b>"], "iou": [0.51234, None], "parameters": [1942747.0, 3.0], "no": [1, 2]})
dataframe(
    table, "Every set", hide_index=True, column_order=["set", "iou", "parameters"],
    column_config={"set": "Weight set", "iou": number("Mean IoU", format="%.2f"),
                   "parameters": number(format="localized")},
)
dataframe(table.set_index("set")[["iou"]].style.format("{:.3f}"), "Styled")
"""


def test_columns_go_along_as_they_are_called_ordered_and_formatted():
    app = AppTest.from_string(SCRIPT).run()
    assert not app.exception
    assert app.session_state["_seg_tables"] == {
        "Every set": (
            ["Weight set", "Mean IoU", "parameters"],
            [["U-Net", "0.51", "1,942,747"], ["<b>", "–", "3"]],
        ),
        "Styled": (["set", "iou"], [["U-Net", "0.512"], ["<b>", "–"]]),
    }


def test_where_there_is_no_value_the_screen_shows_what_the_handout_does():
    app = AppTest.from_string(SCRIPT).run()
    assert [table.proto.placeholder for table in app.dataframe] == ["–", "–"]
