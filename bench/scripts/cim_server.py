"""CIM as Home.py serves it, with one page more (the trivial one) and a route that tells which modules are loaded."""

import streamlit as st

from bench.scripts import loaded
from cim import server
from cim.config import PROJECT
from cim.permissions import Permission
from cim.ui import menu

menu.PAGES.append(menu.Entry("bench/scripts/trivial_page.py", "trivial", "Trivial", "speed", Permission.ACCOUNT, ""))


options = server.options()
options["routes"] = [*options["routes"], loaded.ROUTE]
app = st.App(PROJECT / "Home.py", **options)
