"""The bell: how many notices wait, and the newest of them. Costs one query on an index until it is opened."""

from __future__ import annotations

import streamlit as st

from cim.i18n import _
from cim.service import notices
from cim.ui.panels import notice_list
from cim.work import Actor

SHOWN = 8


def show(me: Actor) -> None:
    """The bell of this person; what is in it is read when it is opened."""
    count = notices.count_unread(me)
    told = f"{count}+" if count >= notices.MOST_COUNTED else str(count)
    box = st.popover(
        _("Notices") if not count else _("Notices ({count})", count=told),
        icon=":material/notifications_unread:" if count else ":material/notifications:",
        type="tertiary" if not count else "secondary",
        width="content",
        key="notices.bell",
        on_change="rerun",
    )
    if not box.open:
        return
    with box:
        found = notices.mine(me, unread=True, limit=SHOWN)
        if not found:
            st.caption(_("Nothing new."))
        notice_list.show(found, key="bell")
        with st.container(horizontal=True, vertical_alignment="center"):
            if found:
                notice_list.mark_all(found[0].id, key="bell.read_all")
            st.page_link("pages/notices.py", label=_("All notices"), icon=":material/inbox:")
