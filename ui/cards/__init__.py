"""What is on screen, as values: cards of figures made from a lab, without Streamlit."""
