"""The least page that Streamlit can draw: what every page of CIM is compared with."""

import pandas as pd  # a page that shows a table has it loaded
import streamlit as st

st.title("Trivial")
st.write("One line.", pd.__version__)
