"""The floor: the least that a Streamlit page can do, echo one word."""

import streamlit as st

st.markdown(st.text_input("word", "word"))
