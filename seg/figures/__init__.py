"""Plotly figures from plain values: one file a page, and `common` for what they share.

Nothing here imports Streamlit or measures anything.
"""
