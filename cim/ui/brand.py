"""What the sign-in page and the shell both show: the mark, and the choice of language."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st

from cim.i18n import LANGUAGES, _, language

# Data addresses: an icon by name would be fetched from another host, and a file would wait behind the session cookie.
_ASSETS = Path(__file__).parent / "assets"


def language_choice(place: str) -> str:
    """The switch between languages; returns the code chosen."""
    return (
        st.segmented_control(
            _("Language"),
            list(LANGUAGES),
            format_func=LANGUAGES.__getitem__,
            default=language(),
            required=True,
            label_visibility="collapsed",
            key=f"language-{place}-{language()}",
        )
        or language()
    )


@cache
def icon() -> str:
    """The mark of the browser's tab, as a data address."""
    import base64

    return "data:image/svg+xml;base64," + base64.b64encode((_ASSETS / "icon.svg").read_bytes()).decode()


@cache
def logo() -> str:
    """The mark as SVG text: drawn without a request, so it may stand before the sign-in."""
    return (_ASSETS / "logo.svg").read_text("utf-8")
