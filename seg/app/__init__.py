"""The app, the one room that imports streamlit. What can be known without a page stands in the rooms below."""
