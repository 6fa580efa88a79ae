"""Notices as lines: what, when, and a press that opens the page it is about and marks it as read."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit

import streamlit as st

from cim.clock import now
from cim.i18n import _, format_relative
from cim.models.notice_view import NoticeView
from cim.permissions import Permission
from cim.service import notices
from cim.ui import feedback, gate, menu
from cim.ui.text import safe
from cim.work import Actor

PAGE = 50
ICONS = {
    "task": "task_alt",
    "anniversary": "cake",
    "comment": "chat_bubble",
    "customer": "person",
    "worklist": "checklist",
    "opportunity": "filter_alt",
    "order": "receipt_long",
    "contract": "contract",
    "ticket": "support_agent",
    "survey": "star",
    "job": "warning",
}


def show(found: Sequence[NoticeView], *, key: str) -> None:
    """The notices, the unread ones in bold."""
    for notice in found:
        _line(notice, f"{key}.{notice.id}")


def mark_all(until_id: int, *, key: str) -> None:
    """The button that marks everything as read that was there when the page was drawn."""
    st.button(
        _("Mark all as read"), icon=":material/done_all:", type="tertiary", key=key, on_click=_all, args=(until_id,)
    )


def _line(notice: NoticeView, key: str) -> None:
    text = safe(notice.text) if notice.read_at else f"**{safe(notice.text)}**"
    icon = "priority_high" if notice.urgent else ICONS.get(notice.group, "notifications")
    target = _target(notice.link)
    with st.container(gap=None, key=f"{key}.line"):
        if target is None and notice.read_at:
            st.markdown(f":material/{icon}: {text}")
        else:
            # the callback comes first: it is read before the page is left
            act = {"on_click": _read, "args": (notice.id,)}
            pressed = st.button(text, icon=f":material/{icon}:", type="tertiary", key=key, wrap=True, **act)  # type: ignore[arg-type]
            if pressed and target is not None:
                st.switch_page(target[0], query_params=target[1])
        st.caption(format_relative(notice.created_at, now()))


def _target(link: str) -> tuple[str, dict[str, str]] | None:
    """The page of ours that a link means, with its query; None for one that is none."""
    parts = urlsplit(link)
    wanted = parts.path.strip("/")
    page = next((entry.path for entry in menu.existing() if link and entry.url_path == wanted), None)
    return None if page is None or parts.netloc else (page, dict(parse_qsl(parts.query)))


@gate.guarded(Permission.ACCOUNT)
def _read(me: Actor, notice_id: int) -> None:
    feedback.attempt(notices.read, me, notice_id)


@gate.guarded(Permission.ACCOUNT)
def _all(me: Actor, until_id: int) -> None:
    feedback.attempt(notices.read_all, me, until_id=until_id)
