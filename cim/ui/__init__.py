"""The interface: the only place besides pages/ and Home.py that knows Streamlit."""
