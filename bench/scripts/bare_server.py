"""A bare Streamlit app under the settings of .streamlit/config.toml, served as CIM is."""

import contextlib
import gc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pandas  # noqa: F401
import streamlit as st

from bench.scripts import loaded


@contextlib.asynccontextmanager
async def frozen(_app: Any) -> AsyncIterator[None]:
    """As cim/server.py does it: what lives as long as the server is not looked at by the collector again."""
    gc.collect()
    gc.freeze()
    yield


app = st.App(Path(__file__).with_name("bare_page.py"), lifespan=frozen, routes=[loaded.ROUTE])
