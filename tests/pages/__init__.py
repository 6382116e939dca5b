"""Pages run by Streamlit's own test harness; a package, so that a page and its module may share a test file name."""
