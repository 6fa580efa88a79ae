"""My notices: what I was told, where else I hear of it, and what I wish to hear."""

import streamlit as st

from cim.i18n import _
from cim.permissions import Permission
from cim.service import channels, notice_kinds, notices
from cim.ui import shell
from cim.ui import tabs as choose
from cim.ui.panels import notice_channels, notice_list, notice_wishes

me = shell.open_page(_("Notices"), Permission.ACCOUNT)

tabs = {"list": _("My notices"), "channels": _("My channels"), "wishes": _("What I wish to hear")}
match choose.chosen(tabs, key="notices.tab", label=_("Notices"), draw=st.segmented_control):
    case "channels":
        notice_channels.show(channels.mine(me))
    case "wishes":
        notice_wishes.show(me, channels.mine(me))
    case _:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            kind = st.selectbox(
                _("Kind of notice"),
                ["", *notice_kinds.GROUPS],
                format_func=lambda name: _(notice_kinds.GROUPS[name].label) if name else _("Everything"),
                key="about",
                bind="query-params",
                width=320,
            )
            unread = st.toggle(_("Unread only"), key="unread", bind="query-params")
        limit = int(st.session_state.get("notices.limit", notice_list.PAGE))
        found = notices.mine(me, group=kind or "", unread=unread, limit=limit + 1)
        if not found:
            st.info(_("Nothing here. You are told of tasks, comments, tickets and whatever else concerns you."))
        elif any(notice.read_at is None for notice in found):
            notice_list.mark_all(found[0].id, key="notices.read_all")
        notice_list.show(found[:limit], key="notice")
        if len(found) > limit and st.button(_("Load more"), key="notices.more", icon=":material/expand_more:"):
            st.session_state["notices.limit"] = limit + notice_list.PAGE
            st.rerun()
