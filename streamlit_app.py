"""The segmentation lab: `streamlit run streamlit_app.py`."""

import streamlit as st

from seg.app import entry

st.set_page_config(page_title="Segmentation lab", page_icon="docs/icon.png", layout="wide")
page = entry.navigation()
entry.sidebar()
page.run()
