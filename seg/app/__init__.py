"""What the pages share and only Streamlit needs: the one part of seg that imports streamlit."""
