"""The parts that pages are put together of, drawn by Streamlit."""
