"""The same page inside CIM: behind the sign-in, the navigation, and the check of the session."""

import pandas as pd
import streamlit as st

from cim.permissions import Permission
from cim.ui import shell

me = shell.open_page("Trivial", Permission.ACCOUNT)
st.write("One line.", pd.__version__)
