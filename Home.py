"""The one entry: `streamlit run Home.py`, `uvicorn Home:app` and `python -m cim serve` all begin here.

Imported by a server it builds the application; run by a visitor's session it draws the page that was asked for.
"""

from streamlit.runtime.scriptrunner import get_script_run_ctx

if get_script_run_ctx(suppress_warning=True) is None:
    import streamlit as st

    from cim import server

    app = st.App("Home.py", **server.options())

    if __name__ == "__main__":
        app.run()
else:
    from cim.ui import shell

    shell.main()
