"""The segmentation lab: `streamlit run streamlit_app.py`."""

import streamlit as st

from seg.app import sidebar

st.set_page_config(page_title="Segmentation lab", page_icon="docs/icon.png", layout="wide")
page = st.navigation([st.Page("pages/compare.py", title="Compare", icon=":material/compare:", default=True)])
sidebar.settings()
page.run()
