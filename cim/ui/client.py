"""What the browser tells about itself. The only reader of st.context."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from cim.service import sessions


@dataclass(frozen=True)
class Client:
    """The cookies, address and preferences of one browser."""

    token: str | None = None
    binder: str = ""
    ip: str = ""
    user_agent: str = ""
    locale: str = ""


def client() -> Client:
    """The browser of this run. Cookies are those of the WebSocket handshake, which scripts cannot read or write."""
    cookies, headers = st.context.cookies, st.context.headers
    session_cookie, binder_cookie = sessions.cookie_names()
    return Client(
        token=_text(cookies.get(session_cookie)) or None,
        binder=_text(cookies.get(binder_cookie)),
        ip=_text(st.context.ip_address),
        user_agent=_text(headers.get("User-Agent")),
        locale=_text(st.context.locale),
    )


def _text(value: object) -> str:
    return value[:500] if isinstance(value, str) else ""


def on_phone() -> bool:
    """Whether the browser says that it runs on a telephone (the "Mobi" that browsers put into their User-Agent for this
    purpose). A hint for the order of things on a page, nothing more."""
    return "Mobi" in client().user_agent
