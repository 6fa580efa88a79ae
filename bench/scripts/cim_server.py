"""CIM as Home.py serves it, with one page more (the trivial one) and a route that tells which packages are loaded."""

import sys

import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from cim import server
from cim.config import PROJECT
from cim.permissions import Permission
from cim.ui import menu

menu.PAGES.append(
    menu.Entry("bench/scripts/trivial_page.py", "trivial", "Trivial", "speed", Permission.ACCOUNT, "")
)


async def packages(_request: Request) -> JSONResponse:
    """The top-level packages that this process has imported."""
    return JSONResponse(sorted({name.split(".")[0] for name in sys.modules}))


options = server.options()
options["routes"] = [*options["routes"], Route("/bench/packages", packages)]
app = st.App(PROJECT / "Home.py", **options)
