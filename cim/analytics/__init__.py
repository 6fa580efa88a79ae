"""Arithmetic behind the numbers: pure functions, the day always an argument. No session, no Streamlit."""
