"""Plotly figures, one file a page, from plain values. Nothing here imports Streamlit or measures anything."""
