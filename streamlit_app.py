"""The segmentation lab: `streamlit run streamlit_app.py`."""

from seg.app import entry

page = entry.navigation()
entry.sidebar()
page.run()
